#include "signald/net/addrcap.h"

#include "common/bucket.h"

#include <errno.h>
#include <stdlib.h>

/* A hash table without deletion: an address lives within PROBE slots. */
#define PROBE 16

struct slot {
	struct addr addr;
	struct bucket bucket; /* at_us 0: never used */
	uint32_t live;
};

struct addrcap {
	struct slot *slots;
	size_t mask;
	uint32_t live_max;
	double burst, rate;
	uint64_t seed;
};

struct addrcap *addrcap_new(size_t cap, uint32_t live_max, double burst,
			    double rate, uint64_t seed)
{
	struct addrcap *a = calloc(1, sizeof(*a));
	size_t n = PROBE;

	while (n < cap)
		n *= 2;
	if (!a)
		return NULL;
	a->slots = calloc(n, sizeof(*a->slots));
	if (!a->slots) {
		free(a);
		return NULL;
	}
	a->mask = n - 1;
	a->live_max = live_max;
	a->burst = burst;
	a->rate = rate;
	a->seed = seed;
	return a;
}

void addrcap_free(struct addrcap *a)
{
	if (!a)
		return;
	free(a->slots);
	free(a);
}

static struct slot *find(struct addrcap *a, const struct addr *key)
{
	uint64_t at = addr_hash(key, a->seed);

	for (size_t i = 0; i < PROBE; i++) {
		struct slot *s = &a->slots[(at + i) & a->mask];

		if (s->bucket.at_us && addr_eq(&s->addr, key))
			return s;
	}
	return NULL;
}

/* The slot of nobody, or of who has been away longest; NULL: all live. */
static struct slot *claim(struct addrcap *a, const struct addr *key,
			  uint64_t now_us)
{
	uint64_t at = addr_hash(key, a->seed);
	struct slot *best = NULL;

	for (size_t i = 0; i < PROBE; i++) {
		struct slot *s = &a->slots[(at + i) & a->mask];

		if (s->live)
			continue;
		if (!best || s->bucket.at_us < best->bucket.at_us)
			best = s;
	}
	if (!best)
		return NULL;
	best->addr = *key;
	bucket_init(&best->bucket, a->rate, a->burst, now_us ? now_us : 1);
	return best;
}

int addrcap_enter(struct addrcap *a, const struct addr *from, uint64_t now_us)
{
	struct addr key = addr_bucket(from);
	struct slot *s = find(a, &key);

	if (!s)
		s = claim(a, &key, now_us);
	if (!s || s->live >= a->live_max)
		return -EMFILE;
	if (bucket_take(&s->bucket, 1, now_us))
		return -EAGAIN;
	s->live++;
	return 0;
}

void addrcap_leave(struct addrcap *a, const struct addr *from)
{
	struct addr key = addr_bucket(from);
	struct slot *s = find(a, &key);

	if (s && s->live)
		s->live--;
}
