#include "signald/room/audit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "signald/room/save.h"
#include "signald/room/tell.h"

static const char *put(char **at, const char *s)
{
	size_t len = s ? strlen(s) : 0;
	char *p = *at;

	memcpy(p, s ? s : "", len + 1);
	*at += len + 1;
	return p;
}

static size_t len1(const char *s)
{
	return (s ? strlen(s) : 0) + 1;
}

static struct audit *audit_put(struct room *r, uint64_t id,
			       const struct record_audit *ra)
{
	size_t len =
		len1(ra->what) + len1(ra->by) + len1(ra->on) + len1(ra->detail);
	struct audit *a = calloc(1, sizeof(*a) + len);
	char *at;

	if (!a)
		return NULL;
	at = a->text;
	a->id = id;
	a->at_ms = ra->at_ms;
	a->what = put(&at, ra->what);
	a->by = put(&at, ra->by);
	a->on = put(&at, ra->on);
	a->detail = put(&at, ra->detail);
	list_push(&r->audit, &a->node);
	if (id > r->next_audit)
		r->next_audit = id;
	if (++r->n_audit > AUDIT_MAX) {
		struct audit *old =
			list_entry(r->audit.next, struct audit, node);

		list_del(&old->node);
		free(old);
		r->n_audit--;
	}
	return a;
}

void audit_add(struct step *s, struct room *r, const char *what,
	       const struct peer *on, const char *detail)
{
	struct record_audit ra = {
		.what = what,
		.by = s->e->admin ? "admin"
		      : s->me	  ? s->me->pid
				  : "",
		.on = on ? on->pid : "",
		.detail = detail,
		.at_ms = s->now.wall_ms,
	};
	struct audit *a = audit_put(r, r->next_audit + 1, &ra);
	struct record *rec;

	if (!a)
		return;
	rec = save_record(s, RECORD_AUDIT, r->key, RECORD_LAZY);
	rec->id = a->id;
	rec->audit = (struct record_audit){
		.what = what,
		.by = effects_str(s->fx, a->by),
		.on = effects_str(s->fx, a->on),
		.detail = effects_str(s->fx, a->detail),
		.at_ms = a->at_ms,
	};
}

void audit_list(struct step *s)
{
	const struct room *r = s->room;
	struct audit_view *v = effects_alloc(s->fx, r->n_audit, sizeof(*v));
	struct answer *ans = tell_answer(s, ANSWER_AUDIT);
	uint32_t n = 0;

	list_for_each (it, &r->audit) {
		const struct audit *a = list_entry(it, struct audit, node);

		if (!v)
			break;
		v[n++] = (struct audit_view){
			.what = effects_str(s->fx, a->what),
			.by = effects_str(s->fx, a->by),
			.on = effects_str(s->fx, a->on),
			.detail = effects_str(s->fx, a->detail),
			.at_ms = a->at_ms,
		};
	}
	ans->audit.v = v;
	ans->audit.n = n;
}

int audit_restore(struct room *r, const struct record *rec)
{
	return audit_put(r, rec->id, &rec->audit) ? 0 : -ENOMEM;
}

void audit_free_all(struct room *r)
{
	list_for_each_safe (it, &r->audit) {
		struct audit *a = list_entry(it, struct audit, node);

		list_del(&a->node);
		free(a);
	}
	r->n_audit = 0;
}
