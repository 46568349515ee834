/*
 * told: what media has to say, told to clients and rooms.
 */
#ifndef SIGNALD_API_TOLD_H
#define SIGNALD_API_TOLD_H

#include "signald/media/media.h"

struct hub;

/* A Media__LimitReason as clients know it; NULL: there is no such. */
const char *told_limit(int reason);

void told_apply(struct hub *hub, const struct media_out *o);

#endif
