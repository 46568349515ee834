#include "signald/room/lobby.h"

#include <stdlib.h>

#include "signald/room/audit.h"
#include "signald/room/denial.h"
#include "signald/room/member.h"
#include "signald/room/rate.h"
#include "signald/room/registry.h"
#include "signald/room/role.h"
#include "signald/room/save.h"
#include "signald/room/tell.h"
#include "signald/room/text.h"
#include "signald/room/view.h"

uint32_t lobby_position(const struct peer *p)
{
	uint32_t n = 1;

	list_for_each (it, &p->room->line) {
		if (member_of(it) == p)
			break;
		n++;
	}
	return n;
}

static uint32_t from_here(const struct step *s, const struct room *r)
{
	struct addr from = addr_bucket(&s->e->from);
	uint32_t n = 0;

	list_for_each (it, &r->line)
		n += addr_eq(&member_of(it)->from, &from);
	return n;
}

bool lobby_is_closed(struct step *s, const struct room *r, const char *browser)
{
	const struct core_conf *k = &s->c->conf;
	uint64_t wait_ms = denial_wait(s, r, browser);

	if (wait_ms) {
		tell_refusal_for(s, REFUSE_DENIED, wait_ms);
		return true;
	}
	if (r->n_line >= k->knocks || from_here(s, r) >= k->knocks_per_addr) {
		tell_refusal(s, REFUSE_TOO_MANY_KNOCKS);
		return true;
	}
	wait_ms = rate_take(s, RATE_KNOCK);
	if (wait_ms)
		tell_refusal_for(s, REFUSE_RATE_LIMITED, wait_ms);
	return wait_ms != 0;
}

void lobby_knock(struct step *s, const struct peer *p)
{
	struct knock_view v = view_knock(s->fx, p);

	tell_all(s, p->room, TELL_HOSTS, NULL, NOTE_KNOCK)->knock = v;
}

void lobby_left(struct step *s, const struct peer *p)
{
	const char *pid = effects_str(s->fx, p->pid);
	uint32_t place = 0;
	bool behind = false;

	tell_all(s, p->room, TELL_HOSTS, NULL, NOTE_KNOCK_GONE)->peer = pid;
	list_for_each (it, &p->room->line) {
		if (behind)
			tell_peer(s, member_of(it), NOTE_WAITING_STATE)
				->position = place;
		behind |= member_of(it) == p;
		place++;
	}
}

/* A member from now on, also one who is away for the moment. */
static void lobby_let_in(struct step *s, struct peer *p)
{
	struct entered v;

	lobby_left(s, p);
	p->order = ++p->room->next_order;
	member_set_state(p, p->conn ? PEER_IN : PEER_AWAY);
	save_peer(s, p, RECORD_DURABLE);
	v = view_entered(s->fx, p);
	tell_peer(s, p, NOTE_ADMITTED)->entered = v;
	member_arrived(s, p);
}

static bool room_is_full(const struct room *r)
{
	return r->n_members >= r->core->conf.seats;
}

void lobby_open(struct step *s, struct room *r)
{
	while (!list_empty(&r->line) && !room_is_full(r))
		lobby_let_in(s, member_of(r->line.next));
}

void lobby_list(struct step *s)
{
	uint32_t n;
	const struct knock_view *v = view_line(s->fx, s->room, &n);
	struct answer *a = tell_answer(s, ANSWER_KNOCKS);

	a->knocks.v = v;
	a->knocks.n = n;
}

void lobby_admit(struct step *s)
{
	struct peer *p = member_find_waiting(s->room, s->e->peer);

	if (!p) {
		tell_refusal(s, REFUSE_NO_PEER);
		return;
	}
	if (room_is_full(s->room)) {
		tell_refusal(s, REFUSE_ROOM_FULL);
		return;
	}
	audit_add(s, s->room, "admit", p, p->name);
	lobby_let_in(s, p);
	tell_ok(s);
}

void lobby_admit_all(struct step *s)
{
	if (s->room->n_line && room_is_full(s->room)) {
		tell_refusal(s, REFUSE_ROOM_FULL);
		return;
	}
	audit_add(s, s->room, "admit-all", NULL, "");
	lobby_open(s, s->room);
	tell_ok(s);
}

void lobby_deny(struct step *s)
{
	struct peer *p = member_find_waiting(s->room, s->e->peer);
	char reason[MESSAGE_SIZE];
	const char *words;

	if (!p) {
		tell_refusal(s, REFUSE_NO_PEER);
		return;
	}
	text_clean(reason, sizeof(reason), s->e->text, 128);
	words = *reason ? effects_str(s->fx, reason) : NULL;
	audit_add(s, s->room, "deny", p, p->name);
	denial_add(s, p);
	save_del(s, RECORD_PEER_DEL, s->key, p->id, RECORD_DURABLE);
	if (p->conn)
		tell_conn(s, p, NOTE_DENIED)->text = words;
	member_gone(s, p, "denied", RECORD_LAZY);
	tell_ok(s);
}

void lobby_send_back(struct step *s)
{
	struct peer *p = member_find(s->room, s->e->peer);

	if (!p) {
		tell_refusal(s, REFUSE_NO_PEER);
		return;
	}
	if (p->plain || p == s->me || role_is_hosts(p)) {
		tell_refusal(s, REFUSE_FORBIDDEN);
		return;
	}
	if (s->room->n_line >= s->c->conf.knocks) {
		tell_refusal(s, REFUSE_TOO_MANY_KNOCKS);
		return;
	}
	audit_add(s, s->room, "send-to-waiting", p, "");
	role_void_secrets(s, p);
	member_withdraw(s, p, true);
	p->role = p->role_before = ROLE_GUEST;
	p->owner = false;
	p->order = ++p->room->next_order;
	member_set_state(p, p->conn ? PEER_WAITING : PEER_WAITING_AWAY);
	save_peer(s, p, RECORD_DURABLE);
	tell_peer(s, p, NOTE_WAITING_STATE)->position = lobby_position(p);
	lobby_knock(s, p);
	registry_rest(s, p->room);
	tell_ok(s);
}

void lobby_set_knock(struct step *s)
{
	struct peer *p = s->me;
	char text[MESSAGE_SIZE];
	char *words;

	if (s->e->knock.name && !p->subject)
		text_name(p->name, s->e->knock.name);
	if (s->e->knock.message) {
		text_clean(text, sizeof(text), s->e->knock.message, 128);
		words = text_dup(text);
		free(p->message);
		p->message = words;
	}
	save_peer(s, p, RECORD_LAZY);
	lobby_knock(s, p);
	tell_ok(s);
}
