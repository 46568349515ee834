/*
 * peer_dtls: the scripted peer's DTLS 1.2 association: OpenSSL with a BIO
 * whose every write is one datagram. Datagrams made wait inside until
 * peer_dtls_output() takes them.
 */
#ifndef TESTS_LIB_PEER_DTLS_H
#define TESTS_LIB_PEER_DTLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/lib/peer.h"

#define PEER_DTLS_KEYS 64 /* most bytes of a master key and salt */

struct peer_dtls;

struct peer_dtls *peer_dtls_new(const struct peer_conf *conf);
void peer_dtls_free(struct peer_dtls *d);
const char *peer_dtls_fingerprint(const struct peer_dtls *d);

void peer_dtls_start(struct peer_dtls *d);
void peer_dtls_input(struct peer_dtls *d, const uint8_t *data, size_t len);
size_t peer_dtls_output(struct peer_dtls *d, uint8_t *buf, size_t cap);
uint64_t peer_dtls_deadline(const struct peer_dtls *d, uint64_t now_us);
void peer_dtls_tick(struct peer_dtls *d);
void peer_dtls_close(struct peer_dtls *d);

bool peer_dtls_done(const struct peer_dtls *d);
bool peer_dtls_failed(const struct peer_dtls *d);

/*
 * The number of the negotiated SRTP profile (RFC 5764), its name, and both
 * master keys, each followed by its salt. 0: none.
 */
unsigned peer_dtls_keys(const struct peer_dtls *d, const char **name,
			uint8_t local[PEER_DTLS_KEYS],
			uint8_t remote[PEER_DTLS_KEYS]);

#endif
