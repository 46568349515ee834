#include "common/str.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int str_copy(char *dst, size_t cap, const char *src)
{
	size_t n = strnlen(src, cap);

	if (n == cap) {
		memcpy(dst, src, cap - 1);
		dst[cap - 1] = '\0';
		return -ENAMETOOLONG;
	}
	memcpy(dst, src, n + 1);
	return 0;
}

int str_addf(char *dst, size_t cap, const char *fmt, ...)
{
	size_t n = strnlen(dst, cap);
	va_list ap;
	int len;

	if (n == cap)
		return -ENAMETOOLONG;
	va_start(ap, fmt);
	len = vsnprintf(dst + n, cap - n, fmt, ap);
	va_end(ap);
	return len < 0 || (size_t)len >= cap - n ? -ENAMETOOLONG : 0;
}

bool str_eq(const char *a, const char *b)
{
	return !strcmp(a, b);
}

int str_u64(const char *s, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;

	if (!*s)
		return -EINVAL;
	for (; *s; s++) {
		uint64_t d = (uint64_t)(*s - '0');

		if (*s < '0' || *s > '9')
			return -EINVAL;
		if (v > max / 10 || v * 10 > max - d || d > max)
			return -ERANGE;
		v = v * 10 + d;
	}
	*out = v;
	return 0;
}

/* How many bytes follow the lead byte; -1: it cannot lead. */
static int utf8_follow(uint8_t lead)
{
	if (lead < 0x80)
		return 0;
	if (lead >= 0xc2 && lead <= 0xdf)
		return 1;
	if ((lead & 0xf0) == 0xe0)
		return 2;
	if (lead >= 0xf0 && lead <= 0xf4)
		return 3;
	return -1;
}

bool str_utf8(const char *s, size_t len)
{
	const uint8_t *p = (const uint8_t *)s;
	const uint8_t *end = p + len;

	while (p < end) {
		static const uint32_t least[] = {1, 0x80, 0x800, 0x10000};
		int n = utf8_follow(*p);
		uint32_t r;

		if (n < 0 || end - p <= n)
			return false;
		r = n ? *p & (0x3fu >> n) : *p;
		for (int i = 1; i <= n; i++) {
			if ((p[i] & 0xc0) != 0x80)
				return false;
			r = r << 6 | (p[i] & 0x3f);
		}
		if (r < least[n] || r > 0x10ffff ||
		    (r >= 0xd800 && r <= 0xdfff))
			return false;
		p += n + 1;
	}
	return true;
}

uint32_t str_rune(const char **s)
{
	const uint8_t *p = (const uint8_t *)*s;
	int n = utf8_follow(*p);
	uint32_t r;

	if (!*p)
		return 0;
	if (n < 0)
		n = 0;
	r = n ? *p & (0x3fu >> n) : *p;
	for (int i = 1; i <= n && p[i]; i++)
		r = r << 6 | (p[i] & 0x3f);
	*s += n + 1;
	return r;
}

int str_add_rune(char *dst, size_t cap, uint32_t rune)
{
	size_t at = strnlen(dst, cap);
	uint8_t b[4];
	size_t n;

	if (rune < 0x80) {
		b[0] = (uint8_t)rune;
		n = 1;
	} else if (rune < 0x800) {
		b[0] = (uint8_t)(0xc0 | rune >> 6);
		n = 2;
	} else if (rune < 0x10000) {
		b[0] = (uint8_t)(0xe0 | rune >> 12);
		n = 3;
	} else {
		b[0] = (uint8_t)(0xf0 | rune >> 18);
		n = 4;
	}
	for (size_t i = 1; i < n; i++)
		b[i] = (uint8_t)(0x80 | (rune >> 6 * (n - 1 - i) & 0x3f));
	if (at + n >= cap)
		return -ENAMETOOLONG;
	memcpy(dst + at, b, n);
	dst[at + n] = '\0';
	return 0;
}
