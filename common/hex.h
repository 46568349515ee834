/* hex: short values as lower-case hexadecimal text, and back. */
#ifndef COMMON_HEX_H
#define COMMON_HEX_H

#include <stddef.h>
#include <stdint.h>

/* Lower-case hex of n bytes and a NUL: out holds 2 * n + 1. */
void hex_of(char *out, const void *src, size_t n);

/* n bytes out of exactly 2 * n hex digits; 0 or -EINVAL. */
int hex_to(void *dst, size_t n, const char *hex);

/* A 64-bit id as 16 hex digits and a NUL, and back (0 or -EINVAL). */
#define HEX_ID_LEN 16
void hex_id(char out[HEX_ID_LEN + 1], uint64_t id);
int hex_to_id(uint64_t *id, const char *hex);

#endif
