/*
 * dtls: one DTLS 1.2 association, for its SRTP keys alone (RFC 6347, 5764).
 *
 * A sans-I/O machine around OpenSSL; the transport owns it. Datagrams go in,
 * datagrams come out, and when the state is DTLS_CONNECTED there are keys.
 *
 *	d = dtls_new(ctx);
 *	dtls_start(d, DTLS_SERVER, fps, n, now_us);
 *	state = dtls_input(d, data, len, now_us);
 *	while ((n = dtls_output(d, buf, sizeof(buf))) > 0)
 *		send(buf, n);
 *	if (state == DTLS_CONNECTED && !t->srtp && !dtls_keys(d, &keys))
 *		t->srtp = srtp_new(env, &keys);
 *
 * The peer's fingerprint is compared inside the handshake, before keys
 * exist. Junk is dropped and counted; it never ends an association that is
 * connected. Renegotiation is refused. A handshake may take 10 s and 128 KiB
 * from its first datagram on. dtls_settled() starts the last 30 s of
 * OpenSSL's object, which serve the peer's retransmitted Finished.
 *
 * Time: OpenSSL's own retransmission timer reads gettimeofday(); a test that
 * defines that function drives it in virtual time.
 */
#ifndef MEDIAD_SEC_DTLS_H
#define MEDIAD_SEC_DTLS_H

#include <stddef.h>
#include <stdint.h>

#include "mediad/sec/cert.h"
#include "mediad/sec/srtp.h"

#define DTLS_MTU	  1200
#define DTLS_FPS_MAX	  8 /* fingerprints of a peer */
#define DTLS_HANDSHAKE_US 10000000
#define DTLS_LINGER_US	  30000000
#define DTLS_BYTES_MAX	  (128 * 1024)

enum dtls_role {
	DTLS_CLIENT,
	DTLS_SERVER,
};

enum dtls_state {
	DTLS_NEW,	 /* no role and fingerprints yet: input is kept */
	DTLS_CONNECTING, /* started */
	DTLS_CONNECTED,	 /* keys are there */
	DTLS_CLOSED,	 /* the peer said close_notify */
	DTLS_FAILED,	 /* no keys, and there will be none: dtls_why() */
};

struct dtls_stats {
	uint32_t in;	   /* datagrams OpenSSL was given */
	uint32_t dropped;  /* datagrams not worth giving to it */
	uint32_t out;	   /* datagrams made */
	uint32_t lost;	   /* datagrams made with no room for them */
	uint32_t restarts; /* handshakes begun again after an error */
	uint32_t bytes_in;
};

struct dtls_ctx; /* certificate and OpenSSL's context: one a process */
struct dtls;

/* NULL when OpenSSL fails. The certificate may be freed afterwards. */
struct dtls_ctx *dtls_ctx_new(const struct cert *cert);
void dtls_ctx_free(struct dtls_ctx *ctx); /* associations live on */

/* Handshakes whose memory has been freed so far. */
uint64_t dtls_ctx_forgotten(const struct dtls_ctx *ctx);

/* NULL: out of memory. Small until dtls_start(). */
struct dtls *dtls_new(struct dtls_ctx *ctx);
void dtls_free(struct dtls *d);

/*
 * What signaling said about the peer. `role` is ours: the client sends the
 * first flight at once, and the server answers the one that came before, of
 * four datagrams at most (ask dtls_output()). 0; -EALREADY when it was started
 * before, -EINVAL for no or too many fingerprints, -ENOMEM.
 */
int dtls_start(struct dtls *d, enum dtls_role role, const struct cert_fp *fps,
	       size_t n, uint64_t now_us);

/* One datagram, from a path that ICE has validated. The state after it. */
enum dtls_state dtls_input(struct dtls *d, const uint8_t *data, size_t len,
			   uint64_t now_us);

/* The next datagram to send, or 0. `cap` of DTLS_MTU always suffices. */
size_t dtls_output(struct dtls *d, uint8_t *buf, size_t cap);

/* When dtls_tick() is due; UINT64_MAX: never. */
uint64_t dtls_deadline(const struct dtls *d);
enum dtls_state dtls_tick(struct dtls *d, uint64_t now_us);

enum dtls_state dtls_state(const struct dtls *d);

/* Why it failed, a kebab-case word for logs: "fingerprint", "timeout"... */
const char *dtls_why(const struct dtls *d);

/* The negotiated profile and both keys; 0, or -EAGAIN before they exist. */
int dtls_keys(const struct dtls *d, struct srtp_keys *keys);

/* Call at the first authenticated SRTP or SRTCP packet. */
void dtls_settled(struct dtls *d, uint64_t now_us);

/* Says close_notify (ask dtls_output()); the state becomes DTLS_CLOSED. */
void dtls_close(struct dtls *d);

const struct dtls_stats *dtls_stats(const struct dtls *d);

#endif
