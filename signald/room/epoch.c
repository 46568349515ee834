#include "signald/room/epoch.h"

#include <string.h>

#include "signald/room/chatlog.h"
#include "signald/room/member.h"
#include "signald/room/save.h"
#include "signald/room/tell.h"

#define ANSWER_US (10 * 1000000ull)
#define BOX_MAX	  1024

static bool can_seal(const struct peer *p, const struct peer *but)
{
	return p && p != but && p->state == PEER_IN && p->keys[1];
}

/* Who is asked at the n-th try: the actor, the host, then by age. */
static const struct peer *epoch_asked(const struct room *r, uint32_t n,
				      const struct peer *but)
{
	const struct peer *actor = core_peer(r->core, r->epoch_actor);

	if (can_seal(actor, but) && actor->room == r && n-- == 0)
		return actor;
	if (can_seal(r->host, but) && r->host != actor && n-- == 0)
		return r->host;
	list_for_each (it, &r->members) {
		const struct peer *p = member_of(it);

		if (can_seal(p, but) && p != actor && p != r->host && n-- == 0)
			return p;
	}
	return NULL;
}

/* Somebody who could seal is away for the moment. */
static bool may_come_back(const struct room *r, const struct peer *but)
{
	list_for_each (it, &r->members) {
		const struct peer *p = member_of(it);

		if (p != but && p->keys[1])
			return true;
	}
	return false;
}

static void epoch_ask(struct step *s, struct room *r, const struct peer *but)
{
	const struct peer *p = epoch_asked(r, r->epoch_asked++, but);

	if (!p && may_come_back(r, but)) {
		r->epoch_asked = 0; /* from the first one, once more */
		step_timer(s, &r->epoch_timer, s->now.us + ANSWER_US);
		return;
	}
	if (!p) {
		r->epoch_wanted = 0;
		save_room(s, r, RECORD_LAZY);
		timerq_unset(&s->c->timers, &r->epoch_timer);
		return;
	}
	tell_peer(s, p, NOTE_EPOCH_WANTED)->epoch.epoch = r->epoch_wanted;
	step_timer(s, &r->epoch_timer, s->now.us + ANSWER_US);
}

void epoch_want_without(struct step *s, struct room *r,
			const struct peer *first, const struct peer *but)
{
	r->epoch_wanted = r->key_epoch + 1;
	r->epoch_asked = 0;
	r->epoch_actor = first ? first->id : 0;
	save_room(s, r, RECORD_LAZY);
	epoch_ask(s, r, but);
}

void epoch_want(struct step *s, struct room *r, const struct peer *first)
{
	epoch_want_without(s, r, first, NULL);
}

void epoch_restore(struct step *s, struct room *r, uint32_t wanted)
{
	r->epoch_wanted = wanted;
	if (wanted)
		step_timer(s, &r->epoch_timer, s->now.us + ANSWER_US);
}

void epoch_due(struct step *s, struct room *r)
{
	if (r->epoch_wanted)
		epoch_ask(s, r, NULL);
}

static bool has_key(const struct room *r, const struct peer *p)
{
	return p->sealed_epoch == r->key_epoch;
}

void epoch_newcomer(struct step *s, const struct peer *p)
{
	const struct room *r = p->room;
	const struct peer *who = NULL;
	struct note *n;

	if (!r->key_epoch || has_key(r, p))
		return;
	if (r->host && can_seal(r->host, p) && has_key(r, r->host))
		who = r->host;
	list_for_each (it, &r->members)
		if (!who && can_seal(member_of(it), p) &&
		    has_key(r, member_of(it)))
			who = member_of(it);
	if (!who)
		return;
	n = tell_peer(s, who, NOTE_EPOCH_WANTED);
	n->epoch.epoch = r->key_epoch;
	n->epoch.peer = effects_str(s->fx, p->pid);
}

static bool seal_is_refused(struct step *s)
{
	const struct room *r = s->room;
	const struct event *e = s->e;

	if (!e->seal.epoch || e->seal.epoch > r->key_epoch + 1) {
		tell_refusal(s, REFUSE_BAD_REQUEST);
		return true;
	}
	/* Else any guest could begin one that leaves others out. */
	if (e->seal.epoch > r->key_epoch && e->seal.epoch != r->epoch_wanted &&
	    s->me->role == ROLE_GUEST) {
		tell_refusal(s, REFUSE_FORBIDDEN);
		return true;
	}
	if (e->seal.n > s->c->conf.seats) {
		tell_refusal(s, REFUSE_TOO_LARGE);
		return true;
	}
	for (uint32_t i = 0; i < e->seal.n; i++) {
		if (e->seal.boxes[i].to && e->seal.boxes[i].box &&
		    strlen(e->seal.boxes[i].box) <= BOX_MAX)
			continue;
		tell_refusal(s, REFUSE_BAD_REQUEST);
		return true;
	}
	/* The first of two who seal the same epoch wins. */
	if (e->seal.epoch < r->key_epoch ||
	    (e->seal.epoch == r->key_epoch && !has_key(r, s->me))) {
		tell_refusal(s, REFUSE_SEALED);
		return true;
	}
	return false;
}

static void epoch_begin(struct step *s)
{
	struct room *r = s->room;

	r->key_epoch = s->e->seal.epoch;
	r->epoch_wanted = 0;
	timerq_unset(&s->c->timers, &r->epoch_timer);
	s->me->sealed_epoch = r->key_epoch;
	save_room(s, r, RECORD_COMMIT);
	save_peer(s, s->me, RECORD_COMMIT);
}

void epoch_seal(struct step *s)
{
	const struct event *e = s->e;

	if (seal_is_refused(s))
		return;
	if (e->seal.epoch == s->room->key_epoch + 1)
		epoch_begin(s);
	for (uint32_t i = 0; i < e->seal.n; i++) {
		struct peer *to = member_find(s->room, e->seal.boxes[i].to);

		if (!to || to->plain || (to != s->me && has_key(s->room, to)))
			continue;
		if (!chatlog_seal(s, to, e->seal.boxes[i].box, e->seal.epoch)) {
			s->fx->oom = true;
			break;
		}
		to->sealed_epoch = e->seal.epoch;
		save_peer(s, to, RECORD_COMMIT);
	}
	tell_ok(s);
	tell_room(s, s->room);
}
