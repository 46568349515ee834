/*
 * rate: bits a second over a sliding window of about a second, in fixed
 * memory: ten slots of 100 ms.
 *
 *	rate_add(&r, len, now_us);
 *	bps = rate_bps(&r, now_us);
 */
#ifndef MEDIAD_RTP_RATE_H
#define MEDIAD_RTP_RATE_H

#include <stdint.h>

#define RATE_SLOTS   10
#define RATE_SLOT_US 100000

struct rate {
	uint64_t packets; /* since init */
	uint64_t bytes;	  /* since init */
	uint64_t first;	  /* slot number of the first add; 0: none */
	uint64_t slot;	  /* newest slot number */
	uint32_t sum;	  /* bytes in the window */
	uint32_t bin[RATE_SLOTS];
};

void rate_init(struct rate *r);
void rate_add(struct rate *r, uint32_t len, uint64_t now_us);

/* A window that is not full yet is divided by what there is, >= 100 ms. */
uint32_t rate_bps(struct rate *r, uint64_t now_us);

#endif
