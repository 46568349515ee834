/*
 * layers: which spatial and temporal layers a consumer is after, and which
 * packets of a stream belong to them.
 *
 * Three pairs: preferred (what the viewer asked for), target (what we are
 * going to), current (what is sent). A spatial layer is an encoding of a
 * simulcast producer or a layer in an SVC stream. -1 is none.
 */
#ifndef MEDIAD_SFU_LAYERS_H
#define MEDIAD_SFU_LAYERS_H

#include <stdbool.h>
#include <stdint.h>

#include "mediad/rtp/media.h"

#define LAYERS_ALL 127 /* no limit */

struct layers_pair {
	int8_t s, t;
};

struct layers {
	struct layers_pair preferred;
	struct layers_pair cap;	 /* of the allocator */
	struct layers_pair view; /* of the tile's size */
	struct layers_pair target;
	struct layers_pair current;
	uint8_t n_s, n_t; /* layers there are */
};

static inline bool layers_eq(struct layers_pair a, struct layers_pair b)
{
	return a.s == b.s && a.t == b.t;
}

struct consumer;

/*
 * Picks the target anew: from the preferred layers and the allocator's cap,
 * among streams that are alive. True when it changed. Requests key frames.
 */
bool layers_retarget(struct consumer *c, uint64_t now_us);

/* Sets the pairs up from the producer's shape. */
void layers_init(struct consumer *c, struct layers_pair preferred);

/* Notes that it has other layers than were told, if so. */
void layers_tell(struct consumer *c);

/* The highest spatial layer this viewer could use now; -1: none. */
int8_t layers_use(const struct consumer *c);

/* May the packet pass to this consumer, which follows its stream? */
bool layers_pass(struct consumer *c, const struct media *m);

#endif
