#include "common/hex.h"

#include <errno.h>
#include <string.h>

static const char hex_digits[] = "0123456789abcdef";
static const char b64_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void hex_of(char *out, const void *src, size_t n)
{
	const uint8_t *p = src;

	for (size_t i = 0; i < n; i++) {
		*out++ = hex_digits[p[i] >> 4];
		*out++ = hex_digits[p[i] & 15];
	}
	*out = '\0';
}

static int hex_val(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int hex_to(void *dst, size_t n, const char *hex)
{
	uint8_t *out = dst;

	for (size_t i = 0; i < n; i++) {
		int hi = hex_val(hex[2 * i]);
		int lo = hi < 0 ? -1 : hex_val(hex[2 * i + 1]);

		if (lo < 0)
			return -EINVAL;
		out[i] = (uint8_t)(hi << 4 | lo);
	}
	return hex[2 * n] ? -EINVAL : 0;
}

void hex_id(char out[HEX_ID_LEN + 1], uint64_t id)
{
	for (int i = 0; i < HEX_ID_LEN; i++)
		out[i] = hex_digits[id >> (60 - 4 * i) & 15];
	out[HEX_ID_LEN] = '\0';
}

int hex_to_id(uint64_t *id, const char *hex)
{
	uint8_t b[8];
	int err = hex_to(b, sizeof(b), hex);

	if (err)
		return err;
	*id = 0;
	for (size_t i = 0; i < sizeof(b); i++)
		*id = *id << 8 | b[i];
	return 0;
}

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
