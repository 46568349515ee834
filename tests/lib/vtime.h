/*
 * vtime: OpenSSL in virtual time. Its DTLS timers read gettimeofday(), which
 * a binary that links this file answers itself; its random bytes come from
 * the seed once vtime_seed() was called, so that a run repeats exactly.
 */
#ifndef TESTS_LIB_VTIME_H
#define TESTS_LIB_VTIME_H

#include <stdint.h>

/* From now on gettimeofday() says this; 0 gives the real time back. */
void vtime_set(uint64_t now_us);

void vtime_seed(uint64_t seed);

#endif
