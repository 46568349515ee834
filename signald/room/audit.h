/* audit: who did what to whom, the newest 200 of a room. */
#ifndef SIGNALD_ROOM_AUDIT_H
#define SIGNALD_ROOM_AUDIT_H

#include "signald/room/step.h"

#define AUDIT_MAX 200

struct audit {
	struct list node;
	uint64_t id, at_ms;
	const char *what, *by, *on, *detail; /* behind the struct */
	char text[];
};

/* By the one who asks; `on` may be NULL. The log loses a line rather than
 * the deed when memory is out. */
void audit_add(struct step *s, struct room *r, const char *what,
	       const struct peer *on, const char *detail);

void audit_list(struct step *s);

int audit_restore(struct room *r, const struct record *rec);
void audit_free_all(struct room *r);

#endif
