#include "signald/room/registry.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/str.h"
#include "signald/room/audit.h"
#include "signald/room/ban.h"
#include "signald/room/chatlog.h"
#include "signald/room/denial.h"
#include "signald/room/epoch.h"
#include "signald/room/invite.h"
#include "signald/room/member.h"
#include "signald/room/moderate.h"
#include "signald/room/rate.h"
#include "signald/room/save.h"
#include "signald/room/tell.h"
#include "signald/room/text.h"

#define TOMBS_MAX	10000
#define TOMB_TYPED_MS	60000ull
#define TOMB_CREATED_MS (24 * 3600000ull)
#define RENEW_MIN_MS	600000ull /* do not write each use down */
#define LIFE_CHECK_US	(3600 * 1000000ull)

static uint64_t name_key(const struct core *c, const char *id)
{
	uint8_t out[crypto_shorthash_BYTES];
	uint64_t k;

	crypto_shorthash(out, (const uint8_t *)id, strlen(id), c->seed);
	memcpy(&k, out, sizeof(k));
	return k ? k : 1;
}

struct room *registry_find(const struct core *c, const char *id)
{
	struct room *r = idmap_get(&c->names, name_key(c, id));

	while (r && !str_eq(r->id, id))
		r = r->hash_next;
	return r;
}

static int name_put(struct core *c, struct room *r)
{
	uint64_t key = name_key(c, r->id);
	struct room *first = idmap_del(&c->names, key);
	int err;

	r->hash_next = first;
	err = idmap_put(&c->names, key, r);
	if (err && first) /* cannot fail: its slot is free again */
		(void)idmap_put(&c->names, key, first);
	return err;
}

static void name_del(struct core *c, struct room *r)
{
	uint64_t key = name_key(c, r->id);
	struct room *first = idmap_del(&c->names, key);
	struct room **at = &first;

	while (*at && *at != r)
		at = &(*at)->hash_next;
	if (*at)
		*at = r->hash_next;
	if (first)
		(void)idmap_put(&c->names, key, first);
}

struct room *registry_make(struct core *c, const char *id, uint64_t key,
			   uint64_t now_ms)
{
	struct room *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->core = c;
	r->key = key;
	(void)str_copy(r->id, sizeof(r->id), id);
	r->policy = c->conf.policy;
	r->settings = c->conf.settings;
	r->created_ms = now_ms;
	bucket_init(&r->talk, c->conf.talk[1], c->conf.talk[0], 0);
	r->life.kind = TIMER_LIFE;
	r->epoch_timer.kind = TIMER_EPOCH;
	list_init(&r->members);
	list_init(&r->line);
	list_init(&r->invites);
	list_init(&r->bans);
	list_init(&r->denials);
	list_init(&r->chat);
	list_init(&r->audit);
	if (idmap_put(&c->rooms, key, r))
		goto out;
	if (name_put(c, r))
		goto out_key;
	c->n_rooms++;
	return r;
out_key:
	idmap_del(&c->rooms, key);
out:
	free(r);
	return NULL;
}

/* What a tombstone does not need. */
static void registry_empty(struct core *c, struct room *r)
{
	list_for_each_safe (it, &r->members)
		member_free(c, member_of(it));
	list_for_each_safe (it, &r->line)
		member_free(c, member_of(it));
	r->host = NULL;
	r->spotlight = 0;
	invite_free_all(r);
	ban_free_all(r);
	denial_free_all(c, r);
	chatlog_free_all(r);
	audit_free_all(r);
	timerq_unset(&c->timers, &r->epoch_timer);
}

void registry_free(struct core *c, struct room *r)
{
	registry_empty(c, r);
	timerq_unset(&c->timers, &r->life);
	idmap_del(&c->rooms, r->key);
	name_del(c, r);
	if (r->ended)
		c->n_tombs--;
	else
		c->n_rooms--;
	free(r);
}

static uint64_t invites_end(const struct room *r)
{
	uint64_t end = 0;

	list_for_each (it, &r->invites) {
		const struct invite *i = list_entry(it, struct invite, node);

		if (i->uses_left && i->expires_ms > end)
			end = i->expires_ms;
	}
	return end;
}

static void registry_renew(struct step *s, struct room *r)
{
	uint64_t end = s->now.wall_ms + s->c->conf.created_life_ms;
	uint64_t least = invites_end(r);

	if (end < least)
		end = least;
	if (end < r->expires_ms + RENEW_MIN_MS)
		return;
	r->expires_ms = end;
	save_room(s, r, RECORD_LAZY);
}

void registry_use(struct step *s, struct room *r)
{
	if (r->created)
		registry_renew(s, r);
	else
		timerq_unset(&s->c->timers, &r->life);
}

void registry_rest(struct step *s, struct room *r)
{
	uint64_t due;

	if (r->created) {
		/* The wall clock may jump: look now and then. */
		due = step_due(s, r->expires_ms);
		if (due > s->now.us + LIFE_CHECK_US)
			due = s->now.us + LIFE_CHECK_US;
		step_timer(s, &r->life, due);
	} else if (!r->n_members && !timer_is_set(&r->life)) {
		step_timer(s, &r->life, s->now.us + s->c->conf.typed_linger_us);
	}
}

