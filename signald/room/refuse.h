/*
 * refuse: why a request is not granted: a code in the manner of HTTP and a
 * stable kebab-case reason, as the client reads them.
 */
#ifndef SIGNALD_ROOM_REFUSE_H
#define SIGNALD_ROOM_REFUSE_H

#include <stdint.h>

enum refuse_why {
	REFUSE_BAD_REQUEST,
	REFUSE_NOT_ADMITTED,
	REFUSE_ALREADY_ENTERED,
	REFUSE_FORBIDDEN,
	REFUSE_NO_ROOM,
	REFUSE_NO_PEER,
	REFUSE_NOT_FOUND,
	REFUSE_ROOM_FULL,
	REFUSE_ROOM_LOCKED,
	REFUSE_ROOM_ENDED,
	REFUSE_ROOM_EXISTS,
	REFUSE_TOO_MANY_ROOMS,
	REFUSE_TOO_MANY_KNOCKS,
	REFUSE_TOO_MANY_INVITES,
	REFUSE_DENIED,
	REFUSE_BANNED,
	REFUSE_INVITE_INVALID,
	REFUSE_HOST_KEY_INVALID,
	REFUSE_SIGN_IN_REQUIRED,
	REFUSE_RATE_LIMITED,
	REFUSE_CHAT_OFF,
	REFUSE_REACTIONS_OFF,
	REFUSE_SEALED, /* somebody else sealed that epoch first */
	REFUSE_TOO_LARGE,
	REFUSE_NO_MEMORY,
	REFUSE_WHYS
};

struct refusal {
	enum refuse_why why;
	uint64_t retry_ms; /* 0: not said */
};

int refuse_code(enum refuse_why why);		/* 400, 403, ... */
const char *refuse_reason(enum refuse_why why); /* "room-full", ... */

#endif
