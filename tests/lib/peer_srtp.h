/*
 * peer_srtp: SRTP of the scripted peer by libsrtp2, which shares no code with
 * the server's own: each packet it takes is a proof.
 */
#ifndef TESTS_LIB_PEER_SRTP_H
#define TESTS_LIB_PEER_SRTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct peer_srtp;

/* `profile` by its number of RFC 5764 and 7714. Exits on failure. */
struct peer_srtp *peer_srtp_new(unsigned profile, const uint8_t *local,
				const uint8_t *remote);
void peer_srtp_free(struct peer_srtp *s);

/* In place; buf has room for 32 bytes more. False: refused. */
bool peer_srtp_seal_rtp(struct peer_srtp *s, uint8_t *buf, size_t *len);
bool peer_srtp_seal_rtcp(struct peer_srtp *s, uint8_t *buf, size_t *len);
bool peer_srtp_open_rtp(struct peer_srtp *s, uint8_t *buf, size_t *len);
bool peer_srtp_open_rtcp(struct peer_srtp *s, uint8_t *buf, size_t *len);

#endif
