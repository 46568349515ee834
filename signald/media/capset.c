#include "signald/media/capset.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/list.h"

struct kept {
	struct rtp_caps caps;
	uint64_t hash;
	unsigned refs;
};

_Static_assert(crypto_shorthash_KEYBYTES == sizeof(((struct capset *)0)->key),
	       "the key");

void capset_init(struct capset *s)
{
	idmap_init(&s->by_hash);
	crypto_shorthash_keygen(s->key);
}

void capset_fini(struct capset *s)
{
	idmap_fini(&s->by_hash);
}

static uint64_t hash_of(const struct capset *s, const struct rtp_caps *caps)
{
	uint64_t h;

	crypto_shorthash((uint8_t *)&h, (const uint8_t *)caps, sizeof(*caps),
			 s->key);
	return h ? h : 1;
}

/* Padding may tell equal ones apart: then each holder has its own. */
static bool same(const void *a, const void *b)
{
	return !memcmp(a, b, sizeof(struct rtp_caps));
}

const struct rtp_caps *capset_take(struct capset *s,
				   const struct rtp_caps *caps)
{
	uint64_t hash = hash_of(s, caps);
	struct kept *k = idmap_get(&s->by_hash, hash);

	if (k && same(&k->caps, caps)) {
		k->refs++;
		return &k->caps;
	}
	k = malloc(sizeof(*k));
	if (!k)
		return NULL;
	memcpy(&k->caps, caps, sizeof(*caps));
	k->hash = hash;
	k->refs = 1;
	/* Without a place in the map it serves its one holder. */
	(void)idmap_put(&s->by_hash, hash, k);
	return &k->caps;
}

void capset_put(struct capset *s, const struct rtp_caps *caps)
{
	struct kept *k;

	if (!caps)
		return;
	k = list_entry((struct rtp_caps *)(uintptr_t)caps, struct kept, caps);
	if (--k->refs)
		return;
	if (idmap_get(&s->by_hash, k->hash) == k)
		(void)idmap_del(&s->by_hash, k->hash);
	free(k);
}
