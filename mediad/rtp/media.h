/*
 * media: a described packet: what is known about a received media packet
 * after it was decrypted, parsed and described once.
 *
 * It lives in the store of its producer stream (rtp/rtxcache.h), which holds
 * the reference on `pkt`; everybody else borrows it for the turn. Offsets
 * count from pkt->data.
 */
#ifndef MEDIAD_RTP_MEDIA_H
#define MEDIAD_RTP_MEDIA_H

#include <stdbool.h>
#include <stdint.h>

#include "common/pkt.h"

enum media_kind {
	MEDIA_AUDIO,
	MEDIA_VIDEO,
};

enum media_codec {
	CODEC_NONE,
	CODEC_OPUS,
	CODEC_MULTIOPUS,
	CODEC_PCMU,
	CODEC_PCMA,
	CODEC_G722,
	CODEC_RED,
	CODEC_VP8,
	CODEC_VP9,
	CODEC_H264,
	CODEC_AV1,
};

#define MEDIA_MAX_SID 3 /* spatial layers of one stream, or encodings */
#define MEDIA_MAX_TID 4

enum media_flag {
	MEDIA_MARKER = 1 << 0,
	MEDIA_KEY = 1 << 1,	  /* a key picture starts in this packet */
	MEDIA_START = 1 << 2,	  /* first packet of a (layer) frame */
	MEDIA_END = 1 << 3,	  /* last packet of a (layer) frame */
	MEDIA_SWITCH = 1 << 4,	  /* a receiver may go up to this layer here */
	MEDIA_NO_REF = 1 << 5,	  /* nothing refers to it: droppable */
	MEDIA_PID = 1 << 6,	  /* pid is there */
	MEDIA_PID16 = 1 << 7,	  /* ... as 15 bits */
	MEDIA_TL0 = 1 << 8,	  /* tl0 is there */
	MEDIA_LEVEL = 1 << 9,	  /* audio level is there */
	MEDIA_INTER = 1 << 10,	  /* predicted from a lower spatial layer */
	MEDIA_UPPER_OK = 1 << 11, /* VP9: not a reference for upper layers */
	MEDIA_DUE = 1 << 12, /* kept, but its consumers did not see it yet */
};

struct media {
	struct pkt *pkt;  /* counted; NULL: the slot is empty */
	uint32_t ts;	  /* as received */
	uint16_t seq;	  /* as received */
	uint16_t pay_off; /* payload, padding taken off */
	uint16_t pay_len;
	uint16_t flags;	      /* enum media_flag */
	uint16_t pid;	      /* picture id (VP8, VP9), frame number (AV1) */
	uint16_t capture_off; /* abs-capture-time; 0: none */
	uint16_t playout_off; /* playout-delay, 3 bytes; 0: none */
	uint16_t dd_off;      /* AV1: dependency descriptor; 0: none */
	uint8_t dd_len;
	uint8_t capture_len;
	uint8_t orient; /* video orientation byte; 0xff: none */
	uint8_t level;	/* RFC 6464 byte: V and -dBov */
	uint8_t tl0;	/* TL0PICIDX */
	uint8_t sid;	/* spatial layer in the stream */
	uint8_t tid;	/* temporal layer */
	uint8_t stream; /* encoding index in the producer */
	uint8_t pt;	/* index into the producer's codecs */
	uint8_t pid_at; /* VP8: picture id, from pay_off; 0: none */
	uint8_t tl0_at; /* VP8: TL0PICIDX, from pay_off; 0: none */
};

static inline const uint8_t *media_payload(const struct media *m)
{
	return m->pkt->data + m->pay_off;
}

#endif
