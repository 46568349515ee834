/*
 * effects: what core_step() wants done, in order. The core changes only its
 * own memory; the caller carries out the list.
 *
 * A `struct effects` is a growable array plus an arena that holds all texts
 * and arrays of the list, so a list may be kept (see gate.h) long after the
 * state has moved on. The caller owns it: effects_new(), core_step() any
 * number of times, then effects_free() or effects_reset() for another turn.
 * When memory runs out `oom` is set and the list is not complete: state and
 * clients no longer agree, and the process ends itself and resumes from its
 * journal.
 */
#ifndef SIGNALD_ROOM_EFFECTS_H
#define SIGNALD_ROOM_EFFECTS_H

#include "signald/room/record.h"
#include "signald/room/refuse.h"
#include "signald/room/types.h"

struct person { /* newPeer, peers of join and snapshot, peerUpdated */
	const char *id, *name;
	struct device device;
	struct chat_keys keys;
	enum role role;
	bool muted, hand, away, joined;
	bool signed_in; /* the check mark */
	bool plain;	/* a plain mediasoup client: no chat, never host */
};

struct room_view {
	const char *id;
	enum policy policy;
	struct settings settings;
	uint64_t created_ms;
	const char *host;	  /* peer id or NULL */
	const char *spotlight;	  /* peer id or NULL */
	const char *const *hands; /* peer ids, first raised first */
	uint32_t n_hands;
	uint32_t n_members;
	uint32_t key_epoch; /* newest sealed chat key, 0: the link's */
};

struct knock_view {
	const char *id, *name, *message; /* message may be NULL */
	bool signed_in;
	uint64_t at_ms;
};

struct invite_view {
	uint64_t id;
	const char *label;
	enum role role;
	uint32_t uses, uses_left;
	uint64_t created_ms, expires_ms;
};

struct chat_view {
	uint64_t id;
	const char *from, *to; /* to: NULL for all */
	const char *client_id;
	const char *body; /* ciphertext or box; "" when erased */
	bool sealed;	  /* a sealed key: body is a box of seal_epoch */
	uint32_t seal_epoch;
	uint64_t at_ms;
};

struct audit_view {
	const char *what, *by, *on, *detail; /* by: peer id or "admin" */
	uint64_t at_ms;
};

struct snapshot {
	const struct person *people;
	uint32_t n_people;
	const struct knock_view *knocks; /* for host and co-hosts */
	uint32_t n_knocks;
	uint64_t chat_head; /* id of the newest message */
};

/* The answer of `enter`, and the `admitted` notification. */
struct entered {
	bool waiting;	   /* then only peer, id, token and position */
	uint64_t peer;	   /* own id inside the daemon */
	const char *id;	   /* peerId */
	const char *token; /* NULL: the one the client has stays */
	uint32_t position; /* place in line from 1 */
	bool resumed;
	bool plain; /* by the way of a request that is answered itself */
	enum role role;
	struct room_view room;
	struct snapshot snapshot; /* the others; a resume may say `missed` */
};

enum answer_kind {
	ANSWER_EMPTY,	/* {} */
	ANSWER_CREATED, /* created */
	ANSWER_ENTERED, /* entered */
	ANSWER_JOINED,	/* people: the others who joined */
	ANSWER_KNOCKS,
	ANSWER_INVITE,
	ANSWER_INVITES,
	ANSWER_CHAT,	/* sent: id and time */
	ANSWER_HISTORY, /* oldest first */
	ANSWER_AUDIT,	/* newest last */
};

struct answer {
	enum answer_kind kind;
	union {
		struct entered entered;
		struct {
			const char *room_id, *host_key;
		} created;
		struct {
			const struct person *v;
			uint32_t n;
		} people;
		struct {
			const struct knock_view *v;
			uint32_t n;
		} knocks;
		struct {
			uint64_t id;
			const char *token;
		} invite;
		struct {
			const struct invite_view *v;
			uint32_t n;
		} invites;
		struct {
			uint64_t id, at_ms;
		} sent;
		struct {
			const struct chat_view *v;
			uint32_t n;
			bool more;
		} history;
		struct {
			const struct audit_view *v;
			uint32_t n;
		} audit;
	};
};

