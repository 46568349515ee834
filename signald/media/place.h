/*
 * place: which worker carries a room.
 */
#ifndef SIGNALD_MEDIA_PLACE_H
#define SIGNALD_MEDIA_PLACE_H

#include "signald/media/media.h"

/*
 * Puts the call on the worker with the least to do and asks it for a router,
 * unless it has one. 0, or -ENOTCONN when no worker takes rooms.
 */
int place_call(struct media *m, struct call *c);

/* How many calls a worker carries. */
uint32_t place_count(const struct media *m, uint32_t worker);

/* The call leaves its worker; its router is closed if it can be told. */
void place_leave(struct media *m, struct call *c);

#endif
