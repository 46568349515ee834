/*
 * peer_parts: what the files of the scripted peer share. Tests include
 * peer.h alone.
 */
#ifndef TESTS_LIB_PEER_PARTS_H
#define TESTS_LIB_PEER_PARTS_H

#include "common/list.h"
#include "mediad/wire/rtcp.h"
#include "mediad/wire/rtp.h"
#include "mediad/wire/twcc.h"
#include "tests/lib/bytes.h"
#include "tests/lib/peer.h"
#include "tests/lib/peer_dtls.h"
#include "tests/lib/peer_ice.h"
#include "tests/lib/peer_srtp.h"

#define PEER_ARRIVALS  1024
#define PEER_WALL_US   1700000000000000ull /* virtual time 0 */
#define PEER_REPORT_US 1000000
#define PEER_TWCC_US   50000
#define PEER_RTCP_MAX  1200

struct peer_dgram {
	struct addr from, to;
	size_t len;
	uint8_t data[PEER_MTU + 64];
};

struct peer {
	struct peer_conf conf;
	struct rand rng;
	enum peer_state state;
	struct peer_stats st;
	struct peer_ice ice;
	struct peer_dtls *dtls;
	struct peer_srtp *srtp;
	char profile[40];
	uint32_t ssrc; /* of its reports */
	struct list sends, recvs;
	uint64_t report_us; /* the next SR and RR */

	/* Transport-wide feedback it owes. */
	struct twcc_arrival arrival[PEER_ARRIVALS];
	size_t n_arrivals;
	bool twcc_begun;
	uint16_t twcc_next; /* first number not reported */
	uint8_t twcc_count;
	uint32_t remb_bps; /* 0: sends none */
	uint32_t twcc_media;
	uint64_t twcc_us;
	uint64_t twcc_late_us; /* at most, besides PEER_TWCC_US */

	/* And what it hears about its own packets. */
	uint16_t twcc_seq;
	struct peer_feedback feedback;

	struct peer_dgram *queue; /* a ring */
	size_t head, n, cap;
};

/* A plain packet of `len` bytes: protects and queues it. */
void peer_emit_rtp(struct peer *p, const uint8_t *data, size_t len);
void peer_emit_rtcp(struct peer *p, const struct wr *w);

static inline uint64_t peer_ntp(uint64_t now_us)
{
	return rtcp_ntp_of(PEER_WALL_US + now_us);
}

/* peer_send.c */
void peer_send_free(struct peer_send *s);
struct peer_send *peer_send_of(struct list *node);
uint64_t peer_send_deadline(const struct peer_send *s);
void peer_send_tick(struct peer_send *s, uint64_t now_us);
void peer_send_report(struct peer_send *s, uint64_t now_us);
/* False: not a layer of this one. */
bool peer_send_on_block(struct peer_send *s, const struct rtcp_block *b,
			uint64_t now_us);
bool peer_send_on_nack(struct peer_send *s, const struct rtcp *p,
		       uint64_t now_us);
bool peer_send_on_key(struct peer_send *s, uint32_t ssrc, bool fir);
void peer_send_bye(struct peer_send *s, struct wr *w);

/* peer_recv.c */
void peer_recv_free(struct peer_recv *r);
struct peer_recv *peer_recv_of(struct list *node);
uint64_t peer_recv_deadline(const struct peer_recv *r);
void peer_recv_tick(struct peer_recv *r, uint64_t now_us);
/* False: not an SSRC of this one. */
bool peer_recv_on_rtp(struct peer_recv *r, const struct rtp *h,
		      const uint8_t *pkt, uint64_t now_us);
bool peer_recv_on_sr(struct peer_recv *r, const struct rtcp_sr *sr,
		     uint64_t now_us);
/* Appends its block; false before the first packet. */
bool peer_recv_block(struct peer_recv *r, struct rtcp_block *b,
		     uint64_t now_us);
uint8_t peer_recv_twcc_id(const struct peer_recv *r);

#endif
