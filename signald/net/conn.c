#include "signald/net/conn.h"

#include "common/log.h"
#include "common/sys/loop.h"
#include "signald/net/conn_impl.h"
#include "signald/net/tls.h"
#include "signald/net/ws.h"

#include <assert.h>
#include <errno.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_MAX    16384 /* bytes that wait to be parsed */
#define REPLY_MS    30000 /* the layer above answers by then */
#define CLOSE_MS    2000  /* the client answers our close frame */
#define PROGRESS_MS 10000 /* bytes must move to keep a flush alive */
#define MS(x)	    ((uint64_t)(x)*1000)

static const char *const state_name[] = {
	[CONN_TLS] = "tls",	    [CONN_HTTP] = "http",
	[CONN_REPLY] = "reply",	    [CONN_WS] = "ws",
	[CONN_CLOSING] = "closing", [CONN_FLUSH] = "flush",
	[CONN_DEAD] = "dead",
};

/* Where each state may go, as bits. */
static const unsigned int state_next[] = {
	[CONN_TLS] = 1u << CONN_HTTP | 1u << CONN_DEAD,
	[CONN_HTTP] = 1u << CONN_REPLY | 1u << CONN_FLUSH | 1u << CONN_DEAD,
	[CONN_REPLY] = 1u << CONN_HTTP | 1u << CONN_WS | 1u << CONN_FLUSH |
		       1u << CONN_DEAD,
	[CONN_WS] = 1u << CONN_CLOSING | 1u << CONN_FLUSH | 1u << CONN_DEAD,
	[CONN_CLOSING] = 1u << CONN_FLUSH | 1u << CONN_DEAD,
	[CONN_FLUSH] = 1u << CONN_DEAD,
	[CONN_DEAD] = 0,
};

static void arm(struct conn *c, uint64_t ms)
{
	timerq_set(&c->net->timers, &c->timer,
		   loop_now_us(c->net->loop) + MS(ms));
}

static void put_todo(struct conn *c)
{
	list_del(&c->todo);
	list_push(&c->net->todo, &c->todo);
}

void conn_set_state(struct conn *c, enum conn_state to)
{
	const struct net_conf *conf = &c->net->conf;

	assert(state_next[c->state] & 1u << to);
	log_debug("conn", "state", "id=%llu from=%s to=%s",
		  (unsigned long long)c->id, state_name[c->state],
		  state_name[to]);
	c->state = to;
	c->unsent = 0;
	switch (to) {
	case CONN_TLS:
		break;
	case CONN_HTTP:
		arm(c, conf->idle_ms);
		break;
	case CONN_REPLY:
		arm(c, REPLY_MS);
		break;
	case CONN_WS:
		c->ping_us = loop_now_us(c->net->loop) + MS(conf->ping_ms);
		arm(c, conf->ping_ms);
		break;
	case CONN_CLOSING:
		arm(c, CLOSE_MS);
		break;
	case CONN_FLUSH:
		arm(c, PROGRESS_MS);
		break;
	case CONN_DEAD:
		timerq_unset(&c->net->timers, &c->timer);
		break;
	}
	/* The turn's end tells, frees, or goes on reading. */
	if (to != CONN_REPLY)
		put_todo(c);
}

static void ended(struct conn *c, enum net_end why)
{
	if (!c->announced || c->state > CONN_WS)
		return;
	c->end = why;
	c->net->stats.ended[why]++;
}

void conn_kill(struct conn *c, enum net_end why)
{
	if (c->state == CONN_DEAD)
		return;
	ended(c, why);
	conn_set_state(c, CONN_DEAD);
}

/* ---- what the layer above calls ------------------------------------------ */

uint64_t conn_id(const struct conn *c)
{
	return c->id;
}

const struct addr *conn_addr(const struct conn *c)
{
	return &c->addr;
}

void conn_set_user(struct conn *c, void *user)
{
	c->user = user;
}

void *conn_user(const struct conn *c)
{
	return c->user;
}

