/*
 * role: who is host. A room has one host at most: r->host. Its owner (first
 * joiner, holder of the host key, or whom the role was given to) is host
 * again whenever it comes back; who stood in meanwhile goes back to what it
 * was.
 *
 * role_crown() changes the state and writes it down; role_tell() says so.
 * Between the two stands the answer of one who just entered as host.
 */
#ifndef SIGNALD_ROOM_ROLE_H
#define SIGNALD_ROOM_ROLE_H

#include "signald/room/step.h"

/*
 * p is host. By right (owner), or standing in. The one before becomes what
 * `role_after` says; returned, NULL: there was none.
 */
struct peer *role_crown(struct step *s, struct peer *p, bool owner);
void role_tell(struct step *s, struct peer *p, const struct peer *before);

/* Should p, who is back, be host again in another's stead? */
bool role_is_due(const struct peer *p);

/* p goes: the room is without a host for the moment. */
void role_lose(struct step *s, struct peer *p);

/* Finds a host for a room that misses one: true when it has found one. */
bool role_settle(struct step *s, struct room *r);

/* As role_settle(); without an heir the room locks or ends, by its
 * succession. The room may be gone afterwards. */
void role_lost(struct step *s, struct room *r);

/* Somebody who came by `enter` is a member of the room. */
bool role_has_people(const struct room *r);

/* The host, or whose seat it is while another one keeps it. */
bool role_is_hosts(const struct peer *p);

/* Whom the room puts out comes in by no door it came by before. */
void role_void_secrets(struct step *s, const struct peer *p);

void role_set(struct step *s); /* setRole */

#endif
