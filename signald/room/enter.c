#include "signald/room/enter.h"

#include <sodium.h>
#include <string.h>

#include "common/hex.h"
#include "common/str.h"
#include "signald/room/ban.h"
#include "signald/room/invite.h"
#include "signald/room/lobby.h"
#include "signald/room/member.h"
#include "signald/room/people.h"
#include "signald/room/rate.h"
#include "signald/room/registry.h"
#include "signald/room/role.h"
#include "signald/room/save.h"
#include "signald/room/tell.h"
#include "signald/room/text.h"
#include "signald/room/view.h"

/* How one who is not refused comes in. */
struct way {
	bool waiting;
	bool owner; /* as host by right */
	enum role role;
	struct invite *invite; /* to spend */
};

static bool has(const struct secret_hash *h)
{
	return !sodium_is_zero(h->b, sizeof(h->b));
}

static void bind_peer(struct step *s, const struct peer *p)
{
	struct effect *e = effects_add(s->fx, EFFECT_BIND, p->room->key);

	e->bind.peer = p->id;
	e->bind.conn = p->conn;
}

static void answer_entered(struct step *s, const struct peer *p, bool resumed)
{
	struct entered v = view_entered(s->fx, p);

	v.resumed = resumed;
	if (!resumed)
		v.token = effects_str(s->fx, s->e->secret);
	tell_answer(s, ANSWER_ENTERED)->entered = v;
	bind_peer(s, p);
}

/* ---- the same peer again ---- */

static void resume_member(struct step *s, struct peer *p)
{
	bool was_away = p->state == PEER_AWAY;
	struct peer *before = NULL;
	bool crowned = role_is_due(p);

	if (was_away)
		member_set_state(p, PEER_IN);
	timerq_unset(&s->c->timers, &p->host_grace);
	if (crowned)
		before = role_crown(s, p, true);
	answer_entered(s, p, true);
	if (was_away)
		tell_person(s, p);
	if (crowned)
		role_tell(s, p, before);
	else
		(void)role_settle(s, p->room);
}

static void resume(struct step *s, struct peer *p)
{
	step_room(s, p->room);
	if (!member_bind(s, p, s->e->conn)) {
		tell_refusal(s, REFUSE_NO_MEMORY);
		return;
	}
	s->me = p;
	if (peer_is_in(p)) {
		resume_member(s, p);
		return;
	}
	if (p->state == PEER_WAITING_AWAY)
		member_set_state(p, PEER_WAITING);
	answer_entered(s, p, true);
}

/* ---- a new one ---- */

static void fail(struct step *s, enum refuse_why why)
{
	(void)rate_take(s, RATE_FAIL);
	tell_refusal(s, why);
}

static bool by_host_key(struct step *s, const struct room *r, struct way *way)
{
	const struct secret_hash *key = &s->e->enter.host_key;

	if (!r || !has(&r->host_key) ||
	    sodium_memcmp(key->b, r->host_key.b, sizeof(key->b)) != 0) {
		fail(s, REFUSE_HOST_KEY_INVALID);
		return false;
	}
	way->owner = true;
	return true;
}

static bool by_invite(struct step *s, const struct room *r, struct way *way)
{
	way->invite = r ? invite_find(s, r, &s->e->enter.invite) : NULL;
	if (!way->invite) {
		fail(s, REFUSE_INVITE_INVALID);
		return false;
	}
	way->role = way->invite->role;
	return true;
}

static bool by_policy(struct step *s, const struct room *r, struct way *way)
{
	enum policy policy = r ? r->policy : s->c->conf.policy;

	if (r && policy == POLICY_LOCKED) {
		tell_refusal(s, REFUSE_ROOM_LOCKED);
		return false;
	}
	/* The first in a typed room is its host. */
	way->owner = !r || (!r->created && !role_has_people(r));
	way->waiting = !way->owner && policy != POLICY_OPEN;
	return !way->waiting || !lobby_is_closed(s, r, s->e->enter.browser);
}

