/*
 * core: all rooms and what may happen in them. Pure: no clock, no entropy,
 * no I/O. One thread.
 *
 *	struct effects *fx = effects_new();
 *	core_step(core, &event, now, fx);
 *	... carry out fx->v[0 .. fx->n) in order (see gate.h)
 *	... at core_deadline(core): an EVENT_TICK
 *
 * Every event with `req` is answered by exactly one EFFECT_REPLY or
 * EFFECT_REFUSE; the kinds marked "never answered" by none.
 */
#ifndef SIGNALD_ROOM_CORE_H
#define SIGNALD_ROOM_CORE_H

#include "signald/room/effects.h"
#include "signald/room/event.h"
#include "signald/room/peer.h"
#include "signald/room/room.h"

struct core_conf {
	uint32_t rooms, seats;		  /* caps: 10,000 and 100 */
	uint32_t knocks, knocks_per_addr; /* a room: 50 and 20 */
	uint32_t invites;		  /* live ones a room: 50 */
	uint32_t bans;			  /* a room: 1,000 */
	uint32_t chat_msgs, chat_bytes;	  /* a room: 500 and 1 MiB */
	uint64_t grace_us;		  /* of a lost connection: 60 s */
	uint64_t beacon_grace_us;	  /* of a closed page: 10 s */
	uint64_t host_grace_us;		  /* until a host is replaced: 15 s */
	uint64_t typed_linger_us;	  /* of an empty typed room: 60 s */
	uint64_t created_life_ms;	  /* of a created room: 24 h */
	uint64_t deny_cooldown_us;	  /* 30 s */
	uint64_t invite_ttl_ms;		  /* default: 24 h */
	uint64_t invite_ttl_max_ms;	  /* 30 d */
	enum policy policy;		  /* of typed rooms */
	struct settings settings;	  /* of new rooms */
	bool sign_in_to_create, sign_in_to_join;
	/* Token buckets an address: burst and per second. */
	double joins[2], knocking[2], fails[2];
	double talk[2];	     /* a room: what all in it are told */
	double newcomers[2]; /* into all rooms together */
};

void core_conf_default(struct core_conf *conf);

/*
 * seed: 16 random bytes for the tables; epoch: random, new with each
 * process, the first of the outboxes' epochs. NULL: no memory.
 */
struct core *core_new(const struct core_conf *conf, const uint8_t seed[16],
		      uint32_t epoch);
/* For what happens from now on. */
void core_configure(struct core *c, const struct core_conf *conf);
void core_free(struct core *c);

void core_step(struct core *c, const struct event *e, struct instant now,
	       struct effects *out);

/* When the next EVENT_TICK is due (monotonic), UINT64_MAX: never. */
uint64_t core_deadline(const struct core *c);

/*
 * One record of the journal, before the first step. Sessions come back as
 * away with a whole grace. 0, -ENOMEM, or -EINVAL for a record that fits
 * nothing (skipped: the row's room is gone).
 */
int core_restore(struct core *c, const struct record *r, struct instant now);

/* Finds; NULL: none. Valid until the next step. */
const struct peer *core_peer(const struct core *c, uint64_t id);
const struct peer *core_peer_of(const struct core *c, uint64_t conn);
const struct room *core_room(const struct core *c, uint64_t key);
const struct room *core_room_named(const struct core *c, const char *id);
const struct peer *core_peer_named(const struct room *r, const char *pid);
const struct room *core_next_room(const struct core *c, size_t *pos);

/* The peer's, for fx to push into; NULL when the peer is gone. */
struct outbox *core_outbox(struct core *c, uint64_t peer);

/* A fresh epoch for outbox_restart(). */
uint32_t core_new_epoch(struct core *c);

/* May this peer start or resume a producer of that source? */
bool core_may_send(const struct peer *p, enum source source);

#endif
