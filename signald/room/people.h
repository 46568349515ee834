/* people: what a member does about itself. */
#ifndef SIGNALD_ROOM_PEOPLE_H
#define SIGNALD_ROOM_PEOPLE_H

#include "signald/room/step.h"

void people_set_device(struct peer *p, const struct device *d);

/* Requests */
void people_join(struct step *s);
void people_leave(struct step *s);
void people_rename(struct step *s);
void people_set_hand(struct step *s);
void people_react(struct step *s);
void people_set_keys(struct step *s);

/* What media tells; s->me is that peer, s->room that room. */
void people_muted(struct step *s);
void people_blob(struct step *s);
void people_placed(struct step *s);

#endif
