#include "mediad/path/tick.h"

#include "common/list.h"
#include "mediad/path/egress.h"
#include "mediad/path/inlet.h"
#include "mediad/path/link.h"
#include "mediad/path/room.h"
#include "mediad/path/worker.h"

#define RTCP_CAP   1200
#define ROUNDS_MAX 4 /* what due things make due at once; the rest waits */

/* An estimate that moved by a thirty-second or more. */
static void record_estimate(struct link *l, uint64_t now_us)
{
	uint32_t bps = l->t->bwe ? transport_available_bps(l->t) : 0;
	uint32_t was = l->recorded_bps;

	if ((bps > was ? bps - was : was - bps) <= was / 32)
		return;
	l->recorded_bps = bps;
	recorder_estimate(l->w->recorder, now_us, l->t->id, bps);
}

static void link_due(struct link *l, uint64_t now_us)
{
	uint8_t buf[RTCP_CAP];
	struct fwd f;
	size_t n;

	blackbox_for(l->w->box, l->room);
	link_tick(l, now_us);
	transport_tick(l->t, now_us);
	record_estimate(l, now_us);
	while ((n = transport_rtcp(l->t, now_us, buf, sizeof(buf))))
		egress_rtcp(l, buf, n);
	while (transport_next(l->t, now_us, &f))
		egress_fwd(l->w, l->t, &f, now_us);
	transport_touch(l->t);
}

static void set(struct worker *w, struct timer *t, uint64_t due_us)
{
	if (due_us == UINT64_MAX)
		timerq_unset(&w->timers, t);
	else
		(void)timerq_set(&w->timers, t, due_us);
}

/* Deadlines that moved in this turn, once each. */
static void settle(struct worker *w)
{
	struct transport *t;

	while ((t = turn_touched(&w->turn))) {
		struct inlet *in = t->piped ? t->link : NULL;
		struct link *l = t->piped ? NULL : link_of(t);

		if (in)
			set(w, &in->timer, transport_deadline(t));
		else
			set(w, &l->timer, link_deadline(l));
	}
}

static void due(struct worker *w, struct timer *t, uint64_t now_us)
{
	switch ((enum worker_timer)t->kind) {
	case WORKER_TIMER_LINK:
		link_due(list_entry(t, struct link, timer), now_us);
		break;
	case WORKER_TIMER_ROOM:
		room_tick(w, list_entry(t, struct room, timer), now_us);
		break;
	case WORKER_TIMER_INLET:
		inlet_due(list_entry(t, struct inlet, timer), now_us);
		break;
	}
}

void tick(struct worker *w, uint64_t now_us)
{
	struct timer *t;

	for (int round = 0; round < ROUNDS_MAX; round++) {
		settle(w);
		if (timerq_deadline(&w->timers) > now_us)
			return;
		while ((t = timerq_pop(&w->timers, now_us)))
			due(w, t, now_us);
	}
	settle(w);
}
