#include "signald/room/core.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "signald/room/audit.h"
#include "signald/room/ban.h"
#include "signald/room/chatlog.h"
#include "signald/room/denial.h"
#include "signald/room/enter.h"
#include "signald/room/epoch.h"
#include "signald/room/invite.h"
#include "signald/room/lobby.h"
#include "signald/room/member.h"
#include "signald/room/moderate.h"
#include "signald/room/people.h"
#include "signald/room/rate.h"
#include "signald/room/registry.h"
#include "signald/room/restore.h"
#include "signald/room/role.h"
#include "signald/room/tell.h"

/* Who may cause an event. */
enum need {
	NEED_NOTHING, /* not answered, or checks for itself */
	NEED_WAITING,
	NEED_ENTERED, /* waiting or in */
	NEED_MEMBER,
	NEED_PERSON, /* a member who came by enter */
	NEED_HOST,   /* host, co-host, or the admin */
};

struct row {
	enum need need;
	void (*run)(struct step *s);
	bool talks; /* all in the room are told: taken from its bucket */
};

static void core_tick(struct step *s);

static const struct row rows[EVENT_KINDS] = {
	[EVENT_TICK] = {NEED_NOTHING, core_tick, false},
	[EVENT_CREATE] = {NEED_NOTHING, registry_create, false},
	[EVENT_ENTER] = {NEED_NOTHING, enter_request, false},
	[EVENT_IMPLICIT] = {NEED_NOTHING, enter_implicit, false},
	[EVENT_JOIN] = {NEED_MEMBER, people_join, false},
	[EVENT_LEAVE] = {NEED_ENTERED, people_leave, false},
	[EVENT_DISCONNECT] = {NEED_NOTHING, enter_lost, false},
	[EVENT_BEACON] = {NEED_NOTHING, enter_beacon, false},
	[EVENT_MUTED] = {NEED_NOTHING, people_muted, false},
	[EVENT_MEDIA_BLOB] = {NEED_NOTHING, people_blob, false},
	[EVENT_PLACED] = {NEED_NOTHING, people_placed, false},
	[EVENT_RENAME] = {NEED_MEMBER, people_rename, true},
	[EVENT_SET_HAND] = {NEED_PERSON, people_set_hand, true},
	[EVENT_REACT] = {NEED_PERSON, people_react, true},
	[EVENT_SET_KEYS] = {NEED_PERSON, people_set_keys, true},
	[EVENT_CHAT] = {NEED_PERSON, chatlog_send, true},
	[EVENT_DELETE_CHAT] = {NEED_PERSON, chatlog_delete, true},
	[EVENT_SEAL_KEYS] = {NEED_PERSON, epoch_seal, true},
	[EVENT_HISTORY] = {NEED_PERSON, chatlog_history, false},
	[EVENT_SET_KNOCK] = {NEED_WAITING, lobby_set_knock, false},
	[EVENT_LIST_KNOCKS] = {NEED_HOST, lobby_list, false},
	[EVENT_ADMIT] = {NEED_HOST, lobby_admit, false},
	[EVENT_ADMIT_ALL] = {NEED_HOST, lobby_admit_all, false},
	[EVENT_DENY] = {NEED_HOST, lobby_deny, false},
	[EVENT_SEND_TO_WAITING] = {NEED_HOST, lobby_send_back, false},
	[EVENT_CREATE_INVITE] = {NEED_HOST, invite_create, false},
	[EVENT_LIST_INVITES] = {NEED_HOST, invite_list, false},
	[EVENT_REVOKE_INVITE] = {NEED_HOST, invite_revoke, false},
	[EVENT_SET_POLICY] = {NEED_HOST, moderate_set_policy, false},
	[EVENT_SET_SETTINGS] = {NEED_HOST, moderate_set_settings, false},
	[EVENT_MUTE_PEER] = {NEED_HOST, moderate_mute, false},
	[EVENT_MUTE_ALL] = {NEED_HOST, moderate_mute_all, false},
	[EVENT_ASK_UNMUTE] = {NEED_HOST, moderate_ask_unmute, false},
	[EVENT_KICK] = {NEED_HOST, moderate_kick, false},
	[EVENT_SET_ROLE] = {NEED_HOST, role_set, false},
	[EVENT_LOWER_HANDS] = {NEED_HOST, moderate_lower_hands, false},
	[EVENT_SPOTLIGHT] = {NEED_HOST, moderate_spotlight, false},
	[EVENT_END_ROOM] = {NEED_HOST, registry_end_request, false},
	[EVENT_LIST_AUDIT] = {NEED_HOST, audit_list, false},
};

