#include "tests/lib/peer_dtls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/time.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#define MTU	  1200
#define TIMER_US  50000 /* the first retransmission, as libwebrtc has it */
#define TIMER_MAX 1000000
#define QUEUE_MAX 64
#define PROFILES                                                               \
	"SRTP_AES128_CM_SHA1_80:SRTP_AEAD_AES_256_GCM:SRTP_AEAD_AES_128_GCM"
#define LABEL "EXTRACTOR-dtls_srtp"

struct dgram {
	size_t len;
	uint8_t data[PEER_MTU];
};

struct peer_dtls {
	SSL_CTX *ctx;
	SSL *ssl;
	EVP_PKEY *key;
	X509 *cert;
	bool server, failed;
	char fingerprint[PEER_FPRINT_STRLEN];
	char expect[PEER_FPRINT_STRLEN]; /* of the server, "": any */
	const uint8_t *in;
	size_t in_len;
	struct dgram queue[QUEUE_MAX];
	size_t head, n;
};

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "peer_dtls: %s\n", what);
	ERR_print_errors_fp(stderr);
	exit(2);
}

static int bio_write(BIO *b, const char *data, int len)
{
	struct peer_dtls *d = BIO_get_data(b);
	struct dgram *g;

	if (d->n < QUEUE_MAX && len > 0 && len <= PEER_MTU) {
		g = &d->queue[(d->head + d->n++) % QUEUE_MAX];
		g->len = (size_t)len;
		memcpy(g->data, data, g->len);
	}
	return len;
}

static int bio_read(BIO *b, char *out, int cap)
{
	struct peer_dtls *d = BIO_get_data(b);
	size_t n = d->in_len < (size_t)cap ? d->in_len : (size_t)cap;

	BIO_clear_retry_flags(b);
	if (!d->in_len) {
		BIO_set_retry_read(b);
		return -1;
	}
	memcpy(out, d->in, n);
	d->in_len = 0; /* one read takes the datagram */
	return (int)n;
}

static long bio_ctrl(BIO *b, int cmd, long num, void *ptr)
{
	(void)b;
	(void)num;
	(void)ptr;
	return cmd == BIO_CTRL_FLUSH;
}

static BIO *bio_new(struct peer_dtls *d)
{
	static BIO_METHOD *method;
	BIO *b;

	if (!method) {
		method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "peer");
		must(method != NULL, "BIO_meth_new");
		BIO_meth_set_write(method, bio_write);
		BIO_meth_set_read(method, bio_read);
		BIO_meth_set_ctrl(method, bio_ctrl);
	}
	b = BIO_new(method);
	must(b != NULL, "BIO_new");
	BIO_set_data(b, d);
	BIO_set_init(b, 1);
	return b;
}

static void fingerprint_of(X509 *cert, char out[PEER_FPRINT_STRLEN])
{
	uint8_t md[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	must(X509_digest(cert, EVP_sha256(), md, &len) && len == 32,
	     "X509_digest");
	for (unsigned i = 0; i < len; i++)
		snprintf(out + 3 * i, 4, "%02X%s", md[i],
			 i + 1 < len ? ":" : "");
}

/* Compared after the handshake, so anything passes here. */
static int verify(int ok, X509_STORE_CTX *store)
{
	(void)ok;
	(void)store;
	return 1;
}

static void make_cert(struct peer_dtls *d)
{
	X509_NAME *name;

	d->key = EVP_EC_gen("P-256");
	d->cert = X509_new();
	must(d->key && d->cert, "key");
	X509_set_version(d->cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(d->cert), 1);
	/* Fixed, so that a run repeats to the byte. */
	ASN1_TIME_set_string(X509_getm_notBefore(d->cert), "20240101000000Z");
	ASN1_TIME_set_string(X509_getm_notAfter(d->cert), "20480101000000Z");
	X509_set_pubkey(d->cert, d->key);
	name = X509_get_subject_name(d->cert);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
				   (const unsigned char *)"peer", -1, -1, 0);
	X509_set_issuer_name(d->cert, name);
	must(X509_sign(d->cert, d->key, EVP_sha256()) > 0, "X509_sign");
	fingerprint_of(d->cert, d->fingerprint);
}

/* As browsers do: OpenSSL's own second is an age on a lossy path. */
static unsigned next_timeout(SSL *ssl, unsigned us)
{
	(void)ssl;
	if (!us)
		return 50000;
	return us < 1000000 ? 2 * us : us;
}

static unsigned timer(SSL *ssl, unsigned last_us)
{
	(void)ssl;
	if (!last_us)
		return TIMER_US;
	return 2 * last_us < TIMER_MAX ? 2 * last_us : TIMER_MAX;
}

struct peer_dtls *peer_dtls_new(const struct peer_conf *conf)
{
	struct peer_dtls *d = calloc(1, sizeof(*d));
	const char *profiles;

