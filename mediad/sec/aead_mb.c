/*
 * aead over libipsec-mb's synchronous GCM calls. The library is loaded when
 * the process starts, so a machine without it runs the same program. One
 * packet a call: with VAES a single GCM stream keeps the core busy, and the
 * library's job queue only adds to that.
 */
#include "mediad/sec/aead.h"

#ifdef HAVE_IPSEC_MB

#include <dlfcn.h>
#include <intel-ipsec-mb.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

struct mb_lib {
	void *so;
	IMB_MGR *mgr;
	void (*free_mgr)(IMB_MGR *mgr);
};

struct mb_key {
	struct aead_key base;
	aes_gcm_enc_dec_t run;
	struct gcm_key_data data; /* aligned to 64 */
};

/* POSIX has no other way from a void pointer to a function. */
static void sym(void *so, const char *name, void *fn, size_t size)
{
	void *p = dlsym(so, name);

	memcpy(fn, &p, size);
}

static void mb_lib_free(void *lib)
{
	struct mb_lib *l = lib;

	if (l->mgr)
		l->free_mgr(l->mgr);
	if (l->so)
		dlclose(l->so);
	free(l);
}

static int mb_load(struct mb_lib *l)
{
	IMB_MGR *(*alloc_mgr)(uint64_t flags);
	void (*init_auto)(IMB_MGR * mgr, IMB_ARCH * arch);
	unsigned (*version)(void);

	sym(l->so, "alloc_mb_mgr", &alloc_mgr, sizeof(alloc_mgr));
	sym(l->so, "free_mb_mgr", &l->free_mgr, sizeof(l->free_mgr));
	sym(l->so, "init_mb_mgr_auto", &init_auto, sizeof(init_auto));
	sym(l->so, "imb_get_version", &version, sizeof(version));
	if (!alloc_mgr || !l->free_mgr || !init_auto || !version)
		return -1;
	/* The manager's layout is part of the ABI: it grows at its end. */
	if (version() < IMB_VERSION_NUM)
		return -1;
	l->mgr = alloc_mgr(0);
	if (!l->mgr)
		return -1;
	init_auto(l->mgr, NULL);
	if (l->mgr->imb_errno || !(l->mgr->features & IMB_FEATURE_AESNI) ||
	    !l->mgr->gcm128_enc || !l->mgr->gcm256_enc)
		return -1;
	return 0;
}

static void *mb_lib_new(void)
{
	struct mb_lib *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->so = dlopen("libIPSec_MB.so.1", RTLD_NOW | RTLD_LOCAL);
	if (l->so && !mb_load(l))
		return l;
	mb_lib_free(l);
	return NULL;
}

static void mb_key_free(struct aead_key *base)
{
	struct mb_key *k = (struct mb_key *)base;

	sodium_memzero(k, sizeof(*k));
	free(k);
}

static struct aead_key *mb_key_new(void *lib, const uint8_t *key,
				   size_t key_len, bool seal)
{
	struct mb_lib *l = lib;
	struct mb_key *k = aligned_alloc(64, sizeof(*k));

	if (!k)
		return NULL;
	if (key_len == 16) {
		l->mgr->gcm128_pre(key, &k->data);
		k->run = seal ? l->mgr->gcm128_enc : l->mgr->gcm128_dec;
	} else {
		l->mgr->gcm256_pre(key, &k->data);
		k->run = seal ? l->mgr->gcm256_enc : l->mgr->gcm256_dec;
	}
	return &k->base;
}

static void mb_seal(struct aead_key *base, const struct aead_pkt *p)
{
	struct mb_key *k = (struct mb_key *)base;
	struct gcm_context_data ctx;

	k->run(&k->data, &ctx, p->dst, p->src, p->len, p->iv, p->aad,
	       p->aad_len, p->dst + p->len, AEAD_TAG);
}

static bool mb_open(struct aead_key *base, const struct aead_pkt *p)
{
	struct mb_key *k = (struct mb_key *)base;
	struct gcm_context_data ctx;
	uint8_t tag[AEAD_TAG];

	k->run(&k->data, &ctx, p->dst, p->src, p->len, p->iv, p->aad,
	       p->aad_len, tag, AEAD_TAG);
	return !sodium_memcmp(tag, p->src + p->len, AEAD_TAG);
}

#else

static void *mb_lib_new(void)
{
	return NULL;
}

#define mb_lib_free NULL
#define mb_key_new  NULL
#define mb_key_free NULL
#define mb_seal	    NULL
#define mb_open	    NULL

#endif

const struct aead_ops aead_mb_ops = {
	.name = "mb",
	.lib_new = mb_lib_new,
	.lib_free = mb_lib_free,
	.key_new = mb_key_new,
	.key_free = mb_key_free,
	.seal = mb_seal,
	.open = mb_open,
};
