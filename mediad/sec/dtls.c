#include "mediad/sec/dtls.h"

#include <assert.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "common/rd.h"
#include "mediad/sec/dgrambio.h"

_Static_assert(DGRAMBIO_MTU == DTLS_MTU, "one MTU");

#define FIRST_TIMEOUT_US 100000
#define MAX_TIMEOUT_US	 1000000
#define RESTARTS_MAX	 8
#define EARLY_MAX	 4    /* datagrams: a client's first flight, twice */
#define EARLY_BYTES	 1500 /* of one */
#define NEVER		 UINT64_MAX

/* Our order decides: browsers list the counter-mode profiles first. */
#define SRTP_PROFILES                                                          \
	"SRTP_AEAD_AES_128_GCM:SRTP_AEAD_AES_256_GCM:"                         \
	"SRTP_AES128_CM_SHA1_80:SRTP_AES128_CM_SHA1_32"

#define CIPHERS                                                                \
	"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"           \
	"ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"           \
	"ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"           \
	"ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA"

struct dtls_ctx {
	SSL_CTX *ssl_ctx;
	BIO_METHOD *bio_method;
	uint32_t refs; /* the process's and each association's */
	uint64_t forgotten;
};

/* What only the handshake needs; freed 30 s after the first SRTP packet. */
struct hands {
	SSL *ssl;
	struct dgrambio q;
};

/* What the client said before we knew whom to expect. */
struct early {
	size_t n;
	size_t len[EARLY_MAX];
	uint8_t data[EARLY_MAX][EARLY_BYTES];
};

struct dtls {
	struct dtls_ctx *ctx;
	struct hands *hands;
	struct early *early; /* mostly NULL */
	enum dtls_state state;
	enum dtls_role role;
	const char *why;
	uint64_t now_us;	/* of the call that is running */
	uint64_t give_up_us;	/* end of the handshake's 10 s */
	uint64_t retransmit_us; /* OpenSSL's own timer */
	uint64_t free_us;	/* end of the linger */
	bool mismatch;		/* the certificate is not the signalled one */
	size_t n_fps;
	struct cert_fp fps[DTLS_FPS_MAX];
	struct srtp_keys keys;
	struct dtls_stats stats;
};

/* ---- the process's context ---- */

/* Runs when the peer's certificate arrives, before there are keys. */
static int verify(X509_STORE_CTX *store, void *arg)
{
	int at = SSL_get_ex_data_X509_STORE_CTX_idx();
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, at);
	struct dtls *d = SSL_get_app_data(ssl);
	X509 *x509 = X509_STORE_CTX_get0_cert(store);

	(void)arg;
	if (x509 && cert_matches(x509, d->fps, d->n_fps))
		return 1;
	d->mismatch = true;
	X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
	return 0;
}

static int setup(SSL_CTX *c, const struct cert *cert)
{
	int groups[] = {NID_X25519, NID_X9_62_prime256v1, NID_secp384r1};

	SSL_CTX_set_options(c, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET |
				       SSL_OP_NO_QUERY_MTU |
				       SSL_OP_CIPHER_SERVER_PREFERENCE |
				       SSL_OP_SINGLE_ECDH_USE);
	SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_read_ahead(c, 1); /* whole datagrams */
	SSL_CTX_set_verify(c, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
			   NULL);
	SSL_CTX_set_cert_verify_callback(c, verify, NULL);
	/* use_srtp's setter alone returns 0 for success. */
	return SSL_CTX_set_min_proto_version(c, DTLS1_2_VERSION) &&
	       SSL_CTX_set_max_proto_version(c, DTLS1_2_VERSION) &&
	       SSL_CTX_set_cipher_list(c, CIPHERS) &&
	       SSL_CTX_set1_groups(c, groups, 3) &&
	       SSL_CTX_use_certificate(c, cert_x509(cert)) &&
	       SSL_CTX_use_PrivateKey(c, cert_key(cert)) &&
	       !SSL_CTX_set_tlsext_use_srtp(c, SRTP_PROFILES);
}

struct dtls_ctx *dtls_ctx_new(const struct cert *cert)
{
	struct dtls_ctx *ctx = calloc(1, sizeof(*ctx));

