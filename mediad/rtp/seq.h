/*
 * seq: 16-bit RTP sequence numbers: comparison and unwrapping (RFC 1982,
 * RFC 3550 appendix A.1).
 *
 *	uint32_t ext = seq_unwrap(&s, h.seq);	newest so far moves forward
 */
#ifndef MEDIAD_RTP_SEQ_H
#define MEDIAD_RTP_SEQ_H

#include <stdbool.h>
#include <stdint.h>

/* How far a is ahead of b, -32768 to 32767. */
static inline int seq_diff(uint16_t a, uint16_t b)
{
	return (int16_t)(uint16_t)(a - b);
}

static inline bool seq_newer(uint16_t a, uint16_t b)
{
	return seq_diff(a, b) > 0;
}

/* The same for 32-bit time stamps. */
static inline int32_t seq_ts_diff(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b);
}

struct seq {
	uint32_t max; /* newest, cycles in the upper half */
	bool set;
};

/*
 * The extended number of v, nearest to the newest; the newest advances. The
 * first starts at cycle 1, so that a reordered older one stays positive.
 */
static inline uint32_t seq_unwrap(struct seq *s, uint16_t v)
{
	uint32_t ext;

	if (!s->set) {
		s->set = true;
		s->max = 0x10000u + v;
		return s->max;
	}
	ext = s->max + (uint32_t)seq_diff(v, (uint16_t)s->max);
	if ((int32_t)(ext - s->max) > 0)
		s->max = ext;
	return ext;
}

/* The same without moving the newest. */
static inline uint32_t seq_peek(const struct seq *s, uint16_t v)
{
	return s->max + (uint32_t)seq_diff(v, (uint16_t)s->max);
}

#endif
