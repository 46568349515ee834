/*
 * pub: what a simulated client sends: VP8 (one stream, or simulcast by RID)
 * and Opus, at given rates, cut into packets as libwebrtc cuts frames: equal
 * sizes, or two that differ by a byte with the larger ones last. Key frames
 * on PLI and FIR, RTX on NACK, sender reports.
 */
#ifndef TESTS_LOAD_PUB_H
#define TESTS_LOAD_PUB_H

#include "mediad/wire/rtp.h"
#include "tests/load/leg.h"

#define PUB_STREAMS 4
#define PUB_HISTORY 1024

/* Our extension ids, as Chromium numbers them. */
enum pub_ext {
	PUB_EXT_LEVEL = 1,
	PUB_EXT_SEND_TIME = 2,
	PUB_EXT_TWCC = 3,
	PUB_EXT_MID = 4,
	PUB_EXT_RID = 10,
	PUB_EXT_RRID = 11,
};

enum pub_pt {
	PUB_PT_VP8 = 96,
	PUB_PT_RTX = 97,
	PUB_PT_OPUS = 111,
};

struct pub_conf {
	uint32_t video_bps; /* of the (highest) layer; 0: no video */
	uint32_t layers;    /* 1 or 3 */
	uint32_t fps;
	uint32_t audio_bps; /* 0: none */
	uint32_t payload;   /* largest, bytes */
};

struct pub_sent {
	uint16_t seq;
	uint16_t len; /* of the payload; 0: none */
	uint32_t ts;
	bool marker;
	uint8_t data[1400];
};

struct pub_stream {
	bool video;
	bool off; /* nobody watches it */
	bool rids;
	char rid[3];
	char mid[2];
	uint32_t ssrc;
	uint32_t rtx_ssrc;
	uint16_t seq;
	uint16_t rtx_seq;
	uint32_t bps;
	uint32_t frame_us;
	uint32_t ts;
	uint32_t clock; /* ticks a frame */
	uint64_t next_us;
	bool want_key;
	uint64_t last_key_us;
	uint16_t picture;
	uint8_t tl0;
	uint32_t counter;
	uint64_t packets;
	uint64_t bytes;
	struct rtp_layout layout;
	struct rtp_layout rtx_layout;
	struct pub_sent *history;
};

struct pub {
	struct leg *leg;
	struct pub_conf conf;
	struct pub_stream s[PUB_STREAMS];
	int n;
	uint16_t twcc;
	uint64_t report_us;
	uint64_t resent;
	uint64_t keys;
	struct leg_burst burst;
};

void pub_init(struct pub *p, struct leg *leg, const struct pub_conf *conf,
	      uint64_t now_us);
void pub_fini(struct pub *p);

/* Sends what is due. Does nothing until the leg is up. */
void pub_tick(struct pub *p, uint64_t now_us);
uint64_t pub_deadline(const struct pub *p);

/* The highest layer of the video that somebody watches; -1: none. */
void pub_want(struct pub *p, int layer);

/* An opened RTCP packet of the server's. */
void pub_rtcp(struct pub *p, const uint8_t *data, size_t len, uint64_t now_us);

#endif
