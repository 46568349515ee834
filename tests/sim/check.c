#include "tests/sim/check.h"

#include <string.h>

#include "signald/room/ban.h"
#include "signald/room/chatlog.h"
#include "signald/room/invite.h"
#include "signald/room/member.h"
#include "signald/room/step.h"
#include "tests/sim/media.h"
#include "tests/sim/server.h"

/* ---- one step ---- */

static bool is_gone(const struct world *w, uint64_t peer)
{
	for (uint32_t i = 0; i < w->n_gone; i++)
		if (w->gone[i] == peer)
			return true;
	return false;
}

static void check_entered(struct world *w, const struct entered *v)
{
	static const struct entered none;

	if (is_gone(w, v->peer))
		world_violation(w, "a session that was thrown out is back");
	if (!v->waiting)
		return;
	if (memcmp(&v->room, &none.room, sizeof(none.room)) != 0 ||
	    memcmp(&v->snapshot, &none.snapshot, sizeof(none.snapshot)) != 0)
		world_violation(w, "who waits is told of the room");
}

void check_step(struct world *w, const struct effects *fx)
{
	if (fx->oom)
		world_violation(w, "out of memory");
	for (size_t i = 0; i < fx->n; i++) {
		const struct effect *e = &fx->v[i];

		if (e->kind == EFFECT_REPLY &&
		    e->reply.answer.kind == ANSWER_ENTERED)
			check_entered(w, &e->reply.answer.entered);
	}
}

/* ---- the state ---- */

static bool has_heir(const struct room *r)
{
	list_for_each (it, &r->members) {
		const struct peer *p = member_of(it);

		if (p->state == PEER_IN && !p->plain)
			return true;
	}
	return false;
}

static void check_hosts(struct world *w, const struct room *r)
{
	const struct peer *h = r->host;
	uint32_t hosts = 0, owners = 0;

	list_for_each (it, &r->members) {
		hosts += member_of(it)->role == ROLE_HOST;
		owners += member_of(it)->owner;
	}
	if (hosts != (h ? 1 : 0) || (h && h->role != ROLE_HOST))
		world_violation(w, "%u hosts", hosts);
	if (owners > 1)
		world_violation(w, "%u owners", owners);
	if (!r->hosted || r->settings.succession != SUCCESSION_OLDEST)
		return;
	if (has_heir(r) &&
	    (!h || (h->state == PEER_AWAY && !timer_is_set(&h->host_grace))))
		world_violation(w, "a room with people has no host");
}

static void check_counts(struct world *w, const struct room *r)
{
	uint32_t in = 0, waiting = 0;

	list_for_each (it, &r->members) {
		in++;
		if (!peer_is_in(member_of(it)))
			world_violation(w, "a member is not in");
	}
	list_for_each (it, &r->line) {
		waiting++;
		if (!peer_is_waiting(member_of(it)) || member_of(it)->joined)
			world_violation(w, "in line, and in the room");
	}
	if (in != r->n_members || waiting != r->n_line)
		world_violation(w, "members or line are miscounted");
	if (in > w->conf.seats || waiting > w->conf.knocks)
		world_violation(w, "a cap does not hold");
	if (r->n_chat > w->conf.chat_msgs)
		world_violation(w, "the chat log grows");
	if (!r->created && !in && !timer_is_set(&r->life))
		world_violation(w, "an empty room stays for ever");
}

static void check_peer(struct world *w, const struct peer *p, uint32_t *conns)
{
	bool away = p->state == PEER_AWAY || p->state == PEER_WAITING_AWAY;

	if (away == (p->conn != 0))
		world_violation(w, "away with a connection, or here without");
	if (away != timer_is_set(&p->grace))
		world_violation(w, "a grace that does not run");
	*conns += p->conn != 0;
	if (p->conn && core_peer_of(w->core, p->conn) != p)
		world_violation(w, "a connection speaks for another");
}

