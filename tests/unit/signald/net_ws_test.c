#include "signald/net/ws.h"

#include "signald/net/http.h"
#include "tests/lib/test.h"

#include <event2/buffer.h>
#include <string.h>

struct rig {
	struct evbuffer *in, *out;
	struct ws *ws;
	const char *text;
	size_t len;
};

static struct rig rig(void)
{
	struct rig r = {.in = evbuffer_new(), .out = evbuffer_new()};

	r.ws = ws_new(r.out, 1000);
	return r;
}

static void rig_free(struct rig *r)
{
	ws_free(r->ws);
	evbuffer_free(r->in);
	evbuffer_free(r->out);
}

/* A client's frame, masked with 1 2 3 4. */
static void put(struct rig *r, uint8_t head, const void *data, size_t len)
{
	const uint8_t *p = data;
	uint8_t h[8] = {head, (uint8_t)(0x80 | (len < 126 ? len : 126))};
	size_t n = 2;

	if (len >= 126) {
		h[n++] = (uint8_t)(len >> 8);
		h[n++] = (uint8_t)len;
	}
	memcpy(h + n, "\1\2\3\4", 4);
	evbuffer_add(r->in, h, n + 4);
	for (size_t i = 0; i < len; i++) {
		uint8_t c = p[i] ^ (uint8_t)(i % 4 + 1);

		evbuffer_add(r->in, &c, 1);
	}
}

static enum ws_event next(struct rig *r)
{
	return ws_next(r->ws, r->in, &r->text, &r->len);
}

/* The bytes that go to the client. */
static void expect(struct rig *r, const void *bytes, size_t len)
{
	char got[64];

	ck_assert_uint_eq(evbuffer_get_length(r->out), len);
	ck_assert_int_eq(evbuffer_remove(r->out, got, sizeof(got)), (int)len);
	ck_assert_mem_eq(got, bytes, len);
}

TEST(ws_hands_out_one_message_at_a_time)
{
	struct rig r = rig();

	put(&r, 0x81, "one", 3);
	put(&r, 0x81, "", 0);
	put(&r, 0x01, "tw", 2);
	put(&r, 0x89, "ping", 4);
	put(&r, 0x80, "o", 1);
	ck_assert_int_eq(next(&r), WS_TEXT);
	ck_assert_uint_eq(r.len, 3);
	ck_assert_str_eq(r.text, "one");
	ck_assert_int_eq(next(&r), WS_TEXT);
	ck_assert_uint_eq(r.len, 0);
	ck_assert_int_eq(next(&r), WS_TEXT);
	ck_assert_str_eq(r.text, "two");
	ck_assert_int_eq(next(&r), WS_NONE);
	expect(&r, "\x8a\4ping", 6);
	rig_free(&r);
}

TEST(ws_faults_close_with_the_right_code)
{
	static const struct {
		uint8_t head;
		const char *data;
		size_t len;
		uint16_t code;
	} cases[] = {
		{0x82, "bin", 3, 1003},
		{0x91, "", 0, 1002},
		{0xc1, "", 0, 1002},
		{0x83, "", 0, 1002},
		{0x8b, "", 0, 1002},
		{0x80, "x", 1, 1002},
		{0x09, "", 0, 1002},
		{0x81, "\xff", 1, 1007},
		{0x81, "\xed\xa0\x80", 3, 1007},
		{0x88, "\x03", 1, 1002},
		{0x88, "\x03\xed", 2, 1002},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rig r = rig();

		put(&r, cases[i].head, cases[i].data, cases[i].len);
		ck_assert_msg(next(&r) == WS_CLOSED, "case %zu", i);
		ck_assert_msg(ws_fault(r.ws) == cases[i].code, "case %zu: %u",
			      i, ws_fault(r.ws));
		ck_assert_int_eq(next(&r), WS_NONE);
		ck_assert_int_lt(ws_send(r.ws, "x", 1), 0);
		rig_free(&r);
	}
}

TEST(ws_limits_a_message)
{
	struct rig r = rig();
	char big[1001] = "";

	memset(big, 'x', sizeof(big));
	put(&r, 0x81, big, 1000);
	ck_assert_int_eq(next(&r), WS_TEXT);
	put(&r, 0x01, big, 600);
	put(&r, 0x80, big, 401);
	ck_assert_int_eq(next(&r), WS_CLOSED);
	ck_assert_uint_eq(ws_fault(r.ws), 1009);
	rig_free(&r);
}

TEST(ws_closes_both_ways)
{
	struct rig r = rig();

	put(&r, 0x88, "\x03\xe8", 2);
	ck_assert_int_eq(next(&r), WS_CLOSED);
	ck_assert_uint_eq(ws_fault(r.ws), 0);
	expect(&r, "\x88\2\x03\xe8", 4);
	rig_free(&r);

	r = rig();
	ck_assert_int_eq(ws_close(r.ws, 4000, "left"), 0);
	expect(&r, "\x88\6\x0f\xa0left", 8);
	put(&r, 0x88, "\x0f\xa0", 2);
	ck_assert_int_eq(next(&r), WS_CLOSED);
	ck_assert_uint_eq(ws_fault(r.ws), 0);
	rig_free(&r);
}

TEST(ws_handshake_of_the_rfc)
{
	/* RFC 6455 section 1.3 */
	struct http_req r = {
		.method = "GET",
		.n_fields = 4,
		.field = {{"Upgrade", "websocket"},
			  {"Connection", "keep-alive, Upgrade"},
			  {"Sec-WebSocket-Version", "13"},
			  {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}},
	};
	char accept[WS_ACCEPT_LEN + 1];

	ck_assert_int_eq(ws_handshake(&r, accept), 0);
	ck_assert_str_eq(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
	r.field[3].value = "dGhlIHNhbXBsZSBub25j";
	ck_assert_int_eq(ws_handshake(&r, accept), 400);
	r.field[3].value = "dGhlIHNhbXBsZSBub25!ZQ==";
	ck_assert_int_eq(ws_handshake(&r, accept), 400);
	r.field[2].value = "8";
	ck_assert_int_eq(ws_handshake(&r, accept), 426);
	r.method = "POST";
	ck_assert_int_eq(ws_handshake(&r, accept), 400);
}

/* Found by fuzzing: a pong that was told first let a second close out. */
TEST(ws_says_goodbye_once)
{
	struct rig r = rig();

	put(&r, 0x8a, "x", 1);
	put(&r, 0x3b, "", 0);
	ck_assert_int_eq(next(&r), WS_PONG);
	ck_assert_int_eq(next(&r), WS_CLOSED);
	expect(&r, "\x88\2\x03\xea", 4);
	rig_free(&r);
}

/* Found by fuzzing: a reason in pieces was not checked as a whole one is. */
TEST(ws_checks_the_reason_of_a_close_however_it_comes)
{
	struct evbuffer *all = evbuffer_new();
	struct rig r = rig();
	char c;

	put(&r, 0x88, "\x03\xe8ok\xff\xff", 6);
	evbuffer_add_buffer(all, r.in);
	while (evbuffer_remove(all, &c, 1) == 1) {
		evbuffer_add(r.in, &c, 1);
		next(&r);
	}
	ck_assert_uint_eq(ws_fault(r.ws), 1007);
	rig_free(&r);
	evbuffer_free(all);
}
