/*
 * call: a room's media as a whole: who sits in it, who leaves.
 *
 *	s = call_seat(m, room->key, peer->id, peer->pid);
 *	call_join(m, s, &caps);    // from here on it is offered streams
 *	call_stop(m, peer->id);    // kicked, left, lost
 */
#ifndef SIGNALD_MEDIA_CALL_H
#define SIGNALD_MEDIA_CALL_H

#include "signald/media/media.h"

/* Finds or makes; NULL: no memory. */
struct seat *call_seat(struct media *m, uint64_t room, uint64_t peer,
		       const char *pid);

/* caps are copied; NULL: takes no streams. 0 or -ENOMEM. */
int call_join(struct media *m, struct seat *s, const struct rtp_caps *caps);

/* Ends all media of a peer, at once. */
void call_stop(struct media *m, uint64_t peer);

/* Ends all transports, but the seat stays: a page was loaded anew. */
void call_reset(struct media *m, uint64_t peer);

/* Ends a room's media. */
void call_end(struct media *m, uint64_t room);

#endif
