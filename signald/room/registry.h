/*
 * registry: which rooms there are, found by id, and when they end.
 *
 * A typed room ends a minute after its last member left; a created one when
 * it was unused for a day. A room that was ended on purpose, or a created
 * one that expired, leaves a tombstone for a while, so that nobody who comes
 * late opens it anew as its host.
 */
#ifndef SIGNALD_ROOM_REGISTRY_H
#define SIGNALD_ROOM_REGISTRY_H

#include "signald/room/step.h"

struct room *registry_find(const struct core *c, const char *id);

/* A room with the config's defaults; NULL: no memory. The caller has looked
 * at the caps. */
struct room *registry_make(struct core *c, const char *id, uint64_t key,
			   uint64_t now_ms);

/* Forgets the room and everybody in it, without a word. */
void registry_free(struct core *c, struct room *r);

/* Somebody is in: the end is put off. */
void registry_use(struct step *s, struct room *r);

/* Sets the timer of a room nobody is in. */
void registry_rest(struct step *s, struct room *r);

/* The timer has come. */
void registry_due(struct step *s, struct room *r);

/* Everybody out; a tombstone stays for that long, none for 0. */
void registry_end(struct step *s, struct room *r, const char *reason,
		  uint64_t tomb_ms);

void registry_end_request(struct step *s);
void registry_create(struct step *s);

/* A row of the journal: a room or a tombstone. 0 or -ENOMEM. */
int registry_restore(struct step *s, const struct record *rec);

#endif
