/*
 * producer: one track a peer sends: its streams (an SSRC and its RTX each;
 * one an encoding), their statistics and stores, and its consumers.
 *
 * Owned by its transport; in the router's map by id.
 */
#ifndef MEDIAD_SFU_PRODUCER_H
#define MEDIAD_SFU_PRODUCER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/list.h"
#include "mediad/rtp/nack.h"
#include "mediad/rtp/recv.h"
#include "mediad/rtp/rtxcache.h"
#include "mediad/sfu/keyframe.h"
#include "mediad/sfu/rtpmap.h"
#include "mediad/sfu/speaker.h"
#include "mediad/sfu/turn.h"

struct consumer;
struct transport;

#define PRODUCER_MAX_STREAMS RTPMAP_ENCODINGS

enum producer_type {
	PRODUCER_SIMPLE,
	PRODUCER_SIMULCAST,
	PRODUCER_SVC,
};

/* One encoding as it is received. Lives as long as its producer. */
struct stream {
	struct producer *producer;
	uint8_t index;
	bool live;	   /* its SSRC is known */
	uint8_t codec;	   /* index into rtp.codecs, of the last packet */
	uint32_t rtx_ssrc; /* 0: not known */
	struct seq rtx_seq;
	uint64_t rtx_packets, rtx_bytes, rtx_discarded;
	struct recv recv;
	struct nack nack;
	struct rtxcache store;
	struct keyframe keyframe;
	uint8_t fir_seq;
	uint64_t plis, firs;
	uint8_t told_score;
	uint16_t av1_targets; /* see describe.h */
};

struct producer_opts {
	uint64_t id;
	uint64_t peer_id;
	enum media_kind kind;
	enum producer_type type;
	struct rtpmap rtp;
	bool paused;
	bool screen;
	uint32_t keyframe_gap_ms; /* 0: the default */
};

struct producer {
	uint64_t id;
	uint64_t peer_id;
	struct transport *transport;
	struct list in_transport;
	struct note note;
	enum media_kind kind;
	enum producer_type type;
	bool paused;
	bool screen;
	struct rtpmap rtp;
	uint8_t n_streams;
	struct stream streams[PRODUCER_MAX_STREAMS];
	struct consumer **consumers; /* dense, any order */
	uint32_t n_consumers, cap_consumers;
	struct speaker_voice voice; /* audio */
	void *describe;		    /* AV1: its structure; else NULL */
	int8_t wanted;		    /* highest layer told to signald */
	int8_t wanted_next;
	uint64_t wanted_us; /* when wanted_next takes effect */
	void *ctl;	    /* control's: label and so on */
};

/*
 * Makes a producer in a transport. 0, -EEXIST (id, SSRC or MID in use), or
 * -ENOMEM. The options are copied.
 */
int producer_new(struct transport *t, const struct producer_opts *o,
		 uint64_t now_us, struct producer **out);

/* Closes its consumers too: ask for them first if they must be told of. */
void producer_free(struct producer *p);

void producer_pause(struct producer *p, uint64_t now_us);
void producer_resume(struct producer *p, uint64_t now_us);

/* 0 to 10, the best of its streams. */
uint8_t producer_score(const struct producer *p);

/* A viewer needs a key frame of that stream; merged. */
void producer_want_key(struct producer *p, unsigned stream, uint64_t now_us);

#endif
