/* view: the state as others may see it, copied into a list of effects. */
#ifndef SIGNALD_ROOM_VIEW_H
#define SIGNALD_ROOM_VIEW_H

#include "signald/room/chatlog.h"
#include "signald/room/step.h"

struct person view_person(struct effects *fx, const struct peer *p);
struct room_view view_room(struct effects *fx, const struct room *r);
struct knock_view view_knock(struct effects *fx, const struct peer *p);
struct chat_view view_chat(struct effects *fx, const struct chat *m);

/* Members but one; joined: only those visible in media. */
const struct person *view_people(struct effects *fx, const struct room *r,
				 const struct peer *but, bool joined,
				 uint32_t *n);
const struct knock_view *view_line(struct effects *fx, const struct room *r,
				   uint32_t *n);

/* What `enter` answers and `admitted` says; state decides how much. */
struct entered view_entered(struct effects *fx, const struct peer *p);

#endif
