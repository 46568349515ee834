/* denial: who was denied waits a while before knocking again. */
#ifndef SIGNALD_ROOM_DENIAL_H
#define SIGNALD_ROOM_DENIAL_H

#include "signald/room/step.h"

struct denial {
	struct list node;
	struct room *room;
	struct timer over;
	struct addr from;
	char browser[BROWSER_SIZE];
};

void denial_add(struct step *s, const struct peer *p);

/* Milliseconds until this one may knock again, 0: now. */
uint64_t denial_wait(const struct step *s, const struct room *r,
		     const char *browser);

/* The timer has come. */
void denial_over(struct core *c, struct denial *d);
void denial_free_all(struct core *c, struct room *r);

#endif
