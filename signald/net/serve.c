/*
 * serve: what becomes of a complete request: a file, a WebSocket, a matter
 * of the layer above, or a refusal.
 */
#include "common/str.h"
#include "common/sys/clock.h"
#include "signald/net/conn_impl.h"
#include "signald/net/files.h"
#include "signald/net/netmask.h"
#include "signald/net/ws.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#define ID_MAX 64

static const char security_headers[] =
	"X-Content-Type-Options: nosniff\r\n"
	"Referrer-Policy: no-referrer\r\n"
	"Cross-Origin-Opener-Policy: same-origin\r\n"
	"Cross-Origin-Resource-Policy: same-origin\r\n"
	"Content-Security-Policy: default-src 'none'; "
	"script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; "
	"img-src 'self' data: blob:; media-src 'self' blob:; "
	"connect-src 'self'; font-src 'self'; worker-src 'self'; "
	"manifest-src 'self'; base-uri 'none'; form-action 'none'; "
	"frame-ancestors 'none'\r\n"
	"Permissions-Policy: camera=(self), microphone=(self), "
	"display-capture=(self), speaker-selection=(self), "
	"fullscreen=(self), picture-in-picture=(self), "
	"screen-wake-lock=(self), geolocation=(), payment=(), usb=()\r\n";

static const char hsts_header[] =
	"Strict-Transport-Security: max-age=31536000\r\n";

static struct evbuffer *out(struct conn *c)
{
	return bufferevent_get_output(c->bev);
}

static bool keeps_alive(const struct conn *c)
{
	return c->state == CONN_REPLY && c->http.req.keep_alive &&
	       !c->http.req.upgrade;
}

/* RFC 9110 section 5.6.7 */
static const char *http_date(char out_buf[40])
{
	time_t now = (time_t)(clock_wall_us() / 1000000);
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(out_buf, 40, "%a, %d %b %Y %H:%M:%S GMT", &tm);
	return out_buf;
}

/* The status line and the headers that all answers share. */
static void put_head(struct conn *c, int status, const char *type, size_t len,
		     const char *extra)
{
	enum http_status s = (enum http_status)status;
	char date[40];

	evbuffer_add_printf(out(c), "HTTP/1.1 %d %s\r\nDate: %s\r\n", status,
			    http_status_str(s), http_date(date));
	if (type)
		evbuffer_add_printf(out(c), "Content-Type: %s\r\n", type);
	if (status != 304)
		evbuffer_add_printf(out(c), "Content-Length: %zu\r\n", len);
	evbuffer_add_printf(out(c), "%s%sConnection: %s\r\n%s\r\n",
			    c->kind == NET_TLS ? hsts_header : "",
			    security_headers,
			    keeps_alive(c) ? "keep-alive" : "close", extra);
	if (status >= 400)
		c->net->stats.http_errors++;
}

/* The answer is written: on to the next request or to the end. */
static void answered(struct conn *c)
{
	c->served = true;
	conn_set_state(c, keeps_alive(c) ? CONN_HTTP : CONN_FLUSH);
}

int serve_reply(struct conn *c, int status, const char *type, const char *body,
		size_t len)
{
	if (c->state != CONN_REPLY)
		return -EPIPE;
	put_head(c, status, type, len, "Cache-Control: no-store\r\n");
	if (!c->head_only)
		evbuffer_add(out(c), body, len);
	c->net->stats.bytes_out += len;
	answered(c);
	return 0;
}

/* A refusal that leaves the connection in order. */
static void refuse(struct conn *c, int status, const char *extra)
{
	char text[64] = "";

	str_addf(text, sizeof(text), "%d %s\n", status,
		 http_status_str((enum http_status)status));
	put_head(c, status, "text/plain", strlen(text), extra);
	if (!c->head_only)
		evbuffer_add(out(c), text, strlen(text));
	answered(c);
}

void serve_error(struct conn *c, int status)
{
	c->head_only = false;
	c->http.req.keep_alive = false;
	refuse(c, status, "");
}

/* ---- files ----------------------------------------------------------------
 */

static void serve_file(struct conn *c, const struct http_req *req)
{
	const struct files *files = c->net->conf.files;
	const struct file *f = files ? files_find(files, req->path) : NULL;
	const char *match = http_header(req, "if-none-match");
	const struct file_body *b;
	enum files_coding coding;
	char extra[256] = "";

	if (!f) {
		refuse(c, 404, "");
		return;
	}
	coding = files_choose(f, http_header(req, "accept-encoding"));
	b = &f->body[coding];
	str_addf(extra, sizeof(extra),
		 "ETag: %s\r\nVary: Accept-Encoding\r\nCache-Control: %s\r\n",
		 b->etag,
		 f->immutable ? "public, max-age=31536000, immutable"
			      : "no-cache");
	if (coding != FILES_PLAIN)
		str_addf(extra, sizeof(extra), "Content-Encoding: %s\r\n",
			 coding == FILES_BR ? "br" : "gzip");
	if (http_has_token(match, b->etag) || http_has_token(match, "*")) {
		put_head(c, 304, NULL, 0, extra);
		answered(c);
		return;
	}
	put_head(c, 200, f->type, b->len, extra);
	/* The files stay in memory until net is gone: no copy. */
	if (!c->head_only)
		evbuffer_add_reference(out(c), b->data, b->len, NULL, NULL);
	c->net->stats.bytes_out += b->len;
	answered(c);
}

