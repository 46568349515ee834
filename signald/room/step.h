/*
 * step: the inside of the core: its state, and what one core_step() carries
 * along. Included by signald/room alone.
 */
#ifndef SIGNALD_ROOM_STEP_H
#define SIGNALD_ROOM_STEP_H

#include "common/bucket.h"
#include "common/idmap.h"
#include "common/list.h"
#include "common/timerq.h"
#include "signald/room/core.h"

enum timer_kind {
	TIMER_GRACE,	  /* of a peer */
	TIMER_HOST_GRACE, /* of a peer that is host */
	TIMER_LIFE,	  /* of a room */
	TIMER_EPOCH,	  /* of a room: nobody sealed the key */
	TIMER_DENIAL,	  /* of a denial */
	TIMER_RATE,	  /* of an address */
};

struct core {
	struct core_conf conf;
	uint8_t seed[16];
	uint32_t next_epoch;
	struct idmap rooms;  /* key -> room */
	struct idmap names;  /* hash of the id -> first room of a chain */
	struct idmap peers;  /* id -> peer */
	struct idmap conns;  /* connection -> peer */
	struct idmap tokens; /* first 8 bytes of the hash -> peer */
	struct idmap rates;  /* hash of the address -> rate */
	struct timerq timers;
	struct bucket newcomers;
	uint32_t n_rooms, n_tombs;
};

struct step {
	struct core *c;
	const struct event *e;
	struct instant now;
	struct effects *fx;
	struct peer *me;   /* who asks; NULL: nobody yet, or the admin */
	struct room *room; /* of me, or the admin's */
	uint64_t key;	   /* of the room, also when it has ended meanwhile */
	uint32_t answers;
};

static inline void step_room(struct step *s, struct room *r)
{
	s->room = r;
	s->key = r ? r->key : 0;
}

/* Sets a timer; without memory the step is void (effects.oom). */
static inline void step_timer(struct step *s, struct timer *t, uint64_t due)
{
	if (timerq_set(&s->c->timers, t, due))
		s->fx->oom = true;
}

/* A wall time as a deadline of the monotonic clock. */
static inline uint64_t step_due(const struct step *s, uint64_t wall_ms)
{
	if (wall_ms <= s->now.wall_ms)
		return s->now.us;
	return s->now.us + (wall_ms - s->now.wall_ms) * 1000;
}

#endif
