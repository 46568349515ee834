/*
 * aimd: the rate by delay: up while the queue does not grow, down to what
 * arrives when it does, and below that until a long queue has drained.
 */
#ifndef MEDIAD_BWE_AIMD_H
#define MEDIAD_BWE_AIMD_H

#include <stdbool.h>
#include <stdint.h>

#include "mediad/bwe/trend.h"

struct aimd {
	uint32_t bps;
	uint32_t link_bps;   /* what arrived when the queue grew; 0: unknown */
	uint64_t at_us;	     /* last update */
	uint64_t cut_us;     /* last decrease */
	uint64_t drain_us;   /* since; 0: not draining */
	uint64_t drained_us; /* when the queue must be gone */
};

struct aimd_input {
	enum trend_state state;
	uint64_t queue_us;
	uint64_t backlog_us; /* what is under way, as time on the link */
	uint32_t acked_bps;  /* what arrives; 0: unknown */
	uint32_t busy_bps;   /* while packets wait (busy.h); 0: unknown */
	bool limited;	     /* less is sent than could be */
	uint64_t rtt_us;
};

void aimd_init(struct aimd *a, uint32_t bps);

/*
 * Returns true when the queue does not drain although we do all we can: it
 * is somebody else's.
 */
bool aimd_update(struct aimd *a, const struct aimd_input *in, uint64_t now_us);

/* The queue must be gone by now, though nobody says so: goes on. */
void aimd_tick(struct aimd *a, uint64_t now_us);

/* What the link takes, while less is sent to drain it. */
uint32_t aimd_capacity(const struct aimd *a);

/* A probe got through. */
void aimd_raise(struct aimd *a, uint32_t bps);

#endif
