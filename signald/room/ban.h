/*
 * ban: who may not come back while the room lives. It names the signed-in
 * subject, else the browser's random id and the address.
 */
#ifndef SIGNALD_ROOM_BAN_H
#define SIGNALD_ROOM_BAN_H

#include "signald/room/step.h"

struct ban {
	struct list node;
	uint64_t id;
	char subject[SUBJECT_SIZE];
	char browser[BROWSER_SIZE];
	char ip[ADDR_STRLEN];
};

/* Of the peer, also when nothing can be remembered of it. The oldest ban
 * gives way when the room has too many. False: no memory. */
bool ban_add(struct step *s, const struct peer *p);

bool ban_holds(const struct step *s, const struct room *r, const char *subject,
	       const char *browser);

int ban_restore(struct room *r, const struct record *rec);
void ban_free_all(struct room *r);

#endif
