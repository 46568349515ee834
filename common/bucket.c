#include "common/bucket.h"

void bucket_init(struct bucket *b, double rate, double burst, uint64_t now_us)
{
	b->rate = rate;
	b->burst = burst;
	b->level = burst;
	b->at_us = now_us;
}

uint64_t bucket_take(struct bucket *b, double n, uint64_t now_us)
{
	if (now_us > b->at_us) {
		b->level += (double)(now_us - b->at_us) * b->rate / 1e6;
		b->at_us = now_us;
	}
	if (b->level > b->burst)
		b->level = b->burst;
	if (b->level >= n) {
		b->level -= n;
		return 0;
	}
	if (n > b->burst || b->rate <= 0)
		return UINT64_MAX;
	return (uint64_t)((n - b->level) / b->rate * 1e6) + 1;
}