	if (!ctx)
		return NULL;
	ctx->refs = 1;
	ctx->bio_method = dgrambio_method();
	ctx->ssl_ctx = SSL_CTX_new(DTLS_method());
	if (ctx->bio_method && ctx->ssl_ctx && setup(ctx->ssl_ctx, cert))
		return ctx;
	dtls_ctx_free(ctx);
	return NULL;
}

void dtls_ctx_free(struct dtls_ctx *ctx)
{
	if (!ctx || --ctx->refs)
		return;
	SSL_CTX_free(ctx->ssl_ctx);
	BIO_meth_free(ctx->bio_method);
	free(ctx);
}

uint64_t dtls_ctx_forgotten(const struct dtls_ctx *ctx)
{
	return ctx->forgotten;
}

/* ---- OpenSSL's object ---- */

/* OpenSSL begins at 1 s, which a lossy path feels at every join. */
static unsigned next_timeout(SSL *ssl, unsigned us)
{
	(void)ssl;
	if (!us)
		return FIRST_TIMEOUT_US;
	return 2 * us < MAX_TIMEOUT_US ? 2 * us : MAX_TIMEOUT_US;
}

static void hands_free(struct dtls *d)
{
	if (!d->hands)
		return;
	d->ctx->forgotten++;
	SSL_free(d->hands->ssl);
	dgrambio_fini(&d->hands->q);
	free(d->hands);
	d->hands = NULL;
	d->retransmit_us = NEVER;
	d->free_us = NEVER;
}

/* A fresh SSL over the queue as it is. */
static int ssl_begin(struct dtls *d)
{
	struct hands *h = d->hands;
	SSL *ssl = SSL_new(d->ctx->ssl_ctx);
	BIO *bio = ssl ? dgrambio_bio(d->ctx->bio_method, &h->q) : NULL;

	if (!bio) {
		SSL_free(ssl);
		return -ENOMEM;
	}
	SSL_free(h->ssl);
	h->ssl = ssl;
	SSL_set_bio(ssl, bio, bio);
	SSL_set_app_data(ssl, d);
	SSL_set_mtu(ssl, DTLS_MTU);
	DTLS_set_timer_cb(ssl, next_timeout);
	if (d->role == DTLS_SERVER)
		SSL_set_accept_state(ssl);
	else
		SSL_set_connect_state(ssl);
	return 0;
}

static int hands_new(struct dtls *d)
{
	struct hands *h = malloc(sizeof(*h));
	int err;

	if (!h)
		return -ENOMEM;
	h->ssl = NULL;
	dgrambio_init(&h->q);
	d->hands = h;
	err = ssl_begin(d);
	if (err)
		hands_free(d);
	return err;
}

/* ---- the state ---- */

static void set_state(struct dtls *d, enum dtls_state to, const char *why)
{
	static const uint8_t allowed[] = {
		[DTLS_NEW] = 1 << DTLS_CONNECTING | 1 << DTLS_CLOSED,
		[DTLS_CONNECTING] = 1 << DTLS_CONNECTED | 1 << DTLS_FAILED |
				    1 << DTLS_CLOSED,
		[DTLS_CONNECTED] = 1 << DTLS_CLOSED,
		[DTLS_CLOSED] = 0,
		[DTLS_FAILED] = 0,
	};

	assert(allowed[d->state] & 1 << to);
	d->state = to;
	d->why = why;
	if (to != DTLS_CONNECTING)
		d->give_up_us = NEVER;
}

static int export_keys(struct dtls *d)
{
	static const char label[] = "EXTRACTOR-dtls_srtp";
	SRTP_PROTECTION_PROFILE *p;
	uint8_t m[2 * SRTP_MASTER_MAX];
	size_t key;
	size_t salt;
	uint8_t *client =
		d->role == DTLS_CLIENT ? d->keys.local : d->keys.remote;
	uint8_t *server =
		d->role == DTLS_CLIENT ? d->keys.remote : d->keys.local;

	p = SSL_get_selected_srtp_profile(d->hands->ssl);
	if (!p)
		return -ENOENT;
	key = srtp_key_len((enum srtp_profile)p->id);
	salt = srtp_salt_len((enum srtp_profile)p->id);
	if (!key ||
	    !SSL_export_keying_material(d->hands->ssl, m, 2 * (key + salt),
					label, sizeof(label) - 1, NULL, 0, 0))
		return -ENOENT;
	/* RFC 5764 section 4.2: both keys, then both salts. */
	memcpy(client, m, key);
	memcpy(server, m + key, key);
	memcpy(client + key, m + 2 * key, salt);
	memcpy(server + key, m + 2 * key + salt, salt);
	sodium_memzero(m, sizeof(m));
	d->keys.profile = (enum srtp_profile)p->id;
	return 0;
}

