/* Frames: shaped like categories 1 to 5, 7 and 10 of the Autobahn suite. */
#include "tests/wire/wire.h"

#include <stdio.h>
#include <string.h>

#define BIG 65536

static char filler[BIG + 1];

static struct wire_case *numbered(const char *group, int n, const char *about)
{
	char id[24];

	snprintf(id, sizeof(id), "%s.%d", group, n);
	return wire_case(id, about);
}

/* 1: messages of all kinds of lengths. Binary is none of ours: 1003. */
static void lengths(void)
{
	static const size_t len[] = {0, 1, 125, 126, 127, 128, 65535, 65536};
	static const size_t chop[] = {0, 1, 997};
	int n = 1;

	for (size_t k = 0; k < 3; k++)
		for (size_t i = 0; i < 8; i++) {
			struct wire_case *c;

			if (chop[k] == 1 && len[i] > 128)
				continue;
			c = numbered("1.1", n++, "text of some length");
			c->chop = chop[k];
			wire_echo(c, filler, len[i]);
		}
	for (size_t i = 0; i < 8; i++) {
		struct wire_case *c = numbered("1.2", (int)i + 1, "binary");

		wire_put(c, 0x82, filler, len[i]);
		wire_want_close(c, 1003);
	}
}

static void too_large(void)
{
	/* One byte of the payload is enough. */
	static const uint8_t huge[] = {0x81, 0xff, 0x7f, 0xff, 0xff,
				       0xff, 0xff, 0xff, 0xff, 0xff,
				       1,    2,	   3,	 4,    5};
	static const uint8_t neg[] = {0x81, 0xff, 0x80, 0, 0, 0, 0,
				      0,    0,	  1,	1, 2, 3, 4};
	static const uint8_t long16[] = {0x81, 0xfe, 0, 5, 1, 2, 3, 4};
	static const uint8_t long64[] = {0x81, 0xff, 0, 0, 0, 0, 0,
					 0,    0,    5, 1, 2, 3, 4};
	struct wire_case *c = numbered("1.3", 1, "one byte too long");

	wire_put(c, 0x81, filler, BIG + 1);
	wire_want_close(c, 1009);
	c = numbered("1.3", 2, "2^63-1 bytes announced");

	wire_raw(c, huge, sizeof(huge));
	wire_want_close(c, 1009);
	c = numbered("1.3", 3, "a length with the top bit");
	wire_raw(c, neg, sizeof(neg));
	wire_want_close(c, 1002);
	c = numbered("1.3", 4, "16-bit length of 5: not minimal");
	wire_raw(c, long16, sizeof(long16));
	wire_want_close(c, 1002);
	c = numbered("1.3", 5, "64-bit length of 5: not minimal");
	wire_raw(c, long64, sizeof(long64));
	wire_want_close(c, 1002);
	c = numbered("1.3", 6, "too long by its fragments");
	for (int i = 0; i < 17; i++)
		wire_put(c, i ? 0x00 : 0x01, filler, 4096);
	wire_want_close(c, 1009);
	c = numbered("1.3", 7, "a frame that is not masked");
	wire_raw(c, "\x81\x02hi", 4);
	wire_want_close(c, 1002);
}

/* 2: pings and pongs. */
static void pings(void)
{
	struct wire_case *c = numbered("2", 1, "empty ping");

	wire_put(c, 0x89, "", 0);
	wire_want(c, 0x8a, "", 0);
	c = numbered("2", 2, "ping with text");
	wire_put(c, 0x89, "Hello, world!", 13);
	wire_want(c, 0x8a, "Hello, world!", 13);
	c = numbered("2", 3, "ping with bytes");
	wire_put(c, 0x89, "\x00\xff\xfe\xfd\xfc\xfb\x00\xff", 8);
	wire_want(c, 0x8a, "\x00\xff\xfe\xfd\xfc\xfb\x00\xff", 8);
	c = numbered("2", 4, "ping of 125 bytes");
	wire_put(c, 0x89, filler, 125);
	wire_want(c, 0x8a, filler, 125);
	c = numbered("2", 5, "ping of 126 bytes");
	wire_put(c, 0x89, filler, 126);
	wire_want_close(c, 1002);
	c = numbered("2", 6, "ping of 125 bytes, one by one");
	c->chop = 1;
	wire_put(c, 0x89, filler, 125);
	wire_want(c, 0x8a, filler, 125);
	wire_put(numbered("2", 7, "pong unasked"), 0x8a, "", 0);
	wire_put(numbered("2", 8, "pong unasked, with text"), 0x8a, "x", 1);
	c = numbered("2", 9, "pong, then ping");
	wire_put(c, 0x8a, "one", 3);
	wire_put(c, 0x89, "two", 3);
	wire_want(c, 0x8a, "two", 3);
	for (int k = 0; k < 2; k++) {
		c = numbered("2", 10 + k, "ten pings");
		c->chop = (size_t)k;
		for (char i = '0'; i <= '9'; i++) {
			wire_put(c, 0x89, &i, 1);
			wire_want(c, 0x8a, &i, 1);
		}
	}
}