static bool find_way(struct step *s, const struct room *r, struct way *way)
{
	bool ok;

	if (has(&s->e->enter.host_key))
		ok = by_host_key(s, r, way);
	else if (has(&s->e->enter.invite))
		ok = by_invite(s, r, way);
	else
		ok = by_policy(s, r, way);
	if (ok && r && !way->waiting && r->n_members >= s->c->conf.seats) {
		tell_refusal(s, REFUSE_ROOM_FULL);
		return false;
	}
	return ok;
}

static bool new_room_is_refused(struct step *s)
{
	if (s->c->conf.sign_in_to_create && !s->e->enter.subject)
		tell_refusal(s, REFUSE_SIGN_IN_REQUIRED);
	else if (s->c->n_rooms >= s->c->conf.rooms)
		tell_refusal(s, REFUSE_TOO_MANY_ROOMS);
	else
		return false;
	return true;
}

static bool enter_is_refused(struct step *s, const struct room *r)
{
	const struct event_enter *e = &s->e->enter;
	uint64_t wait_ms = rate_take(s, RATE_JOIN);

	if (wait_ms)
		tell_refusal_for(s, REFUSE_RATE_LIMITED, wait_ms);
	else if (r && r->ended)
		tell_refusal(s, REFUSE_ROOM_ENDED);
	else if (r && ban_holds(s, r, e->subject, e->browser))
		tell_refusal(s, REFUSE_BANNED);
	else if (s->c->conf.sign_in_to_join && !e->subject)
		tell_refusal(s, REFUSE_SIGN_IN_REQUIRED);
	else
		return !r && new_room_is_refused(s);
	return true;
}

static void fill_peer(struct step *s, struct peer *p)
{
	const struct event_enter *e = &s->e->enter;
	char text[MESSAGE_SIZE];

	text_name(p->name, e->name);
	people_set_device(p, &e->device);
	p->message = text_dup(text_clean(text, sizeof(text), e->message, 128));
	p->subject = text_dup(e->subject);
	if (e->subject && !p->subject)
		s->fx->oom = true;
	(void)str_copy(p->browser, sizeof(p->browser),
		       e->browser ? e->browser : "");
	p->from = addr_bucket(&s->e->from);
	p->entered_ms = s->now.wall_ms;
	p->order = ++p->room->next_order;
}

/* The room if need be, and the peer, bound to its connection. */
static struct peer *make_peer(struct step *s, struct room *r)
{
	bool fresh = !r;
	struct peer *p;

	if (!r)
		r = registry_make(s->c, s->e->room_id, s->e->fresh[0],
				  s->now.wall_ms);
	if (!r)
		return NULL;
	p = member_new(s->c, r, s->e->fresh[1], &s->e->fresh_hash);
	if (p && !member_bind(s, p, s->e->conn)) {
		member_free(s->c, p);
		p = NULL;
	}
	if (!p) {
		if (fresh)
			registry_free(s->c, r);
		return NULL;
	}
	step_room(s, r);
	s->me = p;
	if (fresh)
		save_room(s, r, RECORD_DURABLE);
	return p;
}

static void come_in(struct step *s, struct peer *p, const struct way *way)
{
	struct peer *before = NULL;

	p->role = way->role;
	member_set_state(p, PEER_IN);
	if (way->invite) {
		p->invite = way->invite->id;
		invite_spend(s, p->room, way->invite);
	}
	if (way->owner)
		before = role_crown(s, p, true);
	else
		save_peer(s, p, RECORD_DURABLE);
	answer_entered(s, p, false);
	member_arrived(s, p);
	if (way->owner)
		role_tell(s, p, before);
}

static void enter_new(struct step *s)
{
	struct room *r = registry_find(s->c, s->e->room_id);
	struct way way = {0};
	struct peer *p;

	if (enter_is_refused(s, r) || !find_way(s, r, &way))
		return;
	p = make_peer(s, r);
	if (!p) {
		tell_refusal(s, REFUSE_NO_MEMORY);
		return;
	}
	fill_peer(s, p);
	if (!way.waiting) {
		come_in(s, p, &way);
		return;
	}
	member_set_state(p, PEER_WAITING);
	save_peer(s, p, RECORD_COMMIT);
	answer_entered(s, p, false);
	lobby_knock(s, p);
}

static bool brings_secret(const struct event_enter *e)
{
	return has(&e->token) || has(&e->invite) || has(&e->host_key);
}

