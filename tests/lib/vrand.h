/*
 * vrand: OpenSSL's random bytes from a seed (keys, nonces, hello randoms),
 * so that a run with DTLS in it repeats exactly. Its time: vclock.h.
 */
#ifndef TESTS_LIB_VRAND_H
#define TESTS_LIB_VRAND_H

#include <stdint.h>

void vrand_seed(uint64_t seed);

#endif