/* 3: reserved bits. */
static void reserved_bits(void)
{
	int n = 1;

	for (unsigned int rsv = 1; rsv < 8; rsv++) {
		struct wire_case *c = numbered("3", n++, "reserved bits");

		wire_put(c, (uint8_t)(0x81 | rsv << 4), "x", 1);
		wire_want_close(c, 1002);
	}
	for (size_t chop = 0; chop < 2; chop++) {
		struct wire_case *c;

		c = numbered("3", n++, "a good message, then reserved bits");
		c->chop = chop;
		wire_echo(c, "good", 4);
		wire_put(c, 0xa1, "bad", 3);
		wire_put(c, 0x89, "", 0);
		wire_want_close(c, 1002);
		c = numbered("3", n++, "reserved bits in a ping");
		c->chop = chop;
		wire_echo(c, "good", 4);
		wire_put(c, 0xd9, "bad", 3);
		wire_want_close(c, 1002);
		c = numbered("3", n++, "reserved bits in a close");
		c->chop = chop;
		wire_put(c, 0xf8, "\x03\xe8", 2);
		wire_want_close(c, 1002);
	}
}

/* 4: reserved opcodes. */
static void opcodes(void)
{
	int n = 1;

	for (uint8_t op = 3; op < 16; op++) {
		struct wire_case *c;

		if (op >= 8 && op <= 10)
			continue;
		c = numbered("4.1", n, "reserved opcode");
		wire_put(c, 0x80 | op, "", 0);
		wire_want_close(c, 1002);
		c = numbered("4.2", n, "reserved opcode with a payload");
		wire_put(c, 0x80 | op, "reserved", 8);
		wire_want_close(c, 1002);
		c = numbered("4.3", n++, "after a good message");
		c->chop = 1;
		wire_echo(c, "good", 4);
		wire_put(c, 0x80 | op, "reserved", 8);
		wire_put(c, 0x89, "", 0);
		wire_want_close(c, 1002);
	}
}

/* 5: fragments that are in order. */
static void fragments(void)
{
	int n = 1;

	for (size_t chop = 0; chop < 2; chop++) {
		struct wire_case *c = numbered("5.1", n++, "two fragments");

		c->chop = chop;
		wire_put(c, 0x01, "frag", 4);
		wire_put(c, 0x80, "ments", 5);
		wire_want(c, 0x81, "fragments", 9);
		c = numbered("5.1", n++, "a ping between fragments");
		c->chop = chop;
		wire_put(c, 0x01, "frag", 4);
		wire_put(c, 0x89, "ping", 4);
		wire_put(c, 0x80, "ments", 5);
		wire_want(c, 0x8a, "ping", 4);
		wire_want(c, 0x81, "fragments", 9);
		c = numbered("5.1", n++, "empty fragments");
		c->chop = chop;
		wire_put(c, 0x01, "", 0);
		wire_put(c, 0x00, "", 0);
		wire_put(c, 0x80, "", 0);
		wire_want(c, 0x81, "", 0);
		c = numbered("5.1", n++, "only the middle holds something");
		c->chop = chop;
		wire_put(c, 0x01, "", 0);
		wire_put(c, 0x00, "middle", 6);
		wire_put(c, 0x80, "", 0);
		wire_want(c, 0x81, "middle", 6);
		c = numbered("5.1", n++, "five fragments, pings in each gap");
		c->chop = chop;
		for (int i = 0; i < 5; i++) {
			char d = (char)('1' + i);

			wire_put(c,
				 i == 0	  ? 0x01
				 : i == 4 ? 0x80
					  : 0x00,
				 &d, 1);
			if (i < 4)
				wire_put(c, 0x89, &d, 1);
			if (i < 4)
				wire_want(c, 0x8a, &d, 1);
		}
		wire_want(c, 0x81, "12345", 5);
		c = numbered("5.1", n++, "two messages in fragments");
		c->chop = chop;
		for (int i = 0; i < 2; i++) {
			wire_put(c, 0x01, "a", 1);
			wire_put(c, 0x80, "b", 1);
			wire_want(c, 0x81, "ab", 2);
		}
	}
}

/* 5: fragments that are not. */
static void bad_fragments(void)
{
	int n = 1;

	for (size_t chop = 0; chop < 2; chop++) {
		struct wire_case *c;

		c = numbered("5.2", n++, "a fragmented ping");
		c->chop = chop;
		wire_put(c, 0x09, "frag", 4);
		wire_put(c, 0x80, "ment", 4);
		wire_want_close(c, 1002);
		c = numbered("5.2", n++, "a fragmented pong");
		c->chop = chop;
		wire_put(c, 0x0a, "frag", 4);
		wire_put(c, 0x80, "ment", 4);
		wire_want_close(c, 1002);
		c = numbered("5.2", n++, "a fragmented close");
		c->chop = chop;
		wire_put(c, 0x08, "\x03\xe8", 2);
		wire_want_close(c, 1002);
		c = numbered("5.2", n++, "continuation of nothing, final");
		c->chop = chop;
		wire_put(c, 0x80, "lost", 4);
		wire_put(c, 0x81, "Hello", 5);
		wire_want_close(c, 1002);
		c = numbered("5.2", n++, "continuation of nothing");
		c->chop = chop;
		wire_put(c, 0x00, "lost", 4);
		wire_want_close(c, 1002);
		c = numbered("5.2", n++, "a message in the midst of another");
		c->chop = chop;
		wire_put(c, 0x01, "frag", 4);
		wire_put(c, 0x81, "Hello", 5);
		wire_want_close(c, 1002);
		c = numbered("5.2", n++, "continuation after the end");
		c->chop = chop;
		wire_put(c, 0x01, "a", 1);
		wire_put(c, 0x80, "b", 1);
		wire_put(c, 0x80, "c", 1);
		wire_want(c, 0x81, "ab", 2);
		wire_want_close(c, 1002);
	}
}

