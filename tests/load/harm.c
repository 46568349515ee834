#include "tests/load/harm.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/sys/clock.h"

#define SLOT_US 100000

void harm_begin(struct run *r, uint64_t now_us)
{
	r->harm_us = now_us + r->o.harm_ms * (uint64_t)1000;
	r->churn_us = now_us + r->o.churn_ms * (uint64_t)1000;
	if (!r->o.trail)
		return;
	r->trail = fopen(r->o.trail, "we");
	if (!r->trail)
		abort();
	setlinebuf(r->trail);
}

static void mark(struct run *r, const char *what)
{
	if (r->trail)
		fprintf(r->trail, "mark %llu %s\n",
			(unsigned long long)clock_wall_us() / 1000, what);
}

static void slot(struct run *r, uint64_t now_us)
{
	uint64_t wall_us = clock_wall_us(), us = 0, late_us;

	if (!r->trail || now_us < r->slot_us)
		return;
	r->slot_us = now_us + SLOT_US;
	for (unsigned i = 0; i < r->n; i++) {
		uint64_t gap = sub_slot_gap_us(&r->peers[i].sub, wall_us);

		us = gap > us ? gap : us;
	}
	/* While this process had no CPU it sent nothing, either. */
	late_us = r->late_us > r->was_late_us ? r->late_us : r->was_late_us;
	us = us > late_us ? us - late_us : 0;
	r->was_late_us = r->late_us;
	r->late_us = 0;
	fprintf(r->trail, "gap %llu %llu\n", (unsigned long long)wall_us / 1000,
		(unsigned long long)us);
}

static void darken(struct run *r, bool dark)
{
	uint64_t wall_us = clock_wall_us();

	for (unsigned i = 0; i < r->n; i++) {
		struct peer *p = &r->peers[i];

		p->leg[PEER_SEND].dark = p->leg[PEER_RECV].dark = dark;
		if (!dark)
			sub_heard(&p->sub, wall_us);
	}
	mark(r, dark ? "dark" : "path");
}

static void move(struct run *r, uint64_t now_us)
{
	mark(r, "move");
	for (unsigned i = 0; i < r->n; i++)
		for (int k = 0; k < 2; k++) {
			struct leg *l = &r->peers[i].leg[k];

			if (l->state == LEG_UP && leg_move(l, now_us))
				abort();
		}
}

void harm_tick(struct run *r, uint64_t now_us)
{
	slot(r, now_us);
	if (r->dark_us && now_us >= r->dark_us) {
		r->dark_us = 0;
		darken(r, false);
	}
	if (!r->o.harm_ms || now_us < r->harm_us)
		return;
	r->harm_us = now_us + r->o.harm_ms * (uint64_t)1000;
	if (r->o.move)
		move(r, now_us);
	if (!r->o.blip_ms)
		return;
	darken(r, true);
	r->dark_us = now_us + r->o.blip_ms * (uint64_t)1000;
}