void check_core(struct world *w)
{
	const struct room *r;
	uint32_t conns = 0;
	size_t pos = 0;

	while ((r = core_next_room(w->core, &pos))) {
		if (r->ended)
			continue;
		check_hosts(w, r);
		check_counts(w, r);
		list_for_each (it, &r->members)
			check_peer(w, member_of(it), &conns);
		list_for_each (it, &r->line)
			check_peer(w, member_of(it), &conns);
	}
	if (conns != w->core->conns.n)
		world_violation(w, "a connection of nobody");
}

/* ---- state and journal ---- */

static bool same_text(const char *a, const char *b)
{
	return !strcmp(a ? a : "", b ? b : "");
}

/* The name of the first thing that differs, NULL: nothing. */
static const char *other_peer(const struct peer *a, const struct peer *b)
{
	if (!b)
		return "being there";
	if (peer_is_in(a) != peer_is_in(b))
		return "state";
	if (a->role != b->role || a->owner != b->owner)
		return "role";
	if (a->joined != b->joined)
		return "joined";
	if (a->hand != b->hand || a->order != b->order)
		return "place";
	if (a->asked_unmute != b->asked_unmute)
		return "asked_unmute";
	if (a->sealed_epoch != b->sealed_epoch)
		return "sealed_epoch";
	if (!same_text(a->name, b->name) ||
	    !same_text(a->message, b->message) ||
	    !same_text(a->keys[1], b->keys[1]))
		return "texts";
	if (!addr_eq(&a->from, &b->from))
		return "address";
	if (memcmp(&a->token, &b->token, sizeof(a->token)) != 0)
		return "token";
	return NULL;
}

static void same_list(struct world *w, const struct core *b,
		      const struct list *l)
{
	list_for_each (it, l) {
		const struct peer *p = member_of(it);
		const char *what =
			p->plain ? NULL : other_peer(p, core_peer(b, p->id));

		if (what)
			world_violation(w, "the journal has another peer: %s",
					what);
	}
}

static void same_invites(struct world *w, const struct room *a,
			 const struct room *b)
{
	struct list *y = b->invites.next;

	if (a->n_invites != b->n_invites || a->n_bans != b->n_bans) {
		world_violation(w, "the journal lacks invites or bans");
		return;
	}
	list_for_each (x, &a->invites) {
		if (list_entry(x, struct invite, node)->uses_left !=
		    list_entry(y, struct invite, node)->uses_left)
			world_violation(w, "the journal has other invites");
		y = y->next;
	}
}

static void same_chat(struct world *w, const struct room *a,
		      const struct room *b)
{
	struct list *y = b->chat.next;

	if (a->n_chat != b->n_chat || a->chat_bytes != b->chat_bytes) {
		world_violation(w, "the journal lacks chat");
		return;
	}
	list_for_each (x, &a->chat) {
		const struct chat *m = list_entry(x, struct chat, node);
		const struct chat *n = list_entry(y, struct chat, node);

		if (m->id != n->id || !same_text(m->body, n->body))
			world_violation(w, "the journal has other chat");
		y = y->next;
	}
}

static void same_room(struct world *w, const struct core *other,
		      const struct room *a)
{
	const struct room *b = core_room(other, a->key);

	if (!b || a->ended != b->ended) {
		world_violation(w, "the journal lacks a room");
		return;
	}
	if (a->ended)
		return;
	if (a->policy != b->policy || a->hosted != b->hosted ||
	    a->created != b->created || a->key_epoch != b->key_epoch ||
	    a->epoch_wanted != b->epoch_wanted ||
	    a->spotlight != b->spotlight || a->expires_ms != b->expires_ms ||
	    memcmp(&a->settings, &b->settings, sizeof(a->settings)) != 0)
		world_violation(w, "the journal has another room");
	if ((a->host ? a->host->id : 0) != (b->host ? b->host->id : 0))
		world_violation(w, "the journal has another host");
	same_list(w, other, &a->members);
	same_list(w, other, &a->line);
	same_invites(w, a, b);
	same_chat(w, a, b);
}

void check_journal(struct world *w)
{
	uint8_t seed[16] = {1};
	struct core *other = core_new(&w->conf, seed, 1);
	const struct room *r;
	uint32_t peers = 0;
	size_t pos = 0;

	if (journal_load(&w->journal, other, w->now))
		world_violation(w, "the journal does not load");
	while ((r = core_next_room(w->core, &pos))) {
		same_room(w, other, r);
		list_for_each (it, &r->members)
			peers += !member_of(it)->plain;
		peers += r->n_line;
	}
	if (other->n_rooms != w->core->n_rooms || other->peers.n != peers)
		world_violation(w, "the journal has what is gone");
	core_free(other);
}

