#include "signald/net/tls.h"

#include "common/addr.h"
#include "common/str.h"
#include "common/sys/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CERT_DAYS 397 /* what browsers take at most */

struct tls {
	SSL_CTX *ctx;
	char *cert, *key;
};

static void tell(char *err, size_t cap, const char *what, const char *file)
{
	unsigned long e = ERR_get_error();
	const char *why = e ? ERR_reason_error_string(e) : NULL;

	if (!cap)
		return;
	err[0] = '\0';
	str_addf(err, cap, "%s: %s: %s", file, what, why ? why : "not usable");
	ERR_clear_error();
}

/* Only forward secrecy and AEAD; TLS 1.3 has nothing else. */
static const char ciphers[] = "ECDHE-ECDSA-AES128-GCM-SHA256:"
			      "ECDHE-RSA-AES128-GCM-SHA256:"
			      "ECDHE-ECDSA-AES256-GCM-SHA384:"
			      "ECDHE-RSA-AES256-GCM-SHA384:"
			      "ECDHE-ECDSA-CHACHA20-POLY1305:"
			      "ECDHE-RSA-CHACHA20-POLY1305";

/* A client that offers protocols but not ours gets none, not an alert. */
static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *outlen,
		   const unsigned char *in, unsigned int inlen, void *arg)
{
	static const unsigned char ours[] = "\x08http/1.1";
	unsigned char *sel = NULL;

	(void)ssl;
	(void)arg;
	if (SSL_select_next_proto(&sel, outlen, ours, sizeof(ours) - 1, in,
				  inlen) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_NOACK;
	*out = sel;
	return SSL_TLSEXT_ERR_OK;
}

/* A handshake is the dearest thing that a stranger can ask for. */
static int on_hello(SSL *ssl, int *alert, void *arg)
{
	(void)alert;
	(void)arg;
	loop_breathe(SSL_get_app_data(ssl));
	return SSL_CLIENT_HELLO_SUCCESS;
}

static SSL_CTX *load(const char *cert, const char *key, char *err, size_t cap)
{
	static const unsigned char session_name[] = "chattr";
	char groups[] = "X25519:P-256:P-384";
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	ERR_clear_error();
	if (!ctx) {
		tell(err, cap, "no memory", cert);
		return NULL;
	}
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_set_options(ctx, SSL_OP_CIPHER_SERVER_PREFERENCE |
					 SSL_OP_PRIORITIZE_CHACHA |
					 SSL_OP_NO_RENEGOTIATION |
					 SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_cipher_list(ctx, ciphers);
	/* The macro casts const away, hence an array. */
	SSL_CTX_set1_groups_list(ctx, groups);
	/* Tickets alone: no cache that clients could fill. */
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_session_id_context(ctx, session_name,
				       sizeof(session_name) - 1);
	SSL_CTX_set_alpn_select_cb(ctx, on_alpn, NULL);
	SSL_CTX_set_client_hello_cb(ctx, on_hello, NULL);
	if (SSL_CTX_use_certificate_chain_file(ctx, cert) != 1)
		tell(err, cap, "certificate", cert);
	else if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1)
		tell(err, cap, "private key", key);
	else if (SSL_CTX_check_private_key(ctx) != 1)
		tell(err, cap, "does not belong to the certificate", key);
	else
		return ctx;
	SSL_CTX_free(ctx);
	return NULL;
}

struct tls *tls_new(const char *cert, const char *key, char *err, size_t cap)
{
	struct tls *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->cert = strdup(cert);
	t->key = strdup(key);
	if (t->cert && t->key)
		t->ctx = load(cert, key, err, cap);
	if (t->ctx)
		return t;
	tls_free(t);
	return NULL;
}

void tls_free(struct tls *t)
{
	if (!t)
		return;
	SSL_CTX_free(t->ctx);
	free(t->cert);
	free(t->key);
	free(t);
}

int tls_reload(struct tls *t, const char *cert, const char *key, char *err,
	       size_t cap)
{
	SSL_CTX *ctx = load(cert, key, err, cap);

	if (!ctx)
		return -EINVAL;
	SSL_CTX_free(t->ctx);
	t->ctx = ctx;
	return 0;
}

SSL *tls_accept(struct tls *t, struct loop *loop)
{
	SSL *ssl = SSL_new(t->ctx);

	if (ssl)
		SSL_set_app_data(ssl, loop);
	return ssl;
}

/* ---- the certificate of a first run ---------------------------------------
 */

/* "DNS:localhost,IP:127.0.0.1,..." */
static int alt_names(char *out, size_t cap, const char *const *names, size_t n)
{
	int err;

	out[0] = '\0';
	err = str_addf(out, cap, "DNS:localhost,IP:127.0.0.1,IP:::1");
	for (size_t i = 0; !err && i < n; i++) {
		struct addr a;
		bool ip = !addr_parse(&a, names[i], 0);

		if (strpbrk(names[i], ",: ") && !ip)
			return -EINVAL;
		err = str_addf(out, cap, ",%s:%s", ip ? "IP" : "DNS", names[i]);
	}
	return err;
}

static int add_ext(X509 *x, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *e;
	int ok;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, x, x, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	ok = e && X509_add_ext(x, e, -1) == 1;
	X509_EXTENSION_free(e);
	return ok ? 0 : -EINVAL;
}

static X509 *make_cert(EVP_PKEY *key, const char *alt)
{
	X509 *x = X509_new();
	BIGNUM *serial = BN_new();
	X509_NAME *name = x ? X509_get_subject_name(x) : NULL;
	static const unsigned char cn[] = "chattr";
	bool ok;

	ok = x && serial && X509_set_version(x, X509_VERSION_3) == 1 &&
	     BN_rand(serial, 127, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) &&
	     BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(x)) &&
	     X509_gmtime_adj(X509_getm_notBefore(x), -3600) &&
	     X509_time_adj_ex(X509_getm_notAfter(x), CERT_DAYS, -7200, NULL) &&
	     X509_set_pubkey(x, key) == 1 &&
	     X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, cn, -1, -1,
					0) == 1 &&
	     X509_set_issuer_name(x, name) == 1 &&
	     !add_ext(x, NID_subject_alt_name, alt) &&
	     !add_ext(x, NID_basic_constraints, "critical,CA:FALSE") &&
	     !add_ext(x, NID_key_usage, "critical,digitalSignature") &&
	     !add_ext(x, NID_ext_key_usage, "serverAuth") &&
	     X509_sign(x, key, EVP_sha256()) > 0;
	BN_free(serial);
	if (ok)
		return x;
	X509_free(x);
	return NULL;
}

