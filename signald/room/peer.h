/*
 * peer: one person's session in one room, from the first `enter` to leave,
 * kick, deny or the end of the grace. It outlives connections and, through
 * the journal, the process. Owned by its room; read-only outside the core.
 */
#ifndef SIGNALD_ROOM_PEER_H
#define SIGNALD_ROOM_PEER_H

#include "common/addr.h"
#include "common/list.h"
#include "common/timerq.h"
#include "signald/room/outbox.h"
#include "signald/room/types.h"

struct room;

struct peer {
	uint64_t id;		/* random, inside the daemons */
	char pid[PEER_ID_SIZE]; /* on the wire */
	struct room *room;
	struct list node; /* room->members or room->line */
	enum peer_state state;
	uint64_t conn; /* 0: away */
	enum role role;
	enum role role_before; /* of one who stands in as host */
	bool owner;	       /* host again whenever it comes back */
	bool plain;	       /* without enter: no token, no grace */
	bool joined;	       /* visible in media */
	bool muted;
	bool asked_unmute; /* may unmute although the room forbids it */
	bool short_grace;  /* the page said good-bye */
	uint64_t order;	   /* of entering, or the place in line */
	uint64_t hand;	   /* among the hands, 0: down */
	uint64_t entered_ms;
	uint64_t invite;    /* it came in by, 0: none */
	struct timer grace; /* while away */
	struct timer host_grace;
	struct secret_hash token;
	struct addr from; /* addr_bucket() of the address */
	struct outbox outbox;
	void *blob; /* media's memory for a restart */
	size_t blob_len;
	char *keys[3];	       /* sign, seal, proof */
	uint32_t sealed_epoch; /* newest chat key sealed to this one */
	char name[NAME_SIZE];
	char *message;
	char *subject; /* NULL: a guest */
	char browser[BROWSER_SIZE];
	char device[3][DEVICE_SIZE]; /* flag, name, version */
};

static inline bool peer_is_in(const struct peer *p)
{
	return p->state == PEER_IN || p->state == PEER_AWAY;
}

static inline bool peer_is_waiting(const struct peer *p)
{
	return p->state == PEER_WAITING || p->state == PEER_WAITING_AWAY;
}

#endif
