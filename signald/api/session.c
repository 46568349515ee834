#include "signald/api/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/str.h"
#include "common/sys/loop.h"
#include "signald/api/desk.h"
#include "signald/api/dispatch.h"
#include "signald/api/hubstate.h"
#include "signald/api/trace.h"
#include "signald/api/wire.h"
#include "signald/net/conn.h"

/* What we speak is the interface of this version of mediasoup's demo. */
#define SESSION_SPEAKS "3.27.1"

/* So many messages that are not protoo end a connection. */
#define SESSION_FAULTS 20

/* Messages of any kind: what an honest client in the largest room never is. */
#define SESSION_BURST 1000
#define SESSION_RATE  200

static void fill_buckets(struct session *s, const struct conf_limits *l)
{
	const struct conf_rate rates[RATES] = {
		[RATE_JOIN] = l->join,	     [RATE_CHAT] = l->chat,
		[RATE_PRODUCE] = l->produce, [RATE_CONSUME] = l->consume,
		[RATE_INVITE] = l->invite,   [RATE_OTHER] = l->other,
	};
	uint64_t now_us = loop_now_us(s->hub->loop);

	bucket_init(&s->all, SESSION_RATE, SESSION_BURST, now_us);
	for (int i = 0; i < RATES; i++)
		bucket_init(&s->buckets[i], rates[i].rate, rates[i].burst,
			    now_us);
}

/* The times are all the same, so the list is in order. */
void session_stranger(struct session *s)
{
	s->due_us = loop_now_us(s->hub->loop) +
		    s->hub->conf->listen.header_ms * 1000ull;
	list_del(&s->stranger);
	list_push(&s->hub->strangers, &s->stranger);
}

void session_known(struct session *s)
{
	list_del(&s->stranger);
}

uint64_t session_strangers(struct hub *hub, uint64_t now_us)
{
	while (!list_empty(&hub->strangers)) {
		struct session *s = list_entry(hub->strangers.next,
					       struct session, stranger);

		if (s->due_us > now_us)
			return s->due_us;
		list_del(&s->stranger);
		conn_close(s->conn, CONN_CLOSE_FULL, "nobody");
	}
	return UINT64_MAX;
}

struct session *session_new(struct hub *hub, struct conn *c,
			    const char *room_id, const char *peer_id)
{
	struct session *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->hub = hub;
	s->conn = c;
	s->id = conn_id(c);
	list_init(&s->held);
	list_init(&s->stranger);
	(void)str_copy(s->room_id, sizeof(s->room_id), room_id);
	(void)str_copy(s->peer_id, sizeof(s->peer_id), peer_id);
	fill_buckets(s, &hub->conf->limits);
	if (idmap_put(&hub->sessions, s->id, s)) {
		free(s);
		return NULL;
	}
	session_stranger(s);
	return s;
}

/* A message that waits for the hub to settle. */
struct held {
	struct list node;
	size_t len;
	char text[];
};

/* `enter`, and what comes with it; all of it is served in one turn. */
#define SESSION_HELD_BYTES (128 * 1024)
#define SESSION_HELD_MAX   32

static void drop_held(struct held *h)
{
	list_del(&h->node);
	free(h);
}

void session_free(struct session *s)
{
	if (!s)
		return;
	idmap_del(&s->hub->sessions, s->id);
	list_del(&s->stranger);
	json_decref(s->resume.have);
	list_for_each_safe (it, &s->held)
		drop_held(list_entry(it, struct held, node));
	free(s);
}

struct session *session_find(const struct hub *hub, uint64_t conn)
{
	return conn ? idmap_get(&hub->sessions, conn) : NULL;
}

struct session *session_of_peer(const struct hub *hub, uint64_t peer)
{
	const struct peer *p = core_peer(hub->core, peer);

	return p ? session_find(hub, p->conn) : NULL;
}

struct session *session_of_ticket(const struct hub *hub,
				  const struct media_ticket *t)
{
	const struct peer *p = core_peer(hub->core, t->peer);

	return p && peer_is_in(p) && p->conn == t->conn
		       ? session_find(hub, t->conn)
		       : NULL;
}

void session_send(struct session *s, const char *text, size_t len)
{
	if (!s || !text)
		return;
	(void)conn_send_text(s->conn, text, len);
	trace_text(s, false, text, len);
}

