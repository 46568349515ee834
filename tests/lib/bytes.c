#include "tests/lib/bytes.h"

#include <stdio.h>
#include <stdlib.h>

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

size_t bytes_of(uint8_t *out, size_t cap, const char *hex)
{
	size_t n = 0;

	for (; *hex; hex++) {
		if (*hex == ' ' || *hex == '\n')
			continue;
		if (digit(hex[0]) < 0 || digit(hex[1]) < 0 || n == cap) {
			fprintf(stderr, "bytes_of: bad at \"%.20s\"\n", hex);
			exit(2);
		}
		out[n++] = (uint8_t)(digit(hex[0]) << 4 | digit(hex[1]));
		hex++;
	}
	return n;
}

uint64_t rand_u64(struct rand *r)
{
	uint64_t z = r->state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

uint32_t rand_below(struct rand *r, uint32_t n)
{
	return (uint32_t)((rand_u64(r) >> 32) * n >> 32);
}

double rand_unit(struct rand *r)
{
	return (double)(rand_u64(r) >> 11) * 0x1p-53;
}

void rand_bytes(struct rand *r, void *out, size_t n)
{
	uint8_t *p = out;

	while (n--)
		*p++ = (uint8_t)rand_u64(r);
}
