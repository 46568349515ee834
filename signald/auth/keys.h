/*
 * keys: an issuer's public keys, from its JWKS document (RFC 7517). Only
 * what RS256 and ES256 need is kept: RSA of 2,048 bits or more, and P-256.
 */
#ifndef SIGNALD_AUTH_KEYS_H
#define SIGNALD_AUTH_KEYS_H

#include <cjose/cjose.h>
#include <stddef.h>

#define KEYS_MAX 32

enum keys_alg {
	KEYS_NONE, /* an algorithm that is not taken */
	KEYS_RS256,
	KEYS_ES256,
};

struct keys {
	size_t n;
	struct key {
		char *kid; /* NULL: has none */
		enum keys_alg alg;
		cjose_jwk_t *jwk;
	} v[KEYS_MAX];
};

enum keys_alg keys_alg(const char *name); /* "RS256", "ES256" */

/* The document; keys of other kinds are left out. 0, -EBADMSG, -ENOMEM. */
int keys_parse(struct keys *k, const char *json, size_t len);
void keys_free(struct keys *k);

/* By kid; without one, the only key of this algorithm. NULL: none. */
const struct key *keys_find(const struct keys *k, const char *kid,
			    enum keys_alg alg);

#endif
