/*
 * HTTP heads: the first byte says how the rest is cut into reads; however
 * that is, the requests are the same as in one piece.
 */
#include <string.h>

#include "signald/net/http.h"
#include "tests/fuzz/fuzz.h"

#define CAP 2048

struct sum {
	int requests, status;
	uint64_t hash;
};

static void mix(struct sum *s, const char *text)
{
	for (; *text; text++)
		s->hash = s->hash * 31 + (unsigned char)*text;
}

static void look(struct sum *s, const struct http_req *r)
{
	static const char *const allowed[] = {"https://a.example"};
	char value[16];

	FUZZ_CHECK(r->path[0] == '/' && !strstr(r->path, "/../") &&
		   !strstr(r->path, "//"));
	FUZZ_CHECK(r->n_fields <= HTTP_HEADERS);
	FUZZ_CHECK(strlen(r->body) <= r->body_len && r->body_len <= CAP);
	s->requests++;
	mix(s, r->method);
	mix(s, r->path);
	mix(s, r->query);
	mix(s, r->body);
	for (size_t i = 0; i < r->n_fields; i++) {
		mix(s, r->field[i].name);
		mix(s, r->field[i].value);
		http_has_token(r->field[i].value, "upgrade");
	}
	s->hash += (uint64_t)http_origin_ok(r, allowed, 1);
	s->hash +=
		(uint64_t)http_query(r->query, "roomId", value, sizeof(value));
}

static void feed(struct http *h, const uint8_t *data, size_t len, size_t step,
		 struct sum *s)
{
	for (size_t at = 0; at < len && !s->status;) {
		size_t n = step < len - at ? step : len - at, used;

		switch (http_feed(h, data + at, n, &used)) {
		case HTTP_WANT_MORE:
			FUZZ_CHECK(used > 0);
			break;
		case HTTP_COMPLETE:
			look(s, &h->req);
			if (!h->req.keep_alive || h->req.upgrade)
				s->status = 1;
			http_next(h);
			break;
		case HTTP_BROKEN:
			FUZZ_CHECK(h->status >= 400 && h->status < 600);
			s->status = h->status;
			break;
		}
		FUZZ_CHECK(used <= n);
		at += used;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct http whole, cut;
	struct sum a = {0}, b = {0};

	if (!len)
		return 0;
	http_init(&whole, CAP, CAP);
	http_init(&cut, CAP, CAP);
	feed(&whole, data + 1, len - 1, len, &a);
	feed(&cut, data + 1, len - 1, 1u + data[0] % 32, &b);
	FUZZ_CHECK(a.requests == b.requests && a.hash == b.hash);
	/* Of two faults, one is told: which depends on where it was cut. */
	FUZZ_CHECK((a.status >= 400) == (b.status >= 400));
	FUZZ_CHECK(a.status >= 400 || a.status == b.status);
	http_fini(&whole);
	http_fini(&cut);
	return 0;
}
