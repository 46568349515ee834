/*
 * move: the seats of a call go from one worker to another while both carry
 * them.
 *
 * Every transport gets a successor on the new worker (`rebuild` with reason
 * `move`); the old one stays in the graph as TRANSPORT_LEAVING. A client
 * produces again on the new one, and closes the old one that it receives
 * with when all that it shows comes over the new. When nobody receives from
 * the old worker any more, or MOVE_MAX_US are over, the call's part there is
 * closed, and who still sends there is told (MEDIA_TRANSPORT_CLOSED).
 */
#ifndef SIGNALD_MEDIA_MOVE_H
#define SIGNALD_MEDIA_MOVE_H

#include "signald/media/media.h"

#define MOVE_MAX_US   (10 * 1000000ull)
#define MOVES_AT_ONCE 8 /* calls under way from one worker */

/*
 * Begins moves from workers that drain, ends those that are over, and tells
 * which worker may leave. Returns when to call it again.
 */
uint64_t move_step(struct media *m);

/* The process is gone: nothing is left there. */
void move_worker_lost(struct media *m, uint32_t index);

/* What must hold on the old worker, too, is asked of it as well. */
void move_tell_id(struct media *m, const struct seat *s, uint32_t method,
		  uint64_t id);
void move_tell_peer(struct media *m, const struct seat *s);

#endif
