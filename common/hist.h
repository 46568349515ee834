/*
 * hist: a histogram of microseconds with a relative error of 1/16, fixed
 * size, no allocation: 16 linear steps in each power of two.
 */
#ifndef COMMON_HIST_H
#define COMMON_HIST_H

#include <stdint.h>

#define HIST_STEPS 16
#define HIST_SLOTS (28 * HIST_STEPS) /* up to 2^31 us */

struct hist {
	uint64_t n;
	uint64_t sum;
	uint64_t max;
	uint32_t slot[HIST_SLOTS];
};

void hist_init(struct hist *h);
void hist_add(struct hist *h, uint64_t us);
void hist_merge(struct hist *dst, const struct hist *src);

/* The value below which a share p (0..1) lies; 0 when empty. */
uint64_t hist_quantile(const struct hist *h, double p);

/* The same of the last period and the one before, forgetting what is older. */
struct hist_recent {
	struct hist now, past;
	uint64_t period_us, since_us;
};

void hist_recent_init(struct hist_recent *h, uint64_t period_us);
void hist_recent_add(struct hist_recent *h, uint64_t us, uint64_t now_us);
void hist_recent_get(struct hist_recent *h, uint64_t now_us, struct hist *out);

#endif
