/*
 * types: the small words of the domain that events, effects and the state
 * share. Nothing here owns memory.
 */
#ifndef SIGNALD_ROOM_TYPES_H
#define SIGNALD_ROOM_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Sizes of texts, with the NUL. */
#define ROOM_ID_SIZE   65  /* [A-Za-z0-9_-]{1,64} */
#define PEER_ID_SIZE   65  /* 16 hex digits, or what a plain client chose */
#define NAME_SIZE      257 /* 64 characters of at most 4 bytes */
#define MESSAGE_SIZE   513 /* a knock's words to the host, a deny's reason */
#define LABEL_SIZE     129 /* an invite's label */
#define DEVICE_SIZE    65
#define SUBJECT_SIZE   256 /* issuer and subject of a signed-in person */
#define BROWSER_SIZE   65  /* the random id a browser keeps, see bans */
#define KEY_TEXT_SIZE  257 /* one public key or proof, base64url */
#define CLIENT_ID_SIZE 65
#define EMOJI_SIZE     33
#define CHAT_MAX       8192 /* bytes of one ciphertext as sent */

/* A keyed hash of a secret, computed outside; all zero: none. */
struct secret_hash {
	uint8_t b[32];
};

enum role {
	ROLE_GUEST,
	ROLE_COHOST,
	ROLE_HOST,
};

enum policy {
	POLICY_WAITING, /* everyone after the first knocks */
	POLICY_OPEN,	/* who has the link enters */
	POLICY_LOCKED,	/* nobody new, invites and the host key excepted */
};

/* What becomes of a room whose host was lost and that has no co-host. */
enum succession {
	SUCCESSION_OLDEST,
	SUCCESSION_LOCK,
	SUCCESSION_END,
};

/* What a producer carries; a set of them is an or of bits. */
enum source {
	SOURCE_MIC = 1,
	SOURCE_WEBCAM = 2,
	SOURCE_SCREEN = 4,
	SOURCE_SCREEN_AUDIO = 8,
};

struct settings {
	bool allow_screen;
	bool allow_chat;
	bool allow_unmute; /* guests may unmute themselves */
	bool allow_reactions;
	enum succession succession;
};

/*
 * Where a peer stands. Away: its connection is lost and the grace runs.
 * Moved by peer_set_state() alone.
 */
enum peer_state {
	PEER_NEW,
	PEER_WAITING,
	PEER_WAITING_AWAY,
	PEER_IN,
	PEER_AWAY,
	PEER_GONE,
};

/* Two clocks: one that never steps for deadlines, one that people read. */
struct instant {
	uint64_t us;	  /* monotonic */
	uint64_t wall_ms; /* since 1970; may jump */
};

struct device {
	const char *flag, *name, *version;
};

struct chat_keys {
	const char *sign, *seal, *proof; /* NULL until set */
};

#endif
