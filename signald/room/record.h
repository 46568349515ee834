/*
 * record: one row of the journal, as the core writes it and gets it back at
 * start. Each is a whole row: putting it twice is putting it once.
 *
 * The same struct goes both ways: effects carry records to the store, and
 * the store hands what it has loaded to core_restore() in the order rooms,
 * invites, bans, peers, chat, audit. Pointers are borrowed.
 */
#ifndef SIGNALD_ROOM_RECORD_H
#define SIGNALD_ROOM_RECORD_H

#include "signald/room/types.h"

enum record_kind {
	RECORD_ROOM,	 /* put */
	RECORD_ROOM_DEL, /* del: the room and all that hangs on it */
	RECORD_INVITE,
	RECORD_INVITE_DEL,
	RECORD_BAN,
	RECORD_PEER,
	RECORD_PEER_DEL,
	RECORD_CHAT,
	RECORD_CHAT_DEL, /* all of the room up to and with this id */
	RECORD_AUDIT,
	RECORD_SIGNIN, /* not of a room; the core does not know it */
	RECORD_SIGNIN_DEL,
	RECORD_KINDS
};

/* How long what follows in the room must wait for a record. */
enum record_wait {
	RECORD_LAZY,	/* not at all */
	RECORD_COMMIT,	/* until a killed process would not lose it */
	RECORD_DURABLE, /* until a power cut would not lose it */
};

struct record_room {
	const char *id; /* as in the URL; `room` is its own key */
	bool created;	/* by POST /api/rooms, else typed */
	bool hosted;	/* some host has been there */
	bool ended;	/* a tombstone until expires_ms */
	enum policy policy;
	struct settings settings;
	struct secret_hash host_key;
	uint64_t created_ms, expires_ms;
	uint64_t spotlight; /* peer, 0: none */
	uint32_t key_epoch, epoch_wanted;
	uint32_t worker;
	uint64_t router;
};

struct record_invite {
	struct secret_hash hash;
	const char *label;
	enum role role;
	uint32_t uses_left, uses;
	uint64_t created_ms, expires_ms;
};

struct record_ban {
	const char *subject; /* or "" */
	const char *ip;	     /* of the address bucket, or "" */
	const char *browser; /* or "" */
};

struct record_peer {
	const char *pid, *name, *message, *subject, *browser, *ip;
	struct device device;
	struct chat_keys keys;
	struct secret_hash token;
	enum role role, role_before;
	bool waiting, owner, joined, asked_unmute;
	uint32_t sealed_epoch; /* newest chat key sealed to this one */
	uint64_t entered_ms;
	uint64_t invite; /* it came in by, 0: none */
	uint64_t order;	 /* place in line, or of entering */
	uint64_t hand;	 /* place among the hands, 0: down */
	const void *blob;
	size_t blob_len;
};

struct record_chat {
	const char *from, *to, *client_id, *body;
	uint32_t seal_epoch; /* with `sealed` */
	bool sealed;	     /* a sealed key, not a message */
	uint64_t at_ms;
};

struct record_audit {
	const char *what, *by, *on, *detail;
	uint64_t at_ms;
};

struct record_signin {
	struct secret_hash hash; /* `id` is its first 8 bytes */
	const char *subject, *name;
	uint64_t expires_ms;
};

struct record {
	enum record_kind kind;
	uint64_t room;
	uint64_t id; /* invite, ban, peer, chat, audit */
	union {
		struct record_room r;
		struct record_invite invite;
		struct record_ban ban;
		struct record_peer peer;
		struct record_chat chat;
		struct record_audit audit;
		struct record_signin signin;
	};
};

/* A copy with all it points to, one free() takes it; NULL: no memory. */
struct record *record_dup(const struct record *r);

#endif
