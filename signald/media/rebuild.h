/*
 * rebuild: what becomes of seats whose worker died: they go to another
 * worker, every transport gets a successor, every producer waits for its
 * client to produce again under the same id, and every consumer for that.
 */
#ifndef SIGNALD_MEDIA_REBUILD_H
#define SIGNALD_MEDIA_REBUILD_H

#include "signald/media/media.h"

/* The process behind this index is gone. */
void rebuild_worker_lost(struct media *m, uint32_t index);

/* A call's part on a worker, or one transport, is gone. */
void rebuild_part(struct media *m, struct call *c, uint32_t worker);
void rebuild_lose_transport(struct media *m, struct transport *t);
/* Asks for successors of what a seat has lost. */
void rebuild_seat(struct media *m, struct seat *s);
/* Seats that are nowhere are placed, and get their transports. */
void rebuild_host(struct media *m, struct call *c);

/* A worker can be asked: calls that had found none are placed. */
void rebuild_worker_up(struct media *m, struct worker *w);

/* A successor is there: its client is told (MEDIA_REBUILD). */
void rebuild_on_transport(struct media *m, struct transport *t,
			  const struct media_out *reply);

#endif
