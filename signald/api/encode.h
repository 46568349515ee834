/*
 * encode: what the rooms say, as JSON of proto/client-api.md. Pure; NULL is
 * out of memory.
 */
#ifndef SIGNALD_API_ENCODE_H
#define SIGNALD_API_ENCODE_H

#include <jansson.h>

#include "signald/room/core.h"
#include "signald/room/effects.h"

json_t *encode_person(const struct person *p);
json_t *encode_room(const struct room_view *r);

/* The data of an answer, but for ANSWER_ENTERED. */
json_t *encode_answer(const struct answer *a);

/* `enter`'s answer and `admitted`: without what a resume adds. */
json_t *encode_entered(const struct entered *e);
json_t *encode_peers(const struct snapshot *s);
json_t *encode_snapshot(const struct snapshot *s, const struct room_view *room);

/* The data of a notification. */
json_t *encode_note(const struct note *n);

#endif