size_t conn_queued(const struct conn *c)
{
	return evbuffer_get_length(bufferevent_get_output(c->bev));
}

int conn_send_text(struct conn *c, const char *text, size_t len)
{
	int err;

	if (c->state != CONN_WS)
		return -EPIPE;
	/* One answer may be large by itself: what waits before it counts. */
	if (conn_queued(c) > c->net->conf.out_bytes) {
		conn_kill(c, NET_END_SLOW);
		return -ENOBUFS;
	}
	err = ws_send(c->ws, text, len);
	if (err) {
		conn_kill(c, NET_END_LOST);
		return err;
	}
	c->net->stats.ws_msgs_out++;
	c->net->stats.bytes_out += len;
	return 0;
}

void conn_close(struct conn *c, uint16_t code, const char *reason)
{
	if (c->state != CONN_WS)
		return;
	if (ws_close(c->ws, code, reason)) {
		conn_kill(c, NET_END_OURS);
		return;
	}
	ended(c, NET_END_OURS);
	conn_set_state(c, CONN_CLOSING);
}

int conn_reply_as(struct conn *c, int status, const char *type,
		  const char *body, size_t len)
{
	return serve_reply(c, status, type, body, len);
}

int conn_reply(struct conn *c, int status, const char *json, size_t len)
{
	return serve_reply(c, status, "application/json", json, len);
}

/* ---- bytes have come ------------------------------------------------------
 */

/* One step of HTTP; false when there is nothing to do now. */
static bool input_http(struct conn *c, struct evbuffer *in)
{
	size_t len = evbuffer_get_contiguous_space(in), used;
	bool idle;
	enum http_verdict v;

	if (!len)
		len = evbuffer_get_length(in);

	if (c->served) {
		c->served = false;
		http_next(&c->http);
	}
	idle = http_is_idle(&c->http);
	v = http_feed(&c->http, evbuffer_pullup(in, (ev_ssize_t)len), len,
		      &used);
	evbuffer_drain(in, used);
	c->net->stats.bytes_in += used;
	if (v == HTTP_BROKEN) {
		serve_error(c, c->http.status);
		return false;
	}
	if (v == HTTP_COMPLETE) {
		conn_set_state(c, CONN_REPLY);
		serve_request(c);
		return true;
	}
	/* The first byte of a request starts the clock for all of it. */
	if (idle && !http_is_idle(&c->http))
		arm(c, c->net->conf.header_ms);
	return used > 0;
}

static void on_ws_closed(struct conn *c)
{
	enum net_end why = ws_fault(c->ws) ? NET_END_PROTOCOL : NET_END_CLIENT;

	ended(c, why);
	conn_set_state(c, CONN_FLUSH);
}

/* One step of a WebSocket; false when there is nothing to do now. */
static bool input_ws(struct conn *c, struct evbuffer *in)
{
	struct net *net = c->net;
	const char *text;
	size_t len;

	switch (ws_next(c->ws, in, &text, &len)) {
	case WS_NONE:
		return false;
	case WS_PONG:
		return true;
	case WS_CLOSED:
		on_ws_closed(c);
		return false;
	case WS_TEXT:
		break;
	}
	/* Pongs pile up, too, when the client does not read. */
	if (conn_queued(c) > net->conf.out_bytes) {
		conn_kill(c, NET_END_SLOW);
		return false;
	}
	if (c->state != CONN_WS)
		return true;
	net->stats.ws_msgs_in++;
	net->ops.on_text(net->ops.arg, c, text, len);
	return true;
}

/*
 * Who sends more than a person could need is not listened to for a while: the
 * buffer fills, then TCP slows him down. (libevent's own limit leaves what TLS
 * has already decrypted until more comes.)
 */
static bool too_fast(struct conn *c, size_t len)
{
	uint64_t now_us = loop_now_us(c->net->loop);
	size_t fresh = len > c->counted ? len - c->counted : 0;
	uint64_t wait_us = bucket_take(&c->reading, (double)fresh, now_us);

	if (wait_us)
		timerq_set(&c->net->timers, &c->pause, now_us + wait_us);
	return wait_us;
}

