/*
 * peer: a whole scripted WebRTC endpoint, as a browser would be: a full and
 * controlling ICE agent, DTLS 1.2 by OpenSSL, SRTP by libsrtp2 (independent
 * of ours: it is the oracle), senders of simulcast, SVC and Opus that answer
 * NACKs by RTX and PLIs by key frames, receivers that ask again, report and
 * count.
 *
 * Sans-I/O like the machines it talks to, for virtual time and for sockets:
 *
 *	struct peer *p = peer_new(&conf);
 *	... signal peer_fingerprint(p), learn the server's ufrag and pwd
 *	peer_start(p, now_us);
 *	peer_input(p, data, len, &to, &from, now_us);
 *	while ((n = peer_output(p, buf, sizeof(buf), &from, &to)))
 *		send(from, to, buf, n);
 *	peer_tick(p, now_us) at peer_deadline(p, now_us)
 *
 *	struct peer_send *cam = peer_send_new(p, &cam_conf, now_us);
 *	struct peer_recv *in = peer_recv_new(p, &in_conf);
 *	... peer_recv_stats(in)->frames_decoded
 *
 * The caller owns the peer; the peer owns its streams. After each call that
 * takes now_us, drain peer_output().
 */
#ifndef TESTS_LIB_PEER_H
#define TESTS_LIB_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/addr.h"
#include "common/hist.h"

#define PEER_MTU	   1500
#define PEER_LAYERS_MAX	   3
#define PEER_CAND_MAX	   4
#define PEER_FPRINT_STRLEN 96

/* Header extension ids of the peer's own choice; 0: not used. */
struct peer_exts {
	uint8_t mid, rid, rrid, abs_send_time, twcc, audio_level, dd;
};

struct peer_conf {
	uint64_t seed;
	struct addr local;		   /* its first address */
	struct addr remote[PEER_CAND_MAX]; /* candidates, best first */
	size_t n_remote;
	const char *ufrag, *pwd; /* the server's, copied */
	bool dtls_server; /* wait for the ClientHello (default: send it) */
	bool tcp;	  /* the path is reliable; framing is the caller's */
	const char *srtp_profiles; /* OpenSSL's names; NULL: as browsers do */
	/*
	 * "AB:CD:..." (sha-256) that the server's certificate must have;
	 * NULL: any.
	 */
	const char *remote_fingerprint;
	uint64_t consent_us; /* between checks once connected; 0: 2.5 s */
	bool no_twcc;	     /* send no transport-wide feedback */
};

enum peer_state {
	PEER_NEW,
	PEER_CHECKING,	/* ICE */
	PEER_HANDSHAKE, /* DTLS */
	PEER_CONNECTED,
	PEER_FAILED,
};

struct peer_stats {
	uint64_t in, out, in_bytes, out_bytes; /* datagrams */
	uint64_t checks, check_answers, check_errors;
	uint64_t questions; /* Binding requests of the server, answered 400 */
	uint64_t srtp_bad;  /* packets libsrtp2 refused */
	uint64_t rtcp_bad;  /* packets our parser refused */
	uint64_t unknown_ssrc;
	uint64_t probes;     /* SSRC 1234 */
	uint64_t twcc_holes; /* numbers never seen, by the newest one */
	uint64_t connected_us;
};

struct peer *peer_new(const struct peer_conf *conf);
void peer_free(struct peer *p);

/* "AB:CD:..." of its certificate, sha-256. */
const char *peer_fingerprint(const struct peer *p);

void peer_start(struct peer *p, uint64_t now_us);
void peer_input(struct peer *p, const uint8_t *data, size_t len,
		const struct addr *to, const struct addr *from,
		uint64_t now_us);
/* `from` is the peer's own address. 0: nothing to send. */
size_t peer_output(struct peer *p, uint8_t *buf, size_t cap, struct addr *from,
		   struct addr *to);
uint64_t peer_deadline(const struct peer *p, uint64_t now_us);
void peer_tick(struct peer *p, uint64_t now_us);

enum peer_state peer_state(const struct peer *p);
const struct peer_stats *peer_stats(const struct peer *p);
const char *peer_srtp_profile(const struct peer *p); /* "" before */

/* New server credentials: checks with them, and nominates with them. */
void peer_restart_ice(struct peer *p, const char *ufrag, const char *pwd,
		      uint64_t now_us);
/* Its feedback comes late by up to so much, as from a busy machine. */
void peer_slow_feedback(struct peer *p, uint64_t late_us);
/* Another address of its own: checks from it and nominates it. */
void peer_move(struct peer *p, const struct addr *local, uint64_t now_us);
/* No STUN any more, media goes on (consent tests). */
void peer_mute_stun(struct peer *p, bool mute);
/* REMB with its reports from now on; 0: none. */
void peer_remb(struct peer *p, uint32_t bps);
/* A DTLS close_notify, RTCP BYE of all senders. */
void peer_close(struct peer *p, uint64_t now_us);

