#include "common/sys/rng.h"

#include <errno.h>
#include <sodium.h>

int rng_setup(void)
{
	return sodium_init() < 0 ? -EIO : 0;
}

void rng_bytes(void *out, size_t n)
{
	randombytes_buf(out, n);
}

uint32_t rng_u32(void)
{
	return randombytes_random();
}

uint64_t rng_id(void)
{
	uint64_t id;

	do
		rng_bytes(&id, sizeof(id));
	while (!id);
	return id;
}

uint32_t rng_below(uint32_t n)
{
	return randombytes_uniform(n);
}