	must(d != NULL, "memory");
	d->server = conf->dtls_server;
	if (conf->remote_fingerprint)
		snprintf(d->expect, sizeof(d->expect), "%s",
			 conf->remote_fingerprint);
	make_cert(d);
	d->ctx = SSL_CTX_new(DTLS_method());
	must(d->ctx != NULL, "SSL_CTX_new");
	SSL_CTX_set_min_proto_version(d->ctx, DTLS1_2_VERSION);
	SSL_CTX_set_verify(d->ctx,
			   SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
			   verify);
	must(SSL_CTX_use_certificate(d->ctx, d->cert) == 1 &&
		     SSL_CTX_use_PrivateKey(d->ctx, d->key) == 1,
	     "certificate");
	profiles = conf->srtp_profiles ? conf->srtp_profiles : PROFILES;
	must(SSL_CTX_set_tlsext_use_srtp(d->ctx, profiles) == 0, "use_srtp");
	d->ssl = SSL_new(d->ctx);
	must(d->ssl != NULL, "SSL_new");
	DTLS_set_timer_cb(d->ssl, next_timeout);
	SSL_set_options(d->ssl, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_TICKET);
	SSL_set_mtu(d->ssl, MTU);
	DTLS_set_timer_cb(d->ssl, timer);
	SSL_set_bio(d->ssl, bio_new(d), bio_new(d));
	if (d->server)
		SSL_set_accept_state(d->ssl);
	else
		SSL_set_connect_state(d->ssl);
	return d;
}

void peer_dtls_free(struct peer_dtls *d)
{
	SSL_free(d->ssl);
	SSL_CTX_free(d->ctx);
	X509_free(d->cert);
	EVP_PKEY_free(d->key);
	free(d);
}

const char *peer_dtls_fingerprint(const struct peer_dtls *d)
{
	return d->fingerprint;
}

static bool right_server(const struct peer_dtls *d)
{
	char got[PEER_FPRINT_STRLEN] = "";
	X509 *cert = SSL_get1_peer_certificate(d->ssl);

	if (!cert)
		return false;
	fingerprint_of(cert, got);
	X509_free(cert);
	return !d->expect[0] || !strcasecmp(got, d->expect);
}

static void drive(struct peer_dtls *d)
{
	char scratch[256];
	bool before = SSL_is_init_finished(d->ssl);
	int r, err;

	ERR_clear_error();
	r = before ? SSL_read(d->ssl, scratch, sizeof(scratch))
		   : SSL_do_handshake(d->ssl);
	err = SSL_get_error(d->ssl, r);
	if (r <= 0 && (err == SSL_ERROR_SSL || err == SSL_ERROR_ZERO_RETURN))
		d->failed = true;
	if (!before && SSL_is_init_finished(d->ssl) && !right_server(d))
		d->failed = true;
}

void peer_dtls_start(struct peer_dtls *d)
{
	if (!d->server)
		drive(d);
}

void peer_dtls_input(struct peer_dtls *d, const uint8_t *data, size_t len)
{
	if (d->failed)
		return;
	d->in = data;
	d->in_len = len;
	drive(d);
	d->in_len = 0;
}

size_t peer_dtls_output(struct peer_dtls *d, uint8_t *buf, size_t cap)
{
	struct dgram *g = &d->queue[d->head];

	if (!d->n || g->len > cap)
		return 0;
	memcpy(buf, g->data, g->len);
	d->head = (d->head + 1) % QUEUE_MAX;
	d->n--;
	return g->len;
}

uint64_t peer_dtls_deadline(const struct peer_dtls *d, uint64_t now_us)
{
	struct timeval tv;

	if (d->failed || !DTLSv1_get_timeout(d->ssl, &tv))
		return UINT64_MAX;
	return now_us + (uint64_t)tv.tv_sec * 1000000 + (uint64_t)tv.tv_usec;
}

void peer_dtls_tick(struct peer_dtls *d)
{
	if (!d->failed && DTLSv1_handle_timeout(d->ssl) < 0)
		d->failed = true;
}

void peer_dtls_close(struct peer_dtls *d)
{
	if (SSL_is_init_finished(d->ssl))
		SSL_shutdown(d->ssl);
}

bool peer_dtls_done(const struct peer_dtls *d)
{
	return !d->failed && SSL_is_init_finished(d->ssl);
}

bool peer_dtls_failed(const struct peer_dtls *d)
{
	return d->failed;
}

/* The lengths of a profile's master key and salt. */
static bool lengths(unsigned id, size_t *key, size_t *salt)
{
	*key = id == 8 ? 32 : 16;
	*salt = id == 7 || id == 8 ? 12 : 14;
	return id == 1 || id == 2 || id == 7 || id == 8;
}

unsigned peer_dtls_keys(const struct peer_dtls *d, const char **name,
			uint8_t local[PEER_DTLS_KEYS],
			uint8_t remote[PEER_DTLS_KEYS])
{
	const SRTP_PROTECTION_PROFILE *p =
		SSL_get_selected_srtp_profile(d->ssl);
	uint8_t km[4 * 32];
	uint8_t *client = d->server ? remote : local;
	uint8_t *server = d->server ? local : remote;
	size_t k, s;

	if (!p || !lengths((unsigned)p->id, &k, &s))
		return 0;
	if (SSL_export_keying_material(d->ssl, km, 2 * (k + s), LABEL,
				       strlen(LABEL), NULL, 0, 0) != 1)
		return 0;
	memcpy(client, km, k);
	memcpy(server, km + k, k);
	memcpy(client + k, km + 2 * k, s);
	memcpy(server + k, km + 2 * k + s, s);
	*name = p->name;
	return (unsigned)p->id;
}