/* ---- WebSocket ------------------------------------------------------------
 */

/* Ids are [A-Za-z0-9_-]{1,64}. */
static bool is_id(const char *s)
{
	size_t n = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrst"
			     "uvwxyz0123456789_-");

	return n > 0 && n <= ID_MAX && !s[n];
}

static void refuse_ws(struct conn *c, int status, const char *extra)
{
	c->net->stats.ws_refused++;
	refuse(c, status, extra);
}

static void open_ws(struct conn *c, const char *room, const char *peer,
		    const char *accept)
{
	struct net *net = c->net;

	c->ws = ws_new(out(c), net->conf.msg_bytes);
	if (!c->ws) {
		refuse_ws(c, 503, "");
		return;
	}
	evbuffer_add_printf(out(c),
			    "HTTP/1.1 101 Switching Protocols\r\n"
			    "Upgrade: websocket\r\n"
			    "Connection: Upgrade\r\n"
			    "Sec-WebSocket-Accept: %s\r\n"
			    "Sec-WebSocket-Protocol: protoo\r\n\r\n",
			    accept);
	c->announced = true;
	net->stats.websockets++;
	net->stats.ws_opened++;
	conn_set_state(c, CONN_WS);
	net->ops.on_open(net->ops.arg, c, room, peer);
	http_fini(&c->http); /* no other request comes */
}

static void serve_ws(struct conn *c, const struct http_req *req)
{
	const struct net_conf *conf = &c->net->conf;
	const char *protocols = http_header(req, "sec-websocket-protocol");
	char accept[WS_ACCEPT_LEN + 1];
	char room[ID_MAX + 1], peer[ID_MAX + 1] = "";
	int err = http_query(req->query, "peerId", peer, sizeof(peer));
	int status;

	if (http_query(req->query, "roomId", room, sizeof(room)) ||
	    !is_id(room) || (err && err != -ENOENT) || (!err && !is_id(peer)))
		refuse_ws(c, 400, "");
	else if (!http_has_token(protocols, "protoo"))
		refuse_ws(c, 403, "");
	else if (!http_origin_ok(req, conf->origins, conf->n_origins))
		refuse_ws(c, 403, "");
	else if ((status = ws_handshake(req, accept)))
		refuse_ws(c, status,
			  status == 426 ? "Sec-WebSocket-Version: 13\r\n" : "");
	else
		open_ws(c, room, peer, accept);
}

/* ---- the way of a request -------------------------------------------------
 */

/*
 * Behind a trusted proxy the client is the last address of X-Forwarded-For
 * that is not a proxy itself. False: too many from there.
 */
static bool take_forwarded(struct conn *c, const struct http_req *req)
{
	const struct net_conf *conf = &c->net->conf;
	const char *value = http_header(req, "x-forwarded-for");
	struct addr from;

	if (!c->proxied || !value)
		return true;
	if (netmask_forwarded(&from, value, conf->proxies, conf->n_proxies))
		return true;
	if (c->capped && addr_eq(&from, &c->cap_addr))
		return true;
	if (c->capped)
		addrcap_leave(c->net->caps, &c->cap_addr);
	c->addr = from;
	c->cap_addr = from;
	c->capped = !addrcap_enter(c->net->caps, &from, c->heard_us);
	if (!c->capped)
		c->net->stats.refused_addr++;
	return c->capped;
}

static bool is_for_above(const struct http_req *req)
{
	return req->internal || !strncmp(req->path, "/api/", 5) ||
	       str_eq(req->path, "/healthz");
}

void serve_request(struct conn *c)
{
	struct net *net = c->net;
	struct http_req *req = &c->http.req;
	bool get = str_eq(req->method, "GET");

	net->stats.http_requests++;
	req->internal = c->kind == NET_INTERNAL;
	c->head_only = str_eq(req->method, "HEAD");
	if (!take_forwarded(c, req))
		refuse(c, 429, "Retry-After: 1\r\n");
	else if (!req->internal &&
		 http_has_token(http_header(req, "upgrade"), "websocket"))
		serve_ws(c, req);
	else if (!get && !c->head_only && !str_eq(req->method, "POST"))
		refuse(c, 405, "Allow: GET, HEAD, POST\r\n");
	else if (is_for_above(req) &&
		 !http_origin_ok(req, net->conf.origins, net->conf.n_origins))
		refuse(c, 403, "");
	else if (is_for_above(req))
		net->ops.on_http(net->ops.arg, c, req);
	else if (get || c->head_only)
		serve_file(c, req);
	else
		refuse(c, 404, "");
}
