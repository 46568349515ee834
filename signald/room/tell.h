/*
 * tell: answers and notifications. Each returns the payload for the caller
 * to fill at once: the next call may move it.
 */
#ifndef SIGNALD_ROOM_TELL_H
#define SIGNALD_ROOM_TELL_H

#include "signald/room/step.h"

struct answer *tell_answer(struct step *s, enum answer_kind kind);
void tell_ok(struct step *s);
void tell_refusal(struct step *s, enum refuse_why why);
void tell_refusal_for(struct step *s, enum refuse_why why, uint64_t retry_ms);

struct note *tell_peer(struct step *s, const struct peer *to,
		       enum note_kind kind);

/* To a connection whose peer is about to be gone. */
struct note *tell_conn(struct step *s, const struct peer *to,
		       enum note_kind kind);

enum tell_whom {
	TELL_MEMBERS,
	TELL_JOINED, /* members visible in media: what mediasoup clients know */
	TELL_HOSTS,  /* host and co-hosts */
};

/* `but` is left out; NULL: nobody is. */
struct note *tell_all(struct step *s, const struct room *r, enum tell_whom whom,
		      const struct peer *but, enum note_kind kind);

/* The settings, host, hands and so on of the room to all members. */
void tell_room(struct step *s, const struct room *r);

/* The whole person to all members. */
void tell_person(struct step *s, const struct peer *p);

void tell_close(struct step *s, uint64_t room, uint64_t conn, uint16_t code,
		const char *reason);

struct effect *tell_media(struct step *s, enum effect_kind kind,
			  const struct peer *p, uint32_t sources);

#endif
