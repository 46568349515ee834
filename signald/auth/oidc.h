/*
 * oidc: one OpenID Connect issuer: what it says of itself (discovery), its
 * keys, and the exchange of codes for ID tokens (authorization code with
 * PKCE, RFC 7636). Everything is fetched when it is needed and kept for a
 * day; an unknown key id fetches the keys anew, at most once a minute.
 *
 *	oidc_begin(o, &(struct oidc_try){.code = ..., ...}, on_end, arg);
 *
 * on_end comes exactly once, at the latest from the loop (at once when the
 * issuer cannot even be asked), unless fetch_free() and oidc_free() come first,
 * in this order.
 */
#ifndef SIGNALD_AUTH_OIDC_H
#define SIGNALD_AUTH_OIDC_H

#include <stddef.h>

#include "signald/auth/idtoken.h"

struct fetch;
struct loop;
struct oidc;

struct oidc_conf {
	const char *issuer, *client_id;
	const char *client_secret; /* "": a public client */
};

/* The page's half of a sign-in; copied. */
struct oidc_try {
	const char *code, *verifier, *nonce, *redirect_uri;
};

enum oidc_end {
	OIDC_OK,
	OIDC_REFUSED,	  /* the issuer does not take the code */
	OIDC_BAD_TOKEN,	  /* what it gave is not a token for us */
	OIDC_UNREACHABLE, /* or says nonsense */
};

/* who is valid with OIDC_OK; why is a word for the log otherwise. */
typedef void oidc_done(void *arg, enum oidc_end end, const struct idtoken *who,
		       const char *why);

/* conf is copied. Begins with discovery. NULL: no memory. */
struct oidc *oidc_new(struct loop *loop, struct fetch *fetch,
		      const struct oidc_conf *conf);
void oidc_free(struct oidc *o);

/* Where the page sends the person, NULL: not known (yet). */
const char *oidc_authorization_endpoint(const struct oidc *o);

/* 0, -EINVAL (a text is not what it must be), -EBUSY, -ENOMEM. */
int oidc_begin(struct oidc *o, const struct oidc_try *t, oidc_done *done,
	       void *arg);

#endif