/* Until nothing more is to be done with what has come. */
static void take(struct conn *c, struct evbuffer *in)
{
	bool more = true;

	while (more) {
		switch (c->state) {
		case CONN_HTTP:
			more = evbuffer_get_length(in) && input_http(c, in);
			break;
		case CONN_WS:
		case CONN_CLOSING:
			more = input_ws(c, in);
			break;
		case CONN_FLUSH:
			evbuffer_drain(in, evbuffer_get_length(in));
			more = false;
			break;
		case CONN_TLS:
		case CONN_REPLY: /* the next request waits */
		case CONN_DEAD:
			more = false;
			break;
		}
	}
	c->counted = evbuffer_get_length(in);
}

/*
 * libevent calls again at once, before the turn can end, for a full buffer
 * that it finds left: who leaves one must not read.
 */
static void read_on(struct conn *c, bool on)
{
	bool is_on = bufferevent_get_enabled(c->bev) & EV_READ;

	if (on && !is_on)
		bufferevent_enable(c->bev, EV_READ);
	else if (!on && is_on)
		bufferevent_disable(c->bev, EV_READ);
}

static void input(struct conn *c)
{
	struct evbuffer *in = bufferevent_get_input(c->bev);
	bool listens = !too_fast(c, evbuffer_get_length(in));

	if (listens)
		take(c, in);
	read_on(c, listens && evbuffer_get_length(in) < READ_MAX);
}

void conn_resume(struct conn *c)
{
	input(c);
}

static void on_read(struct bufferevent *bev, void *arg)
{
	struct conn *c = arg;

	(void)bev;
	c->heard_us = loop_now_us(c->net->loop);
	if (c->ws)
		c->net->stats.bytes_in +=
			evbuffer_get_length(bufferevent_get_input(c->bev));
	input(c);
}

/* All is sent: close our side and give the client a moment to close his. */
static void finish(struct conn *c)
{
	SSL *ssl = bufferevent_openssl_get_ssl(c->bev);

	if (c->shut)
		return;
	c->shut = true;
	if (ssl)
		SSL_shutdown(ssl);
	shutdown(bufferevent_getfd(c->bev), SHUT_WR);
	arm(c, CLOSE_MS);
}

static void on_write(struct bufferevent *bev, void *arg)
{
	struct conn *c = arg;

	(void)bev;
	if (c->state == CONN_FLUSH && !conn_queued(c))
		finish(c);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	struct conn *c = arg;

	(void)bev;
	if (what & BEV_EVENT_CONNECTED && c->state == CONN_TLS) {
		conn_set_state(c, CONN_HTTP);
		arm(c, c->net->conf.header_ms);
		return;
	}
	if (!(what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)))
		return;
	if (c->state == CONN_TLS)
		c->net->stats.failed_tls++;
	conn_kill(c, what & BEV_EVENT_EOF ? NET_END_CLIENT : NET_END_LOST);
}

/* ---- time has passed ------------------------------------------------------
 */

/* True when output waits and has become less since the last look. */
static bool progresses(struct conn *c)
{
	size_t now = conn_queued(c), before = c->unsent;

	c->unsent = now;
	return now && (!before || now < before);
}

static void due_ws(struct conn *c, uint64_t now_us)
{
	const struct net_conf *conf = &c->net->conf;
	uint64_t lost_us = c->heard_us + MS(conf->lost_ms);

	if (now_us >= lost_us) {
		conn_kill(c, NET_END_LOST);
		return;
	}
	if (now_us >= c->ping_us) {
		c->ping_us = now_us + MS(conf->ping_ms);
		if (ws_ping(c->ws)) {
			conn_kill(c, NET_END_LOST);
			return;
		}
	}
	timerq_set(&c->net->timers, &c->timer,
		   c->ping_us < lost_us ? c->ping_us : lost_us);
}

