/*
 * place: which worker carries whom. All transports of a seat are on one
 * worker, and the seats of a call on as few as its size allows. A new call
 * goes where the least is to be done by what was measured in the last second
 * (CPU, then packets), and by streams where that makes no difference.
 */
#ifndef SIGNALD_MEDIA_PLACE_H
#define SIGNALD_MEDIA_PLACE_H

#include "signald/media/media.h"

/*
 * Puts the seat on a worker, unless it is on one: beside the others of its
 * call, or elsewhere. The worker is asked for a router if the call has none
 * there. 0, or -ENOTCONN when no worker takes anybody.
 */
int place_seat(struct media *m, struct seat *s);

/* Where a new call goes: the least to do; GRAPH_NOWHERE: none takes it. */
uint32_t place_least(const struct media *m);

/*
 * Who has just come to take the place of this one, or is about to: calls that
 * move need not move again. GRAPH_NOWHERE: nobody.
 */
uint32_t place_heir(const struct media *m, uint32_t worker);

/* Is there another worker that takes somebody? */
bool place_elsewhere(const struct media *m, uint32_t worker);

/*
 * Workers die of this room: none takes it for a minute, and four times as
 * long each further time, an hour at most. place_seat() says -EKEYREVOKED.
 * Returns how long. place_ban_step() hosts again whose time is over and
 * returns when to call it again.
 */
uint64_t place_ban(struct media *m, uint64_t room, uint64_t now_us);
uint64_t place_ban_step(struct media *m);

/* How many calls a worker carries or has a part in. */
uint32_t place_count(const struct media *m, uint32_t worker);

/* The seat leaves its worker; with the last one the router there is closed. */
void place_leave(struct media *m, struct seat *s);

/* The call is at home elsewhere from now on, if it has another part. */
void place_resign(struct media *m, struct call *c, uint32_t worker);

/* Closes the router there when no seat is there any more. */
void place_release(struct media *m, struct call *c, uint32_t worker);

/* The call leaves all its workers. */
void place_end(struct media *m, struct call *c);

/* The call's part on that worker is gone already. */
void place_lost(struct media *m, struct call *c, uint32_t worker);

#endif
