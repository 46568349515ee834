#include "proto/chan.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "common/idmap.h"
#include "common/list.h"
#include "common/str.h"
#include "common/sys/rng.h"
#include "common/timerq.h"
#include "proto/arena.h"
#include "proto/chansock.h"
#include "proto/ipc.pb-c.h"

#define ARENA_CAP (1024u * 1024)

/* A packed envelope that waits until nanomsg takes it. */
struct out {
	struct list node;
	size_t len;
	uint8_t data[];
};

struct pending {
	struct timer timer;
	uint64_t id;
	uint32_t method;
};

struct chan {
	struct chan_conf conf;
	char path[108];
	struct chansock sock;
	int ep;
	bool up;
	int down;	/* -errno of a CHAN_DOWN to be told, or 0 */
	uint64_t epoch; /* worker: 0 while no server is there */
	uint64_t peer_boot;
	uint64_t heard_us; /* last message of this epoch */
	uint64_t seen_us;  /* last chan_next() */
	uint64_t ping_us;  /* next PING */
	uint64_t hello_us; /* server: when HELLO counts as lost */
	uint64_t digest;
	uint64_t last_id;
	struct list queue; /* struct out */
	struct idmap pending;
	struct timerq due;
	struct chan_stats stats;
	struct arena arena;
	uint8_t rx[CHAN_MSG_MAX];
};

uint64_t chan_mix(uint64_t id)
{
	id = (id ^ id >> 30) * 0xbf58476d1ce4e5b9u;
	id = (id ^ id >> 27) * 0x94d049bb133111ebu;
	return id ^ id >> 31;
}

/* ---- sending ------------------------------------------------------------ */

static void queue_clear(struct chan *c)
{
	list_for_each_safe (it, &c->queue) {
		list_del(it);
		free(list_entry(it, struct out, node));
	}
	c->stats.queued = 0;
	chansock_want_send(&c->sock, false);
}

static void queue_flush(struct chan *c)
{
	while (!list_empty(&c->queue)) {
		struct out *o = list_entry(c->queue.next, struct out, node);

		/* Whatever is wrong, silence or the next receive tells. */
		if (chansock_send(&c->sock, o->data, o->len))
			break;
		c->stats.queued -= o->len;
		c->stats.sent++;
		list_del(&o->node);
		free(o);
	}
	chansock_want_send(&c->sock, !list_empty(&c->queue));
}

static int send_envelope(struct chan *c, Ipc__Envelope *e)
{
	struct out *o;
	size_t len;

	e->epoch = c->epoch;
	len = ipc__envelope__get_packed_size(e);
	if (len > CHAN_MSG_MAX)
		return -EMSGSIZE;
	if (c->stats.queued + len > CHAN_QUEUE_MAX)
		return -ENOBUFS;
	o = malloc(sizeof(*o) + len);
	if (!o)
		return -ENOBUFS;
	o->len = ipc__envelope__pack(e, o->data);
	c->stats.queued += len;
	list_push(&c->queue, &o->node);
	queue_flush(c);
	return 0;
}

static int send_body(struct chan *c, Ipc__Envelope *e, const void *body,
		     size_t len)
{
	if (len > CHAN_MSG_MAX)
		return -EMSGSIZE;
	e->has_body = 1;
	e->body.len = len;
	e->body.data = (uint8_t *)(uintptr_t)body; /* packing only reads it */
	return send_envelope(c, e);
}

static int send_hello(struct chan *c, Ipc__Kind kind)
{
	Ipc__Envelope e = IPC__ENVELOPE__INIT;
	Ipc__Hello h = IPC__HELLO__INIT;

	e.kind = kind;
	e.hello = &h;
	h.protocol = CHAN_PROTOCOL;
	h.boot_id = c->conf.boot_id;
	if (kind == IPC__KIND__HELLO_ACK) {
		h.has_generation = 1;
		h.generation = c->conf.generation;
		e.has_digest = 1;
		e.digest = c->digest;
	}
	return send_envelope(c, &e);
}

static void send_ping(struct chan *c, uint64_t now_us)
{
	Ipc__Envelope e = IPC__ENVELOPE__INIT;

	e.kind = IPC__KIND__PING;
	c->ping_us = now_us + CHAN_PING_US;
	(void)send_envelope(c, &e); /* no room: silence will tell */
}

/* ---- one socket after another ------------------------------------------- */

