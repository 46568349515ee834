#include "mediad/bwe/alloc.h"

#include <stdbool.h>

static uint32_t rate(const struct alloc_item *it, int rung)
{
	return rung < 0 ? 0 : it->bps[rung];
}

/* One rung up, if it fits; returns what it costs more, 0: it does not. */
static uint32_t step(struct alloc_item *it, uint32_t used, uint32_t up,
		     uint32_t keep)
{
	int next = it->got + 1;
	uint64_t sum;

	if (next > it->max || next >= it->n)
		return 0;
	sum = (uint64_t)used + rate(it, next) - rate(it, it->got);
	if (sum > (next > it->now ? up : keep))
		return 0;
	it->got = (int8_t)next;
	return (uint32_t)(sum - used);
}

/* The item that comes next after `last` in order of priority; n: none. */
static unsigned next_item(const struct alloc_item *items, unsigned n,
			  unsigned last)
{
	unsigned best = n;

	for (unsigned i = 0; i < n; i++) {
		bool behind =
			last == n || items[i].priority < items[last].priority ||
			(items[i].priority == items[last].priority && i > last);

		if (behind &&
		    (best == n || items[i].priority > items[best].priority))
			best = i;
	}
	return best;
}

uint32_t alloc_run(struct alloc_item *items, unsigned n, uint32_t up_bps,
		   uint32_t keep_bps)
{
	uint8_t order[ALLOC_ITEMS];
	uint32_t used = 0;
	bool more = true;
	unsigned at = n;

	if (n > ALLOC_ITEMS)
		n = at = ALLOC_ITEMS;
	for (unsigned i = 0; i < n; i++) {
		items[i].got = -1;
		at = next_item(items, n, at);
		order[i] = (uint8_t)at;
	}
	for (unsigned round = 0; more; round++) {
		more = false;
		for (unsigned i = 0; i < n; i++) {
			struct alloc_item *it = &items[order[i]];
			unsigned steps = round ? it->steps : 1;

			for (; steps; steps--) {
				uint32_t cost =
					step(it, used, up_bps, keep_bps);

				used += cost;
				if (!cost)
					break;
				more = true;
			}
		}
	}
	return used;
}
