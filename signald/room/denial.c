#include "signald/room/denial.h"

#include <stdlib.h>

#include "common/str.h"

#define DENIALS_MAX 1000

void denial_over(struct core *c, struct denial *d)
{
	timerq_unset(&c->timers, &d->over);
	list_del(&d->node);
	d->room->n_denials--;
	free(d);
}

void denial_free_all(struct core *c, struct room *r)
{
	list_for_each_safe (it, &r->denials)
		denial_over(c, list_entry(it, struct denial, node));
}

void denial_add(struct step *s, const struct peer *p)
{
	struct room *r = p->room;
	struct denial *d = calloc(1, sizeof(*d));

	if (!d)
		return;
	if (r->n_denials >= DENIALS_MAX)
		denial_over(s->c,
			    list_entry(r->denials.next, struct denial, node));
	d->room = r;
	d->over.kind = TIMER_DENIAL;
	d->from = p->from;
	(void)str_copy(d->browser, sizeof(d->browser), p->browser);
	list_push(&r->denials, &d->node);
	r->n_denials++;
	step_timer(s, &d->over, s->now.us + s->c->conf.deny_cooldown_us);
}

/* By the browser where both said one, else by the address. */
static bool denial_is_of(const struct denial *d, const char *browser,
			 const struct addr *from)
{
	if (*d->browser && browser && *browser)
		return str_eq(d->browser, browser);
	return addr_eq(&d->from, from);
}

uint64_t denial_wait(const struct step *s, const struct room *r,
		     const char *browser)
{
	struct addr from = addr_bucket(&s->e->from);
	uint64_t most = 0;

	list_for_each (it, &r->denials) {
		const struct denial *d = list_entry(it, struct denial, node);

		if (denial_is_of(d, browser, &from) && d->over.due_us > most)
			most = d->over.due_us;
	}
	return most > s->now.us ? (most - s->now.us) / 1000 + 1 : 0;
}
