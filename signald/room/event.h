/*
 * event: everything that can happen to the rooms. The caller fills one and
 * hands it to core_step(); all pointers are borrowed for that call.
 *
 *	struct event e = {.kind = EVENT_ADMIT, .conn = s->id, .req = id};
 *	e.peer = "00c0ffee00c0ffee";
 *	core_step(core, &e, now, fx);
 *
 * Who asks is known by `conn`. Texts are UTF-8 without NUL, checked by the
 * parser for form; what a value means (length, unknown peer, right) is
 * checked by the core and answered with a refusal. The core makes nothing
 * random: fresh ids and hashes of fresh secrets come along.
 */
#ifndef SIGNALD_ROOM_EVENT_H
#define SIGNALD_ROOM_EVENT_H

#include "common/addr.h"
#include "signald/room/types.h"

enum event_kind {
	EVENT_TICK, /* core_deadline() has come */

	/* Coming and going; room_id says where. */
	EVENT_CREATE,	/* create: POST /api/rooms */
	EVENT_ENTER,	/* enter */
	EVENT_IMPLICIT, /* implicit: a plain mediasoup client's first request */
	EVENT_JOIN,	/* join */
	EVENT_LEAVE,	/* - */
	EVENT_DISCONNECT, /* - : the WebSocket is gone; never answered */
	EVENT_BEACON,	  /* beacon: POST /api/away; never answered */

	/* What media tells; never answered; `id` is the peer. */
	EVENT_MUTED,	  /* muted: the derived state changed */
	EVENT_MEDIA_BLOB, /* blob: what the media needs to adopt after a restart
			   */
	EVENT_PLACED, /* placed: the room is on a worker; `id` is the room */

	/* Everybody admitted. */
	EVENT_RENAME,	   /* text: changeDisplayName */
	EVENT_SET_HAND,	   /* flag */
	EVENT_REACT,	   /* text */
	EVENT_SET_KEYS,	   /* keys */
	EVENT_CHAT,	   /* chat */
	EVENT_DELETE_CHAT, /* number: the message */
	EVENT_SEAL_KEYS,   /* seal */
	EVENT_HISTORY,	   /* history */

	/* A peer that waits. */
	EVENT_SET_KNOCK, /* knock */

	/* Host and co-hosts. `peer` is the other one where there is one. */
	EVENT_LIST_KNOCKS,
	EVENT_ADMIT, /* peer */
	EVENT_ADMIT_ALL,
	EVENT_DENY,	       /* peer, text: reason or NULL */
	EVENT_SEND_TO_WAITING, /* peer */
	EVENT_CREATE_INVITE,   /* invite */
	EVENT_LIST_INVITES,
	EVENT_REVOKE_INVITE, /* number: the invite */
	EVENT_SET_POLICY,    /* policy */
	EVENT_SET_SETTINGS,  /* settings */
	EVENT_MUTE_PEER,     /* peer, number: sources */
	EVENT_MUTE_ALL,
	EVENT_ASK_UNMUTE, /* peer */
	EVENT_KICK,	  /* peer, flag: ban */
	EVENT_SET_ROLE,	  /* peer, role; HOST transfers */
	EVENT_LOWER_HANDS,
	EVENT_SPOTLIGHT, /* peer or NULL */
	EVENT_END_ROOM,
	EVENT_LIST_AUDIT,

	EVENT_KINDS
};

struct event_enter {
	const char *name;	  /* displayName */
	struct device device;	  /* fields NULL: unknown */
	const char *message;	  /* to the host, or NULL */
	const char *browser;	  /* browserId, or NULL */
	const char *subject;	  /* verified sign-in, or NULL */
	struct secret_hash token; /* of resumeToken */
	struct secret_hash invite;
	struct secret_hash host_key;
};

/* What of the settings is said, and what. */
struct event_settings {
	bool set_screen, set_chat, set_unmute, set_reactions, set_succession;
	struct settings to;
};

struct event {
	enum event_kind kind;
	bool admin;	     /* from the admin socket: may all in room_id */
	uint64_t conn;	     /* the connection; opaque; 0: none */
	uint64_t req;	     /* the request to answer */
	const char *room_id; /* CREATE, ENTER, IMPLICIT, and all of admin */
	struct addr from;    /* CREATE, ENTER, IMPLICIT, BEACON */

	uint64_t fresh[2]; /* random ids for what this event may make */
	struct secret_hash fresh_hash; /* of `secret` */
	const char *secret; /* text for the answer alone: token, host key */

	uint64_t id;	  /* a peer's or room's own id, see above */
	const char *peer; /* the other peer, as on the wire */
	const char *text;
	uint64_t number;
	bool flag;
	enum role role;
	enum policy policy;

	union {
		struct event_enter enter;
		struct {
			const char *subject;
			bool has_policy;
			enum policy policy;
			struct event_settings settings;
		} create;
		struct {
			const char *peer_id; /* of the URL */
			const char *subject;
		} implicit;
		struct {
			const char *name; /* used when enter gave none */
			struct device device;
		} join;
		struct {
			struct secret_hash token;
		} beacon;
		struct {
			bool muted;
		} muted;
		struct {
			const void *data;
			size_t len;
		} blob;
		struct {
			uint32_t worker;
			uint64_t router;
		} placed;
		struct {
			const char *name, *message; /* NULL: unchanged */
		} knock;
		struct {
			const char *label; /* or NULL */
			uint64_t ttl_ms;   /* 0: default */
			uint32_t uses;	   /* 0: default */
			enum role role;
		} invite;
		struct chat_keys keys;
		struct {
			const char *client_id;
			const char *to; /* or NULL: all */
			const char *ciphertext;
		} chat;
		struct {
			uint32_t epoch;
			uint32_t n;
			const struct event_box {
				const char *to, *box;
			} * boxes;
		} seal;
		struct {
			uint64_t before; /* 0: from the newest */
			uint32_t limit;
		} history;
		struct event_settings settings;
	};
};

#endif
