/*
 * alloc: shares a transport's estimate among its video consumers.
 *
 * Pure: an array of items in, the rung each gets out. A rung is a layer with
 * the rate of all up to it; rungs ascend in rate. Highest priority first,
 * one rung each in the first round, then `steps` rungs a round.
 */
#ifndef MEDIAD_BWE_ALLOC_H
#define MEDIAD_BWE_ALLOC_H

#include <stdint.h>

#define ALLOC_RUNGS 12
#define ALLOC_ITEMS 192

struct alloc_item {
	uint8_t steps;		   /* rungs a round after the first, >= 1 */
	uint32_t priority;	   /* higher first */
	int8_t max;		   /* highest rung wanted; -1: none */
	int8_t now;		   /* rung it has; -1: none */
	uint8_t n;		   /* rungs */
	uint32_t bps[ALLOC_RUNGS]; /* of the rung and all below */
	int8_t got;		   /* out: rung, -1: off */
};

/*
 * Returns the sum of the rates given. A step up from `now` must leave the
 * sum within up_bps; what there is is kept while the sum is within keep_bps,
 * which is no less (hysteresis).
 */
uint32_t alloc_run(struct alloc_item *items, unsigned n, uint32_t up_bps,
		   uint32_t keep_bps);

#endif