static void registry_forget(struct step *s, struct room *r)
{
	save_del(s, RECORD_ROOM_DEL, r->key, 0, RECORD_LAZY);
	registry_free(s->c, r);
}

void registry_due(struct step *s, struct room *r)
{
	if (r->ended) {
		registry_forget(s, r);
		return;
	}
	if (!r->created) {
		if (!r->n_members)
			registry_end(s, r, "empty", 0);
		return;
	}
	if (r->n_members)
		registry_renew(s, r);
	if (r->expires_ms > s->now.wall_ms)
		registry_rest(s, r);
	else
		registry_end(s, r, "expired", TOMB_CREATED_MS);
}

static void tell_end(struct step *s, struct list *l, const char *reason)
{
	list_for_each (it, l) {
		struct peer *p = member_of(it);

		if (!p->conn)
			continue;
		if (!p->plain)
			tell_conn(s, p, NOTE_ROOM_ENDED)->text = reason;
		tell_close(s, p->room->key, p->conn, 4000, "room-ended");
	}
}

/* First what the journal must know, so that an answer can stand between. */
static void end_write(struct step *s, struct room *r, uint64_t tomb_ms)
{
	save_del(s, RECORD_ROOM_DEL, r->key, 0, RECORD_DURABLE);
	if (!tomb_ms || s->c->n_tombs >= TOMBS_MAX)
		return;
	r->ended = true;
	s->c->n_rooms--;
	s->c->n_tombs++;
	r->expires_ms = s->now.wall_ms + tomb_ms;
	save_room(s, r, RECORD_DURABLE);
	step_timer(s, &r->life, s->now.us + tomb_ms * 1000);
}

static void end_close(struct step *s, struct room *r, const char *reason)
{
	(void)effects_add(s->fx, EFFECT_MEDIA_END, r->key);
	tell_end(s, &r->members, reason);
	tell_end(s, &r->line, reason);
	s->me = NULL;
	if (r->ended) {
		registry_empty(s->c, r);
		return;
	}
	s->room = NULL;
	registry_free(s->c, r);
}

void registry_end(struct step *s, struct room *r, const char *reason,
		  uint64_t tomb_ms)
{
	end_write(s, r, tomb_ms);
	end_close(s, r, reason);
}

void registry_end_request(struct step *s)
{
	struct room *r = s->room;

	end_write(s, r, r->created ? TOMB_CREATED_MS : TOMB_TYPED_MS);
	tell_ok(s);
	end_close(s, r, "ended");
}

static bool create_is_refused(struct step *s)
{
	const struct event *e = s->e;
	uint64_t wait_ms = rate_take(s, RATE_JOIN);

	if (wait_ms)
		tell_refusal_for(s, REFUSE_RATE_LIMITED, wait_ms);
	else if (!text_is_room_id(e->room_id))
		tell_refusal(s, REFUSE_BAD_REQUEST);
	else if (s->c->conf.sign_in_to_create && !e->create.subject)
		tell_refusal(s, REFUSE_SIGN_IN_REQUIRED);
	else if (registry_find(s->c, e->room_id))
		tell_refusal(s, REFUSE_ROOM_EXISTS);
	else if (s->c->n_rooms >= s->c->conf.rooms)
		tell_refusal(s, REFUSE_TOO_MANY_ROOMS);
	else
		return false;
	return true;
}

void registry_create(struct step *s)
{
	const struct event *e = s->e;
	struct answer *a;
	struct room *r;

	if (create_is_refused(s))
		return;
	r = registry_make(s->c, e->room_id, e->fresh[0], s->now.wall_ms);
	if (!r) {
		tell_refusal(s, REFUSE_NO_MEMORY);
		return;
	}
	step_room(s, r);
	r->created = true;
	r->host_key = e->fresh_hash;
	if (e->create.has_policy)
		r->policy = e->create.policy;
	moderate_settings(&r->settings, &e->create.settings);
	r->expires_ms = s->now.wall_ms + s->c->conf.created_life_ms;
	save_room(s, r, RECORD_DURABLE);
	registry_rest(s, r);
	a = tell_answer(s, ANSWER_CREATED);
	a->created.room_id = effects_str(s->fx, r->id);
	a->created.host_key = effects_str(s->fx, e->secret);
}

int registry_restore(struct step *s, const struct record *rec)
{
	const struct record_room *rr = &rec->r;
	struct room *r = registry_make(s->c, rr->id, rec->room, rr->created_ms);

	if (!r)
		return -ENOMEM;
	r->created = rr->created;
	r->hosted = rr->hosted;
	r->policy = rr->policy;
	r->settings = rr->settings;
	r->host_key = rr->host_key;
	r->expires_ms = rr->expires_ms;
	r->spotlight = rr->spotlight;
	r->key_epoch = rr->key_epoch;
	epoch_restore(s, r, rr->ended ? 0 : rr->epoch_wanted);
	r->worker = rr->worker;
	r->router = rr->router;
	if (rr->ended) {
		r->ended = true;
		s->c->n_rooms--;
		s->c->n_tombs++;
		step_timer(s, &r->life, step_due(s, r->expires_ms));
	} else {
		registry_rest(s, r);
	}
	return 0;
}
