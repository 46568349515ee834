/* RAND_set_rand_method() is deprecated and has no simple successor. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "tests/lib/vrand.h"

#include <stdlib.h>

#include <openssl/rand.h>

#include "tests/lib/bytes.h"

static struct rand rng;

static int bytes(unsigned char *buf, int num)
{
	rand_bytes(&rng, buf, (size_t)num);
	return 1;
}

static int status(void)
{
	return 1;
}

void vrand_seed(uint64_t seed)
{
	static const RAND_METHOD method = {
		.bytes = bytes,
		.pseudorand = bytes,
		.status = status,
	};

	rng.state = seed;
	if (RAND_set_rand_method(&method) != 1)
		abort();
}
