/*
 * rtcp: compound and reduced-size RTCP (RFC 3550 section 6, RFC 5506,
 * extended reports RFC 3611). Reading walks the packets of one datagram
 * without expanding anything; building appends to a cursor.
 *
 *	struct rd r = rd_of(data, len);
 *	struct rtcp p;
 *	while (rtcp_next(&r, &p))
 *		switch (p.pt) { case RTCP_SR: rtcp_sr(&p, &sr); ... }
 *	if (r.bad)
 *		count(BAD_RTCP);		what came before was taken
 */
#ifndef MEDIAD_WIRE_RTCP_H
#define MEDIAD_WIRE_RTCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/rd.h"
#include "common/wr.h"

enum rtcp_pt {
	RTCP_SR = 200,
	RTCP_RR = 201,
	RTCP_SDES = 202,
	RTCP_BYE = 203,
	RTCP_APP = 204,
	RTCP_RTPFB = 205,
	RTCP_PSFB = 206,
	RTCP_XR = 207,
};

struct rtcp {
	uint8_t pt;
	uint8_t count;	     /* RC, SC or FMT: the low 5 bits */
	const uint8_t *body; /* after the 4-byte header, borrowed */
	size_t len;	     /* of body, padding taken off */
};

/* True with the next packet; false at the end or with r->bad set. */
bool rtcp_next(struct rd *r, struct rtcp *p);

/* The SSRC every packet but an empty BYE or SDES begins with; 0 if none. */
uint32_t rtcp_sender(const struct rtcp *p);

struct rtcp_sr {
	uint32_t ssrc;
	uint64_t ntp; /* 32.32, seconds since 1900 */
	uint32_t rtp_ts;
	uint32_t packets; /* sender's counts */
	uint32_t octets;
};

struct rtcp_block {
	uint32_t ssrc;
	uint8_t fraction; /* lost of 256 since the last report */
	int32_t lost;	  /* cumulative, signed 24 bits */
	uint32_t ext_seq; /* cycles and highest sequence number */
	uint32_t jitter;  /* RTP clock */
	uint32_t lsr;	  /* middle 32 bits of the last SR's NTP time */
	uint32_t dlsr;	  /* since then, 1/65536 s */
};

/* 0 or -EBADMSG (too short). */
int rtcp_sr(const struct rtcp *p, struct rtcp_sr *sr);

/* The i-th report block of an SR or RR; false behind the last one. */
bool rtcp_block(const struct rtcp *p, unsigned i, struct rtcp_block *b);

/* The i-th SSRC of a BYE. */
bool rtcp_bye(const struct rtcp *p, unsigned i, uint32_t *ssrc);

/*
 * Walks the chunks of an SDES packet for CNAMEs: start with a cursor over
 * the body. False at the end.
 */
struct rtcp_cname {
	uint32_t ssrc;
	const uint8_t *name; /* borrowed */
	uint8_t len;
};
bool rtcp_sdes_cname(struct rd *r, struct rtcp_cname *c);

/* XR blocks (RFC 3611): start with a cursor over the body, skip 4 bytes. */
enum rtcp_xr_type {
	RTCP_XR_RRTR = 4,
	RTCP_XR_DLRR = 5,
};

struct rtcp_xr {
	uint8_t type;
	const uint8_t *body;
	size_t len;
};

struct rtcp_dlrr {
	uint32_t ssrc; /* of the receiver */
	uint32_t lrr;  /* middle 32 bits of its RRTR */
	uint32_t dlrr; /* since then, 1/65536 s */
};

bool rtcp_xr_next(struct rd *r, struct rtcp_xr *x);
bool rtcp_xr_rrtr(const struct rtcp_xr *x, uint64_t *ntp);
bool rtcp_xr_dlrr(const struct rtcp_xr *x, unsigned i, struct rtcp_dlrr *d);

/* Builders: append one packet each; errors stick in the cursor. n <= 31. */
void rtcp_put_sr(struct wr *w, const struct rtcp_sr *sr,
		 const struct rtcp_block *blocks, size_t n);
void rtcp_put_rr(struct wr *w, uint32_t sender, const struct rtcp_block *blocks,
		 size_t n);
void rtcp_put_sdes_cname(struct wr *w, uint32_t ssrc, const char *cname);
void rtcp_put_bye(struct wr *w, const uint32_t *ssrc, size_t n);
void rtcp_put_xr_rrtr(struct wr *w, uint32_t sender, uint64_t ntp);
void rtcp_put_xr_dlrr(struct wr *w, uint32_t sender, const struct rtcp_dlrr *d,
		      size_t n);

/* For packets other files build: the 4-byte header, and its length later. */
size_t rtcp_begin(struct wr *w, uint8_t pt, uint8_t count);
void rtcp_end(struct wr *w, size_t at);

/* Padding to whole words, marked as such; before rtcp_end(). */
void rtcp_pad(struct wr *w, size_t at);

/* NTP time of microseconds since 1970, and its middle 32 bits. */
uint64_t rtcp_ntp_of(uint64_t wall_us);
uint64_t rtcp_ntp_to_us(uint64_t ntp);
static inline uint32_t rtcp_ntp_mid(uint64_t ntp)
{
	return (uint32_t)(ntp >> 16);
}

/*
 * Round-trip time from a report block (RFC 3550 section 6.4.1): `now_mid` is
 * the middle of our NTP time at arrival. 0 when unknown (lsr 0, or a clock
 * that disagrees).
 */
uint32_t rtcp_rtt_us(uint32_t now_mid, uint32_t lsr, uint32_t dlsr);

#endif
