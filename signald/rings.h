/*
 * rings: the pipes between workers, as the supervisor makes them: for two
 * processes two rings and two eventfds, handed to both over their lifelines
 * and kept by nobody else.
 *
 * Which pairs have one is known by generation: a worker that is born again
 * has none.
 */
#ifndef SIGNALD_RINGS_H
#define SIGNALD_RINGS_H

#include "signald/role.h"

#define RINGS_MAX 64 /* indexes of workers */

struct rings {
	struct {
		uint32_t generation[2]; /* of the lower index, the higher */
		uint64_t made_us;
	} pair[RINGS_MAX][RINGS_MAX]; /* [lower][higher] */
};

/* A server asks: makes one unless these two processes have it. */
int rings_want(struct rings *r, const struct role *a, const struct role *b,
	       uint64_t now_us);

/* One of the two finds it broken: makes another, once a second at most. */
int rings_again(struct rings *r, const struct role *a, const struct role *b,
		uint64_t now_us);

#endif
