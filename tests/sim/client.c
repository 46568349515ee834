#include "tests/sim/client.h"

#include <stdlib.h>
#include <string.h>

/* ---- sending ---- */

static struct pending *pending_add(struct client *c, const struct request *r)
{
	for (uint32_t i = 0; i < PENDING_MAX; i++) {
		if (c->pending[i].req)
			continue;
		c->pending[i] = (struct pending){
			.req = r->req,
			.kind = r->kind,
			.about = r->peer,
			.secret = r->fresh,
		};
		if (r->kind == EVENT_CREATE_INVITE ||
		    r->kind == EVENT_REVOKE_INVITE)
			c->pending[i].about = r->number;
		return &c->pending[i];
	}
	return NULL;
}

static void pending_del(struct client *c, uint64_t req)
{
	for (uint32_t i = 0; i < PENDING_MAX; i++)
		if (c->pending[i].req == req)
			c->pending[i].req = 0;
}

/* On the way, in order. NULL: too many are unanswered. */
static struct pending *send_request(struct world *w, struct client *c,
				    struct request r)
{
	struct pending *p;
	struct request *copy;
	uint64_t at;

	r.req = ++c->next_req;
	r.room = c->room;
	p = pending_add(c, &r);
	if (!p)
		return NULL;
	copy = malloc(sizeof(*copy));
	*copy = r;
	at = w->now.us + 200 + rnd_below(&w->rnd, 5000);
	if (at <= c->sends_us)
		at = c->sends_us + 1;
	c->sends_us = at;
	world_plan(w, at - w->now.us, AGENDA_REQUEST, c->n, c->conn, copy);
	return p;
}

static void ask(struct world *w, struct client *c, enum event_kind kind)
{
	(void)send_request(w, c, (struct request){.kind = kind});
}

static void ask_about(struct world *w, struct client *c, enum event_kind kind,
		      uint64_t peer)
{
	(void)send_request(w, c,
			   (struct request){
				   .kind = kind,
				   .peer = peer,
				   .fresh = world_id(w),
				   .flag = rnd_below(&w->rnd, 6) == 0,
				   .number = 1 + rnd_below(&w->rnd, 15),
			   });
}

/* ---- connections ---- */

void client_break(struct world *w, struct client *c)
{
	if (!c->conn)
		return;
	world_plan(w,
		   rnd_below(&w->rnd, 3) ? 1000 : rnd_below(&w->rnd, 3000000),
		   AGENDA_LOST, 0, c->conn, NULL);
	c->conn = 0;
	memset(c->pending, 0, sizeof(c->pending));
	if (c->status == STATUS_ENTERING)
		c->status = STATUS_OUT;
}

static void new_person(struct client *c)
{
	c->token = 0;
	c->peer = 0;
	c->status = STATUS_OUT;
	c->joined = false;
	c->role = ROLE_GUEST;
	c->last_chat = 0;
	c->epoch = 0;
	c->last_seq = 0;
}

static void open_connection(struct world *w, struct client *c)
{
	c->conn = ++w->next_conn;
	server_connected(w, c->n, c->conn);
	memset(c->pending, 0, sizeof(c->pending));
	if (c->status == STATUS_GONE)
		new_person(c);
}

static void enter(struct world *w, struct client *c, uint32_t invite)
{
	struct request r = {
		.kind = c->plain ? EVENT_IMPLICIT : EVENT_ENTER,
		.token = c->token,
		.epoch = c->epoch,
		.last_seq = c->last_seq,
		.fresh = world_id(w),
	};
	struct pending *p;

	if (invite)
		r.invite = w->invites[invite - 1].secret;
	else if (!c->plain && c->room == 2 && c->n % 4 == 0)
		r.host_key = 77; /* made-by-post: this one made it */
	p = send_request(w, c, r);
	if (!p)
		return;
	p->about = invite;
	c->status = STATUS_ENTERING;
}

void client_connect(struct world *w, struct client *c)
{
	if (!c->willing || c->conn || !w->core)
		return;
	open_connection(w, c);
	if (!c->plain && c->room == 2 && c->n % 4 == 0 && !c->token)
		(void)send_request(w, c,
				   (struct request){
					   .kind = EVENT_CREATE,
					   .fresh = 77,
					   .policy = (enum policy)(w->seed % 2),
				   });
	enter(w, c, 0);
}

/* Several at the same instant with the same invite. */
static void stampede(struct world *w, uint32_t invite)
{
	uint64_t at = w->now.us + 20000;

	for (uint32_t i = 0; i < w->n_clients; i++) {
		struct client *c = &w->clients[i];

		if (c->status == STATUS_IN || c->plain ||
		    rnd_below(&w->rnd, 3) == 0 ||
		    core_room(w->core, w->invites[invite - 1].room_key) == NULL)
			continue;
		client_break(w, c);
		new_person(c);
		c->willing = true;
		open_connection(w, c);
		c->sends_us = at - 1;
		enter(w, c, invite);
	}
}

