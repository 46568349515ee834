/*
 * secret: tokens that people hold and of which only a keyed hash is kept:
 * resume tokens, host keys, invites. 192 random bits in base64url.
 */
#ifndef SIGNALD_API_SECRET_H
#define SIGNALD_API_SECRET_H

#include "signald/room/types.h"

struct hub;

#define SECRET_SIZE	33  /* with the NUL */
#define SECRET_TEXT_MAX 128 /* what a client may show as one */

void secret_fresh(struct hub *hub, char out[SECRET_SIZE],
		  struct secret_hash *hash);
/* The same on the heap; NULL: no memory. */
char *secret_alloc(struct hub *hub, struct secret_hash *hash);
void secret_hash_of(struct hub *hub, const char *text,
		    struct secret_hash *hash);

#endif
