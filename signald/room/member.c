#include "signald/room/member.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/hex.h"
#include "signald/room/lobby.h"
#include "signald/room/registry.h"
#include "signald/room/role.h"
#include "signald/room/save.h"
#include "signald/room/tell.h"
#include "signald/room/view.h"

static struct peer *find_in(const struct list *l, const char *pid)
{
	if (!pid)
		return NULL;
	for (struct list *it = l->next; it != l; it = it->next)
		if (!strcmp(member_of(it)->pid, pid))
			return member_of(it);
	return NULL;
}

struct peer *member_find(const struct room *r, const char *pid)
{
	return find_in(&r->members, pid);
}

struct peer *member_find_waiting(const struct room *r, const char *pid)
{
	return find_in(&r->line, pid);
}

/* Keyed hashes are as good as random: 8 bytes find, 32 decide. */
static uint64_t token_key(const struct secret_hash *t)
{
	uint64_t k;

	memcpy(&k, t->b, sizeof(k));
	return k;
}

struct peer *member_by_token(const struct core *c, const struct secret_hash *t)
{
	struct peer *p = idmap_get(&c->tokens, token_key(t));

	return p && !memcmp(&p->token, t, sizeof(*t)) ? p : NULL;
}

struct peer *member_new(struct core *c, struct room *r, uint64_t id,
			const struct secret_hash *token)
{
	struct peer *p = calloc(1, sizeof(*p));
	uint64_t key = token_key(token);

	if (!p)
		return NULL;
	p->id = id;
	p->room = r;
	p->token = *token;
	p->muted = true;
	p->grace.kind = TIMER_GRACE;
	p->host_grace.kind = TIMER_HOST_GRACE;
	list_init(&p->node);
	hex_id(p->pid, id);
	if (idmap_put(&c->peers, id, p))
		goto out;
	if (key && idmap_put(&c->tokens, key, p))
		goto out_id;
	outbox_init(&p->outbox, core_new_epoch(c));
	return p;
out_id:
	idmap_del(&c->peers, id);
out:
	free(p);
	return NULL;
}

void member_free(struct core *c, struct peer *p)
{
	uint64_t key = token_key(&p->token);

	if (p->state != PEER_GONE)
		member_set_state(p, PEER_GONE);
	member_unbind(c, p);
	idmap_del(&c->peers, p->id);
	if (key)
		idmap_del(&c->tokens, key);
	timerq_unset(&c->timers, &p->grace);
	timerq_unset(&c->timers, &p->host_grace);
	outbox_fini(&p->outbox);
	for (int i = 0; i < 3; i++)
		free(p->keys[i]);
	free(p->message);
	free(p->subject);
	free(p->blob);
	free(p);
}

#define TO(s) (1u << (s))
static const unsigned moves[] = {
	[PEER_NEW] = TO(PEER_WAITING) | TO(PEER_WAITING_AWAY) | TO(PEER_IN) |
		     TO(PEER_AWAY) | TO(PEER_GONE),
	[PEER_WAITING] = TO(PEER_WAITING_AWAY) | TO(PEER_IN) | TO(PEER_GONE),
	[PEER_WAITING_AWAY] = TO(PEER_WAITING) | TO(PEER_AWAY) | TO(PEER_GONE),
	[PEER_IN] = TO(PEER_AWAY) | TO(PEER_WAITING) | TO(PEER_GONE),
	[PEER_AWAY] = TO(PEER_IN) | TO(PEER_WAITING_AWAY) | TO(PEER_GONE),
	[PEER_GONE] = 0,
};

/* Both lists are sorted by `order`, and who comes is nearly always last. */
static void list_sort_in(struct list *l, struct peer *p)
{
	struct list *at = l->prev;

	while (at != l && member_of(at)->order > p->order)
		at = at->prev;
	list_push(at->next, &p->node);
}

