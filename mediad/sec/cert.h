/*
 * cert: the self-signed P-256 certificate a process speaks DTLS with, and
 * fingerprints of certificates (RFC 8122).
 *
 * One a process; whoever made it frees it. A dtls_ctx takes references of
 * its own, so a rotated certificate serves on where it was handed out.
 *
 *	struct cert *c = cert_new();
 *	const struct cert_fp *fp = cert_fps(c, &n);
 *	char text[CERT_FP_STRLEN];
 *	cert_fp_str(&fp[i], text);	"AB:CD:..." beside fp[i].alg's name
 */
#ifndef MEDIAD_SEC_CERT_H
#define MEDIAD_SEC_CERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In the order they are listed to clients; a later one is stronger. */
enum cert_alg {
	CERT_SHA1,
	CERT_SHA224,
	CERT_SHA256,
	CERT_SHA384,
	CERT_SHA512,
	CERT_ALGS, /* how many */
};

#define CERT_FP_MAX    64		 /* bytes of the longest digest */
#define CERT_FP_STRLEN (3 * CERT_FP_MAX) /* colons and the NUL included */

struct cert_fp {
	enum cert_alg alg;
	uint8_t len; /* bytes of val */
	uint8_t val[CERT_FP_MAX];
};

struct cert;
struct x509_st;	    /* OpenSSL's X509 */
struct evp_pkey_st; /* OpenSSL's EVP_PKEY */

/* A fresh key and certificate, valid for a year; NULL when OpenSSL fails. */
struct cert *cert_new(void);
void cert_free(struct cert *c);

/* The fingerprints, CERT_ALGS of them, owned by the certificate. */
const struct cert_fp *cert_fps(const struct cert *c, size_t *n);

/* Borrowed: for SSL_CTX_use_certificate() and the like. */
struct x509_st *cert_x509(const struct cert *c);
struct evp_pkey_st *cert_key(const struct cert *c);

/* "sha-256" and back; cert_alg_parse() gives -EINVAL for others. */
const char *cert_alg_name(enum cert_alg alg);
int cert_alg_parse(const char *name);

/*
 * "sha-256" and "AB:CD:..." (either case) into a fingerprint. 0 or -EINVAL
 * (unknown algorithm, wrong length, other characters).
 */
int cert_fp_parse(struct cert_fp *fp, const char *alg, const char *text);
const char *cert_fp_str(const struct cert_fp *fp, char out[CERT_FP_STRLEN]);

/*
 * Whether a certificate has one of the fingerprints of the strongest
 * algorithm in the list (RFC 8122 section 5). Compares in constant time; an
 * empty list matches nothing.
 */
bool cert_matches(struct x509_st *x509, const struct cert_fp *fps, size_t n);

#endif
