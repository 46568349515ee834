/*
 * media: a worker behind a bus that loses and doubles. Commands carry the
 * transport's id, are repeated until they are answered, and a worker that
 * already has (or has no more) what is asked for says so.
 */
#ifndef TESTS_SIM_MEDIA_H
#define TESTS_SIM_MEDIA_H

#include "tests/sim/world.h"

void media_create(struct world *w, uint64_t peer);
void media_stop(struct world *w, uint64_t peer);
void media_bus(struct world *w, uint64_t id);
void media_worker_died(struct world *w);

/* A new server: closes what belongs to no session. */
void media_reconcile(struct world *w);
void media_check(struct world *w, bool quiet);

#endif
