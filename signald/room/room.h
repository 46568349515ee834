/*
 * room: one meeting: members, the line before the door, invites, bans, the
 * chat log, the audit log. Owned by the core; read-only outside of it.
 */
#ifndef SIGNALD_ROOM_ROOM_H
#define SIGNALD_ROOM_ROOM_H

#include "common/bucket.h"
#include "common/list.h"
#include "common/timerq.h"
#include "signald/room/types.h"

struct core;

struct room {
	uint64_t key; /* random, inside the daemons */
	char id[ROOM_ID_SIZE];
	struct core *core;
	struct room *hash_next;
	bool created; /* by POST /api/rooms */
	bool hosted;  /* some host has been there */
	bool ended;   /* a tombstone: only id and timer count */
	enum policy policy;
	struct settings settings;
	struct secret_hash host_key;
	uint64_t created_ms, expires_ms;
	struct list members; /* of struct peer, oldest first */
	struct list line;    /* of struct peer, first first */
	uint32_t n_members, n_line;
	struct peer *host; /* or NULL */
	uint64_t spotlight;
	uint64_t next_order, next_hand;
	struct timer life; /* end of an empty or ended room */
	struct timer epoch_timer;
	struct bucket talk;
	uint32_t key_epoch, epoch_wanted, epoch_asked;
	uint64_t epoch_actor;
	uint32_t worker; /* media's placement */
	uint64_t router;
	struct list invites, bans, denials, chat, audit;
	uint32_t n_invites, n_bans, n_denials, n_chat, n_audit;
	uint64_t next_invite, next_ban, next_chat, next_audit;
	size_t chat_bytes;
};

#endif
