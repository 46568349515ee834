/*
 * keyframe: merges the key frame requests of a stream's viewers: one goes
 * upstream each 500 ms at most, and again if no key frame came.
 *
 * Embedded in a stream of a producer.
 */
#ifndef MEDIAD_SFU_KEYFRAME_H
#define MEDIAD_SFU_KEYFRAME_H

#include <stdbool.h>
#include <stdint.h>

#define KEYFRAME_GAP_US	  500000
#define KEYFRAME_AGAIN_US 1000000
#define KEYFRAME_TRIES	  10

struct keyframe {
	uint64_t asked_us; /* last request that left; 0: none */
	uint64_t due_us;   /* when the next may leave; UINT64_MAX: not wanted */
	uint64_t came_us;  /* last key frame */
	uint8_t tries;
	bool wanted;
	uint32_t gap_us;
};

void keyframe_init(struct keyframe *k);

/* Somebody needs one. True when the deadline moved. */
bool keyframe_want(struct keyframe *k, uint64_t now_us);

void keyframe_came(struct keyframe *k, uint64_t now_us);

/* True: send a PLI (or FIR) now; booked. */
bool keyframe_take(struct keyframe *k, uint64_t now_us);

static inline uint64_t keyframe_deadline(const struct keyframe *k)
{
	return k->due_us;
}

#endif
