#include "signald/media/media.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/str.h"
#include "signald/media/cons.h"
#include "signald/media/mirror.h"
#include "signald/media/move.h"
#include "signald/media/notice.h"
#include "signald/media/ortc.h"
#include "signald/media/pipe.h"
#include "signald/media/place.h"
#include "signald/media/prod.h"
#include "signald/media/rebuild.h"
#include "signald/media/trans.h"

/* A request under way. */
struct pending {
	uint64_t object;
	uint32_t method;
	struct media_ticket ticket;
};

struct media *media_new(struct loop *loop, const struct media_conf *conf)
{
	struct media *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->conf = *conf;
	m->mirrors = mirror_new();
	if (!m->mirrors || ortc_default_caps(&m->caps)) {
		free(m->mirrors);
		free(m);
		return NULL;
	}
	graph_init(&m->graph);
	workers_init(&m->workers, loop);
	for (int i = 0; i < WORKERS_MAX; i++)
		idmap_init(&m->pending[i]);
	return m;
}

static void drop_pending(struct idmap *map)
{
	size_t pos = 0;
	struct pending *p;

	while ((p = idmap_next(map, &pos)))
		free(p);
	idmap_fini(map);
	idmap_init(map);
}

void media_free(struct media *m)
{
	if (!m)
		return;
	for (int i = 0; i < WORKERS_MAX; i++)
		drop_pending(&m->pending[i]);
	workers_fini(&m->workers);
	graph_fini(&m->graph);
	for (uint32_t i = 0; i < WORKERS_MAX; i++)
		mirror_reset(m, i);
	free(m->mirrors);
	free(m->outs);
	free(m);
}

struct media_out *media_out(struct media *m, enum media_out_kind kind)
{
	static struct media_out scratch;
	struct media_out *o = &scratch;

	if (m->out_at == m->out_n)
		m->out_at = m->out_n = 0;
	if (m->out_n == m->out_cap) {
		size_t cap = m->out_cap ? 2 * m->out_cap : 64;
		struct media_out *v = realloc(m->outs, cap * sizeof(*v));

		if (!v) {
			m->oom = true;
			goto out;
		}
		m->outs = v;
		m->out_cap = cap;
	}
	o = &m->outs[m->out_n++];
out:
	memset(o, 0, sizeof(*o));
	o->kind = kind;
	return o;
}

void media_done(struct media *m, const struct media_ticket *ticket,
		uint32_t method, uint64_t object, int error)
{
	struct media_out *o;

	if (!ticket || !ticket->row)
		return;
	o = media_out(m, MEDIA_REPLY);
	o->peer = ticket->peer;
	o->id = object;
	o->reply.ticket = *ticket;
	o->reply.method = method;
	o->reply.error = error;
}

/* Sends, and enters p (stolen) under the request's id. */
static int ask(struct media *m, struct worker *w, const ProtobufCMessage *body,
	       struct pending *p)
{
	uint64_t id;

	if (!p)
		return -ENOMEM;
	id = workers_ask(w, p->method, body, m->now_us);
	if (!id) {
		int err = errno ? -errno : -ENOTCONN;

		free(p);
		return err;
	}
	if (idmap_put(&m->pending[w->index], id, p)) {
		free(p);
		m->oom = true;
		return -ENOMEM;
	}
	return 0;
}

static int ask_at(struct media *m, uint32_t worker, uint32_t method,
		  const ProtobufCMessage *body, uint64_t object,
		  const struct media_ticket *ticket)
{
	struct pending *p;

	if (worker >= WORKERS_MAX)
		return -ENOTCONN;
	/* While it tells its inventory nothing may change there. */
	if (mirror_is_busy(m, worker))
		return -ENOBUFS;
	p = calloc(1, sizeof(*p));
	if (p) {
		p->object = object;
		p->method = method;
		p->ticket = ticket ? *ticket : (struct media_ticket){0};
	}
	return ask(m, &m->workers.w[worker], body, p);
}

int media_ask(struct media *m, const struct seat *s, uint32_t method,
	      const ProtobufCMessage *body, uint64_t object,
	      const struct media_ticket *ticket)
{
	return ask_at(m, s->worker, method, body, object, ticket);
}

int media_ask_left(struct media *m, const struct seat *s, uint32_t method,
		   const ProtobufCMessage *body, uint64_t object,
		   const struct media_ticket *ticket)
{
	return ask_at(m, s->left, method, body, object, ticket);
}

int media_ask_at(struct media *m, uint32_t worker, uint32_t method,
		 const ProtobufCMessage *body, uint64_t object)
{
	return ask_at(m, worker, method, body, object, NULL);
}

int media_ask_id_at(struct media *m, uint32_t worker, uint32_t method,
		    uint64_t object)
{
	Media__ObjectId msg = MEDIA__OBJECT_ID__INIT;

	msg.id = object;
	return media_ask_at(m, worker, method, &msg.base, object);
}

int media_ask_worker(struct media *m, struct worker *w, uint32_t method,
		     const ProtobufCMessage *body)
{
	struct pending *p = calloc(1, sizeof(*p));

	if (p)
		p->method = method;
	return ask(m, w, body, p);
}

int media_ask_id(struct media *m, const struct seat *s, uint32_t method,
		 uint64_t object, const struct media_ticket *ticket)
{
	Media__ObjectId msg = MEDIA__OBJECT_ID__INIT;

	msg.id = object;
	return media_ask(m, s, method, &msg.base, object, ticket);
}

