#include "signald/api/fx.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "signald/api/admin.h"
#include "signald/api/api.h"
#include "signald/api/desk.h"
#include "signald/api/encode.h"
#include "signald/api/hubstate.h"
#include "signald/api/resume.h"
#include "signald/api/session.h"
#include "signald/api/wire.h"
#include "signald/media/call.h"
#include "signald/media/prod.h"
#include "signald/net/conn.h"
#include "signald/room/note.h"

/* The text behind the number: "method":"m","data":{...}} */
static struct note_text *note_text(const char *method, json_t *data)
{
	size_t len, n;
	char *body = wire_dump(data, &len);
	struct note_text *t = NULL;
	char *text;

	if (!body)
		return NULL;
	n = len + strlen(method) + 32;
	text = malloc(n);
	if (text) {
		int used = snprintf(text, n, "\"method\":\"%s\",\"data\":%s}",
				    method, body);

		t = note_text_new(text, (size_t)used);
	}
	free(text);
	free(body);
	return t;
}

static void push(struct hub *hub, uint64_t peer, struct note_text *t)
{
	struct outbox *ob = core_outbox(hub->core, peer);
	struct session *s;
	uint64_t seq;

	if (!ob)
		return;
	seq = outbox_push(ob, t);
	s = session_find(hub, ob->conn);
	if (s && seq)
		session_note(s, seq, t->text, t->len);
}

void fx_note(struct hub *hub, uint64_t peer, const char *method, json_t *data)
{
	const struct peer *p = core_peer(hub->core, peer);
	struct note_text *t = note_text(method, data);

	if (!t)
		return;
	/* One who was sent back to the line hears no more of media. */
	if (p && peer_is_in(p))
		push(hub, peer, t);
	note_text_put(t);
}

void fx_note_room(struct hub *hub, uint64_t room, const char *method,
		  json_t *data)
{
	const struct room *r = core_room(hub->core, room);
	struct note_text *t = note_text(method, data);

	if (!t)
		return;
	if (r) {
		list_for_each (it, &r->members) {
			struct peer *p = list_entry(it, struct peer, node);

			if (p->joined)
				push(hub, p->id, t);
		}
	}
	note_text_put(t);
}

void fx_passing(struct hub *hub, uint64_t peer, const char *method,
		json_t *data)
{
	const struct peer *p = core_peer(hub->core, peer);
	struct session *s = p ? session_find(hub, p->conn) : NULL;

	if (s && peer_is_in(p))
		session_notify(s, method, data);
	else
		json_decref(data);
}

void fx_passing_room(struct hub *hub, uint64_t room, const char *method,
		     json_t *data)
{
	const struct room *r = core_room(hub->core, room);

	if (r) {
		list_for_each (it, &r->members) {
			struct peer *p = list_entry(it, struct peer, node);

			if (p->joined)
				fx_passing(hub, p->id, method,
					   json_incref(data));
		}
	}
	json_decref(data);
}

static void reply(struct hub *hub, const struct effect *e)
{
	const struct answer *a = &e->reply.answer;
	struct session *s;

	if (e->reply.req & ADMIN_REQ) {
		admin_answer(hub, e->reply.conn, a);
		return;
	}
	if (e->reply.req & API_HTTP_REQ) {
		api_http_answer(hub, e->reply.conn, a);
		return;
	}
	s = session_find(hub, e->reply.conn);
	if (!s || (a->kind == ANSWER_ENTERED && a->entered.plain))
		return;
	if (a->kind == ANSWER_ENTERED)
		resume_answer(s, e->reply.req, &a->entered);
	else
		session_ok(s, e->reply.req, encode_answer(a));
}

static void refuse(struct hub *hub, const struct effect *e)
{
	const struct refusal *f = &e->refuse.refusal;

	if (e->refuse.req & ADMIN_REQ)
		admin_refuse(hub, e->refuse.conn, f);
	else if (e->refuse.req & API_HTTP_REQ)
		api_http_refuse(hub, e->refuse.conn, f);
	else
		session_refuse(session_find(hub, e->refuse.conn), e->refuse.req,
			       refuse_code(f->why), refuse_reason(f->why),
			       f->retry_ms);
}

