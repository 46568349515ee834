#include "signald/room/rate.h"

#include <stdlib.h>

/* Longer than any bucket takes to fill up. */
#define IDLE_US	  (120 * 1000000ull)
#define RATES_MAX 100000

static struct rate *rate_new(struct step *s, uint64_t id)
{
	const struct core_conf *k = &s->c->conf;
	const double *const how[] = {k->joins, k->knocking, k->fails};
	struct rate *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->id = id;
	r->idle.kind = TIMER_RATE;
	for (int i = 0; i < RATE_KINDS; i++)
		bucket_init(&r->buckets[i], how[i][1], how[i][0], s->now.us);
	if (idmap_put(&s->c->rates, id, r)) {
		free(r);
		return NULL;
	}
	return r;
}

/* Beyond the cap all newcomers share one entry. */
static struct rate *rate_of(struct step *s)
{
	struct addr a = addr_bucket(&s->e->from);
	uint64_t seed = 0, id;
	struct rate *r;

	for (int i = 0; i < 8; i++)
		seed = seed << 8 | s->c->seed[i];
	id = addr_hash(&a, seed) | 1;
	r = idmap_get(&s->c->rates, id);
	if (!r && s->c->rates.n >= RATES_MAX) {
		id = 2;
		r = idmap_get(&s->c->rates, id);
	}
	if (!r)
		r = rate_new(s, id);
	if (r)
		step_timer(s, &r->idle, s->now.us + IDLE_US);
	return r;
}

static uint64_t ms_up(uint64_t us)
{
	return us / 1000 + (us % 1000 != 0);
}

/* First of the address: one alone does not empty what is for all. */
uint64_t rate_take(struct step *s, enum rate_kind kind)
{
	struct rate *r = rate_of(s);
	uint64_t wait_us;

	if (!r)
		return 1000;
	wait_us = bucket_take(&r->buckets[kind], 1, s->now.us);
	if (!wait_us && kind == RATE_JOIN)
		wait_us = bucket_take(&s->c->newcomers, 1, s->now.us);
	return ms_up(wait_us);
}

uint64_t rate_wait(struct step *s, enum rate_kind kind)
{
	struct rate *r = rate_of(s);
	struct bucket b;

	if (!r)
		return 1000;
	b = r->buckets[kind];
	return ms_up(bucket_take(&b, 1, s->now.us));
}

void rate_idle(struct core *c, struct rate *r)
{
	idmap_del(&c->rates, r->id);
	free(r);
}

void rate_free_all(struct core *c)
{
	size_t pos = 0;
	struct rate *r;

	while ((r = idmap_next(&c->rates, &pos))) {
		timerq_unset(&c->timers, &r->idle);
		free(r);
	}
	idmap_fini(&c->rates);
}
