#include <string.h>

#include "mediad/bwe/alloc.h"
#include "tests/lib/test.h"

static uint32_t seed;

static uint32_t rnd(uint32_t below)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % below;
}

static unsigned random_items(struct alloc_item *it)
{
	unsigned n = 1 + rnd(12);

	memset(it, 0, n * sizeof(*it));
	for (unsigned i = 0; i < n; i++) {
		uint32_t bps = 0;

		it[i].n = (uint8_t)(1 + rnd(9));
		it[i].steps = (uint8_t)(1 + rnd(3));
		it[i].priority = rnd(4);
		for (unsigned k = 0; k < it[i].n; k++)
			it[i].bps[k] = bps += 10000 + rnd(500000);
		it[i].max = (int8_t)(it[i].n - 1 - (int)rnd(2));
		it[i].now = (int8_t)((int)rnd(it[i].n + 1) - 1);
	}
	return n;
}

static uint32_t sum(const struct alloc_item *it, unsigned n)
{
	uint32_t s = 0;

	for (unsigned i = 0; i < n; i++)
		s += it[i].got < 0 ? 0 : it[i].bps[it[i].got];
	return s;
}

TEST(never_over_the_estimate_nor_over_the_wish)
{
	struct alloc_item it[12];

	for (seed = 1; seed < 3000000; seed += 997) {
		unsigned n = random_items(it);
		uint32_t up = rnd(5000000), keep = up + up / 20;

		ck_assert_uint_eq(alloc_run(it, n, up, keep), sum(it, n));
		ck_assert_uint_le(sum(it, n), keep);
		for (unsigned i = 0; i < n; i++) {
			ck_assert_int_le(it[i].got, it[i].max);
			it[i].now = -1;
		}
		/* Who has nothing yet never gets more than what is for that. */
		ck_assert_uint_le(alloc_run(it, n, up, keep), up);
	}
}

/* Who comes first never loses by more rate; and nothing is left unused that
 * the next rung of anybody could take. */
TEST(more_rate_is_never_less_for_the_first)
{
	struct alloc_item it[12], more[12];

	for (seed = 1; seed < 3000000; seed += 997) {
		unsigned n = random_items(it), first = 0;
		uint32_t avail = rnd(5000000), extra = rnd(1000000);

		for (unsigned i = 0; i < n; i++) {
			it[i].steps = 255;
			if (it[i].priority > it[first].priority)
				first = i;
		}
		memcpy(more, it, sizeof(it));
		alloc_run(it, n, avail, avail);
		alloc_run(more, n, avail + extra, avail + extra);
		if (n == 1)
			ck_assert_int_ge(more[first].got, it[first].got);
		for (unsigned i = 0; i < n; i++) {
			uint64_t up;

			if (it[i].got >= it[i].max)
				continue;
			up = (uint64_t)sum(it, n) + it[i].bps[it[i].got + 1] -
			     (it[i].got < 0 ? 0 : it[i].bps[it[i].got]);
			ck_assert_uint_gt(up, avail);
		}
	}
}

/* What was taken by 95 % of an estimate is kept when that gets so less. */
TEST(five_percent_of_noise_takes_nothing_away)
{
	struct alloc_item it[12];

	for (seed = 1; seed < 3000000; seed += 997) {
		unsigned n = random_items(it);
		uint32_t est = 300000 + rnd(5000000);
		uint32_t less = (uint32_t)((uint64_t)est * 95 / 100);

		for (unsigned i = 0; i < n; i++)
			it[i].now = -1;
		alloc_run(it, n, less, est);
		for (unsigned i = 0; i < n; i++)
			it[i].now = it[i].got;
		alloc_run(it, n, (uint32_t)((uint64_t)less * 95 / 100), less);
		for (unsigned i = 0; i < n; i++)
			ck_assert_int_ge(it[i].got, it[i].now);
	}
}

TEST(everybody_gets_the_first_rung_before_anybody_the_second)
{
	struct alloc_item it[3];

	memset(it, 0, sizeof(it));
	for (int i = 0; i < 3; i++)
		it[i] = (struct alloc_item){.n = 3,
					    .max = 2,
					    .now = -1,
					    .steps = 1,
					    .priority = (uint32_t)i,
					    .bps = {100, 300, 1000}};
	alloc_run(it, 3, 600, 600);
	ck_assert_int_eq(it[0].got, 0);
	ck_assert_int_eq(it[1].got, 0);
	ck_assert_int_eq(it[2].got, 1);
	alloc_run(it, 3, 120, 120);
	ck_assert_int_eq(it[2].got, 0);
	ck_assert_int_eq(it[0].got, -1);
}
