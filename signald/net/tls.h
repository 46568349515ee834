/*
 * tls: the server's TLS context: 1.2 and 1.3 only, forward secrecy and AEAD
 * only. Reloading swaps the certificate; connections keep the one they have.
 */
#ifndef SIGNALD_NET_TLS_H
#define SIGNALD_NET_TLS_H

#include <openssl/ssl.h>
#include <stddef.h>

struct loop;
struct tls;

/* PEM files. NULL: err tells why. */
struct tls *tls_new(const char *cert, const char *key, char *err, size_t cap);
void tls_free(struct tls *t);

/*
 * Reads files again, these or others; on failure the old certificate stays.
 * 0 or -EINVAL.
 */
int tls_reload(struct tls *t, const char *cert, const char *key, char *err,
	       size_t cap);

/*
 * For a new connection that loop serves, the caller's to free; NULL: no
 * memory. Its handshake breathes (loop_breathe()).
 */
SSL *tls_accept(struct tls *t, struct loop *loop);

/*
 * Writes a self-signed P-256 certificate for the given names (DNS names and
 * addresses; "localhost" is always there), valid 397 days, unless both files
 * exist already. The key gets mode 0600. 0, 1 when it was made, -errno.
 */
int tls_self_sign(const char *cert, const char *key, const char *const *names,
		  size_t n_names);

#endif
