/*
 * http: requests out of a byte stream (libhttp-parser underneath) and the
 * text of answers. Knows no socket and no clock.
 *
 *	struct http h;
 *	http_init(&h, 8192, 65536);
 *	switch (http_feed(&h, data, len, &used)) {
 *	case HTTP_MORE: ...
 *	case HTTP_REQUEST_DONE: serve(http_request(&h)); http_next(&h); ...
 *	case HTTP_BAD: refuse(h.status); ...
 *	}
 */
#ifndef SIGNALD_NET_HTTP_H
#define SIGNALD_NET_HTTP_H

#include <http_parser.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_HEADERS 64 /* most header lines in a request */

struct http_header {
	const char *name; /* terminated */
	const char *value;
};

/* Borrowed: valid until http_next(). All strings are terminated. */
struct http_req {
	const char *method;
	const char *path;  /* decoded, begins with '/', no "." or ".." */
	const char *query; /* as it came, without '?'; "" if none */
	const char *body;  /* terminated as well */
	size_t body_len;
	bool keep_alive;
	bool upgrade;  /* wants another protocol; no body was read */
	bool internal; /* came by a NET_INTERNAL listener */
	size_t n_headers;
	struct http_header headers[HTTP_HEADERS];
};

enum http_verdict {
	HTTP_MORE,
	HTTP_REQUEST_DONE,
	HTTP_BAD, /* answer `status` and close */
};

struct http {
	http_parser parser;
	struct http_req req;
	uint32_t head_cap, body_cap;
	int status; /* of HTTP_BAD */
	char *buf;  /* head, then body; NULL between requests */
	size_t len, cap;
	size_t url_at, url_len;
	size_t field_at, value_at; /* of the header being read */
	size_t head_seen;	   /* bytes of this head */
	size_t body_at;
	uint8_t part; /* url, field or value: which part is open */
	bool done;
};

void http_init(struct http *h, uint32_t head_cap, uint32_t body_cap);
void http_fini(struct http *h);

/*
 * Takes bytes; *used is how many. HTTP_REQUEST_DONE comes with the request
 * complete and the rest of the bytes untouched (they follow the request).
 */
enum http_verdict http_feed(struct http *h, const void *data, size_t len,
			    size_t *used);

const struct http_req *http_request(const struct http *h);

/* Drops the request and waits for the next one. */
void http_next(struct http *h);

/* True before the first byte of a request. */
bool http_is_idle(const struct http *h);

/* The value of a header (any case), or NULL. The first when repeated. */
const char *http_header(const struct http_req *req, const char *name);

/* True when a comma-separated header holds the token (any case). */
bool http_has_token(const char *value, const char *token);

/*
 * The decoded value of `key` in a query; 0, -ENOENT, -EINVAL (bad escape or
 * NUL), -ENAMETOOLONG.
 */
int http_query(const char *query, const char *key, char *out, size_t cap);

/* "Not Found" of 404. */
const char *http_reason(int status);

#endif
