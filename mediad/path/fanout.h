/*
 * fanout: what a batch brought for the viewers, on its way to them.
 *
 * Viewer by viewer, not packet by packet: all packets of a producer that came
 * in one batch, most often a frame, go to one consumer before the next one is
 * looked at. So its numbers, keys and counters are fetched into the cache
 * once a frame, and its slots stand together. The order of a producer's
 * packets is kept; that of packets of different producers is not.
 *
 *	fanout_add(w, producer, media, now_us);		for each packet
 *	fanout_run(w, now_us);				when the batch ends
 *
 * Owned by the worker; empty between two batches.
 */
#ifndef MEDIAD_PATH_FANOUT_H
#define MEDIAD_PATH_FANOUT_H

#include <stdint.h>

#include "mediad/io/rx.h"
#include "mediad/rtp/media.h"

struct producer;
struct worker;

struct fanout {
	uint32_t n;
	struct producer *producer[RX_BATCH]; /* NULL: gone to its consumers */
	struct media *kept[RX_BATCH];	     /* in the store, if still there */
	struct media m[RX_BATCH];	     /* with a reference of its own */
};

void fanout_add(struct worker *w, struct producer *p, struct media *kept,
		uint64_t now_us);
void fanout_run(struct worker *w, uint64_t now_us);

#endif
