#include "signald/room/text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "common/str.h"

/* Controls, and what turns the direction of text or hides in it. */
static bool rune_is_odd(uint32_t r)
{
	return r < 0x20 || (r >= 0x7f && r < 0xa0) || r == 0xad || r == 0x61c ||
	       (r >= 0x200b && r <= 0x200f) || (r >= 0x2028 && r <= 0x202e) ||
	       (r >= 0x2060 && r <= 0x206f) || r == 0xfeff ||
	       (r >= 0xfff9 && r <= 0xfffb) || (r >= 0xe0000 && r <= 0xe0fff);
}

static bool rune_is_blank(uint32_t r)
{
	return r == ' ' || r == '\t' || r == '\n' || r == '\r' || r == 0xa0 ||
	       r == 0x1680 || (r >= 0x2000 && r <= 0x200a) || r == 0x2028 ||
	       r == 0x2029 || r == 0x202f || r == 0x205f || r == 0x3000;
}

/*
 * In normal form C, so that what looks alike is alike. Text that is longer
 * than anything we keep is cut first.
 */
#define RUNES_MAX 4608

static size_t text_runes(int32_t out[RUNES_MAX], const char *in)
{
	const utf8proc_option_t how = UTF8PROC_COMPOSE | UTF8PROC_STABLE;
	size_t len = strnlen(in, RUNES_MAX / 4);
	utf8proc_ssize_t n;

	while (in[len] && len && ((unsigned char)in[len] & 0xc0) == 0x80)
		len--; /* not inside of a rune */
	/* One rune becomes four at most (Unicode, annex 15, section 5). */
	n = utf8proc_decompose((const utf8proc_uint8_t *)in, (ssize_t)len, out,
			       RUNES_MAX, how);
	if (n > 0 && n <= RUNES_MAX)
		n = utf8proc_normalize_utf32(out, n, how);
	return n > 0 ? (size_t)n : 0;
}

char *text_clean(char *out, size_t cap, const char *in, size_t runes)
{
	int32_t rune[RUNES_MAX];
	size_t n = in ? text_runes(rune, in) : 0;
	bool blank = false;

	out[0] = '\0';
	for (size_t i = 0; i < n && runes; i++) {
		uint32_t r = (uint32_t)rune[i];

		if (rune_is_blank(r)) {
			blank = out[0] != '\0';
			continue;
		}
		if (rune_is_odd(r))
			continue;
		if (blank && --runes && str_add_rune(out, cap, ' '))
			break;
		blank = false;
		if (!runes || str_add_rune(out, cap, r))
			break;
		runes--;
	}
	return out;
}

void text_name(char out[NAME_SIZE], const char *in)
{
	if (!*text_clean(out, NAME_SIZE, in, 64))
		(void)str_copy(out, NAME_SIZE, "Guest");
}

bool text_is_room_id(const char *s)
{
	size_t n = s ? strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				 "abcdefghijklmnopqrstuvwxyz0123456789_-")
		     : 0;

	return n >= 1 && n <= 64 && !s[n];
}

bool text_is_peer_id(const char *s)
{
	size_t n = 0;

	if (!s)
		return false;
	for (; s[n]; n++)
		if (n == 64 || s[n] <= ' ' || s[n] >= 0x7f || s[n] == '"' ||
		    s[n] == '\\')
			return false;
	return n >= 1;
}

char *text_dup(const char *s)
{
	return s && *s ? strdup(s) : NULL;
}