enum note_kind {
	NOTE_NEW_PEER,	    /* person */
	NOTE_PEER_CLOSED,   /* peer */
	NOTE_PEER_RENAMED,  /* renamed */
	NOTE_PEER_UPDATED,  /* person, whole */
	NOTE_ROOM_UPDATED,  /* room */
	NOTE_ROOM_ENDED,    /* text: reason */
	NOTE_HOST_CHANGED,  /* peer, or NULL: nobody */
	NOTE_KNOCK,	    /* knock */
	NOTE_KNOCK_GONE,    /* peer */
	NOTE_WAITING_STATE, /* position */
	NOTE_ADMITTED,	    /* entered */
	NOTE_DENIED,	    /* text: reason or NULL */
	NOTE_CHAT,	    /* chat */
	NOTE_CHAT_DELETED,  /* number: id */
	NOTE_KEY_SEALED,    /* chat */
	NOTE_EPOCH_WANTED,  /* epoch */
	NOTE_REACTION,	    /* reaction */
	NOTE_ASKED_UNMUTE,  /* peer: who asks */
	NOTE_MUTED_BY_HOST, /* muted: who and which sources */
	NOTE_KINDS
};

struct note {
	enum note_kind kind;
	union {
		struct person person;
		const char *peer;
		const char *text;
		uint64_t number;
		uint32_t position;
		struct {
			const char *peer, *name, *old_name;
		} renamed;
		struct {
			struct room_view room;
			const struct person *entered; /* or NULL */
			const char *gone; /* a member who left, or NULL */
		} room;
		struct knock_view knock;
		struct entered entered;
		struct chat_view chat;
		struct {
			uint32_t epoch;
			const char *peer; /* seal for this one; NULL: all */
		} epoch;
		struct {
			const char *peer, *emoji;
		} reaction;
		struct {
			const char *by; /* peer or NULL: the admin */
			uint32_t sources;
		} muted;
	};
};

enum effect_kind {
	EFFECT_REPLY,	/* reply: success */
	EFFECT_REFUSE,	/* refuse */
	EFFECT_BIND,	/* bind: from here on the peer's notes go to conn */
	EFFECT_NOTIFY,	/* notify */
	EFFECT_CLOSE,	/* close */
	EFFECT_JOURNAL, /* journal */
	/* These leave at once, also while the room waits for its journal. */
	EFFECT_MEDIA_STOP,  /* media.peer: close all it has */
	EFFECT_MEDIA_PAUSE, /* media: pause its producers of `sources` */
	EFFECT_MEDIA_END,   /* the room's router */
};

struct effect {
	enum effect_kind kind;
	uint64_t room; /* its own key, 0: none; the order is kept by room */
	union {
		struct {
			uint64_t conn, req;
			struct answer answer;
		} reply;
		struct {
			uint64_t conn, req;
			struct refusal refusal;
		} refuse;
		struct {
			uint64_t peer, conn;
		} bind;
		struct {
			const uint64_t *to; /* peers; see outbox.h */
			uint32_t n;
			uint64_t conn; /* instead: one who has no outbox */
			struct note note;
		} notify;
		struct {
			uint64_t conn;
			uint16_t code; /* 4000 for good, 1013 full */
			const char *reason;
		} close;
		struct {
			struct record record;
			enum record_wait wait;
		} journal;
		struct {
			uint64_t peer;
			uint32_t sources;
			bool moving; /* stop: the peer stays a session */
		} media;
	};
};

struct effects_chunk;

struct effects {
	struct effect *v;
	size_t n, cap;
	struct effects_chunk *chunks; /* newest first */
	struct effect scratch;	      /* handed out after oom */
	bool oom;
};

struct effects *effects_new(void); /* NULL: no memory */
void effects_free(struct effects *fx);
void effects_reset(struct effects *fx); /* keeps one chunk */

/* One more, zeroed. Never NULL: after oom a scratch slot is handed out. */
struct effect *effects_add(struct effects *fx, enum effect_kind kind,
			   uint64_t room);

/* Zeroed memory that lives as long as the list; NULL sets oom. */
void *effects_alloc(struct effects *fx, size_t n, size_t size);

/* A copy of s; NULL stays NULL, and oom yields "". */
const char *effects_str(struct effects *fx, const char *s);

#endif
