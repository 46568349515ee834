/*
 * pacer: a token bucket for the video a transport sends: 2.5 times the
 * estimate, depth 40 ms of it and two packets at least. Audio never waits;
 * it and retransmissions are booked and may put the bucket into debt.
 */
#ifndef MEDIAD_BWE_PACER_H
#define MEDIAD_BWE_PACER_H

#include <stdbool.h>
#include <stdint.h>

#define PACER_FACTOR_X10 25
#define PACER_DEPTH_US	 40000
#define PACER_DEBT_US	 60000
#define PACER_MIN_BYTES	 2600

struct pacer {
	uint64_t at_us;
	int64_t level;	   /* bytes; below 0: debt */
	int64_t depth;	   /* bytes */
	uint32_t rate_Bps; /* bytes a second; 0: no limit */
};

void pacer_init(struct pacer *p, uint64_t now_us);
void pacer_set(struct pacer *p, uint32_t estimate_bps);

/* May a packet leave now? */
bool pacer_ready(struct pacer *p, uint64_t now_us);

static inline void pacer_book(struct pacer *p, uint32_t len)
{
	p->level -= len;
}

/*
 * What was booked beyond the bucket takes longer than 60 ms to come in again:
 * retransmissions, too, should wait.
 */
bool pacer_owes(struct pacer *p, uint64_t now_us);

/* When the next may leave. */
uint64_t pacer_deadline(const struct pacer *p);

#endif
