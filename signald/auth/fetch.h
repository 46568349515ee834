/*
 * fetch: HTTPS requests to the issuer, by libcurl's multi interface on the
 * loop. No redirects, 10 s, 256 KiB; plain http only to a loopback address.
 * The certificates of the system's authorities are read once, at start.
 *
 *	fetch_start(f, &(struct fetch_req){.url = url}, on_done, arg);
 *
 * on_done is called from the loop, never from within fetch_start().
 */
#ifndef SIGNALD_AUTH_FETCH_H
#define SIGNALD_AUTH_FETCH_H

#include <stddef.h>

struct fetch;
struct loop;

struct fetch_req {
	const char *url;
	const char *form;	     /* a body to POST, or NULL: a GET */
	const char *user, *password; /* for Basic, or NULL */
};

/* status: of HTTP, 0 when there was no answer, with the reason in body. */
typedef void fetch_done(void *arg, int status, const char *body, size_t len);

struct fetch *fetch_new(struct loop *loop); /* NULL: no memory */

/* What runs is dropped without a call. */
void fetch_free(struct fetch *f);

/* 0, -ENOMEM, -EINVAL: the address is not one to ask. */
int fetch_start(struct fetch *f, const struct fetch_req *req, fetch_done *done,
		void *arg);

/* May we ask there: https, or http on a loopback address? */
int fetch_check_url(const char *url);

#endif