void enter_request(struct step *s)
{
	const struct event_enter *e = &s->e->enter;
	struct peer *p;
	uint64_t wait_ms;

	if (s->me) {
		tell_refusal(s, REFUSE_ALREADY_ENTERED);
		return;
	}
	if (!text_is_room_id(s->e->room_id)) {
		tell_refusal(s, REFUSE_BAD_REQUEST);
		return;
	}
	wait_ms = brings_secret(e) ? rate_wait(s, RATE_FAIL) : 0;
	if (wait_ms) {
		tell_refusal_for(s, REFUSE_RATE_LIMITED, wait_ms);
		return;
	}
	if (has(&e->token)) {
		p = member_by_token(s->c, &e->token);
		if (p && str_eq(p->room->id, s->e->room_id)) {
			resume(s, p);
			return;
		}
		(void)rate_take(s, RATE_FAIL);
	}
	enter_new(s);
}

/* ---- plain mediasoup clients ---- */

static bool implicit_is_refused(struct step *s, const struct room *r)
{
	const char *subject = s->e->implicit.subject;
	enum policy policy = r ? r->policy : s->c->conf.policy;
	uint64_t wait_ms;

	if (!text_is_room_id(s->e->room_id) || policy != POLICY_OPEN) {
		tell_refusal(s, REFUSE_NOT_ADMITTED);
		return true;
	}
	wait_ms = rate_take(s, RATE_JOIN);
	if (wait_ms)
		tell_refusal_for(s, REFUSE_RATE_LIMITED, wait_ms);
	else if (r && r->ended)
		tell_refusal(s, REFUSE_ROOM_ENDED);
	else if (r && ban_holds(s, r, subject, NULL))
		tell_refusal(s, REFUSE_BANNED);
	else if ((s->c->conf.sign_in_to_join && !subject) ||
		 (!r && s->c->conf.sign_in_to_create && !subject))
		tell_refusal(s, REFUSE_SIGN_IN_REQUIRED);
	else if (r && r->n_members >= s->c->conf.seats)
		tell_refusal(s, REFUSE_ROOM_FULL);
	else if (!r && s->c->n_rooms >= s->c->conf.rooms)
		tell_refusal(s, REFUSE_TOO_MANY_ROOMS);
	else
		return false;
	return true;
}

/* The id of the URL, unless it is taken or could be mistaken for ours. */
static void take_url_id(struct peer *p, const char *pid)
{
	uint64_t id;

	if (!text_is_peer_id(pid) || !hex_to_id(&id, pid))
		return;
	if (core_peer_named(p->room, pid))
		return;
	(void)str_copy(p->pid, sizeof(p->pid), pid);
}

void enter_implicit(struct step *s)
{
	struct room *r;
	struct peer *p;

	if (s->me) {
		tell_refusal(s, REFUSE_ALREADY_ENTERED);
		return;
	}
	r = registry_find(s->c, s->e->room_id);
	if (implicit_is_refused(s, r))
		return;
	p = make_peer(s, r);
	if (!p) {
		tell_refusal(s, REFUSE_NO_MEMORY);
		return;
	}
	p->plain = true;
	take_url_id(p, s->e->implicit.peer_id);
	text_name(p->name, NULL);
	people_set_device(p, &(struct device){0});
	p->subject = text_dup(s->e->implicit.subject);
	p->from = addr_bucket(&s->e->from);
	p->entered_ms = s->now.wall_ms;
	p->order = ++p->room->next_order;
	member_set_state(p, PEER_IN);
	answer_entered(s, p, false);
	member_arrived(s, p);
}

/* ---- lost connections ---- */

void enter_lost(struct step *s)
{
	if (s->me)
		member_away(s, s->me);
}

void enter_beacon(struct step *s)
{
	struct peer *p;

	if (rate_wait(s, RATE_FAIL))
		return;
	p = member_by_token(s->c, &s->e->beacon.token);
	if (!p) {
		(void)rate_take(s, RATE_FAIL);
		return;
	}
	p->short_grace = true;
	if (!p->conn && timer_is_set(&p->grace))
		step_timer(s, &p->grace, s->now.us + member_grace_us(s->c, p));
}