/* ---- what arrives ---- */

static void on_entered(struct world *w, struct client *c,
		       const struct message *m, uint64_t fresh)
{
	if (!m->resumed) {
		new_person(c);
		c->token = c->plain ? 0 : fresh;
		if (m->seq)
			world_violation(w, "a newcomer has missed something");
	}
	if (m->missed_from &&
	    (m->missed_from != c->last_seq + 1 || m->epoch != c->epoch))
		world_violation(w, "a replay does not continue");
	c->peer = m->peer;
	c->epoch = m->epoch;
	c->last_seq = m->seq;
	c->status = m->waiting ? STATUS_WAITING : STATUS_IN;
	c->role = m->role;
	if (m->waiting)
		c->joined = false;
}

static void on_answer(struct world *w, struct client *c,
		      const struct message *m)
{
	struct pending p = {0};

	for (uint32_t i = 0; i < PENDING_MAX; i++)
		if (c->pending[i].req == m->req)
			p = c->pending[i];
	if (!p.req) {
		world_violation(w, "an answer nobody waits for");
		return;
	}
	pending_del(c, m->req);
	c->refused = m->kind == MESSAGE_REFUSAL ? m->why : REFUSE_WHYS;
	if (m->kind == MESSAGE_REFUSAL) {
		if (p.kind != EVENT_ENTER && p.kind != EVENT_IMPLICIT)
			return;
		c->status = STATUS_OUT;
		if (!m->retry_ms || m->why == REFUSE_DENIED)
			c->token = 0;
		return;
	}
	if (m->answer == ANSWER_ENTERED)
		on_entered(w, c, m, p.secret);
	else if (m->answer == ANSWER_JOINED)
		c->joined = true;
	else if (m->answer == ANSWER_INVITE && w->n_invites)
		stampede(w, w->n_invites);
}

static bool may_hear_waiting(enum note_kind kind)
{
	return kind == NOTE_WAITING_STATE || kind == NOTE_ADMITTED ||
	       kind == NOTE_DENIED || kind == NOTE_ROOM_ENDED;
}

static void on_note(struct world *w, struct client *c, const struct message *m)
{
	if (m->seq && (m->epoch != c->epoch || m->seq != c->last_seq + 1))
		world_violation(w, "event %u/%llu came after %u/%llu", m->epoch,
				(unsigned long long)m->seq, c->epoch,
				(unsigned long long)c->last_seq);
	if (m->seq)
		c->last_seq = m->seq;
	if (c->status == STATUS_WAITING && !may_hear_waiting(m->note))
		world_violation(w, "who waits hears note %d", (int)m->note);
	switch (m->note) {
	case NOTE_ADMITTED:
		c->status = STATUS_IN;
		c->role = (enum role)m->number;
		break;
	case NOTE_WAITING_STATE:
		c->status = STATUS_WAITING;
		c->joined = false;
		break;
	case NOTE_KNOCK:
		if (rnd_below(&w->rnd, w->calm ? 1 : 3) == 0)
			ask_about(w, c, EVENT_ADMIT, m->number);
		break;
	case NOTE_CHAT:
		if (m->number <= c->last_chat)
			world_violation(w, "a message came twice");
		c->last_chat = m->number;
		break;
	default:
		break;
	}
}

static void on_close(struct world *w, struct client *c, const char *reason)
{
	c->conn = 0;
	memset(c->pending, 0, sizeof(c->pending));
	if (strcmp(reason, "replaced") != 0) {
		c->status = STATUS_GONE;
		c->token = 0;
		if (!w->calm)
			c->willing = rnd_below(&w->rnd, 3) != 0;
	}
	world_plan(w, 200000 + rnd_below(&w->rnd, 500000), AGENDA_CONNECT, c->n,
		   0, NULL);
}

void client_message(struct world *w, struct client *c, uint64_t conn,
		    const struct message *m)
{
	if (c->conn != conn)
		return;
	switch (m->kind) {
	case MESSAGE_ANSWER:
	case MESSAGE_REFUSAL:
		on_answer(w, c, m);
		break;
	case MESSAGE_NOTE:
		on_note(w, c, m);
		break;
	case MESSAGE_CLOSE:
		on_close(w, c, m->reason);
		break;
	}
}

/* ---- doing things ---- */

static uint64_t somebody(struct world *w)
{
	return w->clients[rnd_below(&w->rnd, w->n_clients)].peer;
}