static void bind_peer(struct hub *hub, const struct effect *e)
{
	struct outbox *ob = core_outbox(hub->core, e->bind.peer);
	const struct peer *p = core_peer(hub->core, e->bind.peer);
	struct session *s = session_find(hub, e->bind.conn);

	if (!ob || !p)
		return;
	ob->conn = e->bind.conn;
	if (s)
		session_known(s);
	if (peer_is_in(p))
		session_greet(s);
	desk_resend(hub, e->bind.peer);
}

/* It goes to one peer, whose numbering it names. */
static json_t *admitted(struct hub *hub, const struct effect *e)
{
	const struct outbox *ob = core_outbox(hub->core, e->notify.to[0]);
	json_t *o = encode_note(&e->notify.note);

	return ob ? wire_put_int(o, "epoch", ob->epoch) : o;
}

static void notify(struct hub *hub, const struct effect *e)
{
	const struct note *n = &e->notify.note;
	const char *method = note_method(n->kind);
	struct note_text *t;

	if (e->notify.conn) {
		struct session *s = session_find(hub, e->notify.conn);

		if (s)
			session_notify(s, method, encode_note(n));
		return;
	}
	t = note_text(method, n->kind == NOTE_ADMITTED ? admitted(hub, e)
						       : encode_note(n));
	if (!t)
		return;
	for (uint32_t i = 0; i < e->notify.n; i++) {
		uint64_t peer = e->notify.to[i];

		if (n->kind == NOTE_ADMITTED)
			session_greet(session_of_peer(hub, peer));
		push(hub, peer, t);
	}
	note_text_put(t);
}

static void stop_media(struct hub *hub, const struct effect *e)
{
	call_stop(hub->media, e->media.peer);
	if (e->media.moving)
		desk_reset(hub, e->media.peer);
	else
		desk_drop(hub, e->media.peer);
}

static void pause_media(struct hub *hub, const struct effect *e)
{
	struct seat *s = graph_seat(&hub->media->graph, e->media.peer);

	if (s)
		prod_pause_sources(hub->media, s, e->media.sources);
}

static void apply(struct hub *hub, const struct effect *e)
{
	struct session *s;

	switch (e->kind) {
	case EFFECT_REPLY:
		reply(hub, e);
		break;
	case EFFECT_REFUSE:
		refuse(hub, e);
		break;
	case EFFECT_BIND:
		bind_peer(hub, e);
		break;
	case EFFECT_NOTIFY:
		notify(hub, e);
		break;
	case EFFECT_CLOSE:
		s = session_find(hub, e->close.conn);
		if (s)
			conn_close(s->conn, e->close.code, e->close.reason);
		break;
	case EFFECT_MEDIA_STOP:
		stop_media(hub, e);
		break;
	case EFFECT_MEDIA_PAUSE:
		pause_media(hub, e);
		break;
	case EFFECT_MEDIA_END:
		call_end(hub->media, e->room);
		break;
	case EFFECT_JOURNAL:
		break;
	}
}

static void run(struct hub *hub)
{
	const struct effect *e;

	/* What is carried out may step the rooms again: the outer one goes on.
	 */
	if (hub->applying)
		return;
	hub->applying = true;
	while ((e = gate_next(hub->gate))) {
		if (e->kind == EFFECT_JOURNAL)
			gate_wait(hub->gate, e, hub_journal(hub, e));
		else
			apply(hub, e);
	}
	hub->applying = false;
}

void fx_apply(struct hub *hub, struct effects *fx)
{
	if (fx->oom || gate_put(hub->gate, fx))
		hub_give_up(hub, "out of memory");
	else
		run(hub);
}

void fx_committed(struct hub *hub, uint64_t ticket)
{
	gate_committed(hub->gate, ticket);
	run(hub);
}
