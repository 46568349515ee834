#include "tests/sim/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/hex.h"
#include "tests/sim/check.h"
#include "tests/sim/media.h"

static const char *const room_names[ROOMS_MAX] = {"one", "constructor",
						  "made-by-post"};

/* A keyed hash is to the core just 32 bytes. */
struct secret_hash server_hash(uint64_t secret)
{
	struct secret_hash h = {0};
	struct rnd r = {.s = secret};

	if (!secret)
		return h;
	for (int i = 0; i < 4; i++) {
		uint64_t v = rnd_u64(&r);

		memcpy(h.b + 8 * i, &v, 8);
	}
	return h;
}

/* ---- from the server to clients ---- */

static void send_message(struct world *w, uint64_t conn, struct message m)
{
	struct link *l = idmap_get(&w->links, conn);
	struct message *copy;
	struct client *c;
	uint64_t at;

	if (!l)
		return;
	if (l->closed)
		world_violation(w, "something is sent after the close");
	c = &w->clients[l->client];
	if (c->conn != conn)
		return; /* into a dead connection */
	copy = malloc(sizeof(*copy));
	*copy = m;
	at = w->now.us + 200 + rnd_below(&w->rnd, 20000);
	if (at <= c->arrives_us)
		at = c->arrives_us + 1;
	c->arrives_us = at;
	world_plan(w, at - w->now.us, AGENDA_MESSAGE, c->n, conn, copy);
}

static void fill_entered(struct world *w, struct message *m, uint64_t conn,
			 const struct entered *v)
{
	const struct link *l = idmap_get(&w->links, conn);
	struct outbox *ob = core_outbox(w->core, v->peer);

	m->waiting = v->waiting;
	m->resumed = v->resumed;
	m->peer = v->peer;
	m->role = v->role;
	if (!ob || !l)
		return;
	if (!v->waiting && v->resumed &&
	    outbox_can_replay(ob, l->resume_epoch, l->resume_seq))
		m->missed_from = l->resume_seq + 1;
	else if (v->resumed)
		outbox_restart(ob, core_new_epoch(w->core));
	m->epoch = ob->epoch;
	m->seq = ob->seq;
}

static const struct pending *pending_of(const struct world *w, uint64_t conn,
					uint64_t req)
{
	const struct link *l = idmap_get(&w->links, conn);

	for (uint32_t i = 0; l && i < PENDING_MAX; i++)
		if (w->clients[l->client].pending[i].req == req)
			return &w->clients[l->client].pending[i];
	return NULL;
}

static void invite_entered(struct world *w, const struct pending *p,
			   const struct entered *v)
{
	struct invite_fact *f;

	if (!p->about || v->resumed || v->role == ROLE_HOST)
		return;
	f = &w->invites[p->about - 1];
	if (f->revoked)
		world_violation(w, "an invite served after its revoke");
	if (++f->entered > f->uses)
		world_violation(w, "an invite of %u uses let %u in", f->uses,
				f->entered);
}

static void invite_revoked(struct world *w, uint64_t room, uint64_t id)
{
	for (uint32_t i = 0; i < w->n_invites; i++)
		if (w->invites[i].room_key == room && w->invites[i].id == id)
			w->invites[i].revoked = true;
}

/* What an answer promises, from now on and for ever. */
static void keep_fact(struct world *w, const struct effect *e)
{
	const struct answer *a = &e->reply.answer;
	const struct pending *p = pending_of(w, e->reply.conn, e->reply.req);

	if (!p)
		return;
	if (p->kind == EVENT_ENTER)
		invite_entered(w, p, &a->entered);
	else if (p->kind == EVENT_REVOKE_INVITE)
		invite_revoked(w, e->room, p->about);
	else if ((p->kind == EVENT_KICK || p->kind == EVENT_DENY) &&
		 w->n_gone < GONE_MAX)
		w->gone[w->n_gone++] = p->about;
	else if (p->kind == EVENT_END_ROOM && w->n_ended < 64)
		w->ended[w->n_ended++] = e->room;
	else if (a->kind == ANSWER_CHAT && w->n_chats < CHATS_MAX)
		w->chats[w->n_chats++] =
			(struct chat_fact){e->room, a->sent.id};
	else if (a->kind == ANSWER_INVITE && w->n_invites < INVITES_MAX)
		w->invites[w->n_invites++] = (struct invite_fact){
			.secret = p->secret,
			.id = a->invite.id,
			.room_key = e->room,
			.uses = (uint32_t)p->about,
		};
}