/* Server: a fresh socket, a fresh epoch, and HELLO in its queue. */
static void server_open(struct chan *c, uint64_t now_us)
{
	queue_clear(c);
	chansock_close(&c->sock);
	c->epoch = rng_id();
	c->hello_us = now_us + CHAN_HELLO_US;
	c->stats.sockets++;
	if (!chansock_open(&c->sock, c->ep, c->path, false, CHAN_MSG_MAX))
		send_hello(c, IPC__KIND__HELLO);
}

static void go_down(struct chan *c, int why, uint64_t now_us)
{
	if (c->up)
		c->down = why;
	c->up = false;
	if (c->conf.role == CHAN_SERVER) {
		server_open(c, now_us);
		return;
	}
	queue_clear(c);
	c->epoch = 0;
}

static void go_up(struct chan *c, const Ipc__Envelope *e, uint64_t now_us,
		  struct chan_msg *m)
{
	c->up = true;
	c->down = 0;
	c->heard_us = now_us;
	c->peer_boot = e->hello->boot_id;
	c->ping_us = now_us + CHAN_PING_US;
	m->kind = CHAN_UP;
	m->boot_id = e->hello->boot_id;
	m->generation = e->hello->generation;
	m->digest = e->digest;
}

/* ---- requests that wait for their reply --------------------------------- */

static void pending_free(struct chan *c, struct pending *p)
{
	timerq_unset(&c->due, &p->timer);
	idmap_del(&c->pending, p->id);
	free(p);
}

static void pending_tell(struct chan *c, struct pending *p, int why,
			 struct chan_msg *m)
{
	m->kind = CHAN_EXPIRED;
	m->id = p->id;
	m->method = p->method;
	m->error = why;
	pending_free(c, p);
}

/* What the channel itself has to tell: first the requests that died. */
static bool take_event(struct chan *c, uint64_t now_us, struct chan_msg *m)
{
	struct timer *t;
	size_t pos = 0;

	if (c->down) {
		struct pending *p = idmap_next(&c->pending, &pos);

		if (p) {
			pending_tell(c, p, c->down, m);
			return true;
		}
		m->kind = CHAN_DOWN;
		m->error = c->down;
		c->down = 0;
		return true;
	}
	t = timerq_pop(&c->due, now_us);
	if (!t)
		return false;
	pending_tell(c, list_entry(t, struct pending, timer), -ETIMEDOUT, m);
	return true;
}

/* ---- receiving ---------------------------------------------------------- */

enum verdict {
	NOTHING, /* handled here */
	MESSAGE, /* one to hand out */
	BAD,	 /* the peer is broken */
};

static void fill(const Ipc__Envelope *e, enum chan_kind kind,
		 struct chan_msg *m)
{
	m->kind = kind;
	m->id = e->id;
	m->method = e->method;
	m->error = e->error > 4095 ? -EPROTO : -(int)e->error;
	m->reason = e->reason ? e->reason : "";
	m->body = e->body.data;
	m->body_len = e->body.len;
}

static enum verdict worker_input(struct chan *c, const Ipc__Envelope *e,
				 uint64_t now_us, struct chan_msg *m)
{
	if (e->kind == IPC__KIND__HELLO) {
		if (!e->hello || e->hello->protocol != CHAN_PROTOCOL ||
		    !e->epoch)
			return BAD;
		if (c->up && e->epoch == c->epoch)
			return NOTHING;
		queue_clear(c);
		c->epoch = e->epoch;
		go_up(c, e, now_us, m);
		return MESSAGE;
	}
	if (!c->up || e->epoch != c->epoch) {
		c->stats.stale++;
		return NOTHING;
	}
	c->heard_us = now_us;
	if (e->kind == IPC__KIND__PING)
		return NOTHING;
	if (e->kind != IPC__KIND__REQUEST || !e->id)
		return BAD;
	fill(e, CHAN_REQUEST, m);
	return MESSAGE;
}

static enum verdict server_reply(struct chan *c, const Ipc__Envelope *e,
				 struct chan_msg *m)
{
	struct pending *p = idmap_get(&c->pending, e->id);

	if (!p) { /* it came after its deadline */
		c->stats.stale++;
		return NOTHING;
	}
	fill(e, CHAN_REPLY, m);
	m->method = p->method;
	pending_free(c, p);
	return MESSAGE;
}

