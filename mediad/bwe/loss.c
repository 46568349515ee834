#include "mediad/bwe/loss.h"

#include <string.h>

#define WINDOW_US    300000
#define WINDOW_MIN   10 /* packets */
#define CUT_GAP_US   400000
#define HIGH	     0.10
#define LOW	     0.02
#define KEEP_PERCENT 90
#define OVER_USUAL   0.06
#define QUEUE_US     20000
#define USUAL_SHARE  0.05
#define RISE_SHARE   0.05 /* of the cap, each window without trouble */

void loss_init(struct loss *l)
{
	memset(l, 0, sizeof(*l));
	l->cap_bps = UINT32_MAX;
}

/* More than usual, or with a queue: it is ours. */
static bool ours(const struct loss *l, uint64_t queue_us)
{
	if (l->now < HIGH)
		return false;
	return queue_us > QUEUE_US || l->now > l->usual * 1.5 + OVER_USUAL;
}

static void cut(struct loss *l, const struct loss_input *in, uint64_t now_us)
{
	uint32_t from = l->cap_bps < in->bps ? l->cap_bps : in->bps;
	uint32_t to = (uint32_t)(from * (1 - l->now / 2));

	if (l->cut_us && now_us < l->cut_us + CUT_GAP_US)
		return;
	l->cut_us = now_us;
	/* What arrives does fit. */
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

void loss_update(struct loss *l, const struct loss_input *in, uint64_t now_us)
{
	if (!l->total)
		l->from_us = now_us;
	l->lost += in->lost;
	l->total += in->total;
	if (l->total < WINDOW_MIN || now_us < l->from_us + WINDOW_US)
		return;
	l->now = (double)l->lost / l->total;
	l->lost = 0;
	l->total = 0;
	if (in->draining)
		return;
	if (ours(l, in->queue_us))
		cut(l, in, now_us);
	else
		rise(l, in->bps);
	l->usual += (l->now - l->usual) * USUAL_SHARE;
}
