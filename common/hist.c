#include "common/hist.h"

#include <string.h>

void hist_init(struct hist *h)
{
	memset(h, 0, sizeof(*h));
}

static uint32_t slot_of(uint64_t us)
{
	uint32_t exp, slot;

	if (us < HIST_STEPS)
		return (uint32_t)us;
	exp = 63 - (uint32_t)__builtin_clzll(us); /* >= 4 */
	slot = (exp - 3) * HIST_STEPS + (uint32_t)(us >> (exp - 4) & 15);
	return slot < HIST_SLOTS ? slot : HIST_SLOTS - 1;
}

/* The middle of a slot. */
static uint64_t value_of(uint32_t slot)
{
	uint32_t exp = slot / HIST_STEPS;
	uint64_t low;

	if (exp == 0)
		return slot;
	low = (uint64_t)(HIST_STEPS + slot % HIST_STEPS) << (exp - 1);
	return low + ((1ull << (exp - 1)) - 1) / 2;
}

void hist_add(struct hist *h, uint64_t us)
{
	h->n++;
	h->sum += us;
	if (us > h->max)
		h->max = us;
	h->slot[slot_of(us)]++;
}

void hist_merge(struct hist *dst, const struct hist *src)
{
	dst->n += src->n;
	dst->sum += src->sum;
	if (src->max > dst->max)
		dst->max = src->max;
	for (uint32_t i = 0; i < HIST_SLOTS; i++)
		dst->slot[i] += src->slot[i];
}

uint64_t hist_quantile(const struct hist *h, double p)
{
	uint64_t want = (uint64_t)(p * (double)h->n);
	uint64_t seen = 0;

	if (!h->n)
		return 0;
	for (uint32_t i = 0; i < HIST_SLOTS; i++) {
		seen += h->slot[i];
		if (seen > want)
			return value_of(i) < h->max ? value_of(i) : h->max;
	}
	return h->max;
}

void hist_recent_init(struct hist_recent *h, uint64_t period_us)
{
	memset(h, 0, sizeof(*h));
	h->period_us = period_us;
}

static void turn_over(struct hist_recent *h, uint64_t now_us)
{
	uint64_t old = now_us - h->since_us;

	if (now_us < h->since_us || old < h->period_us)
		return;
	if (old < 2 * h->period_us)
		h->past = h->now;
	else
		hist_init(&h->past);
	hist_init(&h->now);
	h->since_us = now_us;
}

void hist_recent_add(struct hist_recent *h, uint64_t us, uint64_t now_us)
{
	turn_over(h, now_us);
	hist_add(&h->now, us);
}

void hist_recent_get(struct hist_recent *h, uint64_t now_us, struct hist *out)
{
	turn_over(h, now_us);
	*out = h->past;
	hist_merge(out, &h->now);
}
