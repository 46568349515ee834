/* Invites: tokens that let someone in past the waiting room. */
#include <stdlib.h>

#include "common/str.h"
#include "signald/api/api.h"
#include "signald/api/hubstate.h"

#define TTL_MAX_S (30 * 24 * 3600)

void api_invite_create(struct api_req *r)
{
	const char *role = wire_text(&r->w, "role", WIRE_MAY, 16);
	char *token = malloc(SECRET_TEXT_SIZE);

	r->heap = token;
	r->e.secret = token;
	r->e.invite.label = wire_text(&r->w, "label", WIRE_MAY, LABEL_SIZE - 1);
	r->e.invite.ttl_ms =
		(uint64_t)wire_int(&r->w, "ttlS", WIRE_MAY, 1, TTL_MAX_S, 0) *
		1000;
	r->e.invite.uses =
		(uint32_t)wire_int(&r->w, "uses", WIRE_MAY, 1, 1000, 0);
	r->e.invite.role = ROLE_GUEST;
	if (role && str_eq(role, "cohost"))
		r->e.invite.role = ROLE_COHOST;
	else if (role && !str_eq(role, "guest"))
		r->w.bad = "role";
	if (token) {
		secret_make(token);
		secret_hash(&r->hub->secret, token, &r->e.fresh_hash);
	} else {
		r->w.bad = "no-memory";
	}
}

void api_invite_revoke(struct api_req *r)
{
	r->e.number =
		(uint64_t)wire_int(&r->w, "id", WIRE_MUST, 0, INT64_MAX, 0);
}
