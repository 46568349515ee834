/*
 * sim: plays the room core against everything that can go wrong, one seed
 * after the other.
 *
 *	sim SECS		from seed 1 for that long
 *	sim SECS FIRST		from another seed on
 *	SEED=n sim		one seed, with a trace
 *
 * Ends in "N seeds, N violations", and fails when there were any.
 */
#include <stdio.h>
#include <stdlib.h>

#include "common/str.h"
#include "common/sys/clock.h"
#include "tests/sim/world.h"

static uint64_t number(const char *s, uint64_t otherwise)
{
	uint64_t n;

	return s && !str_u64(s, UINT64_MAX, &n) ? n : otherwise;
}

static int replay(uint64_t seed)
{
	static struct world w;
	bool ok = world_run(&w, seed, true);

	printf("seed %llu: %llu events, %s\n", (unsigned long long)seed,
	       (unsigned long long)w.events, ok ? "no violation" : w.why);
	return !ok;
}

int main(int argc, char **argv)
{
	static struct world w;
	const char *one = getenv("SEED");
	uint64_t secs = number(argc > 1 ? argv[1] : NULL, 60);
	uint64_t first = number(argc > 2 ? argv[2] : NULL, 1), seed = first;
	uint64_t start_us = clock_us(), events = 0, bad = 0;

	if (one && *one)
		return replay(number(one, 1));
	for (; clock_us() - start_us < secs * 1000000; seed++) {
		if (!world_run(&w, seed, false)) {
			printf("seed %llu: %s\n", (unsigned long long)seed,
			       w.why);
			bad++;
		}
		events += w.events;
	}
	printf("%llu events in %llu s\n%llu seeds, %llu violations\n",
	       (unsigned long long)events, (unsigned long long)secs,
	       (unsigned long long)(seed - first), (unsigned long long)bad);
	return bad != 0;
}
