/*
 * adminlive: what is seen of calls as they run: each stream as each receiver
 * gets it, and all objects of a room's media.
 */
#ifndef SIGNALD_API_ADMINLIVE_H
#define SIGNALD_API_ADMINLIVE_H

#include <stdbool.h>

struct admincmd_call;

/* receivers [ROOM], dump ROOM: as admincmd_run(). */
bool adminlive_receivers(struct admincmd_call *c);
bool adminlive_dump(struct admincmd_call *c);

#endif
