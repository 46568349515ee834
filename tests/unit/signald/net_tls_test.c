#include "signald/net/tls.h"

#include "common/sys/loop.h"
#include "tests/lib/test.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static char dir[] = "/tmp/chattr-tls-XXXXXX";
static char cert[64], key[64];

static void paths(void)
{
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(cert, sizeof(cert), "%s/cert.pem", dir);
	snprintf(key, sizeof(key), "%s/key.pem", dir);
}

static void clean(void)
{
	char cmd[64];

	snprintf(cmd, sizeof(cmd), "rm -r %s", dir);
	ck_assert_int_eq(system(cmd), 0);
}

TEST(tls_signs_once_for_all_names)
{
	static const char *const names[] = {"meet.example", "192.0.2.7",
					    "2001:db8::7"};
	struct stat st;
	X509 *x;
	FILE *f;

	paths();
	ck_assert_int_eq(tls_self_sign(cert, key, names, 3), 1);
	ck_assert_int_eq(tls_self_sign(cert, key, names, 3), 0);
	ck_assert_int_eq(stat(key, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	f = fopen(cert, "r");
	x = PEM_read_X509(f, NULL, NULL, NULL);
	fclose(f);
	ck_assert_int_eq(X509_check_host(x, "meet.example", 0, 0, NULL), 1);
	ck_assert_int_eq(X509_check_host(x, "localhost", 0, 0, NULL), 1);
	ck_assert_int_eq(X509_check_host(x, "evil.example", 0, 0, NULL), 0);
	ck_assert_int_eq(X509_check_ip_asc(x, "192.0.2.7", 0), 1);
	ck_assert_int_eq(X509_check_ip_asc(x, "2001:db8::7", 0), 1);
	ck_assert_int_eq(X509_cmp_current_time(X509_get0_notBefore(x)), -1);
	ck_assert_int_eq(X509_cmp_current_time(X509_get0_notAfter(x)), 1);
	X509_free(x);
	clean();
}

/* Runs a handshake in memory; the version, or 0 when it fails. */
static int handshake(struct tls *t, int min, int max, const char *ciphers)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	struct loop *loop = loop_new();
	SSL *c, *s = tls_accept(t, loop);
	BIO *a = BIO_new(BIO_s_mem()), *b = BIO_new(BIO_s_mem());
	int version = 0;

	SSL_CTX_set_min_proto_version(ctx, min);
	SSL_CTX_set_max_proto_version(ctx, max);
	SSL_CTX_set_security_level(ctx, 0);
	if (ciphers)
		SSL_CTX_set_cipher_list(ctx, ciphers);
	c = SSL_new(ctx);
	BIO_up_ref(a);
	BIO_up_ref(b);
	SSL_set_bio(c, a, b);
	SSL_set_bio(s, b, a);
	SSL_set_connect_state(c);
	SSL_set_accept_state(s);
	for (int i = 0; i < 10 && !version; i++) {
		int x = SSL_do_handshake(c), y = SSL_do_handshake(s);

		if (x == 1 && y == 1)
			version = SSL_version(c);
	}
	SSL_free(c);
	SSL_free(s);
	SSL_CTX_free(ctx);
	loop_free(loop);
	return version;
}

TEST(tls_speaks_1_2_and_1_3_with_forward_secrecy_only)
{
	char err[256];
	struct tls *t;

	paths();
	ck_assert_int_eq(tls_self_sign(cert, key, NULL, 0), 1);
	t = tls_new(cert, key, err, sizeof(err));
	ck_assert_ptr_nonnull(t);
	ck_assert_int_eq(handshake(t, TLS1_3_VERSION, TLS1_3_VERSION, NULL),
			 TLS1_3_VERSION);
	ck_assert_int_eq(handshake(t, TLS1_2_VERSION, TLS1_2_VERSION, NULL),
			 TLS1_2_VERSION);
	ck_assert_int_eq(handshake(t, TLS1_VERSION, TLS1_1_VERSION, "ALL"), 0);
	ck_assert_int_eq(handshake(t, TLS1_2_VERSION, TLS1_2_VERSION,
				   "ECDHE-ECDSA-AES128-SHA256"),
			 0);
	tls_free(t);
	clean();
}

TEST(tls_reload_keeps_the_old_certificate_when_the_new_one_is_broken)
{
	char err[256] = "";
	struct tls *t;
	FILE *f;

	paths();
	ck_assert_int_eq(tls_self_sign(cert, key, NULL, 0), 1);
	t = tls_new(cert, key, err, sizeof(err));
	ck_assert_int_eq(tls_reload(t, cert, key, err, sizeof(err)), 0);
	f = fopen(cert, "w");
	fputs("nonsense", f);
	fclose(f);
	ck_assert_int_ne(tls_reload(t, cert, key, err, sizeof(err)), 0);
	ck_assert_ptr_nonnull(strstr(err, "cert.pem"));
	ck_assert_int_eq(handshake(t, TLS1_3_VERSION, TLS1_3_VERSION, NULL),
			 TLS1_3_VERSION);
	tls_free(t);
	ck_assert_ptr_null(tls_new(cert, key, err, sizeof(err)));
	clean();
}
