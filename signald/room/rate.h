/*
 * rate: what one address may do: joins, knocks, and tries with a wrong
 * secret, each a token bucket. An entry goes when it was idle.
 */
#ifndef SIGNALD_ROOM_RATE_H
#define SIGNALD_ROOM_RATE_H

#include "signald/room/step.h"

enum rate_kind { RATE_JOIN, RATE_KNOCK, RATE_FAIL, RATE_KINDS };

struct rate {
	uint64_t id;
	struct timer idle;
	struct bucket buckets[RATE_KINDS];
};

/*
 * Takes one of the event's address, and of all newcomers for RATE_JOIN; 0, or
 * milliseconds to wait.
 */
uint64_t rate_take(struct step *s, enum rate_kind kind);

/* How long until one could be taken, without taking it. */
uint64_t rate_wait(struct step *s, enum rate_kind kind);

/* The timer of an idle address has come. */
void rate_idle(struct core *c, struct rate *r);

void rate_free_all(struct core *c);

#endif
