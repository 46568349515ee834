#include "signald/room/view.h"

#include "signald/room/lobby.h"

struct person view_person(struct effects *fx, const struct peer *p)
{
	return (struct person){
		.id = effects_str(fx, p->pid),
		.name = effects_str(fx, p->name),
		.device.flag = effects_str(fx, p->device[0]),
		.device.name = effects_str(fx, p->device[1]),
		.device.version = effects_str(fx, p->device[2]),
		.keys.sign = effects_str(fx, p->keys[0]),
		.keys.seal = effects_str(fx, p->keys[1]),
		.keys.proof = effects_str(fx, p->keys[2]),
		.role = p->role,
		.muted = p->muted,
		.hand = p->hand != 0,
		.away = p->state == PEER_AWAY,
		.joined = p->joined,
		.signed_in = p->subject != NULL,
		.plain = p->plain,
	};
}

/* The hands, first raised first: a selection by growing `hand`. */
static uint32_t view_hands(struct effects *fx, const struct room *r,
			   const char *const **out)
{
	const char **v = effects_alloc(fx, r->n_members, sizeof(*v));
	uint64_t last = 0;
	uint32_t n = 0;

	*out = v;
	for (; v && n < r->n_members; n++) {
		const struct peer *next = NULL;

		list_for_each (it, &r->members) {
			struct peer *p = list_entry(it, struct peer, node);

			if (p->hand > last && (!next || p->hand < next->hand))
				next = p;
		}
		if (!next)
			break;
		v[n] = effects_str(fx, next->pid);
		last = next->hand;
	}
	return n;
}

struct room_view view_room(struct effects *fx, const struct room *r)
{
	const struct peer *lit = core_peer(r->core, r->spotlight);
	struct room_view v = {
		.id = effects_str(fx, r->id),
		.policy = r->policy,
		.settings = r->settings,
		.created_ms = r->created_ms,
		.host = r->host ? effects_str(fx, r->host->pid) : NULL,
		.spotlight = lit ? effects_str(fx, lit->pid) : NULL,
		.n_members = r->n_members,
		.key_epoch = r->key_epoch,
	};

	v.n_hands = view_hands(fx, r, &v.hands);
	return v;
}

struct knock_view view_knock(struct effects *fx, const struct peer *p)
{
	return (struct knock_view){
		.id = effects_str(fx, p->pid),
		.name = effects_str(fx, p->name),
		.message = effects_str(fx, p->message),
		.signed_in = p->subject != NULL,
		.at_ms = p->entered_ms,
	};
}

struct chat_view view_chat(struct effects *fx, const struct chat *m)
{
	return (struct chat_view){
		.id = m->id,
		.from = effects_str(fx, m->from),
		.to = *m->to ? effects_str(fx, m->to) : NULL,
		.client_id = effects_str(fx, m->client_id),
		.body = effects_str(fx, m->body),
		.sealed = m->sealed,
		.seal_epoch = m->seal_epoch,
		.at_ms = m->at_ms,
	};
}

const struct person *view_people(struct effects *fx, const struct room *r,
				 const struct peer *but, bool joined,
				 uint32_t *n)
{
	struct person *v = effects_alloc(fx, r->n_members, sizeof(*v));

	*n = 0;
	list_for_each (it, &r->members) {
		const struct peer *p = list_entry(it, struct peer, node);

		if (v && p != but && (p->joined || !joined))
			v[(*n)++] = view_person(fx, p);
	}
	return v;
}

const struct knock_view *view_line(struct effects *fx, const struct room *r,
				   uint32_t *n)
{
	struct knock_view *v = effects_alloc(fx, r->n_line, sizeof(*v));

	*n = 0;
	list_for_each (it, &r->line) {
		const struct peer *p = list_entry(it, struct peer, node);

		if (v)
			v[(*n)++] = view_knock(fx, p);
	}
	return v;
}

static struct snapshot view_snapshot(struct effects *fx, const struct peer *p)
{
	struct snapshot v = {.chat_head = p->room->next_chat};

	v.people = view_people(fx, p->room, p, false, &v.n_people);
	if (p->role != ROLE_GUEST)
		v.knocks = view_line(fx, p->room, &v.n_knocks);
	return v;
}

struct entered view_entered(struct effects *fx, const struct peer *p)
{
	struct entered v = {
		.waiting = peer_is_waiting(p),
		.plain = p->plain,
		.peer = p->id,
		.id = effects_str(fx, p->pid),
	};

	if (v.waiting) {
		v.position = lobby_position(p);
		return v;
	}
	v.role = p->role;
	v.room = view_room(fx, p->room);
	v.snapshot = view_snapshot(fx, p);
	return v;
}