static enum verdict server_input(struct chan *c, const Ipc__Envelope *e,
				 uint64_t now_us, struct chan_msg *m)
{
	if (e->epoch != c->epoch) {
		c->stats.stale++;
		return NOTHING;
	}
	if (e->kind == IPC__KIND__HELLO_ACK) {
		if (c->up || !e->hello || e->hello->protocol != CHAN_PROTOCOL)
			return BAD;
		go_up(c, e, now_us, m);
		return MESSAGE;
	}
	if (!c->up)
		return BAD;
	c->heard_us = now_us;
	switch (e->kind) {
	case IPC__KIND__PING:
		return NOTHING;
	case IPC__KIND__REPLY:
		return server_reply(c, e, m);
	case IPC__KIND__NOTIFY:
		fill(e, CHAN_NOTIFY, m);
		return MESSAGE;
	default:
		return BAD;
	}
}

static enum verdict input(struct chan *c, size_t len, uint64_t now_us,
			  struct chan_msg *m)
{
	Ipc__Envelope *e;

	if (len > sizeof(c->rx))
		return BAD;
	e = ipc__envelope__unpack(&c->arena.pb, len, c->rx);
	if (!e)
		return BAD;
	return c->conf.role == CHAN_WORKER ? worker_input(c, e, now_us, m)
					   : server_input(c, e, now_us, m);
}

static bool receive(struct chan *c, uint64_t now_us, struct chan_msg *m)
{
	for (;;) {
		ssize_t n = chansock_recv(&c->sock, c->rx, sizeof(c->rx));

		if (n < 0)
			return false;
		c->stats.received++;
		arena_reset(&c->arena);
		switch (input(c, (size_t)n, now_us, m)) {
		case MESSAGE:
			return true;
		case NOTHING:
			break;
		case BAD:
			c->stats.malformed++;
			go_down(c, -EPROTO, now_us);
			return false;
		}
	}
}

/* ---- time --------------------------------------------------------------- */

static void check_time(struct chan *c, uint64_t now_us)
{
	if (c->up && now_us >= c->heard_us + c->conf.silence_us) {
		go_down(c, -ETIMEDOUT, now_us);
		return;
	}
	if (c->up && now_us >= c->ping_us)
		send_ping(c, now_us);
	if (!c->up && c->conf.role == CHAN_SERVER && now_us >= c->hello_us)
		server_open(c, now_us);
}

uint64_t chan_deadline(const struct chan *c)
{
	uint64_t at = timerq_deadline(&c->due);
	uint64_t own = UINT64_MAX;

	if (c->down)
		return 0;
	if (c->up) {
		own = c->heard_us + c->conf.silence_us;
		own = c->ping_us < own ? c->ping_us : own;
	} else if (c->conf.role == CHAN_SERVER) {
		own = c->hello_us;
	}
	return own < at ? own : at;
}

bool chan_next(struct chan *c, uint64_t now_us, struct chan_msg *m)
{
	*m = (struct chan_msg){.reason = ""};
	/* A stall of our own is not the peer's silence. */
	if (now_us > c->seen_us + 2 * CHAN_PING_US)
		c->heard_us = now_us;
	c->seen_us = now_us;
	if (take_event(c, now_us, m))
		return true;
	if (receive(c, now_us, m))
		return true;
	check_time(c, now_us);
	queue_flush(c);
	return take_event(c, now_us, m);
}

/* ---- the owner's side --------------------------------------------------- */

int chan_new(struct chan **out, const struct chan_conf *conf, uint64_t now_us)
{
	struct chan *c = calloc(1, sizeof(*c));
	int err = -ENOMEM;

	if (!c)
		return -ENOMEM;
	c->conf = *conf;
	if (!c->conf.silence_us)
		c->conf.silence_us = CHAN_SILENCE_US;
	c->sock.nn = -1;
	c->ep = -1;
	list_init(&c->queue);
	idmap_init(&c->pending);
	timerq_init(&c->due);
	/* Ids of an earlier server must not mean anything to this one. */
	c->last_id = (uint64_t)rng_u32() << 24;
	c->seen_us = now_us;
	if (arena_init(&c->arena, ARENA_CAP))
		goto fail;
	err = str_copy(c->path, sizeof(c->path), conf->path);
	if (err || !conf->boot_id) {
		err = -EINVAL;
		goto fail;
	}
	c->conf.path = c->path;
	c->ep = epoll_create1(EPOLL_CLOEXEC);
	err = c->ep < 0 ? -errno : 0;
	if (err)
		goto fail;
	if (conf->role == CHAN_SERVER) {
		server_open(c, now_us);
	} else {
		c->stats.sockets = 1;
		err = chansock_open(&c->sock, c->ep, c->path, true,
				    CHAN_MSG_MAX);
		if (err)
			goto fail;
	}
	*out = c;
	return 0;
fail:
	chan_free(c);
	return err;
}

