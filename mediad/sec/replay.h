/*
 * replay: the packets of one SSRC seen so far: the highest index and a window
 * of REPLAY_WINDOW behind it (RFC 3711 section 3.3.2). An index is rollover
 * counter and sequence number in one (48 bits), or SRTCP's 31 bits.
 *
 * Used when sending too: there it refuses a second packet under one nonce.
 */
#ifndef MEDIAD_SEC_REPLAY_H
#define MEDIAD_SEC_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#define REPLAY_WINDOW 1024

struct replay {
	uint64_t next; /* highest index + 1; 0: none yet */
	uint64_t seen[REPLAY_WINDOW / 64];
};

/*
 * The index nearest to the highest one with this sequence number (RFC 3711
 * appendix A). Never below zero: the first packets have rollover 0.
 */
static inline uint64_t replay_index(const struct replay *r, uint16_t seq)
{
	uint64_t top = r->next ? r->next - 1 : seq;
	uint64_t v = (top & ~(uint64_t)0xffff) | seq;

	if (v > top && v - top > 0x8000 && v >= 0x10000)
		return v - 0x10000;
	if (v < top && top - v > 0x8000)
		return v + 0x10000;
	return v;
}

/* Whether the index is new and not too old. */
static inline bool replay_fresh(const struct replay *r, uint64_t index)
{
	uint32_t bit = index % REPLAY_WINDOW;

	if (index >= r->next)
		return true;
	if (r->next - index > REPLAY_WINDOW)
		return false;
	return !(r->seen[bit / 64] >> (bit % 64) & 1);
}

/* Whether the index was seen for certain: neither new nor too old to tell. */
static inline bool replay_seen(const struct replay *r, uint64_t index)
{
	return index < r->next && r->next - index <= REPLAY_WINDOW &&
	       !replay_fresh(r, index);
}

/* Marks a fresh index as seen; call only for authenticated packets. */
static inline void replay_mark(struct replay *r, uint64_t index)
{
	uint32_t bit = index % REPLAY_WINDOW;

	if (index >= r->next) {
		uint64_t n = index - r->next;

		if (n > REPLAY_WINDOW)
			n = REPLAY_WINDOW;
		for (uint64_t i = index - n; i < index; i++)
			r->seen[i % REPLAY_WINDOW / 64] &=
				~((uint64_t)1 << (i % 64));
		r->next = index + 1;
	}
	r->seen[bit / 64] |= (uint64_t)1 << (bit % 64);
}

#endif
