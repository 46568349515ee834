#include "mediad/sec/aead.h"

#include <stdlib.h>
#include <string.h>

/* The fastest first. */
static const struct aead_ops *const backends[] = {
	&aead_mb_ops,
	&aead_evp_ops,
};

struct aead *aead_new(const char *name)
{
	struct aead *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	for (size_t i = 0; i < sizeof(backends) / sizeof(*backends); i++) {
		if (name && strcmp(name, backends[i]->name) != 0)
			continue;
		a->lib = backends[i]->lib_new();
		if (!a->lib)
			continue;
		a->ops = backends[i];
		return a;
	}
	free(a);
	return NULL;
}

void aead_free(struct aead *a)
{
	if (!a)
		return;
	a->ops->lib_free(a->lib);
	free(a);
}

struct aead_key *aead_key_new(const struct aead *a, const uint8_t *key,
			      size_t key_len, bool seal)
{
	struct aead_key *k;

	if (key_len != 16 && key_len != 32)
		return NULL;
	k = a->ops->key_new(a->lib, key, key_len, seal);
	if (k)
		k->aead = a;
	return k;
}

void aead_key_free(struct aead_key *k)
{
	if (k)
		k->aead->ops->key_free(k);
}
