/*
 * api_signin: sign-in over HTTP: what the page needs to send a person to the
 * issuer, and the exchange of the code it comes back with. Owned by the hub;
 * there without an issuer in the config too, and then knows nobody.
 */
#ifndef SIGNALD_API_API_SIGNIN_H
#define SIGNALD_API_API_SIGNIN_H

#include <stdbool.h>

#include "signald/auth/signin.h"

struct api_signin;
struct conn;
struct http_req;
struct hub;
struct wire;

/* NULL: no memory. */
struct api_signin *api_signin_new(struct hub *hub);
void api_signin_free(struct api_signin *a);

/* A row of the journal. 0 or -ENOMEM. */
int api_signin_restore(struct api_signin *a, const struct record *rec);

/* By the page's token; NULL: nobody, or over. */
const struct signin *api_signin_find(struct hub *hub, const char *token);

/* GET and POST /api/signin */
void api_signin_get(struct hub *hub, struct conn *c, struct wire *w,
		    const struct http_req *req);
void api_signin_post(struct hub *hub, struct conn *c, struct wire *w,
		     const struct http_req *req);

#endif