void conn_due(struct conn *c, uint64_t now_us)
{
	switch (c->state) {
	case CONN_TLS:
		c->net->stats.failed_tls++;
		conn_kill(c, NET_END_LOST);
		break;
	case CONN_HTTP:
		if (progresses(c)) {
			arm(c, PROGRESS_MS);
			break;
		}
		c->net->stats.late++;
		if (c->served || http_is_idle(&c->http))
			conn_kill(c, NET_END_LOST);
		else
			serve_error(c, 408);
		break;
	case CONN_REPLY:
		serve_error(c, 503);
		break;
	case CONN_WS:
		due_ws(c, now_us);
		break;
	case CONN_FLUSH:
		if (!c->shut && progresses(c))
			arm(c, PROGRESS_MS);
		else
			conn_kill(c, NET_END_LOST);
		break;
	case CONN_CLOSING:
	case CONN_DEAD:
		conn_kill(c, NET_END_LOST);
		break;
	}
}

void conn_turn(struct conn *c)
{
	struct net *net = c->net;

	if (c->announced && c->state > CONN_WS) {
		c->announced = false;
		net->stats.websockets--;
		net->ops.on_close(net->ops.arg, c, c->end);
		c->user = NULL;
	}
	if (c->state == CONN_DEAD)
		conn_free(c);
	else if (c->state == CONN_FLUSH && !conn_queued(c))
		finish(c);
	else
		input(c);
}

/* ---- life -----------------------------------------------------------------
 */

static struct bufferevent *make_bev(struct net *net, int fd, enum net_kind kind)
{
	struct event_base *base = loop_base(net->loop);
	struct bufferevent *bev;
	SSL *ssl;

	if (kind != NET_TLS)
		return bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
	ssl = net->conf.tls ? tls_accept(net->conf.tls, net->loop) : NULL;
	if (!ssl)
		return NULL;
	bev = bufferevent_openssl_socket_new(base, fd, ssl,
					     BUFFEREVENT_SSL_ACCEPTING,
					     BEV_OPT_CLOSE_ON_FREE);
	if (!bev) {
		SSL_free(ssl);
		return NULL;
	}
	bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
	return bev;
}

struct conn *conn_new(struct net *net, int fd, enum net_kind kind,
		      const struct addr *from)
{
	struct conn *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->net = net;
	c->kind = kind;
	c->addr = *from;
	c->id = ++net->last_id;
	c->state = kind == NET_TLS ? CONN_TLS : CONN_HTTP;
	c->heard_us = loop_now_us(net->loop);
	list_init(&c->node);
	list_init(&c->todo);
	http_init(&c->http, net->conf.head_bytes, net->conf.body_bytes);
	c->bev = make_bev(net, fd, kind);
	c->pause.kind = TIMER_PAUSE;
	bucket_init(&c->reading, net->conf.in_rate, net->conf.in_burst,
		    c->heard_us);
	if (!c->bev || idmap_put(&net->by_id, c->id, c)) {
		if (c->bev)
			bufferevent_free(c->bev);
		free(c);
		return NULL;
	}
	list_push(&net->conns, &c->node);
	net->stats.conns++;
	bufferevent_setcb(c->bev, on_read, on_write, on_event, c);
	bufferevent_setwatermark(c->bev, EV_READ, 0, READ_MAX);
	bufferevent_enable(c->bev, EV_READ | EV_WRITE);
	arm(c, kind == NET_TLS ? net->conf.handshake_ms : net->conf.header_ms);
	return c;
}

void conn_free(struct conn *c)
{
	struct net *net = c->net;

	if (c->capped)
		addrcap_leave(net->caps, &c->cap_addr);
	timerq_unset(&net->timers, &c->timer);
	timerq_unset(&net->timers, &c->pause);
	list_del(&c->node);
	list_del(&c->todo);
	idmap_del(&net->by_id, c->id);
	net->stats.conns--;
	ws_free(c->ws);
	http_fini(&c->http);
	bufferevent_free(c->bev);
	free(c);
}
