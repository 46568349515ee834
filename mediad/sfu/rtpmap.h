/*
 * rtpmap: how one side of a stream numbers things: payload types and header
 * extension ids of a producer or of a consumer. Made by control/convert out
 * of the request, checked there; plain data.
 */
#ifndef MEDIAD_SFU_RTPMAP_H
#define MEDIAD_SFU_RTPMAP_H

#include <stdbool.h>
#include <stdint.h>

#include "mediad/rtp/media.h"

#define RTPMAP_CODECS	 4
#define RTPMAP_ENCODINGS 4
#define RTPMAP_MID_MAX	 16
#define RTPMAP_RID_MAX	 16
#define RTPMAP_CNAME_MAX 64

/* The router's fixed ids of header extensions, the `type` of media.proto. */
enum rtpmap_ext {
	EXT_MID = 1,
	EXT_RID = 2,
	EXT_RRID = 3,
	EXT_ABS_SEND = 4,
	EXT_TWCC = 5,
	EXT_LEVEL = 6,
	EXT_DD = 7,
	EXT_ORIENT = 8,
	EXT_TOFFSET = 9,
	EXT_CAPTURE = 10,
	EXT_PLAYOUT = 11,
	EXT_PACKET_ID = 12,
	EXT_N = 13,
};

struct rtpmap_codec {
	enum media_codec codec;
	uint32_t clock_rate;
	uint8_t pt;	    /* on this side's wire */
	uint8_t rtx_pt;	    /* 0: no RTX */
	uint8_t mapped_pt;  /* producer: the router's; consumer: the same */
	uint8_t mapped_rtx; /* producer: the router's */
	bool nack, pli, fir, twcc, remb;
	bool dtx;
};

struct rtpmap_encoding {
	uint32_t ssrc;	   /* 0: learnt by rid (or mid) */
	uint32_t rtx_ssrc; /* 0: learnt or none */
	char rid[RTPMAP_RID_MAX + 1];
	uint8_t spatial, temporal; /* layers, >= 1 */
	bool key_svc;
	uint32_t max_bps;
	uint32_t mapped_ssrc; /* signald's name of the stream */
};

struct rtpmap {
	char mid[RTPMAP_MID_MAX + 1];
	char cname[RTPMAP_CNAME_MAX + 1];
	uint8_t ext[EXT_N]; /* by enum rtpmap_ext: id on the wire; 0: none */
	uint8_t n_codecs, n_encodings;
	struct rtpmap_codec codecs[RTPMAP_CODECS];
	struct rtpmap_encoding encodings[RTPMAP_ENCODINGS];
};

/* The codec with that payload type, media or (rtx) RTX; -1: none. */
int rtpmap_find_pt(const struct rtpmap *m, uint8_t pt, bool *rtx);
/* The encoding with that rid; -1: none. */
int rtpmap_find_rid(const struct rtpmap *m, const uint8_t *rid, uint8_t len);

#endif
