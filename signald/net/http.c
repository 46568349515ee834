#include "signald/net/http.h"

#include "common/str.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum part {
	PART_NONE,
	PART_URL,
	PART_NAME,
	PART_VALUE,
};

static struct http *of(http_parser *p)
{
	return p->data;
}

static int refuse(struct http *h, int status)
{
	h->status = status;
	return -1;
}

/* Appends to the head; the room is there, http_feed() counts. */
static int add(struct http *h, const char *s, size_t n)
{
	if (h->head_len + n > h->head_cap)
		return refuse(h, 431);
	memcpy(h->head + h->head_len, s, n);
	h->head_len += n;
	return 0;
}

/* Ends the open piece and begins another one; returns where. */
static char *begin(struct http *h, enum part part)
{
	if (h->part != PART_NONE && add(h, "", 1))
		return NULL;
	h->part = (uint8_t)part;
	return h->head + h->head_len;
}

static int on_url(http_parser *p, const char *s, size_t n)
{
	struct http *h = of(p);

	if (h->part != PART_URL && !begin(h, PART_URL))
		return -1;
	return add(h, s, n);
}

static int on_name(http_parser *p, const char *s, size_t n)
{
	struct http *h = of(p);
	struct http_req *r = &h->req;

	if (h->part != PART_NAME) {
		if (r->n_fields == HTTP_HEADERS)
			return refuse(h, 431);
		r->field[r->n_fields].name = begin(h, PART_NAME);
		r->field[r->n_fields].value = "";
		if (!r->field[r->n_fields++].name)
			return -1;
	}
	return add(h, s, n);
}

static int on_value(http_parser *p, const char *s, size_t n)
{
	struct http *h = of(p);
	struct http_req *r = &h->req;

	if (h->part == PART_NAME) {
		r->field[r->n_fields - 1].value = begin(h, PART_VALUE);
		if (!r->field[r->n_fields - 1].value)
			return -1;
	}
	return add(h, s, n);
}

static int unhex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/*
 * Decodes [s, end) into out (may be s itself); 0, -EINVAL, -ENAMETOOLONG.
 * With plus, '+' is a blank.
 */
static int decode(char *out, size_t cap, const char *s, const char *end,
		  bool plus)
{
	size_t n = 0;

	while (s < end) {
		int c = (unsigned char)*s++;

		if (c == '%') {
			int hi = end - s >= 2 ? unhex(s[0]) : -1;
			int lo = end - s >= 2 ? unhex(s[1]) : -1;

			if (hi < 0 || lo < 0)
				return -EINVAL;
			c = hi << 4 | lo;
			s += 2;
		} else if (plus && c == '+') {
			c = ' ';
		}
		if (c < 0x20 || c == 0x7f)
			return -EINVAL;
		if (n + 1 >= cap)
			return -ENAMETOOLONG;
		out[n++] = (char)c;
	}
	out[n] = '\0';
	return str_utf8(out, n) ? 0 : -EINVAL;
}

/* No empty, "." or ".." segments (one '/' at the end is fine). */
static bool path_is_plain(const char *p)
{
	if (*p != '/' || strchr(p, '\\'))
		return false;
	while (*p == '/' && p[1]) {
		size_t n = strcspn(++p, "/");

		if (n == 0 || (n <= 2 && !strncmp(p, "..", n)))
			return false;
		p += n;
	}
	return true;
}

/* Splits the request target in place. */
static int take_target(struct http *h)
{
	struct http_req *r = &h->req;
	char *url = h->head, *path, *mark;
	char *end = url + strlen(url);

	path = url;
	if (*url != '/') { /* absolute form: http://host/path */
		path = strstr(url, "://");
		path = path ? strchr(path + 3, '/') : NULL;
	}
	if (!path)
		return refuse(h, 400);
	mark = strpbrk(path, "?#");
	r->query = "";
	if (mark && *mark == '?') {
		r->query = mark + 1;
		mark[1 + strcspn(mark + 1, "#")] = '\0';
	}
	if (!mark)
		mark = end;
	*mark = '\0';
	if (decode(path, (size_t)(mark - path) + 1, path, mark, false) ||
	    !path_is_plain(path))
		return refuse(h, 400);
	r->path = path;
	return 0;
}

static int check_host(struct http *h)
{
	size_t hosts = 0;

	for (size_t i = 0; i < h->req.n_fields; i++)
		hosts += !strcasecmp(h->req.field[i].name, "host");
	if (hosts > 1 || (!hosts && h->parser.http_minor > 0))
		return refuse(h, 400);
	return 0;
}

static int on_headers(http_parser *p)
{
	struct http *h = of(p);

	if (!begin(h, PART_NONE))
		return -1;
	h->headers_done = true;
	h->req.method = http_method_str((enum http_method)p->method);
	if (p->http_major != 1)
		return refuse(h, 505);
	if (check_host(h) || take_target(h))
		return -1;
	/*
	 * Chunks come from no browser, and two readers that disagree on them
	 * are how requests are smuggled past a proxy (RFC 9112 section 11.2).
	 */
	if (http_header(&h->req, "transfer-encoding"))
		return refuse(h, 411);
	if (p->flags & F_CONTENTLENGTH && p->content_length > h->body_cap)
		return refuse(h, 413);
	return 0;
}

