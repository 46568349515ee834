#include "mediad/bwe/aimd.h"

#include <string.h>

#define CUT_PERCENT    88
#define NEAR_PERCENT   12 /* so close to the link's rate we go slowly */
#define FAST_PERCENT   10 /* a second */
#define SLOW_PERCENT   3
#define DRAIN_IN_US    60000  /* a queue so long is drained */
#define DRAIN_OUT_US   25000  /* until it is so short */
#define DRAIN_SPAN_US  700000 /* within about that time */
#define DRAIN_MAX_US   2500000
#define QUEUE_MAX_US   90000 /* is cut whatever the trend says */
#define DRAIN_SLACK_US 100000
#define DRAIN_FLOOR    15 /* percent of what arrives */
#define CUT_GAP_US     100000
#define LEARN_US       300000 /* after the cut */

void aimd_init(struct aimd *a, uint32_t bps)
{
	memset(a, 0, sizeof(*a));
	a->bps = bps;
}

static uint32_t percent(uint32_t v, uint32_t p)
{
	return (uint32_t)((uint64_t)v * p / 100);
}

/*
 * Behind a long queue packets come as fast as the link takes them, whatever
 * we send; but what arrived before the cut must be out of the figure.
 */
static void learn(struct aimd *a, const struct aimd_input *in, uint64_t now_us)
{
	if (in->acked_bps && in->queue_us > DRAIN_OUT_US &&
	    now_us > a->drain_us + LEARN_US)
		a->link_bps = in->acked_bps;
}

static void cut(struct aimd *a, const struct aimd_input *in, uint64_t now_us)
{
	uint32_t base = in->acked_bps ? in->acked_bps : a->bps;
	uint32_t share = CUT_PERCENT;

	if (a->cut_us && now_us < a->cut_us + CUT_GAP_US + in->rtt_us / 2)
		return;
	a->cut_us = now_us;
	/* Who sends little and in bursts has little arrive, not a slow link. */
	if (in->busy_bps > base)
		base = in->busy_bps;
	if (!a->drain_us || base < a->link_bps)
		a->link_bps = base;
	if (in->queue_us > DRAIN_IN_US) {
		uint64_t queue = in->backlog_us > in->queue_us ? in->backlog_us
							       : in->queue_us;
		uint64_t span = queue * 100 / DRAIN_SPAN_US;

		share = span > 100 - DRAIN_FLOOR ? DRAIN_FLOOR
						 : (uint32_t)(100 - span);
		if (!a->drain_us)
			a->drain_us = now_us;
		a->drained_us = now_us + in->rtt_us + DRAIN_SLACK_US +
				queue * 100 / (100 - share);
	}
	if (share > CUT_PERCENT)
		share = CUT_PERCENT;
	if (percent(a->link_bps, share) < a->bps)
		a->bps = percent(a->link_bps, share);
}

/* Back to just under what the link takes. */
static void drained(struct aimd *a)
{
	a->drain_us = 0;
	if (percent(a->link_bps, CUT_PERCENT) > a->bps)
		a->bps = percent(a->link_bps, CUT_PERCENT);
}

static bool drain(struct aimd *a, const struct aimd_input *in, uint64_t now_us)
{
	learn(a, in, now_us);
	if (in->queue_us < DRAIN_OUT_US) {
		drained(a);
		return false;
	}
	if (now_us < a->drain_us + DRAIN_MAX_US) {
		cut(a, in, now_us);
		return false;
	}
	drained(a);
	return true;
}

static void grow(struct aimd *a, const struct aimd_input *in, uint64_t dt_us)
{
	uint32_t rate = FAST_PERCENT;
	uint64_t step;

	/* What is not used cannot show that there is more. */
	if (in->limited)
		return;
	if (a->link_bps && a->bps > percent(a->link_bps, 100 - NEAR_PERCENT) &&
	    a->bps < percent(a->link_bps, 100 + NEAR_PERCENT))
		rate = SLOW_PERCENT;
	if (dt_us > 500000)
		dt_us = 500000;
	step = (uint64_t)a->bps * rate * dt_us / 100 / 1000000;
	a->bps += (uint32_t)(step + dt_us / 500);
	if (a->link_bps && a->bps > percent(a->link_bps, 100 + NEAR_PERCENT))
		a->link_bps = 0;
}

void aimd_tick(struct aimd *a, uint64_t now_us)
{
	if (a->drain_us && now_us >= a->drained_us)
		drained(a);
}

uint32_t aimd_capacity(const struct aimd *a)
{
	uint32_t bps = percent(a->link_bps, CUT_PERCENT);

	return a->drain_us && bps > a->bps ? bps : a->bps;
}

bool aimd_update(struct aimd *a, const struct aimd_input *in, uint64_t now_us)
{
	uint64_t dt = a->at_us ? now_us - a->at_us : 0;

	a->at_us = now_us;
	if (a->drain_us)
		return drain(a, in, now_us);
	if (in->state == TREND_OVER || in->queue_us > QUEUE_MAX_US)
		cut(a, in, now_us);
	else if (in->state == TREND_NORMAL)
		grow(a, in, dt);
	return false;
}

void aimd_raise(struct aimd *a, uint32_t bps)
{
	if (bps <= a->bps || a->drain_us)
		return;
	a->bps = bps;
	if (a->link_bps && bps > percent(a->link_bps, 100 + NEAR_PERCENT))
		a->link_bps = 0;
}
