/*
 * member: the life of a peer inside its room: made, admitted, moved back to
 * the line, away, back, gone. All lists, counts and indexes change here.
 */
#ifndef SIGNALD_ROOM_MEMBER_H
#define SIGNALD_ROOM_MEMBER_H

#include "signald/room/step.h"

/* By the id on the wire; NULL: none. */
struct peer *member_find(const struct room *r, const char *pid);
struct peer *member_find_waiting(const struct room *r, const char *pid);
struct peer *member_by_token(const struct core *c, const struct secret_hash *t);

static inline struct peer *member_of(struct list *node)
{
	return list_entry(node, struct peer, node);
}

/*
 * A peer of no state yet, known by its id, and by its token unless that is
 * zero. NULL: no memory, or the id is taken.
 */
struct peer *member_new(struct core *c, struct room *r, uint64_t id,
			const struct secret_hash *token);
void member_free(struct core *c, struct peer *p);

/* The only way to change p->state: checks the move, keeps the lists. */
void member_set_state(struct peer *p, enum peer_state to);

/* Ties a connection to a peer; closes the one it had as replaced. False:
 * no memory, nothing changed. */
bool member_bind(struct step *s, struct peer *p, uint64_t conn);
void member_unbind(struct core *c, struct peer *p);

/* The connection is lost: the grace begins. */
void member_away(struct step *s, struct peer *p);
uint64_t member_grace_us(const struct core *c, const struct peer *p);

/* Tells the others that a member is in, whatever way it came. */
void member_arrived(struct step *s, struct peer *p);

/*
 * The end of a session. Its media is stopped, the others are told, the row
 * is deleted, the room gets another host or ends when it must: both room and
 * peer may be gone afterwards. `reason` is
 * said to its connection by close code 4000; NULL: it is closed already.
 */
void member_gone(struct step *s, struct peer *p, const char *reason,
		 enum record_wait wait);

/* Takes a member out of the room's affairs; moving: the session stays, in the
 * line. One who waits is taken out of the line. */
void member_withdraw(struct step *s, struct peer *p, bool moving);

#endif
