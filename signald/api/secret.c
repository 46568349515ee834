#include "signald/api/secret.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/b64.h"
#include "common/sys/rng.h"
#include "signald/api/hubstate.h"

#define SECRET_BYTES 24

void secret_hash_of(struct hub *hub, const char *text, struct secret_hash *hash)
{
	(void)crypto_generichash(hash->b, sizeof(hash->b),
				 (const unsigned char *)text, strlen(text),
				 hub->key, sizeof(hub->key));
}

void secret_fresh(struct hub *hub, char out[SECRET_SIZE],
		  struct secret_hash *hash)
{
	uint8_t raw[SECRET_BYTES];

	rng_bytes(raw, sizeof(raw));
	b64_of(out, raw, sizeof(raw));
	sodium_memzero(raw, sizeof(raw));
	secret_hash_of(hub, out, hash);
}

char *secret_alloc(struct hub *hub, struct secret_hash *hash)
{
	char *out = malloc(SECRET_SIZE);

	if (out)
		secret_fresh(hub, out, hash);
	return out;
}
