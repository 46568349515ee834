#include "signald/room/refuse.h"

static const struct {
	int code;
	const char *reason;
} whys[REFUSE_WHYS] = {
	[REFUSE_BAD_REQUEST] = {400, "bad-request"},
	[REFUSE_NOT_ADMITTED] = {403, "not-admitted"},
	[REFUSE_ALREADY_ENTERED] = {409, "already-entered"},
	[REFUSE_FORBIDDEN] = {403, "forbidden"},
	[REFUSE_NO_ROOM] = {404, "no-room"},
	[REFUSE_NO_PEER] = {404, "no-peer"},
	[REFUSE_NOT_FOUND] = {404, "not-found"},
	[REFUSE_ROOM_FULL] = {503, "room-full"},
	[REFUSE_ROOM_LOCKED] = {403, "room-locked"},
	[REFUSE_ROOM_ENDED] = {403, "room-ended"},
	[REFUSE_ROOM_EXISTS] = {409, "room-exists"},
	[REFUSE_TOO_MANY_ROOMS] = {503, "too-many-rooms"},
	[REFUSE_TOO_MANY_KNOCKS] = {503, "too-many-knocks"},
	[REFUSE_TOO_MANY_INVITES] = {409, "too-many-invites"},
	[REFUSE_DENIED] = {403, "denied"},
	[REFUSE_BANNED] = {403, "banned"},
	[REFUSE_INVITE_INVALID] = {403, "invite-invalid"},
	[REFUSE_HOST_KEY_INVALID] = {403, "host-key-invalid"},
	[REFUSE_SIGN_IN_REQUIRED] = {401, "sign-in-required"},
	[REFUSE_RATE_LIMITED] = {429, "rate-limited"},
	[REFUSE_CHAT_OFF] = {403, "chat-off"},
	[REFUSE_REACTIONS_OFF] = {403, "reactions-off"},
	[REFUSE_SEALED] = {409, "already-sealed"},
	[REFUSE_TOO_LARGE] = {413, "too-large"},
	[REFUSE_NO_MEMORY] = {503, "no-memory"},
};

int refuse_code(enum refuse_why why)
{
	return whys[why].code;
}

const char *refuse_reason(enum refuse_why why)
{
	return whys[why].reason;
}
