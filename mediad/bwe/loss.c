#include "mediad/bwe/loss.h"

#include <math.h>
#include <string.h>

#define TEST_MAX_US  1500000
#define WINDOW_US    500000
#define WINDOW_MIN   30 /* packets: fewer are noise */
#define CUT_GAP_US   400000
#define HIGH	     0.08
#define LOW	     0.02
#define OVER_USUAL   0.06
#define QUEUE_US     30000
#define USUAL_SHARE  0.1
#define RISE_SHARE   0.08 /* of the cap, each window without trouble */
#define NOISE	     1.5  /* standard deviations of a window */
#define USED_SHARE   4	  /* a smaller part of the estimate proves nothing */
#define OUTAGE	     0.5
#define STAYS	     0.6 /* of the tested loss: it does not go */
#define KEEP_PERCENT 90	 /* of what arrives, which does fit */

void loss_init(struct loss *l)
{
	memset(l, 0, sizeof(*l));
	l->cap_bps = UINT32_MAX;
}

static void cut(struct loss *l, const struct loss_input *in, double share,
		uint64_t now_us)
{
	uint32_t from = l->cap_bps < in->bps ? l->cap_bps : in->bps;
	uint32_t to;

	/* Only less than what is sent now can show a difference. */
	if (in->sent_bps && in->sent_bps < from)
		from = in->sent_bps;
	to = (uint32_t)(from * (1 - share));
	l->cut_us = now_us;
	if (to < in->acked_bps / 100 * KEEP_PERCENT)
		to = in->acked_bps / 100 * KEEP_PERCENT;
	if (to < l->cap_bps)
		l->cap_bps = to;
}

static void rise(struct loss *l, uint32_t bps)
{
	if (l->cap_bps == UINT32_MAX)
		return;
	l->cap_bps += (uint32_t)(l->cap_bps * RISE_SHARE) + 1000;
	if (l->cap_bps > bps + bps / 4 || l->now < LOW)
		l->cap_bps = UINT32_MAX;
}

/* The window after the cut tells. */
static void conclude(struct loss *l)
{
	if (l->now > l->tested * STAYS) {
		l->usual = l->now > l->usual ? l->now : l->usual;
		l->cap_bps = UINT32_MAX;
	}
	l->tested = 0;
}

static void judge(struct loss *l, const struct loss_input *in, uint64_t now_us)
{
	double noise = NOISE * sqrt(l->now * (1 - l->now) / l->n);
	bool outage = l->now > OUTAGE && !l->outage;
	bool more = l->now > HIGH &&
		    l->now > l->usual + OVER_USUAL +
				     noise; /* Nothing came for a while: that is
					       no matter of the rate. */
	l->outage = outage;
	if (outage)
		return;
	if (l->tested > 0)
		conclude(l);
	else if (l->now > HIGH && in->queue_us > QUEUE_US)
		cut(l, in, l->now / 2, now_us);
	else if (more && in->sent_bps >= in->bps / USED_SHARE) {
		l->tested = l->now;
		cut(l, in, l->now, now_us);
	} else {
		rise(l, in->bps);
		l->usual += (l->now - l->usual) * USUAL_SHARE;
	}
}

void loss_update(struct loss *l, const struct loss_input *in, uint64_t now_us)
{
	if (!l->total)
		l->from_us = now_us;
	l->lost += in->lost;
	l->total += in->total;
	if (in->draining)
		l->cut_us = now_us;
	/* What left before the cut says nothing about it. */
	if (l->cut_us && now_us < l->cut_us + CUT_GAP_US) {
		l->lost = 0;
		l->total = 0;
		return;
	}
	if (l->total < WINDOW_MIN || now_us < l->from_us + WINDOW_US)
		return;
	l->now = (double)l->lost / l->total;
	l->n = l->total;
	l->lost = 0;
	l->total = 0;
	judge(l, in, now_us);
}

void loss_tick(struct loss *l, uint64_t now_us)
{
	if (l->tested <= 0 || now_us < l->cut_us + TEST_MAX_US)
		return;
	l->tested = 0;
	l->cap_bps = UINT32_MAX;
}
