/*
 * enter: coming in. By resume token the same peer as before; by host key,
 * invite or policy a new one, as a member or in the line.
 */
#ifndef SIGNALD_ROOM_ENTER_H
#define SIGNALD_ROOM_ENTER_H

#include "signald/room/step.h"

void enter_request(struct step *s);  /* enter */
void enter_implicit(struct step *s); /* a plain client's first request */
void enter_lost(struct step *s);     /* the connection is gone */
void enter_beacon(struct step *s);   /* POST /api/away */

#endif
