/*
 * bucket: a token bucket. `rate` tokens a second flow in, up to `burst`.
 *
 *	uint64_t wait_us = bucket_take(&b, 1, now_us);
 *	if (wait_us)
 *		refuse("rate-limited", wait_us / 1000);
 */
#ifndef COMMON_BUCKET_H
#define COMMON_BUCKET_H

#include <stdint.h>

struct bucket {
	double rate;	/* tokens per second */
	double burst;	/* capacity, tokens */
	double level;	/* tokens there now */
	uint64_t at_us; /* when `level` was true */
};

void bucket_init(struct bucket *b, double rate, double burst, uint64_t now_us);

/*
 * Takes n tokens and returns 0, or takes nothing and returns the time in
 * microseconds until n will be there (UINT64_MAX: never). A clock that steps
 * back adds nothing.
 */
uint64_t bucket_take(struct bucket *b, double n, uint64_t now_us);

#endif
