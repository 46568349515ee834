/*
 * recv: one received RTP stream (an SSRC and its RTX): what RFC 3550 section
 * 6.4 and appendix A want to know, rates by layer, the sender's clock, and
 * the score 0 to 10.
 *
 * Owned by a stream of a producer. No output of its own: report blocks and
 * statistics are read out of it.
 */
#ifndef MEDIAD_RTP_RECV_H
#define MEDIAD_RTP_RECV_H

#include <stdbool.h>
#include <stdint.h>

#include "mediad/rtp/media.h"
#include "mediad/rtp/rate.h"
#include "mediad/rtp/seq.h"

#define RECV_SCORES 24

enum recv_verdict {
	RECV_NEW,   /* ahead of all */
	RECV_OLD,   /* older than the newest, within reach */
	RECV_JUMP,  /* the stream restarted elsewhere; state was reset */
	RECV_STRAY, /* a far jump not seen twice yet: drop */
};

/* Maps between a remote's wall clock and its RTP time stamps. */
struct recv_clock {
	uint64_t ntp;	  /* 32.32 of the last SR; 0: none came yet */
	uint32_t ts;	  /* RTP time stamp in it */
	uint64_t recv_us; /* when it came */
};

/* One report block's worth, RFC 3550 section 6.4.1. */
struct recv_report {
	uint32_t ssrc;
	uint8_t fraction_lost;
	int32_t lost; /* cumulative, clamped to 24 bits */
	uint32_t ext_max;
	uint32_t jitter; /* time stamp units */
	uint32_t lsr, dlsr;
};

struct recv {
	uint32_t ssrc;
	uint32_t clock_rate;
	struct seq seq;
	uint32_t base; /* first extended number */
	uint16_t bad_seq;
	bool bad_set;
	uint64_t packets; /* unique media packets, repaired ones too */
	uint64_t bytes;	  /* payload and headers */
	uint64_t discarded, repaired, duplicates;
	uint64_t last_us; /* last packet */
	uint64_t first_us;

	uint32_t transit;
	uint32_t jitter_q4; /* jitter << 4 */

	uint64_t expected_prior, received_prior; /* of the last report */
	uint8_t fraction_lost;
	int32_t lost;
	struct recv_clock clock;

	uint64_t score_us; /* end of the interval */
	uint64_t score_expected, score_received, score_repaired;
	uint8_t scores[RECV_SCORES];
	uint8_t n_scores, score_pos, score;
	bool inactive; /* nothing for too long: score 0 */

	struct rate rate;
	struct rate layer[MEDIA_MAX_SID][MEDIA_MAX_TID];
};

void recv_init(struct recv *s, uint32_t ssrc, uint32_t clock_rate);

/* A media packet came (not by RTX). */
enum recv_verdict recv_input(struct recv *s, uint16_t seq, uint32_t ts,
			     uint64_t recv_us);

/* A packet new to the store: `len` is its size without SRTP's tag. */
void recv_count(struct recv *s, const struct media *m, uint32_t len,
		uint64_t now_us);

/* A packet came by RTX that filled a hole. */
void recv_repaired(struct recv *s);

void recv_on_sr(struct recv *s, uint64_t ntp, uint32_t ts, uint64_t now_us);

/* Closes an interval and fills a report block (called once a report). */
void recv_report(struct recv *s, uint64_t now_us, struct recv_report *out);

/*
 * Closes a scoring interval once a second; `idle_us` is after how long without
 * packets the score is 0 (0: never). True when the score changed.
 */
bool recv_update_score(struct recv *s, uint64_t idle_us, uint64_t now_us);

/* Bits a second of one layer, or of all up to it. */
uint32_t recv_layer_bps(struct recv *s, unsigned sid, unsigned tid,
			uint64_t now_us);
uint32_t recv_upto_bps(struct recv *s, unsigned sid, unsigned tid,
		       uint64_t now_us);

/*
 * The remote's wall clock (us) at an RTP time stamp; false before an SR.
 */
bool recv_ts_to_wall(const struct recv *s, uint32_t ts, uint64_t *wall_us);
bool recv_wall_to_ts(const struct recv *s, uint64_t wall_us, uint32_t *ts);

/* NTP 32.32 <-> microseconds. */
uint64_t recv_ntp_to_us(uint64_t ntp);
uint64_t recv_us_to_ntp(uint64_t us);

#endif
