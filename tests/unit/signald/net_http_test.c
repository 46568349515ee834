#include "signald/net/http.h"

#include "tests/lib/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Feeds a text in pieces of `step` bytes; returns the last verdict. */
static enum http_verdict feed(struct http *h, const char *text, size_t step,
			      size_t *left)
{
	enum http_verdict v = HTTP_WANT_MORE;
	size_t len = strlen(text), at = 0;

	while (at < len && v == HTTP_WANT_MORE) {
		size_t n = len - at < step ? len - at : step, used;

		v = http_feed(h, text + at, n, &used);
		at += used;
	}
	*left = len - at;
	return v;
}

/* The verdict of a whole text; the status when it is refused. */
static int verdict(const char *text)
{
	struct http h;
	size_t left;
	enum http_verdict v;
	int status = 0;

	http_init(&h, 1024, 64);
	v = feed(&h, text, strlen(text), &left);
	if (v == HTTP_COMPLETE)
		status = 200;
	if (v == HTTP_BROKEN)
		status = h.status;
	http_fini(&h);
	return status;
}

TEST(http_reads_a_request_in_pieces_of_any_size)
{
	static const char text[] = "POST /api/rooms?a=b%20c HTTP/1.1\r\n"
				   "Host: x.example\r\nContent-Length: 5\r\n"
				   "X-Empty:\r\n\r\nhelloGET / HTTP/1.1\r\n";

	for (size_t step = 1; step < sizeof(text); step++) {
		struct http h;
		size_t left;

		http_init(&h, 1024, 64);
		ck_assert(http_is_idle(&h));
		ck_assert_int_eq(feed(&h, text, step, &left), HTTP_COMPLETE);
		ck_assert_str_eq(h.req.method, "POST");
		ck_assert_str_eq(h.req.path, "/api/rooms");
		ck_assert_str_eq(h.req.query, "a=b%20c");
		ck_assert_str_eq(h.req.body, "hello");
		ck_assert_str_eq(http_header(&h.req, "HOST"), "x.example");
		ck_assert_str_eq(http_header(&h.req, "x-empty"), "");
		ck_assert_ptr_null(http_header(&h.req, "y"));
		ck_assert(h.req.keep_alive && !h.req.upgrade);
		ck_assert_uint_eq(left, 16); /* the next request */
		http_next(&h);
		ck_assert(http_is_idle(&h));
		http_fini(&h);
	}
}

TEST(http_decodes_and_checks_paths)
{
	static const struct {
		const char *target;
		int status;
	} cases[] = {
		{"/", 200},
		{"/a/b", 200},
		{"/a/", 200},
		{"/%41", 200},
		{"/r/x?y#z", 200},
		{"http://x.example/a", 200},
		{"/../etc/passwd", 400},
		{"/a/../b", 400},
		{"/%2e%2e/x", 400},
		{"/./a", 400},
		{"//a", 400},
		{"/a//b", 400},
		{"/a%00b", 400},
		{"/a%0ab", 400},
		{"/%zz", 400},
		{"/%4", 400},
		{"/%ff", 400}, /* no UTF-8 */
		{"/a\\b", 400},
		{"*", 400},
		{"http://x.example", 400},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[256];

		snprintf(text, sizeof(text),
			 "GET %s HTTP/1.1\r\nHost: h\r\n\r\n", cases[i].target);
		ck_assert_msg(verdict(text) == cases[i].status, "%s: %d",
			      cases[i].target, verdict(text));
	}
}

TEST(http_refuses_what_is_ambiguous_or_too_large)
{
	static const struct {
		const char *text;
		int status;
	} cases[] = {
		{"GET / HTTP/1.1\r\n\r\n", 400}, /* no Host */
		{"GET / HTTP/1.0\r\n\r\n", 200},
		{"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
		{"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
		{"GET /\r\n\r\n", 505}, /* HTTP/0.9 */
		{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 65\r\n\r\n",
		 413},
		{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
		 "Content-Length: 2\r\n\r\nab",
		 400},
		{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
		 "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		 400},
		{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
		 400},
		{"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
		 "\r\n3\r\nabc\r\n0\r\n\r\n",
		 411},
		{"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400},
		{"GET / HTTP/1.1\r\nHo st: a\r\n\r\n", 400},
		{"GET / HTTP/1.1\r\nHost: a\001\r\n\r\n", 400},
		{"BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
		{"\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 200},
		{"\x16\x03\x01\x02", 400},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ck_assert_msg(verdict(cases[i].text) == cases[i].status,
			      "%s: %d", cases[i].text, verdict(cases[i].text));
}

TEST(http_limits_the_head)
{
	char text[4096] = "GET / HTTP/1.1\r\nHost: a\r\n";

	for (int i = 0; i < HTTP_HEADERS - 1; i++)
		strcat(text, "A: b\r\n");
	strcat(text, "\r\n");
	ck_assert_int_eq(verdict(text), 200);
	strcpy(text + strlen(text) - 2, "A: b\r\n\r\n");
	ck_assert_int_eq(verdict(text), 431); /* one header too many */
	snprintf(text, sizeof(text), "GET /%1100d HTTP/1.1\r\n", 1);
	ck_assert_int_eq(verdict(text), 431); /* too long */
}

TEST(http_reads_the_query)
{
	char out[8];
	const char *q = "roomId=a-b&x=1%2b+&y=%00&long=123456789&=&e=";

	ck_assert_int_eq(http_query(q, "roomId", out, sizeof(out)), 0);
	ck_assert_str_eq(out, "a-b");
	ck_assert_int_eq(http_query(q, "x", out, sizeof(out)), 0);
	ck_assert_str_eq(out, "1+ ");
	ck_assert_int_eq(http_query(q, "y", out, sizeof(out)), -EINVAL);
	ck_assert_int_eq(http_query(q, "long", out, sizeof(out)),
			 -ENAMETOOLONG);
	ck_assert_int_eq(http_query(q, "room", out, sizeof(out)), -ENOENT);
	ck_assert_int_eq(http_query(q, "e", out, sizeof(out)), 0);
	ck_assert_str_eq(out, "");
}

TEST(http_checks_the_origin)
{
	static const char *const allowed[] = {"https://ok.example"};
	static const struct {
		const char *host, *origin;
		bool ok;
	} cases[] = {
		{"a.example:4443", NULL, true},
		{"a.example:4443", "https://a.example:4443", true},
		{"a.example:4443", "https://A.example", true},
		{"a.example", "https://ok.example", true},
		{"a.example", "https://ok.example:8", false},
		{"a.example", "https://b.example", false},
		{"a.example", "https://a.example.evil", false},
		{"a.example", "https://a", false},
		{"a.example", "null", false},
		{"a.example", "https://", false},
		{"[::1]:4443", "https://[::1]", true},
		{"[::1]:4443", "https://[::2]", false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct http_req r = {
			.n_fields = cases[i].origin ? 2 : 1,
			.field = {{"Host", cases[i].host},
				  {"Origin", cases[i].origin}},
		};

		ck_assert_msg(http_origin_ok(&r, allowed, 1) == cases[i].ok,
			      "%s", cases[i].origin);
	}
}

TEST(http_finds_tokens)
{
	ck_assert(http_has_token("Upgrade", "upgrade"));
	ck_assert(http_has_token("keep-alive, Upgrade ,x", "upgrade"));
	ck_assert(!http_has_token("upgrades", "upgrade"));
	ck_assert(!http_has_token("", "upgrade"));
	ck_assert(!http_has_token(NULL, "upgrade"));
}