void core_conf_default(struct core_conf *conf)
{
	*conf = (struct core_conf){
		.rooms = 10000,
		.seats = 100,
		.knocks = 50,
		.knocks_per_addr = 20,
		.invites = 50,
		.bans = 1000,
		.chat_msgs = 500,
		.chat_bytes = 1 << 20,
		.grace_us = 60 * 1000000ull,
		.beacon_grace_us = 10 * 1000000ull,
		.host_grace_us = 15 * 1000000ull,
		.typed_linger_us = 60 * 1000000ull,
		.created_life_ms = 24 * 3600000ull,
		.deny_cooldown_us = 30 * 1000000ull,
		.invite_ttl_ms = 24 * 3600000ull,
		.invite_ttl_max_ms = 30 * 24 * 3600000ull,
		.policy = POLICY_WAITING,
		.settings = {.allow_screen = true,
			     .allow_chat = true,
			     .allow_unmute = true,
			     .allow_reactions = true},
		.joins = {100, 20},
		.knocking = {30, 1},
		.fails = {10, 10 / 60.0},
		.talk = {300, 150},
		.newcomers = {2000, 1000},
	};
}

struct core *core_new(const struct core_conf *conf, const uint8_t seed[16],
		      uint32_t epoch)
{
	struct core *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->conf = *conf;
	memcpy(c->seed, seed, sizeof(c->seed));
	c->next_epoch = epoch;
	idmap_init(&c->rooms);
	idmap_init(&c->names);
	idmap_init(&c->peers);
	idmap_init(&c->conns);
	idmap_init(&c->tokens);
	idmap_init(&c->rates);
	timerq_init(&c->timers);
	bucket_init(&c->newcomers, conf->newcomers[1], conf->newcomers[0], 0);
	return c;
}

void core_configure(struct core *c, const struct core_conf *conf)
{
	c->conf = *conf;
}

void core_free(struct core *c)
{
	struct room *r;
	size_t pos = 0;

	if (!c)
		return;
	while ((r = idmap_next(&c->rooms, &pos))) {
		registry_free(c, r);
		pos = 0; /* the map has changed */
	}
	rate_free_all(c);
	idmap_fini(&c->rooms);
	idmap_fini(&c->names);
	idmap_fini(&c->peers);
	idmap_fini(&c->conns);
	idmap_fini(&c->tokens);
	timerq_fini(&c->timers);
	free(c);
}

/* ---- time ---- */

static void grace_over(struct step *s, struct peer *p)
{
	step_room(s, p->room);
	member_gone(s, p, NULL, RECORD_LAZY);
}

static void core_timer(struct step *s, struct timer *t)
{
	struct room *r;

	step_room(s, NULL);
	switch ((enum timer_kind)t->kind) {
	case TIMER_GRACE:
		grace_over(s, list_entry(t, struct peer, grace));
		break;
	case TIMER_HOST_GRACE:
		r = list_entry(t, struct peer, host_grace)->room;
		step_room(s, r);
		role_lost(s, r);
		break;
	case TIMER_LIFE:
		r = list_entry(t, struct room, life);
		step_room(s, r);
		registry_due(s, r);
		break;
	case TIMER_EPOCH:
		epoch_due(s, list_entry(t, struct room, epoch_timer));
		break;
	case TIMER_DENIAL:
		denial_over(s->c, list_entry(t, struct denial, over));
		break;
	case TIMER_RATE:
		rate_idle(s->c, list_entry(t, struct rate, idle));
		break;
	}
}

static void core_tick(struct step *s)
{
	struct timer *t;

	while ((t = timerq_pop(&s->c->timers, s->now.us)))
		core_timer(s, t);
}

uint64_t core_deadline(const struct core *c)
{
	return timerq_deadline(&c->timers);
}

/* ---- one step ---- */

static void step_find(struct step *s)
{
	const struct event *e = s->e;

	if (e->kind == EVENT_MUTED || e->kind == EVENT_MEDIA_BLOB)
		s->me = idmap_get(&s->c->peers, e->id);
	else if (e->kind == EVENT_PLACED)
		step_room(s, idmap_get(&s->c->rooms, e->id));
	else if (e->admin && e->room_id)
		step_room(s, registry_find(s->c, e->room_id));
	else if (!e->admin)
		s->me = idmap_get(&s->c->conns, e->conn);
	if (s->me)
		step_room(s, s->me->room);
}