/*
 * The handshake broke. A wrong certificate is final. For anything else a
 * server begins again: a single forged record must not keep the peer out.
 */
static void handshake_error(struct dtls *d)
{
	if (d->mismatch) {
		set_state(d, DTLS_FAILED, "fingerprint");
		return;
	}
	if (d->role == DTLS_SERVER && d->stats.restarts < RESTARTS_MAX &&
	    !ssl_begin(d)) {
		d->stats.restarts++;
		return;
	}
	set_state(d, DTLS_FAILED, "handshake");
}

static void handshake(struct dtls *d)
{
	SSL *ssl = d->hands->ssl;
	int rc;

	ERR_clear_error();
	rc = SSL_do_handshake(ssl);
	if (rc == 1) {
		if (export_keys(d))
			set_state(d, DTLS_FAILED, "no-srtp-profile");
		else
			set_state(d, DTLS_CONNECTED, NULL);
		return;
	}
	if (SSL_get_error(ssl, rc) != SSL_ERROR_WANT_READ)
		handshake_error(d);
	ERR_clear_error();
}

/* Alerts and repeated flights; application data is not for us. */
static void read_on(struct dtls *d)
{
	SSL *ssl = d->hands->ssl;
	uint8_t drop[DTLS_MTU];
	int rounds = 8;

	ERR_clear_error();
	while (rounds-- && SSL_read(ssl, drop, sizeof(drop)) > 0)
		d->stats.dropped++;
	ERR_clear_error();
	if (SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN)
		set_state(d, DTLS_CLOSED, "close-notify");
}

static void timer_read(struct dtls *d)
{
	struct timeval tv;

	d->retransmit_us = NEVER;
	if (d->state != DTLS_CONNECTING || !d->hands)
		return;
	if (DTLSv1_get_timeout(d->hands->ssl, &tv))
		d->retransmit_us = d->now_us + (uint64_t)tv.tv_sec * 1000000 +
				   (uint64_t)tv.tv_usec;
}

static void advance(struct dtls *d)
{
	if (d->state == DTLS_CONNECTING)
		handshake(d);
	if (d->state == DTLS_CONNECTED)
		read_on(d);
	if (d->state == DTLS_FAILED || d->state == DTLS_CLOSED)
		d->free_us = d->now_us; /* what is queued goes out before */
	timer_read(d);
}

/* ---- the machine ---- */

struct dtls *dtls_new(struct dtls_ctx *ctx)
{
	struct dtls *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->ctx = ctx;
	ctx->refs++;
	d->give_up_us = NEVER;
	d->retransmit_us = NEVER;
	d->free_us = NEVER;
	return d;
}

void dtls_free(struct dtls *d)
{
	if (!d)
		return;
	hands_free(d);
	free(d->early);
	dtls_ctx_free(d->ctx);
	sodium_memzero(d, sizeof(*d));
	free(d);
}

/* A record header that OpenSSL could use (RFC 6347 section 4.1). */
static bool is_record(const uint8_t *data, size_t len)
{
	struct rd r = rd_of(data, len);
	uint8_t type = rd_u8(&r);
	uint8_t major = rd_u8(&r);
	uint16_t n;

	rd_skip(&r, 1 + 2 + 6);
	n = rd_u16(&r);
	return !r.bad && type >= 20 && type <= 23 && major == 0xfe && n &&
	       n <= rd_left(&r);
}

/* Some browsers stop repeating it after 150 ms, before signaling is done. */
static bool early_keep(struct dtls *d, const uint8_t *data, size_t len)
{
	struct early *e = d->early;

	if (!e)
		e = d->early = calloc(1, sizeof(*e));
	if (!e || e->n == EARLY_MAX || len > EARLY_BYTES)
		return false;
	memcpy(e->data[e->n], data, len);
	e->len[e->n++] = len;
	return true;
}

