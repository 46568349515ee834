/* save: rows of the journal, written from the state. */
#ifndef SIGNALD_ROOM_SAVE_H
#define SIGNALD_ROOM_SAVE_H

#include "signald/room/chatlog.h"
#include "signald/room/invite.h"
#include "signald/room/step.h"

/* A record to fill; texts must live as long as the list. */
struct record *save_record(struct step *s, enum record_kind kind, uint64_t room,
			   enum record_wait wait);

void save_room(struct step *s, const struct room *r, enum record_wait wait);
void save_peer(struct step *s, const struct peer *p, enum record_wait wait);
void save_invite(struct step *s, const struct room *r, const struct invite *i,
		 enum record_wait wait);
void save_chat(struct step *s, const struct room *r, const struct chat *m,
	       enum record_wait wait);

/* Peer, invite, chat, or the room itself (id 0). */
void save_del(struct step *s, enum record_kind kind, uint64_t room, uint64_t id,
	      enum record_wait wait);

#endif
