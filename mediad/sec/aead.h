/*
 * aead: AES-GCM under one key, over the fastest library there is.
 *
 * Two back ends, chosen once at start: libipsec-mb ("mb", where the CPU and
 * the package have it) and OpenSSL's EVP with a context kept per key ("evp").
 * Both give the same bytes. A key is made for one direction.
 *
 *	struct aead *a = aead_new(NULL);
 *	struct aead_key *k = aead_key_new(a, key, 16, true);
 *	aead_seal(k, iv, aad, aad_len, dst, src, len);	len + AEAD_TAG bytes
 */
#ifndef MEDIAD_SEC_AEAD_H
#define MEDIAD_SEC_AEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AEAD_TAG 16
#define AEAD_IV	 12

struct aead;

/* Every key of a back end begins with this. */
struct aead_key {
	const struct aead *aead;
};

/* What one packet is: where its parts stand. */
struct aead_pkt {
	const uint8_t *iv; /* AEAD_IV bytes */
	const uint8_t *aad;
	size_t aad_len;
	const uint8_t *src;
	uint8_t *dst; /* may be src; sealing writes len + AEAD_TAG */
	size_t len;   /* of the plain text */
};

/* A back end. */
struct aead_ops {
	const char *name;
	void *(*lib_new)(void); /* NULL: not to be had here */
	void (*lib_free)(void *lib);
	struct aead_key *(*key_new)(void *lib, const uint8_t *key,
				    size_t key_len, bool seal);
	void (*key_free)(struct aead_key *k);
	void (*seal)(struct aead_key *k, const struct aead_pkt *p);
	/* The tag is read from src + len. */
	bool (*open)(struct aead_key *k, const struct aead_pkt *p);
};

struct aead {
	const struct aead_ops *ops;
	void *lib;
};

/* "mb", "evp", or NULL for the best. NULL when it is not to be had. */
struct aead *aead_new(const char *name);
void aead_free(struct aead *a);

/* 16 or 32 bytes of key. NULL: out of memory, or another length. */
struct aead_key *aead_key_new(const struct aead *a, const uint8_t *key,
			      size_t key_len, bool seal);
void aead_key_free(struct aead_key *k);

static inline void aead_seal(struct aead_key *k, const struct aead_pkt *p)
{
	k->aead->ops->seal(k, p);
}

/* False: the tag is wrong; dst holds nothing of use. */
static inline bool aead_open(struct aead_key *k, const struct aead_pkt *p)
{
	return k->aead->ops->open(k, p);
}

extern const struct aead_ops aead_mb_ops;
extern const struct aead_ops aead_evp_ops;

#endif
