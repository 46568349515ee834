/*
 * consumer: one track a peer receives: which packets of a producer go to it
 * and under which numbers (fwd.h).
 *
 * Owned by its transport; listed in its producer.
 */
#ifndef MEDIAD_SFU_CONSUMER_H
#define MEDIAD_SFU_CONSUMER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/list.h"
#include "mediad/rtp/media.h"
#include "mediad/rtp/rtxmap.h"
#include "mediad/rtp/send.h"
#include "mediad/sfu/epoch.h"
#include "mediad/sfu/layers.h"
#include "mediad/sfu/rtpmap.h"
#include "mediad/sfu/turn.h"

struct producer;
struct transport;

enum consumer_limit {
	CONSUMER_LIMIT_NONE,
	CONSUMER_LIMIT_SENDER,
	CONSUMER_LIMIT_NETWORK,
	CONSUMER_LIMIT_VIEWPORT,
	CONSUMER_LIMIT_CPU,
	CONSUMER_LIMIT_HOST,
};

struct consumer_opts {
	uint64_t id;
	struct rtpmap rtp; /* codecs, encodings[0].ssrc/.rtx_ssrc, mid, ext */
	bool paused;
	struct layers_pair preferred; /* -1: the highest */
	uint8_t priority;	      /* 1 to 255 */
	uint16_t first_seq;	      /* random, 1 to 32767 */
	uint16_t first_rtx_seq;
	uint32_t first_ts;
};

/* The header all its packets have, made once. */
struct rewrite_plan {
	uint8_t hdr[48]; /* fixed part and extension block, values empty */
	uint8_t len;
	uint8_t used; /* without the block's padding at the end */
	uint8_t ast_at, twcc_at, orient_at, level_at; /* 0: not there */
};

struct consumer {
	/* the packet's way */
	struct transport *transport;
	struct producer *producer;
	bool flowing; /* neither side paused, connected */
	bool synced;  /* an epoch is running */
	bool lagging; /* numbers wait for the pacer: on transport->lagging */
	bool video;
	uint8_t epoch; /* the running one */
	struct layers layers;
	uint16_t cursor; /* next number to send */
	uint16_t pid_delta;
	uint16_t out_pid; /* newest picture id sent */
	uint8_t out_tl0;
	uint16_t drop_pid; /* picture that is being left out */
	bool drop_set;
	bool frame_open;   /* the last packet sent had no marker */
	bool frame_set;	   /* frame_ts is valid */
	bool frame_passed; /* the frame at frame_ts goes out */
	uint32_t frame_ts; /* received time stamp of the newest frame */
	uint32_t out_ts;   /* newest */
	uint64_t out_us;   /* when */
	struct rtxmap map;
	struct epoch epochs[EPOCH_MAX];

	uint32_t ssrc, rtx_ssrc;
	uint8_t pt[RTPMAP_CODECS]; /* by the producer's codec index */
	uint8_t rtx_pt[RTPMAP_CODECS];
	uint16_t rtx_seq;
	uint8_t ext[EXT_N];
	struct rewrite_plan plan;
	struct send send;

	/* the rest */
	uint64_t id;
	struct list in_transport;
	struct list lag_node;
	struct note note;
	uint32_t place; /* in producer->consumers */
	bool paused;
	bool nack;
	bool remb;
	uint8_t priority;
	uint8_t told_score;
	uint8_t fir_seq;
	bool fir_set;
	struct layers_pair told;
	enum consumer_limit limit;
	uint16_t view_w, view_h; /* 0: not told */
	bool visible;
	uint32_t allocated_bps;
	uint64_t lagged; /* packets dropped because they waited too long */
	uint64_t key_asked_us;
	uint64_t sr_us;	  /* when the next SR is due */
	uint64_t ring_us; /* when the ring was fitted */
	uint32_t ring_packets;
	uint64_t starved_us;	 /* even the lowest layer is too much since */
	struct layers_pair fell; /* what it was on when it last went down */
	char mid[RTPMAP_MID_MAX + 1];
	char cname[RTPMAP_CNAME_MAX + 1];
	void *ctl; /* control's, one block: freed with the consumer */
};

/* 0, -EEXIST (id or SSRC in use), -EINVAL (no common codec), -ENOMEM. */
int consumer_new(struct transport *t, struct producer *p,
		 const struct consumer_opts *o, uint64_t now_us,
		 struct consumer **out);
void consumer_free(struct consumer *c);

/* A stream of the producer started over: its old numbers mean nothing. */
void consumer_on_restart(struct consumer *c, unsigned stream, uint64_t now_us);

/* PLI or FIR from the receiver; a FIR with a number seen before is old. */
void consumer_on_pli(struct consumer *c, uint64_t now_us);
void consumer_on_fir(struct consumer *c, uint8_t fir_seq, uint64_t now_us);

/* Asks for a key frame of what it is after. */
void consumer_want_key(struct consumer *c, uint64_t now_us);

void consumer_pause(struct consumer *c, uint64_t now_us);
void consumer_resume(struct consumer *c, uint64_t now_us);

/* Its own pause, the producer's or the connection changed. */
void consumer_refresh(struct consumer *c, uint64_t now_us);

void consumer_set_preferred(struct consumer *c, struct layers_pair l,
			    uint64_t now_us);
void consumer_set_priority(struct consumer *c, uint8_t prio, uint64_t now_us);
void consumer_set_viewport(struct consumer *c, uint16_t w, uint16_t h,
			   bool visible, uint64_t now_us);

/* 0 to 10, as the receiver sees it. */
uint8_t consumer_score(const struct consumer *c);

#endif
