/* rng: the kernel's entropy through libsodium. Never fails once set up. */
#ifndef COMMON_SYS_RNG_H
#define COMMON_SYS_RNG_H

#include <stddef.h>
#include <stdint.h>

/* Once at start, before any sandbox. 0 or -EIO. */
int rng_setup(void);

void rng_bytes(void *out, size_t n);
uint32_t rng_u32(void);

/* Never 0. */
uint64_t rng_id(void);

/* Uniform in [0, n). */
uint32_t rng_below(uint32_t n);

#endif
