/*
 * lobby: the line before the door. Who stands in it is told its place and
 * nothing else; host and co-hosts see name and message.
 */
#ifndef SIGNALD_ROOM_LOBBY_H
#define SIGNALD_ROOM_LOBBY_H

#include "signald/room/step.h"

/* Place in line, from 1. */
uint32_t lobby_position(const struct peer *p);

/* May one more knock from the event's address? Refuses itself if not. */
bool lobby_is_closed(struct step *s, const struct room *r, const char *browser);

/* Hosts are told of one who knocks. */
void lobby_knock(struct step *s, const struct peer *p);

/* p, still in line, will not be: hosts and those behind are told. */
void lobby_left(struct step *s, const struct peer *p);

/* Lets in as many of the line as there are seats. */
void lobby_open(struct step *s, struct room *r);

/* Requests */
void lobby_list(struct step *s);
void lobby_admit(struct step *s);
void lobby_admit_all(struct step *s);
void lobby_deny(struct step *s);
void lobby_send_back(struct step *s);
void lobby_set_knock(struct step *s);

#endif