/* Written beside and renamed, so that a crash leaves no half of it. */
static int write_pem(const char *path, mode_t mode, X509 *x, EVP_PKEY *key)
{
	char tmp[512] = "";
	int fd, err = 0;
	FILE *f;

	if (str_addf(tmp, sizeof(tmp), "%s.new", path))
		return -ENAMETOOLONG;
	fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	if (fd < 0)
		return -errno;
	f = fdopen(fd, "w");
	if (!f) {
		close(fd);
		return -ENOMEM;
	}
	if (x ? !PEM_write_X509(f, x)
	      : !PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL))
		err = -EIO;
	if (!err && (fflush(f) || fsync(fd)))
		err = -errno;
	if (fclose(f) && !err)
		err = -EIO;
	if (!err && rename(tmp, path))
		err = -errno;
	if (err)
		unlink(tmp);
	return err;
}

int tls_self_sign(const char *cert, const char *key, const char *const *names,
		  size_t n_names)
{
	char alt[2048];
	EVP_PKEY *pkey;
	X509 *x = NULL;
	int err = alt_names(alt, sizeof(alt), names, n_names);

	if (!access(cert, F_OK) && !access(key, F_OK))
		return 0;
	if (err)
		return err;
	pkey = EVP_EC_gen("P-256");
	if (pkey)
		x = make_cert(pkey, alt);
	err = x ? write_pem(key, 0600, NULL, pkey) : -ENOMEM;
	if (!err)
		err = write_pem(cert, 0644, x, NULL);
	X509_free(x);
	EVP_PKEY_free(pkey);
	return err ? err : 1;
}
