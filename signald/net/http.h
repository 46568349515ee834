/*
 * http: requests out of a byte stream (libhttp-parser underneath) and a few
 * readers of their parts. Knows no socket and no clock.
 *
 *	struct http h;
 *	http_init(&h, 8192, 65536);
 *	switch (http_feed(&h, data, len, &used)) {
 *	case HTTP_WANT_MORE: ...
 *	case HTTP_COMPLETE: serve(&h.req); http_next(&h); ...
 *	case HTTP_BROKEN: refuse(h.status); ...
 *	}
 *
 * RFC 9110 and 9112. What is ambiguous is refused: two Hosts, chunks (411), a
 * path with dots or escapes that decode to control bytes.
 */
#ifndef SIGNALD_NET_HTTP_H
#define SIGNALD_NET_HTTP_H

#include <http_parser.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_HEADERS 48 /* most header lines in a request, else 431 */

struct http_field {
	const char *name;
	const char *value;
};

/* Borrowed: valid until http_next(). All strings are terminated. */
struct http_req {
	const char *method;
	const char *path;  /* decoded, begins with '/', no "." or ".." */
	const char *query; /* as it came, without '?'; "" if none */
	const char *body;  /* "" if none */
	size_t body_len;
	bool keep_alive;
	bool upgrade;  /* wants another protocol; no body was read */
	bool internal; /* came by a NET_INTERNAL listener */
	size_t n_fields;
	struct http_field field[HTTP_HEADERS];
};

enum http_verdict {
	HTTP_WANT_MORE,
	HTTP_COMPLETE,
	HTTP_BROKEN, /* answer `status` and close */
};

/* Owned by a connection; its memory grows only while a request is open. */
struct http {
	http_parser parser;
	struct http_req req;
	uint32_t head_cap, body_cap;
	int status; /* of HTTP_BROKEN */
	char *head; /* url, names and values, each terminated */
	size_t head_len;
	size_t head_seen; /* bytes of this head, line ends included */
	char *body;
	size_t body_room;
	uint8_t part; /* which piece of the head is being read */
	bool headers_done;
	bool done;
};

void http_init(struct http *h, uint32_t head_cap, uint32_t body_cap);
void http_fini(struct http *h);

/*
 * Takes bytes; *used is how many. HTTP_COMPLETE leaves those that follow
 * the request alone.
 */
enum http_verdict http_feed(struct http *h, const void *data, size_t len,
			    size_t *used);

/* Drops the request and waits for the next one. */
void http_next(struct http *h);

/* True before the first byte of a request. */
bool http_is_idle(const struct http *h);

/* The value of a header (any case), or NULL. The first when repeated. */
const char *http_header(const struct http_req *req, const char *name);

/* True when a comma-separated value holds the token (any case). */
bool http_has_token(const char *value, const char *token);

/*
 * The decoded value of `key` in a query; 0, -ENOENT, -EINVAL (bad escape,
 * control byte, bad UTF-8), -ENAMETOOLONG.
 */
int http_query(const char *query, const char *key, char *out, size_t cap);

/*
 * True when the request carries no Origin, or one of the host it was sent to
 * (any port), or one of the n allowed ones.
 */
bool http_origin_ok(const struct http_req *req, const char *const *allowed,
		    size_t n);

#endif