/* What a successful answer holds; NULL: nothing to read. */
static const ProtobufCMessageDescriptor *answer_type(uint32_t method)
{
	switch (method) {
	case MEDIA__METHOD__CREATE_TRANSPORT:
		return &media__transport_info__descriptor;
	case MEDIA__METHOD__RESTART_ICE:
		return &media__ice_parameters__descriptor;
	case MEDIA__METHOD__CONSUME:
		return &media__consumer_info__descriptor;
	case MEDIA__METHOD__DUMP:
		return &media__dump__descriptor;
	case MEDIA__METHOD__GET_TRANSPORT_STATS:
		return &media__transport_stats__descriptor;
	case MEDIA__METHOD__GET_PRODUCER_STATS:
		return &media__producer_stats__descriptor;
	case MEDIA__METHOD__GET_CONSUMER_STATS:
		return &media__consumer_stats__descriptor;
	default:
		return NULL;
	}
}

/* Moves the graph on, then ends the ticket. */
static void settle(struct media *m, struct worker *w, const struct pending *p,
		   struct media_out *reply)
{
	struct media_out *o;

	switch (p->method) {
	case MEDIA__METHOD__CREATE_TRANSPORT:
		trans_on_created(m, p->object, reply);
		break;
	case MEDIA__METHOD__PRODUCE:
		prod_on_created(m, p->object, reply);
		break;
	case MEDIA__METHOD__CONSUME:
		cons_on_created(m, p->object, reply);
		break;
	case MEDIA__METHOD__PRODUCE_PIPED:
		pipe_on_created(m, w, p->object, reply);
		break;
	case MEDIA__METHOD__DUMP:
		mirror_on_page(m, w, reply->reply.msg);
		break;
	default:
		break;
	}
	if (!p->ticket.row)
		return;
	o = media_out(m, MEDIA_REPLY);
	*o = *reply;
}

static void on_reply(struct media *m, struct worker *w,
		     const struct chan_msg *msg)
{
	struct pending *p = idmap_del(&m->pending[w->index], msg->id);
	const ProtobufCMessageDescriptor *type;
	struct media_out r = {.kind = MEDIA_REPLY};

	if (!p)
		return;
	r.peer = p->ticket.peer;
	r.id = p->object;
	r.reply.ticket = p->ticket;
	r.reply.method = p->method;
	r.reply.error = msg->error;
	if (msg->kind == CHAN_EXPIRED)
		r.reply.error = -ETIMEDOUT;
	(void)str_copy(r.reply.reason, sizeof(r.reply.reason),
		       msg->reason ? msg->reason : "");
	type = answer_type(p->method);
	if (!r.reply.error && type) {
		r.reply.msg = chan_unpack(w->chan, type, msg);
		if (!r.reply.msg)
			r.reply.error = -EPROTO;
	}
	settle(m, w, p, &r);
	free(p);
}

/* No answers will come from this process. */
static void end_pending(struct media *m, struct worker *w)
{
	struct idmap map = m->pending[w->index];
	struct pending *p;
	size_t pos = 0;

	idmap_init(&m->pending[w->index]);
	while ((p = idmap_next(&map, &pos))) {
		struct media_out r = {.kind = MEDIA_REPLY};

		r.peer = p->ticket.peer;
		r.id = p->object;
		r.reply.ticket = p->ticket;
		r.reply.method = p->method;
		r.reply.error = -ENOTCONN;
		settle(m, w, p, &r);
		free(p);
	}
	idmap_fini(&map);
}

void media_worker(struct media *m, const struct worker_news *news,
		  uint64_t now_us)
{
	struct worker *lost;

	m->now_us = now_us;
	lost = workers_update(&m->workers, news, now_us);
	m->move_us = 0;
	if (!lost)
		return;
	mirror_reset(m, lost->index);
	end_pending(m, lost);
	pipe_worker_lost(m, lost->index);
	move_worker_lost(m, lost->index);
	rebuild_worker_lost(m, lost->index);
}

static void take(struct media *m, struct worker *w, const struct chan_msg *msg)
{
	switch (msg->kind) {
	case CHAN_REPLY:
	case CHAN_EXPIRED:
		on_reply(m, w, msg);
		break;
	case CHAN_NOTIFY:
		notice_take(m, w, msg);
		break;
	case CHAN_UP:
		mirror_on_up(m, w, msg->digest);
		rebuild_worker_up(m, w);
		break;
	case CHAN_DOWN:
	case CHAN_REQUEST:
		break;
	}
}

void media_tick(struct media *m, uint64_t now_us)
{
	uint64_t ban_us;

	m->now_us = now_us;
	if (now_us < m->move_us)
		return;
	m->move_us = move_step(m);
	ban_us = place_ban_step(m);
	if (ban_us < m->move_us)
		m->move_us = ban_us;
}

bool media_next(struct media *m, uint64_t now_us, struct media_out *out)
{
	struct chan_msg msg;
	struct worker *w;

	m->now_us = now_us;
	while (m->out_at == m->out_n) {
		if (mirror_step(m))
			continue;
		if (!workers_next(&m->workers, &w, &msg, now_us))
			return false;
		take(m, w, &msg);
	}
	*out = m->outs[m->out_at++];
	return true;
}

uint64_t media_deadline(const struct media *m)
{
	uint64_t due_us = workers_deadline(&m->workers);

	if (m->out_at < m->out_n)
		return 0;
	return due_us < m->move_us ? due_us : m->move_us;
}
