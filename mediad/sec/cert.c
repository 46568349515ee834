#include "mediad/sec/cert.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/sys/rng.h"

#define DAY_S (24L * 3600)

struct cert {
	X509 *x509;
	EVP_PKEY *key;
	struct cert_fp fps[CERT_ALGS];
};

static const struct {
	const char *name;
	uint8_t len;
} algs[CERT_ALGS] = {
	[CERT_SHA1] = {"sha-1", 20},	 [CERT_SHA224] = {"sha-224", 28},
	[CERT_SHA256] = {"sha-256", 32}, [CERT_SHA384] = {"sha-384", 48},
	[CERT_SHA512] = {"sha-512", 64},
};

static const EVP_MD *digest_of(enum cert_alg alg)
{
	switch (alg) {
	case CERT_SHA1:
		return EVP_sha1();
	case CERT_SHA224:
		return EVP_sha224();
	case CERT_SHA384:
		return EVP_sha384();
	case CERT_SHA512:
		return EVP_sha512();
	default:
		return EVP_sha256();
	}
}

static int fingerprint(X509 *x509, enum cert_alg alg, struct cert_fp *fp)
{
	uint8_t md[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	memset(fp, 0, sizeof(*fp));
	if (!X509_digest(x509, digest_of(alg), md, &n) || n != algs[alg].len)
		return -EIO;
	fp->alg = alg;
	fp->len = (uint8_t)n;
	memcpy(fp->val, md, n);
	return 0;
}

/* A random serial and name: nothing tells two of our processes apart. */
static int fill(X509 *x, EVP_PKEY *key)
{
	X509_NAME *name = X509_get_subject_name(x);
	const uint8_t *cn = (const uint8_t *)"webrtc";
	uint64_t serial = rng_id() >> 1;

	return X509_set_version(x, 2) &&
	       ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), serial) &&
	       X509_gmtime_adj(X509_getm_notBefore(x), -DAY_S) &&
	       X509_gmtime_adj(X509_getm_notAfter(x), 365 * DAY_S) &&
	       X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, cn, -1, -1,
					  0) &&
	       X509_set_issuer_name(x, name) && X509_set_pubkey(x, key) &&
	       X509_sign(x, key, EVP_sha256());
}

struct cert *cert_new(void)
{
	struct cert *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->key = EVP_EC_gen("P-256");
	c->x509 = X509_new();
	if (!c->key || !c->x509 || !fill(c->x509, c->key))
		goto fail;
	for (int i = 0; i < CERT_ALGS; i++)
		if (fingerprint(c->x509, (enum cert_alg)i, &c->fps[i]))
			goto fail;
	return c;
fail:
	cert_free(c);
	return NULL;
}

void cert_free(struct cert *c)
{
	if (!c)
		return;
	X509_free(c->x509);
	EVP_PKEY_free(c->key);
	free(c);
}

const struct cert_fp *cert_fps(const struct cert *c, size_t *n)
{
	*n = CERT_ALGS;
	return c->fps;
}

struct x509_st *cert_x509(const struct cert *c)
{
	return c->x509;
}

struct evp_pkey_st *cert_key(const struct cert *c)
{
	return c->key;
}

const char *cert_alg_name(enum cert_alg alg)
{
	return algs[alg].name;
}

int cert_alg_parse(const char *name)
{
	for (int i = 0; i < CERT_ALGS; i++)
		if (!strcasecmp(name, algs[i].name))
			return i;
	return -EINVAL;
}

static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

int cert_fp_parse(struct cert_fp *fp, const char *alg, const char *text)
{
	int a = cert_alg_parse(alg);
	size_t len;

	if (a < 0)
		return -EINVAL;
	len = algs[a].len;
	if (strlen(text) != 3 * len - 1)
		return -EINVAL;
	memset(fp, 0, sizeof(*fp));
	fp->alg = (enum cert_alg)a;
	fp->len = (uint8_t)len;
	for (size_t i = 0; i < len; i++) {
		int hi = nibble(text[3 * i]);
		int lo = nibble(text[3 * i + 1]);

		if (hi < 0 || lo < 0 || (i + 1 < len && text[3 * i + 2] != ':'))
			return -EINVAL;
		fp->val[i] = (uint8_t)(hi << 4 | lo);
	}
	return 0;
}

const char *cert_fp_str(const struct cert_fp *fp, char out[CERT_FP_STRLEN])
{
	static const char hex[] = "0123456789ABCDEF";
	char *p = out;

	for (size_t i = 0; i < fp->len; i++) {
		if (i)
			*p++ = ':';
		*p++ = hex[fp->val[i] >> 4];
		*p++ = hex[fp->val[i] & 15];
	}
	*p = '\0';
	return out;
}

bool cert_matches(struct x509_st *x509, const struct cert_fp *fps, size_t n)
{
	struct cert_fp got;
	enum cert_alg best = CERT_SHA1;
	bool match = false;

	for (size_t i = 0; i < n; i++)
		if (fps[i].alg > best)
			best = fps[i].alg;
	if (!n || fingerprint(x509, best, &got))
		return false;
	for (size_t i = 0; i < n; i++)
		if (fps[i].alg == best && fps[i].len == got.len &&
		    !CRYPTO_memcmp(fps[i].val, got.val, got.len))
			match = true;
	return match;
}
