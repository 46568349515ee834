/*
 * rtcpfb: feedback messages: generic NACK (RFC 4585), PLI, FIR (RFC 5104),
 * REMB (draft-alvestrand-rmcat-remb-03). Transport-wide feedback has a file
 * of its own, twcc.h.
 */
#ifndef MEDIAD_WIRE_RTCPFB_H
#define MEDIAD_WIRE_RTCPFB_H

#include "mediad/wire/rtcp.h"

enum rtcpfb_fmt {
	RTCPFB_NACK = 1,  /* RTPFB */
	RTCPFB_TWCC = 15, /* RTPFB */
	RTCPFB_PLI = 1,	  /* PSFB */
	RTCPFB_FIR = 4,	  /* PSFB */
	RTCPFB_AFB = 15,  /* PSFB, REMB among others */
};

enum rtcpfb_kind {
	RTCPFB_OTHER,
	RTCPFB_IS_NACK,
	RTCPFB_IS_TWCC,
	RTCPFB_IS_PLI,
	RTCPFB_IS_FIR,
	RTCPFB_IS_REMB,
};

/* What an RTPFB or PSFB packet is; OTHER also when it is too short. */
enum rtcpfb_kind rtcpfb_kind(const struct rtcp *p);

/* The media SSRC of NACK, PLI, TWCC (FIR and REMB have their own). */
uint32_t rtcpfb_media(const struct rtcp *p);

/* The i-th pair of a NACK: seq, and bit k of blp: seq + k + 1 too. */
struct rtcpfb_nack {
	uint16_t seq;
	uint16_t blp;
};
bool rtcpfb_nack(const struct rtcp *p, unsigned i, struct rtcpfb_nack *n);

struct rtcpfb_fir {
	uint32_t ssrc;
	uint8_t seq; /* the same as last time: a repeat */
};
bool rtcpfb_fir(const struct rtcp *p, unsigned i, struct rtcpfb_fir *f);

/* Bits a second (saturated); 0 or -EBADMSG. */
int rtcpfb_remb(const struct rtcp *p, uint64_t *rate_bps);
bool rtcpfb_remb_ssrc(const struct rtcp *p, unsigned i, uint32_t *ssrc);

/*
 * Packs ascending sequence numbers (modulo 2^16) into pairs. Returns how
 * many pairs were written; *used says how many numbers they cover.
 */
size_t rtcpfb_nack_pack(struct rtcpfb_nack *out, size_t cap,
			const uint16_t *seqs, size_t n, size_t *used);

void rtcpfb_put_nack(struct wr *w, uint32_t sender, uint32_t media,
		     const struct rtcpfb_nack *pairs, size_t n);
void rtcpfb_put_pli(struct wr *w, uint32_t sender, uint32_t media);
void rtcpfb_put_fir(struct wr *w, uint32_t sender, uint32_t media, uint8_t seq);
void rtcpfb_put_remb(struct wr *w, uint32_t sender, uint64_t rate_bps,
		     const uint32_t *ssrcs, size_t n);

#endif