/* 7: closing. */
static void closes(void)
{
	struct wire_case *c = numbered("7.1", 1, "a message, then a close");

	wire_echo(c, "bye", 3);
	c = numbered("7.1", 2, "two closes");
	wire_put_close(c, 1000, "");
	wire_put_close(c, 1000, "");
	wire_want_close(c, 1000);
	c = numbered("7.1", 3, "a ping after the close");
	wire_put_close(c, 1000, "");
	wire_put(c, 0x89, "", 0);
	wire_want_close(c, 1000);
	c = numbered("7.1", 4, "a message after the close");
	wire_put_close(c, 1000, "");
	wire_put(c, 0x81, "late", 4);
	wire_want_close(c, 1000);
	c = numbered("7.1", 5, "a close between fragments");
	wire_put(c, 0x01, "frag", 4);
	wire_put_close(c, 1000, "");
	wire_put(c, 0x80, "ment", 4);
	wire_want_close(c, 1000);
	c = numbered("7.1", 6, "64 KiB, then a close, then a ping");
	wire_echo(c, filler, BIG);
	wire_put_close(c, 1000, "");
	wire_put(c, 0x89, "", 0);
	wire_want_close(c, 1000);
	c = numbered("7.3", 1, "a close without a code");
	wire_put_close(c, 0, "");
	wire_want_close(c, 0);
	c = numbered("7.3", 2, "a close with half a code");
	wire_put(c, 0x88, "\x03", 1);
	wire_want_close(c, 1002);
	c = numbered("7.3", 3, "a close with a reason");
	wire_put_close(c, 1000, "Hello World!");
	wire_want(c, 0x88, "\x03\xe8Hello World!", 14);
	c->closes = true;
	c = numbered("7.3", 4, "a close of 125 bytes");
	filler[0] = 3;
	filler[1] = (char)0xe8;
	wire_put(c, 0x88, filler, 125);
	wire_want(c, 0x88, filler, 125);
	c->closes = true;
	c = numbered("7.3", 5, "a close of 126 bytes");
	wire_put(c, 0x88, filler, 126);
	wire_want_close(c, 1002);
	memset(filler, '*', 2);
	c = numbered("7.5", 1, "a reason that is not UTF-8");
	wire_put_close(c, 1000, "\xce\xba\xe1\xbd\xb9\xcf\x83\xed\xa0\x80");
	wire_want_close(c, 1007);
}

static void close_codes(void)
{
	static const uint16_t good[] = {1000, 1001, 1002, 1003, 1007,
					1008, 1009, 1010, 1011, 3000,
					3999, 4000, 4999};
	static const uint16_t bad[] = {1,    999,  1004, 1005, 1006, 1016,
				       1100, 2000, 2999, 5000, 65535};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct wire_case *c =
			numbered("7.7", (int)i + 1, "a good close code");

		wire_put_close(c, good[i], "");
		wire_want_close(c, good[i]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct wire_case *c =
			numbered("7.9", (int)i + 1, "a bad close code");

		wire_put_close(c, bad[i], "");
		wire_want_close(c, 1002);
	}
}

/* 10: a long message in pieces, and many small messages. */
static void pieces(void)
{
	static const size_t size[] = {1, 7, 1300, 4096, 4097, 65535};
	int n = 1;

	for (size_t i = 0; i < 6; i++) {
		size_t total = i == 0 ? 500 : BIG;
		struct wire_case *c = numbered("10", n++, "in fragments");

		for (size_t at = 0; at < total; at += size[i]) {
			size_t len =
				total - at < size[i] ? total - at : size[i];
			bool last = at + len == total;

			wire_put(c, (uint8_t)((last ? 0x80 : 0) | (at == 0)),
				 filler, len);
		}
		wire_want(c, 0x81, filler, total);
	}
	for (size_t chop = 0; chop < 3; chop++) {
		struct wire_case *c = numbered("10", n++, "many messages");

		c->chop = chop * 13;
		for (int i = 0; i < 500; i++)
			wire_echo(c, "{\"request\":true}", 16);
	}
}

void wire_ws_cases(void)
{
	memset(filler, '*', sizeof(filler));
	lengths();
	too_large();
	pings();
	reserved_bits();
	opcodes();
	fragments();
	bad_fragments();
	closes();
	close_codes();
	pieces();
}
