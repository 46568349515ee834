#include "mediad/bwe/pacer.h"

#include <string.h>

void pacer_init(struct pacer *p, uint64_t now_us)
{
	memset(p, 0, sizeof(*p));
	p->at_us = now_us;
}

void pacer_set(struct pacer *p, uint32_t estimate_bps)
{
	bool first = !p->rate_Bps;

	p->rate_Bps =
		(uint32_t)((uint64_t)estimate_bps * PACER_FACTOR_X10 / 10 / 8);
	p->depth = (int64_t)estimate_bps / 8 * PACER_DEPTH_US / 1000000;
	if (p->depth < PACER_MIN_BYTES)
		p->depth = PACER_MIN_BYTES;
	if (first)
		p->level = p->depth;
}

static void refill(struct pacer *p, uint64_t now_us)
{
	uint64_t gone = now_us - p->at_us;

	if (now_us <= p->at_us)
		return;
	p->at_us = now_us;
	if (gone > 1000000)
		gone = 1000000;
	p->level += (int64_t)(gone * p->rate_Bps / 1000000);
	if (p->level > p->depth)
		p->level = p->depth;
}

bool pacer_ready(struct pacer *p, uint64_t now_us)
{
	if (!p->rate_Bps)
		return true;
	refill(p, now_us);
	return p->level > 0;
}

bool pacer_owes(struct pacer *p, uint64_t now_us)
{
	if (!p->rate_Bps)
		return false;
	refill(p, now_us);
	return p->level < -(int64_t)p->rate_Bps * PACER_DEBT_US / 1000000;
}

uint64_t pacer_deadline(const struct pacer *p)
{
	if (!p->rate_Bps || p->level > 0)
		return p->at_us;
	return p->at_us + (uint64_t)(1 - p->level) * 1000000 / p->rate_Bps + 1;
}