/* The admin acts in a room as a host would, and cannot be a member. */
static bool admin_may(struct step *s, enum need need)
{
	if (need != NEED_HOST && s->e->kind != EVENT_RENAME)
		tell_refusal(s, REFUSE_BAD_REQUEST);
	else if (!s->room || s->room->ended)
		tell_refusal(s, REFUSE_NO_ROOM);
	else
		return true;
	return false;
}

static bool step_may(struct step *s, enum need need)
{
	const struct peer *p = s->me;
	bool ok = false;

	if (need == NEED_NOTHING)
		return true;
	if (s->e->admin)
		return admin_may(s, need);
	if (!p || (peer_is_waiting(p) && need > NEED_ENTERED)) {
		tell_refusal(s, REFUSE_NOT_ADMITTED);
		return false;
	}
	switch (need) {
	case NEED_NOTHING:
	case NEED_ENTERED:
	case NEED_MEMBER:
		ok = true;
		break;
	case NEED_WAITING:
		ok = peer_is_waiting(p);
		break;
	case NEED_PERSON:
		ok = !p->plain;
		break;
	case NEED_HOST:
		ok = p->role != ROLE_GUEST;
		break;
	}
	if (!ok)
		tell_refusal(s, REFUSE_FORBIDDEN);
	return ok;
}

/* However many they are, a room says no more than its people can read. */
static bool step_may_talk(struct step *s, const struct row *row)
{
	uint64_t wait_us;

	if (!row->talks || s->e->admin)
		return true;
	wait_us = bucket_take(&s->room->talk, 1, s->now.us);
	if (wait_us)
		tell_refusal_for(s, REFUSE_RATE_LIMITED, wait_us / 1000 + 1);
	return !wait_us;
}

static bool is_answered(enum event_kind k)
{
	return k != EVENT_TICK && k != EVENT_DISCONNECT && k != EVENT_BEACON &&
	       k != EVENT_MUTED && k != EVENT_MEDIA_BLOB && k != EVENT_PLACED;
}

void core_step(struct core *c, const struct event *e, struct instant now,
	       struct effects *out)
{
	struct step s = {.c = c, .e = e, .now = now, .fx = out};
	const struct row *row = &rows[e->kind];

	step_find(&s);
	if (step_may(&s, row->need) && step_may_talk(&s, row))
		row->run(&s);
	assert(s.answers == is_answered(e->kind));
}

/* ---- the journal ---- */

int core_restore(struct core *c, const struct record *rec, struct instant now)
{
	struct effects none = {0};
	struct event e = {.kind = EVENT_TICK};
	struct step s = {.c = c, .e = &e, .now = now, .fx = &none};
	int err = restore_record(&s, rec);

	return none.oom ? -ENOMEM : err;
}

/* ---- reading ---- */

const struct peer *core_peer(const struct core *c, uint64_t id)
{
	return id ? idmap_get(&c->peers, id) : NULL;
}

const struct peer *core_peer_of(const struct core *c, uint64_t conn)
{
	return conn ? idmap_get(&c->conns, conn) : NULL;
}

const struct room *core_room(const struct core *c, uint64_t key)
{
	return key ? idmap_get(&c->rooms, key) : NULL;
}

const struct room *core_room_named(const struct core *c, const char *id)
{
	return registry_find(c, id);
}

const struct peer *core_peer_named(const struct room *r, const char *pid)
{
	const struct peer *p = member_find(r, pid);

	return p ? p : member_find_waiting(r, pid);
}

const struct room *core_next_room(const struct core *c, size_t *pos)
{
	return idmap_next(&c->rooms, pos);
}

struct outbox *core_outbox(struct core *c, uint64_t peer)
{
	struct peer *p = peer ? idmap_get(&c->peers, peer) : NULL;

	return p ? &p->outbox : NULL;
}

uint32_t core_new_epoch(struct core *c)
{
	c->next_epoch++;
	return c->next_epoch ? c->next_epoch : ++c->next_epoch;
}

bool core_may_send(const struct peer *p, enum source source)
{
	const struct settings *may = &p->room->settings;

	if (p->role != ROLE_GUEST)
		return true;
	switch (source) {
	case SOURCE_MIC:
		return may->allow_unmute || p->asked_unmute;
	case SOURCE_SCREEN:
	case SOURCE_SCREEN_AUDIO:
		return may->allow_screen;
	case SOURCE_WEBCAM:
		return true;
	}
	return false;
}