/* ---- restarts ---- */

static const struct invite *invite_of(const struct room *r,
				      const struct invite_fact *f)
{
	struct secret_hash h = server_hash(f->secret);

	list_for_each (it, &r->invites) {
		struct invite *i = list_entry(it, struct invite, node);

		if (!memcmp(&i->hash, &h, sizeof(h)))
			return i;
	}
	return NULL;
}

static void check_invite(struct world *w, const struct invite_fact *f)
{
	const struct room *r = core_room(w->core, f->room_key);
	const struct invite *i;

	if (!r || r->ended)
		return;
	i = invite_of(r, f);
	if (i && f->revoked)
		world_violation(w, "a revoked invite is back");
	if (i && i->uses_left > f->uses - f->entered)
		world_violation(w, "spent uses of an invite are back");
}

static void check_chat(struct world *w, const struct chat_fact *f)
{
	const struct room *r = core_room(w->core, f->room_key);
	const struct chat *first;

	if (!r || r->ended)
		return;
	if (r->next_chat < f->id) {
		world_violation(w, "an acknowledged message is forgotten");
		return;
	}
	first = list_entry(r->chat.next, struct chat, node);
	if (f->id < first->id)
		return; /* the ring has moved on */
	list_for_each (it, &r->chat)
		if (list_entry(it, struct chat, node)->id == f->id)
			return;
	world_violation(w, "an acknowledged message is missing");
}

void check_restart(struct world *w, bool power_cut)
{
	for (uint32_t i = 0; i < w->n_gone; i++)
		if (core_peer(w->core, w->gone[i]))
			world_violation(w, "thrown out, and back by restart");
	for (uint32_t i = 0; i < w->n_ended; i++) {
		const struct room *r = core_room(w->core, w->ended[i]);

		if (r && !r->ended)
			world_violation(w, "an ended room is back");
	}
	for (uint32_t i = 0; i < w->n_invites; i++)
		check_invite(w, &w->invites[i]);
	/* Messages are safe from kill -9, not from a power cut. */
	for (uint32_t i = 0; i < w->n_chats && !power_cut; i++)
		check_chat(w, &w->chats[i]);
	if (!power_cut)
		return;
	w->n_chats = 0;
	for (uint32_t i = 0; i < w->n_clients; i++)
		w->clients[i].last_chat = 0;
}

/* ---- the end ---- */

static bool is_excused(const struct world *w, const struct client *c)
{
	const struct peer *p = core_peer(w->core, c->peer);
	const struct room *r = p ? p->room : NULL;

	switch (c->refused) {
	case REFUSE_ROOM_LOCKED:
	case REFUSE_BANNED:
	case REFUSE_ROOM_ENDED:
	case REFUSE_ROOM_FULL:
	case REFUSE_TOO_MANY_KNOCKS:
	case REFUSE_RATE_LIMITED:
	case REFUSE_HOST_KEY_INVALID:
		return true;
	case REFUSE_NOT_ADMITTED: /* where one knocks */
		return c->plain;
	default:
		break;
	}
	/* In line before a room that is full, or has no host (yet). */
	return c->status == STATUS_WAITING && r &&
	       (!r->host || r->n_members >= w->conf.seats);
}

void check_end(struct world *w)
{
	for (uint32_t i = 0; i < w->n_clients; i++) {
		const struct client *c = &w->clients[i];

		if (c->status == STATUS_IN && c->joined && c->conn)
			continue;
		if (!is_excused(w, c))
			world_violation(w,
					"client %u is not in: status %d, "
					"refused %s",
					c->n, (int)c->status,
					c->refused < REFUSE_WHYS
						? refuse_reason(c->refused)
						: "nothing");
	}
	if (journal_is_idle(&w->journal) && !gate_held(w->gate))
		check_journal(w);
	media_check(w, true);
}
