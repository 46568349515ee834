/*
 * nack: which lost packets of a received stream are asked for again.
 *
 * Owned by a stream of a producer. A hole is asked for after 10 ms (it may
 * be reordering), again each RTT, ten times at most, 1,000 holes at most;
 * when that is exceeded the answer is NACK_RESET: give up and want a key
 * frame (RFC 4585 section 6.2.1).
 *
 *	if (nack_on_seq(&s->nack, seq, now_us) == NACK_RESET)
 *		key frame;
 *	n = nack_take(&s->nack, rtt_us, now_us, list, NACK_BATCH, &reset);
 */
#ifndef MEDIAD_RTP_NACK_H
#define MEDIAD_RTP_NACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NACK_MAX      1000 /* holes remembered */
#define NACK_TRIES    10
#define NACK_GRACE_US 10000
#define NACK_BATCH    128    /* asked for in one go */
#define NACK_RTT_US   100000 /* while the RTT is not known */

enum nack_verdict {
	NACK_OK,	/* in order, or fills no hole */
	NACK_REPAIRED,	/* fills a hole that was asked for */
	NACK_REORDERED, /* fills a hole that was not asked for yet */
	NACK_RESET,	/* too many holes: all forgotten, want a key frame */
};

struct nack_hole {
	uint64_t next_us; /* when to ask (again) */
	uint32_t asked;	  /* when, low half of now_us */
	uint16_t seq;
	uint8_t tries;
};

struct nack {
	struct nack_hole *holes; /* oldest first; NULL until one is lost */
	uint16_t n, cap;
	uint16_t newest;
	bool started;
	uint64_t due_us; /* earliest next_us; UINT64_MAX: none */
	uint64_t nacks;	 /* messages, counted by the caller's takes */
	uint64_t asked;	 /* packets asked for, repeats too */
	uint64_t gave_up;
	uint32_t took_us; /* from asking once to the repair; 0: none */
};

void nack_init(struct nack *n);
void nack_fini(struct nack *n);

/* A packet came (media or repaired). O(1) in order, O(log holes) else. */
enum nack_verdict nack_on_seq(struct nack *n, uint16_t seq, uint64_t now_us);

/* Older holes do not matter any more (a key frame came). */
void nack_on_key(struct nack *n, uint16_t seq);

/*
 * Writes the sequence numbers that are due into out, ascending, and books
 * the try. *reset is set when a hole was given up: want a key frame.
 */
size_t nack_take(struct nack *n, uint64_t rtt_us, uint64_t now_us,
		 uint16_t *out, size_t cap, bool *reset);

static inline uint64_t nack_deadline(const struct nack *n)
{
	return n->due_us;
}

void nack_reset(struct nack *n);

#endif
