#include "signald/room/note.h"

#include <stdlib.h>
#include <string.h>

static const char *const methods[NOTE_KINDS] = {
	[NOTE_NEW_PEER] = "newPeer",
	[NOTE_PEER_CLOSED] = "peerClosed",
	[NOTE_PEER_RENAMED] = "peerDisplayNameChanged",
	[NOTE_PEER_UPDATED] = "peerUpdated",
	[NOTE_ROOM_UPDATED] = "roomUpdated",
	[NOTE_ROOM_ENDED] = "roomEnded",
	[NOTE_HOST_CHANGED] = "hostChanged",
	[NOTE_KNOCK] = "knock",
	[NOTE_KNOCK_GONE] = "knockGone",
	[NOTE_WAITING_STATE] = "waitingState",
	[NOTE_ADMITTED] = "admitted",
	[NOTE_DENIED] = "denied",
	[NOTE_CHAT] = "chat",
	[NOTE_CHAT_DELETED] = "chatDeleted",
	[NOTE_KEY_SEALED] = "keySealed",
	[NOTE_EPOCH_WANTED] = "epochWanted",
	[NOTE_REACTION] = "reaction",
	[NOTE_ASKED_UNMUTE] = "askedToUnmute",
	[NOTE_MUTED_BY_HOST] = "mutedByHost",
};

const char *note_method(enum note_kind kind)
{
	return methods[kind];
}

struct note_text *note_text_new(const char *text, size_t len)
{
	struct note_text *t = malloc(sizeof(*t) + len);

	if (!t)
		return NULL;
	t->refs = 1;
	t->len = (uint32_t)len;
	memcpy(t->text, text, len);
	return t;
}

void note_text_put(struct note_text *t)
{
	if (t && --t->refs == 0)
		free(t);
}