static void apply_reply(struct world *w, const struct effect *e)
{
	const struct answer *a = &e->reply.answer;
	struct message m = {
		.kind = MESSAGE_ANSWER,
		.req = e->reply.req,
		.answer = a->kind,
	};

	if (a->kind == ANSWER_ENTERED)
		fill_entered(w, &m, e->reply.conn, &a->entered);
	keep_fact(w, e);
	send_message(w, e->reply.conn, m);
}

static uint64_t note_number(const struct note *n)
{
	uint64_t id = 0;

	switch (n->kind) {
	case NOTE_CHAT:
		return n->chat.id;
	case NOTE_KNOCK:
		(void)hex_to_id(&id, n->knock.id);
		return id;
	case NOTE_ADMITTED:
		return n->entered.role;
	default:
		return 0;
	}
}

static void apply_notify(struct world *w, const struct effect *e)
{
	struct message m = {
		.kind = MESSAGE_NOTE,
		.note = e->notify.note.kind,
		.number = note_number(&e->notify.note),
	};
	struct note_text *t = note_text_new("x", 1);

	if (e->notify.conn)
		send_message(w, e->notify.conn, m);
	for (uint32_t i = 0; i < e->notify.n; i++) {
		struct outbox *ob = core_outbox(w->core, e->notify.to[i]);

		if (!ob)
			continue;
		m.seq = outbox_push(ob, t);
		m.epoch = ob->epoch;
		if (ob->conn)
			send_message(w, ob->conn, m);
	}
	note_text_put(t);
}

static void apply_close(struct world *w, const struct effect *e)
{
	struct link *l = idmap_get(&w->links, e->close.conn);
	struct message m = {
		.kind = MESSAGE_CLOSE,
		.reason = e->close.reason,
	};

	if (!l || l->closed)
		return;
	send_message(w, l->conn, m);
	l->closed = true;
	world_plan(w, 1000, AGENDA_LOST, 0, l->conn, NULL);
}

static void apply(struct world *w, const struct effect *e)
{
	struct outbox *ob;
	uint64_t ticket;

	switch (e->kind) {
	case EFFECT_REPLY:
		apply_reply(w, e);
		break;
	case EFFECT_REFUSE:
		send_message(w, e->refuse.conn,
			     (struct message){
				     .kind = MESSAGE_REFUSAL,
				     .req = e->refuse.req,
				     .why = e->refuse.refusal.why,
				     .retry_ms = e->refuse.refusal.retry_ms,
			     });
		break;
	case EFFECT_BIND:
		ob = core_outbox(w->core, e->bind.peer);
		if (ob)
			ob->conn = e->bind.conn;
		break;
	case EFFECT_NOTIFY:
		apply_notify(w, e);
		break;
	case EFFECT_CLOSE:
		apply_close(w, e);
		break;
	case EFFECT_JOURNAL:
		ticket = journal_push(&w->journal, &e->journal.record,
				      e->journal.wait);
		gate_wait(w->gate, e, ticket);
		break;
	case EFFECT_MEDIA_STOP:
		media_stop(w, e->media.peer);
		break;
	case EFFECT_MEDIA_PAUSE:
	case EFFECT_MEDIA_END:
		break;
	}
}

static void end_media(struct world *w)
{
	for (uint32_t i = 0; i < w->n_transports; i++) {
		const struct transport *t = &w->transports[i];

		if (!core_peer(w->core, t->peer))
			media_stop(w, t->peer);
	}
}

