/* rnd: the simulator's only source of chance; one seed, one history. */
#ifndef TESTS_SIM_RND_H
#define TESTS_SIM_RND_H

#include <stdbool.h>
#include <stdint.h>

struct rnd {
	uint64_t s;
};

/* splitmix64 */
static inline uint64_t rnd_u64(struct rnd *r)
{
	uint64_t z = r->s += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static inline uint32_t rnd_below(struct rnd *r, uint32_t n)
{
	return (uint32_t)((rnd_u64(r) >> 32) * n >> 32);
}

/* True in p of 1,000 cases. */
static inline bool rnd_mille(struct rnd *r, uint32_t p)
{
	return rnd_below(r, 1000) < p;
}

#endif
