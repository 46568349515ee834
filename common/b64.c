#include "common/b64.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

static const char b64_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void b64_of(char *out, const void *src, size_t n)
{
	const uint8_t *p = src;
	uint32_t acc = 0;
	int bits = 0;

	for (size_t i = 0; i < n; i++) {
		acc = (acc & 0x3f) << 8 | p[i];
		for (bits += 8; bits >= 6; bits -= 6)
			*out++ = b64_digits[acc >> (bits - 6) & 63];
	}
	if (bits)
		*out++ = b64_digits[acc << (6 - bits) & 63];
	*out = '\0';
}

int b64_to(void *dst, size_t cap, const char *src, size_t len)
{
	uint8_t *out = dst;
	uint32_t acc = 0;
	size_t n = 0;
	int bits = 0;

	for (size_t i = 0; i < len; i++) {
		const char *d = src[i] ? memchr(b64_digits, src[i], 64) : NULL;

		if (!d)
			return -EINVAL;
		acc = (acc & 0xff) << 6 | (uint32_t)(d - b64_digits);
		bits += 6;
		if (bits < 8)
			continue;
		bits -= 8;
		if (n == cap)
			return -ENOBUFS;
		out[n++] = (uint8_t)(acc >> bits);
	}
	if (bits >= 6 || (acc & ((1u << bits) - 1)))
		return -EINVAL;
	return (int)n;
}
