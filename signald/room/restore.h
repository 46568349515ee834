/* restore: the state, built again from the rows of the journal. */
#ifndef SIGNALD_ROOM_RESTORE_H
#define SIGNALD_ROOM_RESTORE_H

#include "signald/room/step.h"

/* 0, -ENOMEM, -EINVAL: fits nothing, or the caps are reached. */
int restore_record(struct step *s, const struct record *rec);

#endif
