#include "signald/room/text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

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

char *text_clean(char *out, size_t cap, const char *in, size_t runes)
{
	bool blank = false;
	uint32_t r;

	out[0] = '\0';
	if (!in)
		return out;
	while (runes && (r = str_rune(&in))) {
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
