/*
 * bytes: packets written down in tests as hex with blanks, and seeded
 * random numbers that are the same on every machine.
 */
#ifndef TESTS_LIB_BYTES_H
#define TESTS_LIB_BYTES_H

#include <stddef.h>
#include <stdint.h>

/*
 * "80 65 0001" into out. Exits when the text is not hex or does not fit:
 * it is the test's own.
 */
size_t bytes_of(uint8_t *out, size_t cap, const char *hex);

/* A stream of numbers from a seed (splitmix64). */
struct rand {
	uint64_t state;
};

uint64_t rand_u64(struct rand *r);
uint32_t rand_below(struct rand *r, uint32_t n);
double rand_unit(struct rand *r); /* [0, 1) */
void rand_bytes(struct rand *r, void *out, size_t n);

#endif
