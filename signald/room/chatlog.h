/*
 * chatlog: the ciphertexts of a room, the newest 500 or 1 MiB, and the
 * sealed keys among them. An erased message keeps its id and loses its
 * bytes. Owned by the room.
 */
#ifndef SIGNALD_ROOM_CHATLOG_H
#define SIGNALD_ROOM_CHATLOG_H

#include "signald/room/step.h"

struct chat {
	struct list node;
	uint64_t id, at_ms;
	bool sealed;
	uint32_t seal_epoch;
	size_t body_len;
	const char *from, *to, *client_id, *body; /* behind the struct */
	char text[];
};

void chatlog_send(struct step *s);
void chatlog_delete(struct step *s);
void chatlog_history(struct step *s);

/* A sealed key for one member. False: no memory. */
bool chatlog_seal(struct step *s, const struct peer *to, const char *box,
		  uint32_t epoch);

int chatlog_restore(struct room *r, const struct record *rec);
void chatlog_free_all(struct room *r);

#endif
