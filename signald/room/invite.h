/*
 * invite: one-time links past the door. A use is taken only when the peer
 * is in: invite_find() looks, invite_spend() takes. Nothing in between can
 * run, so no use is ever taken twice. Owned by the room.
 */
#ifndef SIGNALD_ROOM_INVITE_H
#define SIGNALD_ROOM_INVITE_H

#include "signald/room/step.h"

struct invite {
	struct list node;
	uint64_t id;
	struct secret_hash hash;
	enum role role;
	uint32_t uses_left, uses;
	uint64_t created_ms, expires_ms;
	char label[LABEL_SIZE];
};

/* One that still has a use, or NULL. */
struct invite *invite_find(const struct step *s, const struct room *r,
			   const struct secret_hash *hash);
void invite_spend(struct step *s, struct room *r, struct invite *i);

/* What is left of it lets nobody in any more. */
void invite_void(struct step *s, struct room *r, uint64_t id);

void invite_create(struct step *s);
void invite_list(struct step *s);
void invite_revoke(struct step *s);

/* A row of the journal. 0 or -ENOMEM. */
int invite_restore(struct room *r, const struct record *rec);
void invite_free_all(struct room *r);

#endif
