/*
 * signin: who has signed in, by the opaque token that the page keeps. Pure:
 * hashes come in, rows for the journal go out.
 */
#ifndef SIGNALD_AUTH_SIGNIN_H
#define SIGNALD_AUTH_SIGNIN_H

#include "common/idmap.h"
#include "common/list.h"
#include "signald/room/record.h"

#define SIGNIN_MAX 100000 /* the oldest gives way */

struct signin {
	struct list node; /* oldest first, which is soonest over first */
	uint64_t id;
	struct secret_hash hash;
	uint64_t expires_ms;
	char *subject, *name;
};

struct signins {
	struct idmap by_id;
	struct list all;
	size_t n;
};

void signin_init(struct signins *s);
void signin_fini(struct signins *s);

/* A row, new or from the journal. 0, -ENOMEM, -EEXIST. */
int signin_add(struct signins *s, const struct record *rec);

/* The row of a new sign-in; texts are borrowed from the caller. */
struct record signin_record(const struct secret_hash *hash, const char *subject,
			    const char *name, uint64_t expires_ms);

/* Still good, or NULL. */
const struct signin *signin_find(const struct signins *s,
				 const struct secret_hash *hash,
				 uint64_t now_ms);

/* Forgets one that is over: true, with the row that says so in *del. */
bool signin_expire(struct signins *s, uint64_t now_ms, struct record *del);

#endif