static void send_json(struct session *s, json_t *v)
{
	size_t len;
	char *text = wire_dump(v, &len);

	session_send(s, text, len);
	free(text);
}

void session_ok(struct session *s, uint64_t req, json_t *data)
{
	json_t *o;

	if (!s) {
		json_decref(data);
		return;
	}
	o = wire_put_bool(json_object(), "response", true);
	o = wire_put_int(o, "id", (int64_t)req);
	o = wire_put_bool(o, "ok", true);
	send_json(s, wire_put(o, "data", data ? data : json_object()));
}

void session_refuse(struct session *s, uint64_t req, int code,
		    const char *reason, uint64_t retry_ms)
{
	json_t *o, *data;

	if (!s)
		return;
	s->hub->refused++;
	o = wire_put_bool(json_object(), "response", true);
	o = wire_put_int(o, "id", (int64_t)req);
	o = wire_put_int(o, "errorCode", code);
	o = wire_put_str(o, "errorReason", reason);
	if (retry_ms) {
		data = wire_put_int(json_object(), "retryAfterMs",
				    (int64_t)retry_ms);
		o = wire_put(o, "errorData", data);
	}
	send_json(s, o);
}

void session_notify(struct session *s, const char *method, json_t *data)
{
	json_t *o = wire_put_bool(json_object(), "notification", true);

	o = wire_put_str(o, "method", method);
	send_json(s, wire_put(o, "data", data ? data : json_object()));
}

void session_note(struct session *s, uint64_t seq, const char *text, size_t len)
{
	char head[64];
	int n = snprintf(head, sizeof(head),
			 "{\"notification\":true,\"seq\":%llu,",
			 (unsigned long long)seq);
	char *all = malloc((size_t)n + len);

	if (!all)
		return;
	memcpy(all, head, (size_t)n);
	memcpy(all + n, text, len);
	session_send(s, all, (size_t)n + len);
	free(all);
}

void session_greet(struct session *s)
{
	if (!s || s->greeted)
		return;
	s->greeted = true;
	session_notify(s, "mediasoup-version",
		       wire_put_str(json_object(), "version", SESSION_SPEAKS));
}

static void fault(struct session *s, const char *why)
{
	log_debug("api", "message refused", "conn=%llu why=%s",
		  (unsigned long long)s->id, why);
	if (++s->faults > SESSION_FAULTS)
		conn_close(s->conn, CONN_CLOSE_ABUSE, "abuse");
}

static void hold(struct session *s, const char *text, size_t len)
{
	struct held *h = malloc(sizeof(*h) + len);

	s->held_bytes += len;
	s->n_held++;
	if (!h || s->held_bytes > SESSION_HELD_BYTES ||
	    s->n_held > SESSION_HELD_MAX) {
		free(h);
		conn_close(s->conn, CONN_CLOSE_FULL, "full");
		return;
	}
	h->len = len;
	memcpy(h->text, text, len);
	list_push(&s->held, &h->node);
}

static void serve(struct session *s, const char *text, size_t len)
{
	struct wire_msg msg;
	const char *why;
	json_t *v = wire_parse(text, len, &why);

	s->hub->messages++;
	if (!v) {
		/* There is no id to answer under; protoo reads 0 as none. */
		session_refuse(s, 0, 400, why, 0);
		fault(s, why);
		return;
	}
	if (wire_frame(&msg, v)) {
		session_refuse(s, msg.id, 400, "bad-message", 0);
		fault(s, "bad-message");
	} else if (msg.kind == WIRE_REQUEST) {
		dispatch_request(s, &msg);
	} else if (msg.kind == WIRE_RESPONSE) {
		desk_answered(s, msg.id, msg.ok);
	}
	json_decref(v);
}

void session_text(struct session *s, const char *text, size_t len)
{
	if (bucket_take(&s->all, 1, loop_now_us(s->hub->loop))) {
		conn_close(s->conn, CONN_CLOSE_ABUSE, "flood");
		return;
	}
	trace_text(s, true, text, len);
	if (s->hub->settled)
		serve(s, text, len);
	else
		hold(s, text, len);
}

void session_release(struct session *s)
{
	list_for_each_safe (it, &s->held) {
		struct held *h = list_entry(it, struct held, node);

		serve(s, h->text, h->len);
		drop_held(h);
	}
}