static void act_as_host(struct world *w, struct client *c)
{
	struct rnd *r = &w->rnd;
	struct request q = {
		.peer = somebody(w),
		.number = 1 + rnd_below(r, 4),
		.flag = rnd_below(r, 2),
		.role = (enum role)rnd_below(r, 3),
		.policy = (enum policy)rnd_below(r, 3),
		.succession = (enum succession)(rnd_below(r, 8) % 3 % 2),
		.fresh = world_id(w),
	};
	static const enum event_kind kinds[] = {
		EVENT_ADMIT,	     EVENT_ADMIT_ALL,	  EVENT_ADMIT_ALL,
		EVENT_DENY,	     EVENT_KICK,	  EVENT_SEND_TO_WAITING,
		EVENT_CREATE_INVITE, EVENT_CREATE_INVITE, EVENT_LIST_INVITES,
		EVENT_REVOKE_INVITE, EVENT_SET_POLICY,	  EVENT_SET_SETTINGS,
		EVENT_MUTE_PEER,     EVENT_MUTE_ALL,	  EVENT_ASK_UNMUTE,
		EVENT_SET_ROLE,	     EVENT_LOWER_HANDS,	  EVENT_SPOTLIGHT,
		EVENT_LIST_AUDIT,    EVENT_LIST_KNOCKS,
	};

	q.kind = kinds[rnd_below(r, sizeof(kinds) / sizeof(kinds[0]))];
	if (rnd_below(r, 150) == 0)
		q.kind = EVENT_END_ROOM;
	(void)send_request(w, c, q);
}

static void act_as_member(struct world *w, struct client *c)
{
	static const enum event_kind kinds[] = {
		EVENT_CHAT,	EVENT_CHAT,	 EVENT_CHAT,  EVENT_DELETE_CHAT,
		EVENT_HISTORY,	EVENT_SET_HAND,	 EVENT_REACT, EVENT_RENAME,
		EVENT_SET_KEYS, EVENT_SEAL_KEYS, EVENT_JOIN,  EVENT_SET_KNOCK,
		EVENT_BEACON,
	};
	struct rnd *r = &w->rnd;
	struct request q = {
		.number = 1 + rnd_below(r, 1000),
		.flag = rnd_below(r, 2),
		.token = c->token,
	};

	q.kind = kinds[rnd_below(r, sizeof(kinds) / sizeof(kinds[0]))];
	if (q.kind == EVENT_DELETE_CHAT)
		q.number = 1 + rnd_below(r, 40);
	if (q.kind == EVENT_SEAL_KEYS || (q.kind == EVENT_CHAT && q.flag))
		q.peer = somebody(w);
	if (rnd_below(r, 40) == 0)
		q.kind = EVENT_LEAVE;
	if (q.kind == EVENT_BEACON) /* is not answered */
		client_break(w, c);
	else
		(void)send_request(w, c, q);
}

/* What a stranger or one who waits tries. */
static void act_in_vain(struct world *w, struct client *c)
{
	ask_about(w, c,
		  (enum event_kind)(EVENT_RENAME +
				    rnd_below(&w->rnd, EVENT_LIST_AUDIT + 1 -
							       EVENT_RENAME)),
		  somebody(w));
}

static void act_inside(struct world *w, struct client *c)
{
	if (!c->joined)
		ask(w, c, EVENT_JOIN);
	else if (w->calm) {
		if (c->role != ROLE_GUEST)
			ask(w, c, EVENT_ADMIT_ALL);
	} else if (c->role != ROLE_GUEST && rnd_below(&w->rnd, 2))
		act_as_host(w, c);
	else if (rnd_below(&w->rnd, 25) == 0)
		act_in_vain(w, c);
	else
		act_as_member(w, c);
}

/* The link breaks, the page is loaded again, the tab is doubled. */
static bool misfortune(struct world *w, struct client *c)
{
	uint32_t p = rnd_below(&w->rnd, 1000);

	if (w->calm || p > 60)
		return false;
	if (p < 10 && c->token) { /* the same token from a new connection */
		world_plan(w, 5000000, AGENDA_LOST, 0, c->conn, NULL);
		c->conn = 0;
		if (p < 5) { /* a reload: it has forgotten what it heard */
			c->epoch = 0;
			c->last_seq = 0;
		}
		client_connect(w, c);
		return true;
	}
	client_break(w, c);
	world_plan(w, rnd_below(&w->rnd, p < 15 ? 9000000 : 700000),
		   AGENDA_CONNECT, c->n, 0, NULL);
	return true;
}

void client_act(struct world *w, struct client *c)
{
	if (!c->willing && (w->calm || rnd_below(&w->rnd, 4) == 0))
		c->willing = true;
	if (!c->conn) {
		client_connect(w, c);
		return;
	}
	if (misfortune(w, c))
		return;
	switch (c->status) {
	case STATUS_OUT:
		enter(w, c, 0);
		break;
	case STATUS_WAITING:
		if (!w->calm && rnd_below(&w->rnd, 4) == 0)
			act_in_vain(w, c);
		break;
	case STATUS_IN:
		act_inside(w, c);
		break;
	case STATUS_ENTERING:
	case STATUS_GONE:
		break;
	}
}
