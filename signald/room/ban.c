#include "signald/room/ban.h"

#include <errno.h>
#include <stdlib.h>

#include "common/str.h"
#include "signald/room/save.h"

static void ban_drop(struct room *r, struct ban *b)
{
	list_del(&b->node);
	free(b);
	r->n_bans--;
}

void ban_free_all(struct room *r)
{
	list_for_each_safe (it, &r->bans)
		ban_drop(r, list_entry(it, struct ban, node));
}

static struct ban *ban_put(struct room *r, uint64_t id,
			   const struct record_ban *rb)
{
	struct ban *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->id = id;
	(void)str_copy(b->subject, sizeof(b->subject), rb->subject);
	(void)str_copy(b->browser, sizeof(b->browser), rb->browser);
	(void)str_copy(b->ip, sizeof(b->ip), rb->ip);
	list_push(&r->bans, &b->node);
	r->n_bans++;
	if (id > r->next_ban)
		r->next_ban = id;
	return b;
}

bool ban_add(struct step *s, const struct peer *p)
{
	struct room *r = p->room;
	char ip[ADDR_STRLEN];
	struct record_ban rb = {.subject = "", .browser = "", .ip = ""};
	struct record *rec;
	const struct ban *b;

	if (p->subject) {
		rb.subject = p->subject;
	} else {
		rb.browser = p->browser;
		rb.ip = addr_ip(&p->from, ip);
	}
	b = ban_put(r, r->next_ban + 1, &rb);
	if (!b)
		return false;
	rec = save_record(s, RECORD_BAN, r->key, RECORD_DURABLE);
	rec->id = b->id;
	rec->ban.subject = effects_str(s->fx, b->subject);
	rec->ban.browser = effects_str(s->fx, b->browser);
	rec->ban.ip = effects_str(s->fx, b->ip);
	if (r->n_bans > s->c->conf.bans)
		ban_drop(r, list_entry(r->bans.next, struct ban, node));
	return true;
}

static bool ban_is_of(const struct ban *b, const char *subject,
		      const char *browser, const char *ip)
{
	if (*b->subject)
		return subject && str_eq(b->subject, subject);
	if (*b->browser && browser && str_eq(b->browser, browser))
		return true;
	/* A colleague who signed in is not taken for the one banned. */
	return !subject && *b->ip && str_eq(b->ip, ip);
}

bool ban_holds(const struct step *s, const struct room *r, const char *subject,
	       const char *browser)
{
	struct addr from = addr_bucket(&s->e->from);
	char ip[ADDR_STRLEN];

	addr_ip(&from, ip);
	list_for_each (it, &r->bans)
		if (ban_is_of(list_entry(it, struct ban, node), subject,
			      browser, ip))
			return true;
	return false;
}

int ban_restore(struct room *r, const struct record *rec)
{
	return ban_put(r, rec->id, &rec->ban) ? 0 : -ENOMEM;
}
