/*
 * epoch: the ages of the chat key. The core carries sealed keys and never
 * sees one; it asks a member for a fresh one after a kick or a lock, and for
 * the current one when somebody new has shown a key to seal to.
 */
#ifndef SIGNALD_ROOM_EPOCH_H
#define SIGNALD_ROOM_EPOCH_H

#include "signald/room/step.h"

/* Asks `first` if it can, else the host, else the oldest. */
void epoch_want(struct step *s, struct room *r, const struct peer *first);
void epoch_want_without(struct step *s, struct room *r,
			const struct peer *first, const struct peer *but);

/* What was wanted before our death is asked for again. */
void epoch_restore(struct step *s, struct room *r, uint32_t wanted);

/* Nobody sealed in time: the next one is asked. */
void epoch_due(struct step *s, struct room *r);

/* A peer has shown its keys: somebody seals it the current epoch's. */
void epoch_newcomer(struct step *s, const struct peer *p);

void epoch_seal(struct step *s); /* sealKeys */

#endif
