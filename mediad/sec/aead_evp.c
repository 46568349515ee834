/* aead over OpenSSL's EVP; a context per key, only the nonce set per packet. */
#include "mediad/sec/aead.h"

#include <assert.h>
#include <openssl/evp.h>
#include <stdlib.h>

struct evp_key {
	struct aead_key base;
	EVP_CIPHER_CTX *ctx;
};

struct evp_lib {
	EVP_CIPHER *aes128; /* fetched once: a fetch per key takes a lock */
	EVP_CIPHER *aes256;
};

static void evp_lib_free(void *lib)
{
	struct evp_lib *l = lib;

	EVP_CIPHER_free(l->aes128);
	EVP_CIPHER_free(l->aes256);
	free(l);
}

static void *evp_lib_new(void)
{
	struct evp_lib *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->aes128 = EVP_CIPHER_fetch(NULL, "AES-128-GCM", NULL);
	l->aes256 = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
	if (l->aes128 && l->aes256)
		return l;
	evp_lib_free(l);
	return NULL;
}

static void evp_key_free(struct aead_key *base)
{
	struct evp_key *k = (struct evp_key *)base;

	EVP_CIPHER_CTX_free(k->ctx);
	free(k);
}

static struct aead_key *evp_key_new(void *lib, const uint8_t *key,
				    size_t key_len, bool seal)
{
	struct evp_lib *l = lib;
	EVP_CIPHER *c = key_len == 16 ? l->aes128 : l->aes256;
	struct evp_key *k = calloc(1, sizeof(*k));

	if (!k)
		return NULL;
	k->ctx = EVP_CIPHER_CTX_new();
	if (k->ctx && EVP_CipherInit_ex2(k->ctx, c, key, NULL, seal, NULL))
		return &k->base;
	evp_key_free(&k->base);
	return NULL;
}

static void evp_seal(struct aead_key *base, const struct aead_pkt *p)
{
	EVP_CIPHER_CTX *ctx = ((struct evp_key *)base)->ctx;
	int n;
	int ok;

	ok = EVP_EncryptInit_ex2(ctx, NULL, NULL, p->iv, NULL) &&
	     EVP_EncryptUpdate(ctx, NULL, &n, p->aad, (int)p->aad_len) &&
	     EVP_EncryptUpdate(ctx, p->dst, &n, p->src, (int)p->len) &&
	     EVP_EncryptFinal_ex(ctx, p->dst + p->len, &n) &&
	     EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, AEAD_TAG,
				 p->dst + p->len);
	/* Fails for misuse only: nothing of this comes from the network. */
	assert(ok);
}

static bool evp_open(struct aead_key *base, const struct aead_pkt *p)
{
	EVP_CIPHER_CTX *ctx = ((struct evp_key *)base)->ctx;
	uint8_t tag[AEAD_TAG];
	int n;

	for (n = 0; n < AEAD_TAG; n++)
		tag[n] = p->src[p->len + (size_t)n];
	return EVP_DecryptInit_ex2(ctx, NULL, NULL, p->iv, NULL) &&
	       EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, AEAD_TAG, tag) &&
	       EVP_DecryptUpdate(ctx, NULL, &n, p->aad, (int)p->aad_len) &&
	       EVP_DecryptUpdate(ctx, p->dst, &n, p->src, (int)p->len) &&
	       EVP_DecryptFinal_ex(ctx, tag, &n);
}

const struct aead_ops aead_evp_ops = {
	.name = "evp",
	.lib_new = evp_lib_new,
	.lib_free = evp_lib_free,
	.key_new = evp_key_new,
	.key_free = evp_key_free,
	.seal = evp_seal,
	.open = evp_open,
};
