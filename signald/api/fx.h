/*
 * fx: carries out what the room core wants done, and nobody else does: to
 * clients, to the journal, to media. And what media wants told.
 */
#ifndef SIGNALD_API_FX_H
#define SIGNALD_API_FX_H

#include <jansson.h>

#include "signald/media/media.h"

struct effects;
struct hub;

/* Takes the list over and does what may be done now. */
void fx_apply(struct hub *hub, struct effects *fx);

/* The journal has come so far: does what waited for it. */
void fx_committed(struct hub *hub, uint64_t ticket);

/* One numbered notification to one peer; data is stolen. */
void fx_note(struct hub *hub, uint64_t peer, const char *method, json_t *data);

/*
 * One without a number, to who is there now: soon out of date, and not worth
 * a place among what is kept for a resume.
 */
void fx_passing(struct hub *hub, uint64_t peer, const char *method,
		json_t *data);

/* To all who joined in a room. */
void fx_note_room(struct hub *hub, uint64_t room, const char *method,
		  json_t *data);

void fx_passing_room(struct hub *hub, uint64_t room, const char *method,
		     json_t *data);

#endif
