/*
 * idtoken: is this ID token real, from our issuer, for us, of now, and of
 * this sign-in? OpenID Connect Core 3.1.3.7, RFC 7515, RFC 8725. Pure: the
 * keys and the time come in.
 */
#ifndef SIGNALD_AUTH_IDTOKEN_H
#define SIGNALD_AUTH_IDTOKEN_H

#include <stdint.h>

#include "signald/auth/keys.h"

#define IDTOKEN_LEEWAY_S 60

struct idtoken_want {
	const char *issuer, *client_id, *nonce;
	uint64_t now_s; /* since 1970 */
};

struct idtoken {
	char subject[256];
	char name[257]; /* "" when the issuer gave none */
};

enum idtoken_verdict {
	IDTOKEN_OK,
	IDTOKEN_UNKNOWN_KEY, /* fetching the keys again may help */
	IDTOKEN_MALFORMED,
	IDTOKEN_ALGORITHM, /* not RS256 or ES256 */
	IDTOKEN_SIGNATURE,
	IDTOKEN_ISSUER,
	IDTOKEN_AUDIENCE, /* aud or azp */
	IDTOKEN_EXPIRED,
	IDTOKEN_NOT_YET, /* nbf or iat */
	IDTOKEN_NONCE,
	IDTOKEN_SUBJECT,
};

enum idtoken_verdict idtoken_check(const char *jws, const struct keys *keys,
				   const struct idtoken_want *want,
				   struct idtoken *out);

const char *idtoken_why(enum idtoken_verdict v); /* "expired", ... */

#endif
