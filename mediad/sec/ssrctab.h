/*
 * ssrctab: the SSRCs of one session and direction, each with its replay
 * window. Open addressing over a dense array; it grows when an SSRC is added,
 * never beyond its cap, and never on a packet of a known SSRC.
 */
#ifndef MEDIAD_SEC_SSRCTAB_H
#define MEDIAD_SEC_SSRCTAB_H

#include <stdint.h>

#include "mediad/sec/replay.h"

struct ssrctab_row {
	uint32_t ssrc;
	struct replay win;
};

struct ssrctab {
	struct ssrctab_row *rows;
	uint16_t *slots; /* row + 1; 0: free */
	uint32_t n;
	uint32_t last; /* the row found last */
	uint32_t cap;  /* rows there is room for: a power of two */
	uint32_t max;  /* never more rows than this */
	uint32_t seed; /* a peer cannot choose colliding SSRCs */
};

/* Holds nothing until the first row is added. `max` up to 32,768. */
void ssrctab_init(struct ssrctab *t, uint32_t max, uint32_t seed);
void ssrctab_fini(struct ssrctab *t);

/* The row or NULL. Rows move when one is added. */
struct ssrctab_row *ssrctab_find(struct ssrctab *t, uint32_t ssrc);

/* A new row with an empty window; NULL at the cap or without memory. */
struct ssrctab_row *ssrctab_add(struct ssrctab *t, uint32_t ssrc);

static inline bool ssrctab_full(const struct ssrctab *t)
{
	return t->n >= t->max;
}

#endif