/* ---- sending ---- */

enum peer_kind {
	PEER_OPUS,
	PEER_VP8,
	PEER_H264, /* no temporal layers */
	PEER_VP9,  /* spatial layers in one stream, flexible mode */
	PEER_AV1,  /* the same, with the dependency descriptor */
};

struct peer_layer {
	const char *rid; /* NULL: found by its ssrc */
	uint32_t ssrc;
	uint32_t rtx_ssrc; /* 0: no RTX */
	uint32_t rate_bps;
	uint16_t width, height;
};

struct peer_send_conf {
	enum peer_kind kind;
	const char *mid;
	uint8_t pt, rtx_pt;
	struct peer_exts exts;
	double fps;	  /* 0: 30; Opus: 50 packets a second */
	uint8_t temporal; /* 1..3 (AV1: 1 or 3); 0: 1 */
	uint8_t level;	  /* RFC 6464, 127: silence */
	/*
	 * Opus: 1. VP8 and H.264: simulcast, a stream each. VP9 and AV1: the
	 * spatial layers of one stream, which has the SSRCs of layer[0]; key
	 * pictures alone are predicted across layers (L3T3_KEY).
	 */
	size_t n_layers;
	struct peer_layer layer[PEER_LAYERS_MAX];
};

struct peer_send_stats {
	uint64_t packets, bytes, frames, keys;
	uint64_t nacked, resent; /* numbers asked for, answered */
	uint64_t plis, firs;
	uint64_t reports; /* report blocks about it */
	uint32_t remote_lost, rtt_us;
};

struct peer_send;

struct peer_send *peer_send_new(struct peer *p,
				const struct peer_send_conf *conf,
				uint64_t now_us);
const struct peer_send_stats *peer_send_stats(const struct peer_send *s,
					      size_t layer);
/* Stops a layer or takes it up again, with a key frame. */
void peer_send_active(struct peer_send *s, size_t layer, bool active);
void peer_send_rate(struct peer_send *s, size_t layer, uint32_t rate_bps);
void peer_send_level(struct peer_send *s, uint8_t level);
void peer_send_pause(struct peer_send *s, bool pause);
void peer_send_key(struct peer_send *s, size_t layer);

/* What the peer's own sender last heard by TWCC feedback. */
struct peer_feedback {
	uint64_t messages, arrived, missing;
	uint64_t last_us;
};
const struct peer_feedback *peer_feedback(const struct peer *p);

/* ---- receiving ---- */

struct peer_recv_conf {
	enum peer_kind kind;
	uint32_t ssrc, rtx_ssrc;
	uint8_t pt, rtx_pt;
	struct peer_exts exts; /* as the server sends: its ids */
	bool no_nack, no_pli;
};

struct peer_recv_stats {
	uint64_t packets, bytes; /* first arrivals, RTX included */
	uint64_t repaired;	 /* of them by RTX */
	uint64_t duplicates;
	uint64_t lost;	      /* given up */
	uint64_t nacks, plis; /* sent */
	uint64_t foreign;     /* payloads no scripted peer made */
	uint64_t wrong_pt;
	uint64_t disorder; /* frames with the marker in the wrong place */
	/* Video; for Opus each packet is a frame and always decodes. */
	uint64_t frames_complete;
	uint64_t frames_decoded;
	uint64_t frames_dropped; /* incomplete at their deadline, or after */
	uint64_t keys;
	uint64_t switches;  /* of the spatial layer */
	uint64_t pid_jumps; /* picture ids that do not fit what decoded */
	int layer;	    /* of the last frame, -1: none yet */
	uint8_t tid_max;    /* in the last second */
	uint64_t last_frame_us, first_frame_us;
	uint64_t gap_us_max;	/* between decoded frames */
	uint64_t frozen_us;	/* sum of what gaps have over 200 ms */
	struct hist latency_us; /* frame made -> decoded */
	int64_t skew_us;	/* capture time by RTP and SR against truth */
	uint32_t rate_bps;	/* over the last second */
};

struct peer_recv;

struct peer_recv *peer_recv_new(struct peer *p,
				const struct peer_recv_conf *conf);
const struct peer_recv_stats *peer_recv_stats(const struct peer_recv *r);
/* Begins gap_us_max, frozen_us and latency anew. */
void peer_recv_mark(struct peer_recv *r, uint64_t now_us);

#endif
