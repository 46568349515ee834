/*
 * epoch: a run of outgoing numbers a consumer takes from one stream of its
 * producer. A new one begins with each switch of streams and after each
 * pause; numbers go on without a gap, time stamps on the same clock.
 */
#ifndef MEDIAD_SFU_EPOCH_H
#define MEDIAD_SFU_EPOCH_H

#include <stdbool.h>
#include <stdint.h>

#include "mediad/rtp/media.h"

#define EPOCH_MAX   4	   /* remembered a consumer */
#define EPOCH_REACH 0x4000 /* numbers of a run that are remembered */

struct consumer;
struct rtxmap_entry;

struct epoch {
	uint16_t first_out; /* first number of the run */
	uint16_t last_out;  /* newest */
	uint16_t first_in;  /* received number behind first_out */
	uint16_t last_in;   /* newest received one considered */
	uint32_t ts_delta;  /* out = in + delta */
	uint8_t tl0_delta;  /* out = in + delta */
	uint8_t stream;
	bool set;
};

/* Begins a run with m: the running epoch is another one from now on. */
void epoch_start(struct consumer *c, const struct media *m, uint64_t now_us);

/*
 * last_out is now the newest number sent. The beginning of a long run moves
 * along, so that 16-bit comparisons hold.
 */
void epoch_advance(struct epoch *e, uint16_t last_out);

/* The epoch an outgoing number belongs to, or NULL when it is forgotten. */
const struct epoch *epoch_of(const struct consumer *c, uint16_t out);

/* The mapping a received number of an epoch has, or NULL; *out its number. */
struct rtxmap_entry *epoch_find(const struct consumer *c, const struct epoch *e,
				uint16_t in, uint16_t *out);

#endif
