/*
 * pool: the supervisor's workers: which places there are, which of them have
 * a process, which of those are to go.
 *
 * A place is an index with sockets, and keeps both for good: who comes next
 * gets the lowest free one. One more than the configuration asks for is made
 * at the start, while the system's limits on buffers may be exceeded; a
 * renewal (every worker by a new process) goes round over it.
 *
 * The server is told of each change and moves calls away from workers that
 * drain or leave; when a leaving one is empty, it says so, and it ends.
 */
#ifndef SIGNALD_POOL_H
#define SIGNALD_POOL_H

#include "signald/supstate.h"

/* Makes the places of conf->media.workers. 0 or -errno. */
int pool_init(struct supervisor *s);
void pool_fini(struct supervisor *s);

/* Starts all of them. */
void pool_start(struct supervisor *s);

/* The configuration wants another number of them. */
void pool_resize(struct supervisor *s);

/* One worker more; NULL: no place, or none can be made. */
struct watch *pool_spawn(struct supervisor *s);

/* The place, if this is its present process; NULL: not. */
struct watch *pool_find(struct supervisor *s, const struct lifeline_worker *l);

/* What becomes of it: LIFELINE_WORKER_UP, _DRAINING or _LEAVING. */
void pool_set(struct watch *w, enum lifeline_state wish);

/* The server has nothing on it any more. */
void pool_is_empty(struct watch *w);

/* It crashed or hung: was it the traffic of a room? */
void pool_crashed(struct watch *w);

/* Its process is gone: true when it has to get another one. */
bool pool_lost(struct watch *w);

/* Every worker is replaced, one after the other. */
void pool_renew(struct supervisor *s);
/* Goes on with that; each turn. */
void pool_step(struct supervisor *s);

/* Tells the server. */
void pool_tell(const struct watch *w);
void pool_tell_all(struct supervisor *s);

#endif
