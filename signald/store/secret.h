/*
 * secret: keyed hashes of tokens, invites and host keys. The key is made at
 * the first start, 32 bytes in `secret.key` of the state directory, mode
 * 0600. Who has the journal alone can neither use nor guess a secret.
 *
 *	secret_load(&key, dir, err, sizeof(err));
 *	secret_hash(&key, token, &event.fresh_hash);
 */
#ifndef SIGNALD_STORE_SECRET_H
#define SIGNALD_STORE_SECRET_H

#include <stddef.h>

#include "signald/room/types.h"

struct secret {
	unsigned char key[32];
};

/* Reads or makes the key file. 0 or -errno with a line in err. */
int secret_load(struct secret *s, const char *dir, char *err, size_t cap);

void secret_hash(const struct secret *s, const char *text,
		 struct secret_hash *out);

/* 128 random bits as 22 characters of base64url and a NUL. */
#define SECRET_TEXT_SIZE 23
void secret_make(char out[SECRET_TEXT_SIZE]);

#endif