void member_set_state(struct peer *p, enum peer_state to)
{
	struct room *r = p->room;
	bool was_in = peer_is_in(p), waited = peer_is_waiting(p);

	assert(moves[p->state] & TO(to));
	p->state = to;
	if (was_in == peer_is_in(p) && waited == peer_is_waiting(p))
		return;
	r->n_members -= was_in;
	r->n_line -= waited;
	r->n_members += peer_is_in(p);
	r->n_line += peer_is_waiting(p);
	list_del(&p->node);
	if (peer_is_in(p))
		list_sort_in(&r->members, p);
	if (peer_is_waiting(p))
		list_sort_in(&r->line, p);
}

bool member_bind(struct step *s, struct peer *p, uint64_t conn)
{
	if (idmap_put(&s->c->conns, conn, p))
		return false;
	if (p->conn) {
		tell_close(s, p->room->key, p->conn, 4000, "replaced");
		member_unbind(s->c, p);
	}
	p->conn = conn;
	p->short_grace = false;
	timerq_unset(&s->c->timers, &p->grace);
	return true;
}

void member_unbind(struct core *c, struct peer *p)
{
	if (p->conn)
		idmap_del(&c->conns, p->conn);
	p->conn = 0;
}

uint64_t member_grace_us(const struct core *c, const struct peer *p)
{
	return p->short_grace ? c->conf.beacon_grace_us : c->conf.grace_us;
}

void member_away(struct step *s, struct peer *p)
{
	member_unbind(s->c, p);
	if (p->plain) {
		member_gone(s, p, NULL, RECORD_LAZY);
		return;
	}
	step_timer(s, &p->grace, s->now.us + member_grace_us(s->c, p));
	if (peer_is_waiting(p)) {
		member_set_state(p, PEER_WAITING_AWAY);
		return;
	}
	member_set_state(p, PEER_AWAY);
	if (p->room->host == p)
		step_timer(s, &p->host_grace,
			   s->now.us + s->c->conf.host_grace_us);
	tell_person(s, p);
}

static void tell_coming(struct step *s, const struct peer *p)
{
	struct person *who = effects_alloc(s->fx, 1, sizeof(*who));
	struct room_view v = view_room(s->fx, p->room);
	struct note *n;

	if (!who)
		return;
	*who = view_person(s->fx, p);
	n = tell_all(s, p->room, TELL_MEMBERS, p, NOTE_ROOM_UPDATED);
	n->room.room = v;
	n->room.entered = who;
}

void member_arrived(struct step *s, struct peer *p)
{
	registry_use(s, p->room);
	tell_coming(s, p);
	(void)role_settle(s, p->room);
}

static void tell_going(struct step *s, const struct peer *p)
{
	const char *pid = effects_str(s->fx, p->pid);
	struct room_view v = view_room(s->fx, p->room);
	struct note *n;

	if (p->joined)
		tell_all(s, p->room, TELL_JOINED, p, NOTE_PEER_CLOSED)->peer =
			pid;
	n = tell_all(s, p->room, TELL_MEMBERS, p, NOTE_ROOM_UPDATED);
	n->room.room = v;
	n->room.gone = pid;
}

/* Before the state changes: p still stands in its list. */
void member_withdraw(struct step *s, struct peer *p, bool moving)
{
	struct room *r = p->room;

	if (peer_is_waiting(p)) {
		lobby_left(s, p);
		return;
	}
	tell_media(s, EFFECT_MEDIA_STOP, p, 0)->media.moving = moving;
	p->hand = 0;
	if (r->spotlight == p->id) {
		r->spotlight = 0;
		save_room(s, r, RECORD_LAZY);
	}
	role_lose(s, p);
	tell_going(s, p);
	p->joined = false;
}

void member_gone(struct step *s, struct peer *p, const char *reason,
		 enum record_wait wait)
{
	struct room *r = p->room;
	uint64_t conn = p->conn;

	if (!p->plain)
		save_del(s, RECORD_PEER_DEL, r->key, p->id, wait);
	member_withdraw(s, p, false);
	member_set_state(p, PEER_GONE);
	if (reason)
		tell_close(s, r->key, conn, 4000, reason);
	if (s->me == p)
		s->me = NULL;
	member_free(s->c, p);
	registry_rest(s, r);
	role_lost(s, r);
}
