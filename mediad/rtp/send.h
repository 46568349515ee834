/*
 * send: one sent RTP stream: what goes into its sender reports and what the
 * receiver's reports say about it (RFC 3550 section 6.4), and the cap on
 * retransmissions. Owned by a consumer.
 */
#ifndef MEDIAD_RTP_SEND_H
#define MEDIAD_RTP_SEND_H

#include <stdbool.h>
#include <stdint.h>

#include "mediad/rtp/rate.h"

struct send_sr {
	uint64_t ntp; /* 32.32 of our clock */
	uint32_t ts;
	uint32_t packets;
	uint32_t octets;
};

struct send {
	uint32_t clock_rate;
	uint32_t packets; /* RFC 3550: resets never, wraps */
	uint32_t octets;  /* payload */
	uint32_t last_ts;
	uint64_t last_us; /* when last_ts left */
	uint64_t rtt_us;  /* 0: unknown */
	uint32_t lost;	  /* cumulative, as the receiver says */
	uint8_t fraction_lost;
	uint8_t score;
	uint32_t jitter;
	uint32_t rtx_budget; /* bytes that may be retransmitted now */
	uint64_t nacks, nack_packets, plis, firs;
	uint64_t retransmitted, repaired, rtx_bytes, rtx_refused;
	struct rate rate;

	uint32_t prior_lost, prior_sent, prior_repaired; /* of the score */
};

void send_init(struct send *s, uint32_t clock_rate);

/* A packet left. */
void send_on_packet(struct send *s, uint32_t ts, uint32_t len, uint64_t now_us);

/* May `len` bytes be retransmitted? Books them; 0.5x the media rate. */
bool send_rtx_ok(struct send *s, uint32_t len);

/*
 * A report block about this stream; lsr and dlsr as on the wire. False when
 * nothing was sent yet.
 */
struct send_rr {
	uint8_t fraction_lost;
	uint32_t lost;
	uint32_t jitter, lsr, dlsr;
};
bool send_on_rr(struct send *s, const struct send_rr *rr, uint64_t now_us);

/* Fills a sender report from our own clock; false: nothing sent yet. */
bool send_sr(const struct send *s, uint64_t now_us, struct send_sr *out);

#endif
