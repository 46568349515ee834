/* moderate: what host and co-hosts do to others and to the room. */
#ifndef SIGNALD_ROOM_MODERATE_H
#define SIGNALD_ROOM_MODERATE_H

#include "signald/room/step.h"

/* Also without a request: the succession may lock a room. */
void moderate_policy(struct step *s, struct room *r, enum policy policy);

/* Changes what of `to` the event sets. */
void moderate_settings(struct settings *to, const struct event_settings *e);

void moderate_set_policy(struct step *s);
void moderate_set_settings(struct step *s);
void moderate_mute(struct step *s);
void moderate_mute_all(struct step *s);
void moderate_ask_unmute(struct step *s);
void moderate_kick(struct step *s);
void moderate_lower_hands(struct step *s);
void moderate_spotlight(struct step *s);

#endif
