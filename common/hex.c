#include "common/hex.h"

#include <errno.h>
#include <string.h>

static const char hex_digits[] = "0123456789abcdef";

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