static int on_body(http_parser *p, const char *s, size_t n)
{
	struct http *h = of(p);
	size_t len = h->req.body_len;

	if (n > h->body_cap - len)
		return refuse(h, 413);
	if (len + n >= h->body_room) {
		size_t room = (len + n) * 2 + 1;
		char *b = realloc(h->body, room);

		if (!b)
			return refuse(h, 503);
		h->body = b;
		h->body_room = room;
	}
	memcpy(h->body + len, s, n);
	h->req.body_len = len + n;
	h->body[h->req.body_len] = '\0';
	return 0;
}

static int on_complete(http_parser *p)
{
	struct http *h = of(p);

	h->req.body = h->body ? h->body : "";
	h->req.keep_alive = http_should_keep_alive(p);
	h->req.upgrade = p->upgrade;
	h->done = true;
	http_parser_pause(p, 1);
	return 0;
}

static const http_parser_settings settings = {
	.on_url = on_url,
	.on_header_field = on_name,
	.on_header_value = on_value,
	.on_headers_complete = on_headers,
	.on_body = on_body,
	.on_message_complete = on_complete,
};

void http_init(struct http *h, uint32_t head_cap, uint32_t body_cap)
{
	memset(h, 0, sizeof(*h));
	h->head_cap = head_cap;
	h->body_cap = body_cap;
	http_parser_init(&h->parser, HTTP_REQUEST);
	h->parser.data = h;
}

void http_fini(struct http *h)
{
	free(h->head);
	free(h->body);
	h->head = NULL;
	h->body = NULL;
}

void http_next(struct http *h)
{
	uint32_t head_cap = h->head_cap, body_cap = h->body_cap;

	http_fini(h);
	http_init(h, head_cap, body_cap);
}

bool http_is_idle(const struct http *h)
{
	return !h->head;
}

enum http_verdict http_feed(struct http *h, const void *data, size_t len,
			    size_t *used)
{
	const char *p = data;

	*used = 0;
	/* Empty lines before a request (RFC 9112 section 2.2). */
	while (!h->head && *used < len &&
	       (p[*used] == '\r' || p[*used] == '\n'))
		++*used;
	if (*used == len)
		return HTTP_WANT_MORE;
	if (!h->head)
		h->head = malloc(h->head_cap);
	if (!h->head) {
		h->status = 503;
		return HTTP_BROKEN;
	}
	/* A head's bytes are counted before they are parsed. */
	if (!h->headers_done && len - *used > h->head_cap - h->head_seen)
		len = *used + (h->head_cap - h->head_seen);
	if (len == *used) {
		h->status = 431;
		return HTTP_BROKEN;
	}
	if (!h->headers_done)
		h->head_seen += len - *used;
	*used += http_parser_execute(&h->parser, &settings, p + *used,
				     len - *used);
	if (h->done)
		return HTTP_COMPLETE;
	if (HTTP_PARSER_ERRNO(&h->parser) == HPE_OK)
		return HTTP_WANT_MORE;
	if (!h->status)
		h->status = 400;
	return HTTP_BROKEN;
}

const char *http_header(const struct http_req *req, const char *name)
{
	for (size_t i = 0; i < req->n_fields; i++)
		if (!strcasecmp(req->field[i].name, name))
			return req->field[i].value;
	return NULL;
}

bool http_has_token(const char *value, const char *token)
{
	size_t want = strlen(token);

	while (value && *value) {
		size_t n;

		value += strspn(value, " \t,");
		n = strcspn(value, ",");
		while (n && (value[n - 1] == ' ' || value[n - 1] == '\t'))
			n--;
		if (n == want && !strncasecmp(value, token, n))
			return true;
		value += strcspn(value, ",");
	}
	return false;
}

int http_query(const char *query, const char *key, char *out, size_t cap)
{
	size_t want = strlen(key);

	while (*query) {
		size_t n = strcspn(query, "&");

		if (n > want && query[want] == '=' &&
		    !strncmp(query, key, want))
			return decode(out, cap, query + want + 1, query + n,
				      true);
		query += n + (query[n] == '&');
	}
	return -ENOENT;
}

/* The length of the host in "host:port" or "[v6]:port". */
static size_t host_len(const char *s)
{
	return *s == '[' ? strcspn(s, "]/") : strcspn(s, ":/");
}

bool http_origin_ok(const struct http_req *req, const char *const *allowed,
		    size_t n)
{
	const char *origin = http_header(req, "origin");
	const char *host = http_header(req, "host");
	const char *from;
	size_t len;

	if (!origin)
		return true;
	for (size_t i = 0; i < n; i++)
		if (!strcasecmp(origin, allowed[i]))
			return true;
	from = strstr(origin, "://");
	if (!from || !host)
		return false;
	from += 3;
	len = host_len(from);
	return len && len == host_len(host) && !strncasecmp(from, host, len);
}