static void drain(struct world *w)
{
	const struct effect *e;
	uint64_t due;

	while ((e = gate_next(w->gate)))
		apply(w, e);
	if (!w->write_due && journal_begin(&w->journal)) {
		w->write_due = true;
		world_plan(w, 50 + rnd_below(&w->rnd, 5000), AGENDA_WRITE, 0,
			   w->boots, NULL);
	}
	due = core_deadline(w->core);
	if (due == UINT64_MAX || (w->tick_due_us && w->tick_due_us <= due))
		return;
	w->tick_due_us = due;
	world_plan(w, due > w->now.us ? due - w->now.us : 0, AGENDA_TICK, 0,
		   w->boots, NULL);
}

static void trace_step(const struct event *e, const struct effects *fx)
{
	printf("  event %d of conn %llu about %s:", (int)e->kind,
	       (unsigned long long)e->conn, e->peer ? e->peer : "-");
	for (size_t i = 0; i < fx->n; i++) {
		const struct effect *f = &fx->v[i];

		if (f->kind == EFFECT_NOTIFY)
			printf(" %s", note_method(f->notify.note.kind));
		else if (f->kind == EFFECT_REFUSE)
			printf(" %s", refuse_reason(f->refuse.refusal.why));
		else if (f->kind == EFFECT_JOURNAL)
			printf(" row %d", (int)f->journal.record.kind);
		else
			printf(" effect %d", (int)f->kind);
	}
	printf("\n");
}

static void step(struct world *w, const struct event *e)
{
	struct effects *fx = effects_new();
	bool ends = false;

	core_step(w->core, e, w->now, fx);
	w->events++;
	if (w->trace)
		trace_step(e, fx);
	check_step(w, fx);
	check_core(w);
	for (size_t i = 0; i < fx->n; i++)
		ends |= fx->v[i].kind == EFFECT_MEDIA_END;
	if (ends)
		end_media(w);
	(void)gate_put(w->gate, fx);
	drain(w);
	media_check(w, false);
	if (journal_is_idle(&w->journal) && !gate_held(w->gate) &&
	    rnd_mille(&w->rnd, 10))
		check_journal(w);
}

/* ---- from clients to the server ---- */

void server_connected(struct world *w, uint32_t client, uint64_t conn)
{
	struct link *l = calloc(1, sizeof(*l));

	l->conn = conn;
	l->client = client;
	(void)idmap_put(&w->links, conn, l);
}

static void fill(struct world *w, const struct request *r, struct event *e)
{
	static const char *const texts[] = {"hello", "x", "\xf0\x9f\x8e\x89"};

	e->room_id = room_names[r->room];
	e->text = texts[r->number % 3];
	e->number = r->number;
	e->flag = r->flag;
	e->role = r->role;
	e->policy = r->policy;
	e->fresh[0] = world_id(w);
	e->fresh[1] = world_id(w);
	e->fresh_hash = server_hash(r->fresh);
	e->secret = "secret";
}

static void fill_kind(const struct request *r, struct event *e, char *client_id)
{
	switch (r->kind) {
	case EVENT_CREATE:
		e->create.has_policy = true;
		e->create.policy = r->policy;
		break;
	case EVENT_ENTER:
		e->enter.name = "Somebody";
		e->enter.token = server_hash(r->token);
		e->enter.invite = server_hash(r->invite);
		e->enter.host_key = server_hash(r->host_key);
		break;
	case EVENT_IMPLICIT:
		e->implicit.peer_id = "abcdefgh";
		break;
	case EVENT_BEACON:
		e->beacon.token = server_hash(r->token);
		break;
	case EVENT_CHAT:
		hex_id(client_id, r->number);
		e->chat.client_id = client_id;
		e->chat.to = e->peer;
		e->chat.ciphertext = client_id;
		break;
	case EVENT_SET_KEYS:
		e->keys = (struct chat_keys){"sign", "seal", "proof"};
		break;
	case EVENT_CREATE_INVITE:
		e->invite.uses = (uint32_t)r->number;
		break;
	case EVENT_SET_SETTINGS:
		e->settings.set_chat = true;
		e->settings.to.allow_chat = r->flag;
		e->settings.set_succession = true;
		e->settings.to.succession = r->succession;
		break;
	case EVENT_SET_KNOCK:
		e->knock.message = "let me in";
		break;
	default:
		break;
	}
}

