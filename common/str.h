/*
 * str: text in bounded buffers, always terminated; and UTF-8.
 */
#ifndef COMMON_STR_H
#define COMMON_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Copies what fits; 0, or -ENAMETOOLONG when it was cut. cap >= 1. */
int str_copy(char *dst, size_t cap, const char *src);

/* Formats at the end of dst; 0 or -ENAMETOOLONG when it was cut. */
int str_addf(char *dst, size_t cap, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

bool str_eq(const char *a, const char *b);

/* An unsigned decimal number, the whole string; 0 or -EINVAL/-ERANGE. */
int str_u64(const char *s, uint64_t max, uint64_t *out);

/* Well-formed UTF-8 without NUL (RFC 3629: no surrogates, no overlongs). */
bool str_utf8(const char *s, size_t len);

/*
 * The next code point of well-formed UTF-8 and moves *s past it; 0 at the
 * end.
 */
uint32_t str_rune(const char **s);

/* Appends a code point; 0 or -ENAMETOOLONG (nothing written). */
int str_add_rune(char *dst, size_t cap, uint32_t rune);

#endif