void chan_free(struct chan *c)
{
	struct pending *p;
	size_t pos;

	if (!c)
		return;
	while (pos = 0, (p = idmap_next(&c->pending, &pos)))
		pending_free(c, p);
	queue_clear(c);
	chansock_close(&c->sock);
	if (c->ep >= 0)
		close(c->ep);
	timerq_fini(&c->due);
	idmap_fini(&c->pending);
	arena_fini(&c->arena);
	free(c);
}

int chan_fd(const struct chan *c)
{
	return c->ep;
}

bool chan_is_up(const struct chan *c)
{
	return c->up;
}

void chan_stats(const struct chan *c, struct chan_stats *out)
{
	*out = c->stats;
	out->pending = c->pending.n;
}

void chan_ack(struct chan *c, uint64_t digest)
{
	assert(c->conf.role == CHAN_WORKER);
	c->digest = digest;
	if (c->up)
		send_hello(c, IPC__KIND__HELLO_ACK);
}

void *chan_unpack(struct chan *c, const ProtobufCMessageDescriptor *d,
		  const struct chan_msg *m)
{
	static const uint8_t none;

	return protobuf_c_message_unpack(d, &c->arena.pb, m->body_len,
					 m->body ? m->body : &none);
}

/* As send_body(), with the message packed on the way. */
static int send_message(struct chan *c, Ipc__Envelope *e,
			const ProtobufCMessage *m)
{
	size_t len = protobuf_c_message_get_packed_size(m);
	uint8_t *buf;
	int err;

	if (len > CHAN_MSG_MAX)
		return -EMSGSIZE;
	buf = malloc(len + 1);
	if (!buf)
		return -ENOBUFS;
	protobuf_c_message_pack(m, buf);
	err = send_body(c, e, buf, len);
	free(buf);
	return err;
}

static struct pending *pending_add(struct chan *c, uint32_t method,
				   uint64_t due_us)
{
	struct pending *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->id = ++c->last_id;
	p->method = method;
	if (!idmap_put(&c->pending, p->id, p) &&
	    !timerq_set(&c->due, &p->timer, due_us))
		return p;
	pending_free(c, p);
	return NULL;
}

uint64_t chan_request(struct chan *c, uint32_t method,
		      const ProtobufCMessage *body, uint64_t timeout_us,
		      uint64_t now_us)
{
	Ipc__Envelope e = IPC__ENVELOPE__INIT;
	struct pending *p;
	int err;

	assert(c->conf.role == CHAN_SERVER);
	errno = c->up ? ENOBUFS : ENOTCONN;
	if (!c->up || c->pending.n >= CHAN_PENDING_MAX)
		return 0;
	p = pending_add(c, method, now_us + timeout_us);
	if (!p)
		return 0;
	e.kind = IPC__KIND__REQUEST;
	e.has_id = 1;
	e.id = p->id;
	e.has_method = 1;
	e.method = method;
	e.has_timeout_ms = 1;
	e.timeout_ms = (uint32_t)(timeout_us / 1000);
	err = send_message(c, &e, body);
	if (!err)
		return p->id;
	pending_free(c, p);
	errno = -err;
	return 0;
}

int chan_reply(struct chan *c, uint64_t id, int error, const char *reason,
	       const void *body, size_t len)
{
	Ipc__Envelope e = IPC__ENVELOPE__INIT;
	char word[64];

	assert(c->conf.role == CHAN_WORKER && error <= 0);
	if (!c->up)
		return -ENOTCONN;
	e.kind = IPC__KIND__REPLY;
	e.has_id = 1;
	e.id = id;
	e.has_error = 1;
	e.error = (uint32_t)-error;
	if (reason) {
		(void)str_copy(word, sizeof(word), reason);
		e.reason = word;
	}
	return send_body(c, &e, body, len);
}

int chan_notify(struct chan *c, uint32_t event, const void *body, size_t len)
{
	Ipc__Envelope e = IPC__ENVELOPE__INIT;

	assert(c->conf.role == CHAN_WORKER);
	if (!c->up)
		return -ENOTCONN;
	e.kind = IPC__KIND__NOTIFY;
	e.has_method = 1;
	e.method = event;
	return send_body(c, &e, body, len);
}
