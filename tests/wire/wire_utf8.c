/* UTF-8: shaped like category 6 of the Autobahn suite. */
#include "tests/wire/wire.h"

#include <stdio.h>
#include <string.h>

/* Well-formed, among them the first and last of each length, non-characters
 * and what stands next to the surrogates. */
static const char *const good[] = {
	"Hi-\xc2\xb5@\xc3\x9f\xc3\xb6\xc3\xa4\xc3\xbc\xc3\xa0\xc3\xa1-UTF-8!",
	"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5",
	"\x7f",
	"\xc2\x80",
	"\xdf\xbf",
	"\xe0\xa0\x80",
	"\xef\xbf\xbf",
	"\xf0\x90\x80\x80",
	"\xf4\x8f\xbf\xbf",
	"\xed\x9f\xbf",
	"\xee\x80\x80",
	"\xef\xbf\xbd",
	"\xef\xbf\xbe",
	"\xf0\x9f\xbf\xbe",
	"\xf0\x9f\xbf\xbf",
	"\xf0\xaf\xbf\xbe",
	"\xf0\xbf\xbf\xbf",
	"\xf1\x8f\xbf\xbe",
	"\xf2\x8f\xbf\xbf",
	"\xf3\x9f\xbf\xbe",
	"\xf3\xbf\xbf\xbf",
	"\xf4\x8f\xbf\xbe",
	"\xef\xbb\xbfwith a mark",
	"a\xcc\x88 combined",
};

static const char *const bad[] = {
	"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80"
	"edited",
	"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xf4\x90\x80\x80"
	"edited",
	"\x80",
	"\xbf",
	"\x80\xbf",
	"\x80\xbf\x80",
	"\x80\xbf\x80\xbf",
	"\xc0 \xc1 \xc2 ",
	"\xe0 \xe1 ",
	"\xf0 \xf1 ",
	"\xc0",
	"\xe0\x80",
	"\xf0\x80\x80",
	"\xf8\x80\x80\x80",
	"\xfc\x80\x80\x80\x80",
	"\xdf",
	"\xef\xbf",
	"\xf7\xbf\xbf",
	"\xfe",
	"\xff",
	"\xfe\xfe\xff\xff",
	"\xc0\xaf",
	"\xe0\x80\xaf",
	"\xf0\x80\x80\xaf",
	"\xf8\x80\x80\x80\xaf",
	"\xfc\x80\x80\x80\x80\xaf",
	"\xc1\xbf",
	"\xe0\x9f\xbf",
	"\xf0\x8f\xbf\xbf",
	"\xf8\x87\xbf\xbf\xbf",
	"\xfc\x83\xbf\xbf\xbf\xbf",
	"\xc0\x80",
	"\xe0\x80\x80",
	"\xf0\x80\x80\x80",
	"\xed\xa0\x80",
	"\xed\xad\xbf",
	"\xed\xae\x80",
	"\xed\xaf\xbf",
	"\xed\xb0\x80",
	"\xed\xbe\x80",
	"\xed\xbf\xbf",
	"\xed\xa0\x80\xed\xb0\x80",
	"\xed\xaf\xbf\xed\xbf\xbf",
	"\xf4\x90\x80\x80",
	"\xf5\x80\x80\x80",
	"\xf7\xbf\xbf\xbf",
	"a\xc3",
	"a\xe2\x82",
	"a\xf0\x9f\x98",
};

static struct wire_case *numbered(const char *group, size_t n,
				  const char *about)
{
	char id[24];

	snprintf(id, sizeof(id), "%s.%zu", group, n);
	return wire_case(id, about);
}

/* In one frame, byte by byte, and cut into fragments inside a character. */
static void each_way(const char *text, size_t i, bool ok)
{
	size_t len = strlen(text), cut = len / 2;
	struct wire_case *c[3];

	c[0] = numbered(ok ? "6.1" : "6.2", i, "one frame");
	wire_put(c[0], 0x81, text, len);
	c[1] = numbered(ok ? "6.3" : "6.4", i, "byte by byte");
	c[1]->chop = 1;
	wire_put(c[1], 0x81, text, len);
	c[2] = numbered(ok ? "6.5" : "6.6", i, "two fragments");
	wire_put(c[2], 0x01, text, cut);
	wire_put(c[2], 0x80, text + cut, len - cut);
	for (size_t k = 0; k < 3; k++) {
		if (ok)
			wire_want(c[k], 0x81, text, len);
		else
			wire_want_close(c[k], 1007);
	}
}

void wire_utf8_cases(void)
{
	struct wire_case *c;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		each_way(good[i], i + 1, true);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		each_way(bad[i], i + 1, false);
	c = wire_case("6.7", "a NUL is a character");
	wire_echo(c, "a\0b", 3);
	c = wire_case("6.8", "bad bytes are refused before the message ends");
	wire_put(c, 0x01, "\xce\xba\xff", 3);
	wire_want_close(c, 1007);
	c = wire_case("6.9", "a ping may hold anything");
	wire_put(c, 0x89, "\xff\xfe", 2);
	wire_want(c, 0x8a, "\xff\xfe", 2);
}