void server_request(struct world *w, uint32_t client, uint64_t conn,
		    const struct request *r)
{
	struct link *l = idmap_get(&w->links, conn);
	char pid[HEX_ID_LEN + 1], client_id[HEX_ID_LEN + 1];
	const struct peer *p;
	struct event_box box;
	struct event e = {
		.kind = r->kind,
		.conn = conn,
		.req = r->req,
	};

	/* Of a connection that is over, or went to the process before. */
	if (!w->core || !l || l->closed)
		return;
	e.from.ip[0] = 127;
	e.from.ip[3] = (uint8_t)(client + 1);
	fill(w, r, &e);
	if (r->peer) {
		hex_id(pid, r->peer);
		e.peer = pid;
	}
	fill_kind(r, &e, client_id);
	if (r->kind == EVENT_SEAL_KEYS) {
		p = core_peer_of(w->core, conn);
		box = (struct event_box){e.peer, "box"};
		e.seal.epoch = p ? p->room->key_epoch + (r->flag ? 1 : 0) : 1;
		e.seal.n = e.peer != NULL;
		e.seal.boxes = &box;
	}
	if (r->kind == EVENT_ENTER) {
		l->resume_epoch = r->epoch;
		l->resume_seq = r->last_seq;
	}
	step(w, &e);
	if (r->kind == EVENT_JOIN && (p = core_peer_of(w->core, conn)))
		media_create(w, p->id);
}

void server_lost(struct world *w, uint64_t conn)
{
	struct event e = {.kind = EVENT_DISCONNECT, .conn = conn};
	struct link *l = idmap_del(&w->links, conn);
	const struct peer *p;

	if (!l)
		return;
	free(l);
	if (!w->core)
		return;
	p = core_peer_of(w->core, conn);
	if (p && core_outbox(w->core, p->id)->conn == conn)
		core_outbox(w->core, p->id)->conn = 0;
	step(w, &e);
}

void server_tick(struct world *w)
{
	struct event e = {.kind = EVENT_TICK};

	w->tick_due_us = 0;
	step(w, &e);
	if (core_deadline(w->core) <= w->now.us)
		world_violation(w, "a deadline stays in the past");
}

void server_written(struct world *w)
{
	w->write_due = false;
	journal_commit(&w->journal);
	gate_committed(w->gate, w->journal.committed);
	drain(w);
}

/* ---- life and death ---- */

static struct core *new_core(struct world *w)
{
	uint8_t seed[16];

	memset(seed, (int)(w->seed & 255), sizeof(seed));
	return core_new(&w->conf, seed, (w->boots + 1) << 16);
}

void server_start(struct world *w)
{
	w->core = new_core(w);
	w->gate = gate_new();
	w->boots++;
	w->tick_due_us = 0;
	w->write_due = false;
	gate_committed(w->gate, w->journal.committed);
	if (journal_load(&w->journal, w->core, w->now))
		world_violation(w, "the journal does not load");
	check_core(w);
	media_reconcile(w);
	drain(w);
}

static void drop_links(struct world *w)
{
	size_t pos = 0;
	struct link *l;

	while ((l = idmap_next(&w->links, &pos)))
		free(l);
	idmap_fini(&w->links);
	idmap_init(&w->links);
}

void server_free(struct world *w)
{
	gate_free(w->gate);
	core_free(w->core);
	w->gate = NULL;
	w->core = NULL;
	drop_links(w);
}

void server_crash(struct world *w, bool power_cut)
{
	server_free(w);
	journal_crash(&w->journal, &w->rnd, power_cut);
	for (uint32_t i = 0; i < w->n_clients; i++)
		w->clients[i].conn = 0; /* they notice soon enough */
	server_start(w);
	check_restart(w, power_cut);
	for (uint32_t i = 0; i < w->n_clients; i++)
		world_plan(w, 100000 + rnd_below(&w->rnd, 900000),
			   AGENDA_CONNECT, i, 0, NULL);
}
