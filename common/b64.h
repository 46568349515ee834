/*
 * b64: base64url (RFC 4648 section 5) without padding.
 */
#ifndef COMMON_B64_H
#define COMMON_B64_H

#include <stddef.h>

/* base64url: out holds B64_LEN(n) + 1. */
#define B64_LEN(n) (((n)*4 + 2) / 3)
void b64_of(char *out, const void *src, size_t n);

/*
 * Decodes `len` characters into at most cap bytes. Returns the length or
 * -EINVAL (other characters, padding, dangling bits) or -ENOBUFS.
 */
int b64_to(void *dst, size_t cap, const char *src, size_t len);

#endif
