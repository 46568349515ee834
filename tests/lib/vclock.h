/*
 * vclock: OpenSSL's DTLS timers in virtual time.
 *
 * They read gettimeofday(); a test binary that calls vclock_set() gets this
 * file's own. Until the first call it tells the real time.
 */
#ifndef TESTS_LIB_VCLOCK_H
#define TESTS_LIB_VCLOCK_H

#include <stdint.h>

void vclock_set(uint64_t now_us);

#endif
