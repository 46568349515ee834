#include "mediad/rtp/rate.h"

#include <string.h>

void rate_init(struct rate *r)
{
	memset(r, 0, sizeof(*r));
}

/* Slot numbers start at 1, so that 0 means that nothing came yet. */
static void roll(struct rate *r, uint64_t slot)
{
	uint64_t gone = slot - r->slot;

	if (gone >= RATE_SLOTS) {
		memset(r->bin, 0, sizeof(r->bin));
		r->sum = 0;
	} else {
		for (uint64_t s = r->slot + 1; s <= slot; s++) {
			r->sum -= r->bin[s % RATE_SLOTS];
			r->bin[s % RATE_SLOTS] = 0;
		}
	}
	r->slot = slot;
}

void rate_add(struct rate *r, uint32_t len, uint64_t now_us)
{
	uint64_t slot = now_us / RATE_SLOT_US + 1;

	if (!r->first)
		r->first = slot;
	if (slot > r->slot)
		roll(r, slot);
	r->bin[r->slot % RATE_SLOTS] += len;
	r->sum += len;
	r->packets++;
	r->bytes += len;
}

uint32_t rate_bps(struct rate *r, uint64_t now_us)
{
	uint64_t slot = now_us / RATE_SLOT_US + 1;
	uint64_t span;

	if (!r->first)
		return 0;
	if (slot > r->slot)
		roll(r, slot);
	/* After a silence the window is young again. */
	if (!r->sum) {
		r->first = 0;
		return 0;
	}
	/* The newest slot is only partly over. */
	span = slot - r->first >= RATE_SLOTS
		       ? (RATE_SLOTS - 1) * RATE_SLOT_US + now_us % RATE_SLOT_US
		       : now_us - (r->first - 1) * RATE_SLOT_US;
	if (span < RATE_SLOT_US)
		span = RATE_SLOT_US;
	return (uint32_t)((uint64_t)r->sum * 8 * 1000000 / span);
}