enum dtls_state dtls_input(struct dtls *d, const uint8_t *data, size_t len,
			   uint64_t now_us)
{
	d->now_us = now_us;
	if (d->state == DTLS_NEW && is_record(data, len) &&
	    early_keep(d, data, len))
		return d->state;
	if (!d->hands || d->state == DTLS_FAILED || d->state == DTLS_CLOSED ||
	    !is_record(data, len)) {
		d->stats.dropped++;
		return d->state;
	}
	d->stats.in++;
	if (d->state == DTLS_CONNECTING) {
		if (d->give_up_us == NEVER)
			d->give_up_us = now_us + DTLS_HANDSHAKE_US;
		d->stats.bytes_in += (uint32_t)len;
		if (d->stats.bytes_in > DTLS_BYTES_MAX) {
			set_state(d, DTLS_FAILED, "too-many-bytes");
			d->free_us = now_us;
			return d->state;
		}
	}
	dgrambio_feed(&d->hands->q, data, len);
	advance(d);
	if (d->hands)
		dgrambio_feed(&d->hands->q, NULL, 0);
	return d->state;
}

static void early_use(struct dtls *d)
{
	struct early *e = d->early;

	d->early = NULL;
	for (size_t i = 0; e && d->role == DTLS_SERVER && i < e->n; i++)
		dtls_input(d, e->data[i], e->len[i], d->now_us);
	free(e);
}

int dtls_start(struct dtls *d, enum dtls_role role, const struct cert_fp *fps,
	       size_t n, uint64_t now_us)
{
	int err;

	if (d->state != DTLS_NEW)
		return -EALREADY;
	if (!n || n > DTLS_FPS_MAX)
		return -EINVAL;
	d->role = role;
	d->n_fps = n;
	memcpy(d->fps, fps, n * sizeof(*fps));
	d->now_us = now_us;
	err = hands_new(d);
	if (err)
		return err;
	set_state(d, DTLS_CONNECTING, NULL);
	if (role == DTLS_CLIENT) {
		d->give_up_us = now_us + DTLS_HANDSHAKE_US;
		advance(d);
	}
	early_use(d);
	return 0;
}

size_t dtls_output(struct dtls *d, uint8_t *buf, size_t cap)
{
	size_t n;

	if (!d->hands)
		return 0;
	n = dgrambio_take(&d->hands->q, buf, cap);
	if (n)
		d->stats.out++;
	d->stats.lost = d->hands->q.lost;
	return n;
}

uint64_t dtls_deadline(const struct dtls *d)
{
	uint64_t t = d->give_up_us;

	if (d->retransmit_us < t)
		t = d->retransmit_us;
	return d->free_us < t ? d->free_us : t;
}

enum dtls_state dtls_tick(struct dtls *d, uint64_t now_us)
{
	d->now_us = now_us;
	if (now_us >= d->free_us)
		hands_free(d);
	if (d->state != DTLS_CONNECTING)
		return d->state;
	if (now_us >= d->give_up_us) {
		set_state(d, DTLS_FAILED, "timeout");
		d->free_us = now_us;
		d->retransmit_us = NEVER;
		return d->state;
	}
	if (now_us >= d->retransmit_us) {
		/* Its errors are those of too many tries: give_up_us rules. */
		(void)DTLSv1_handle_timeout(d->hands->ssl);
		ERR_clear_error();
		timer_read(d);
	}
	return d->state;
}

enum dtls_state dtls_state(const struct dtls *d)
{
	return d->state;
}

const char *dtls_why(const struct dtls *d)
{
	return d->why ? d->why : "";
}

int dtls_keys(const struct dtls *d, struct srtp_keys *keys)
{
	if (d->keys.profile == SRTP_PROFILE_NONE)
		return -EAGAIN;
	*keys = d->keys;
	return 0;
}

void dtls_settled(struct dtls *d, uint64_t now_us)
{
	if (d->state == DTLS_CONNECTED && d->hands && d->free_us == NEVER)
		d->free_us = now_us + DTLS_LINGER_US;
}

void dtls_close(struct dtls *d)
{
	if (d->state == DTLS_CONNECTED && d->hands) {
		(void)SSL_shutdown(d->hands->ssl);
		ERR_clear_error();
	}
	if (d->state != DTLS_FAILED && d->state != DTLS_CLOSED)
		set_state(d, DTLS_CLOSED, "closed");
	d->free_us = d->now_us;
	d->retransmit_us = NEVER;
}

const struct dtls_stats *dtls_stats(const struct dtls *d)
{
	return &d->stats;
}
