#include "signald/room/tell.h"

#include "signald/room/view.h"

struct answer *tell_answer(struct step *s, enum answer_kind kind)
{
	struct effect *e = effects_add(s->fx, EFFECT_REPLY, s->key);

	s->answers++;
	e->reply.conn = s->e->conn;
	e->reply.req = s->e->req;
	e->reply.answer.kind = kind;
	return &e->reply.answer;
}

void tell_ok(struct step *s)
{
	(void)tell_answer(s, ANSWER_EMPTY);
}

void tell_refusal_for(struct step *s, enum refuse_why why, uint64_t retry_ms)
{
	struct effect *e = effects_add(s->fx, EFFECT_REFUSE, s->key);

	s->answers++;
	e->refuse.conn = s->e->conn;
	e->refuse.req = s->e->req;
	e->refuse.refusal.why = why;
	e->refuse.refusal.retry_ms = retry_ms;
}

void tell_refusal(struct step *s, enum refuse_why why)
{
	tell_refusal_for(s, why, 0);
}

static struct note *tell_note(struct step *s, const struct room *r,
			      enum note_kind kind)
{
	struct effect *e = effects_add(s->fx, EFFECT_NOTIFY, r->key);

	e->notify.note.kind = kind;
	return &e->notify.note;
}

static struct effect *effect_of(struct note *n)
{
	return list_entry(n, struct effect, notify.note);
}

struct note *tell_peer(struct step *s, const struct peer *to,
		       enum note_kind kind)
{
	uint64_t *v = effects_alloc(s->fx, 1, sizeof(*v));
	struct note *n = tell_note(s, to->room, kind);
	struct effect *e = effect_of(n);

	if (v) {
		v[0] = to->id;
		e->notify.to = v;
		e->notify.n = 1;
	}
	return n;
}

struct note *tell_conn(struct step *s, const struct peer *to,
		       enum note_kind kind)
{
	struct note *n = tell_note(s, to->room, kind);

	effect_of(n)->notify.conn = to->conn;
	return n;
}

static bool is_meant(const struct peer *p, enum tell_whom whom)
{
	switch (whom) {
	case TELL_JOINED:
		return p->joined;
	case TELL_HOSTS:
		return p->role != ROLE_GUEST;
	case TELL_MEMBERS:
		return !p->plain;
	}
	return false;
}

struct note *tell_all(struct step *s, const struct room *r, enum tell_whom whom,
		      const struct peer *but, enum note_kind kind)
{
	uint64_t *v = effects_alloc(s->fx, r->n_members, sizeof(*v));
	struct note *note = tell_note(s, r, kind);
	uint32_t n = 0;

	list_for_each (it, &r->members) {
		const struct peer *p = list_entry(it, struct peer, node);

		if (v && p != but && is_meant(p, whom))
			v[n++] = p->id;
	}
	effect_of(note)->notify.to = v;
	effect_of(note)->notify.n = n;
	return note;
}

void tell_room(struct step *s, const struct room *r)
{
	struct room_view v = view_room(s->fx, r);

	tell_all(s, r, TELL_MEMBERS, NULL, NOTE_ROOM_UPDATED)->room.room = v;
}

void tell_person(struct step *s, const struct peer *p)
{
	struct person v = view_person(s->fx, p);

	tell_all(s, p->room, TELL_MEMBERS, NULL, NOTE_PEER_UPDATED)->person = v;
}

void tell_close(struct step *s, uint64_t room, uint64_t conn, uint16_t code,
		const char *reason)
{
	struct effect *e;

	if (!conn)
		return;
	e = effects_add(s->fx, EFFECT_CLOSE, room);
	e->close.conn = conn;
	e->close.code = code;
	e->close.reason = reason;
}

struct effect *tell_media(struct step *s, enum effect_kind kind,
			  const struct peer *p, uint32_t sources)
{
	struct effect *e = effects_add(s->fx, kind, p->room->key);

	e->media.peer = p->id;
	e->media.sources = sources;
	return e;
}
