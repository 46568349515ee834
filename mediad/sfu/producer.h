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

struct av1dd_structure;
struct consumer;
struct outlet;
struct transport;

#define PRODUCER_MAX_STREAMS RTPMAP_ENCODINGS
#define PRODUCER_MAX_SSRCS   16
#define STREAM_PAST	     4 /* ticks of a transport: a second */

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
	struct av1dd_structure *dd; /* made with its first descriptor */
	uint8_t fir_seq;
	uint64_t plis, firs;
	uint64_t bound_us; /* when its SSRC was learnt */
	uint32_t upto_bps[MEDIA_MAX_SID][MEDIA_MAX_TID]; /* smoothed */
	/* as measured at the ticks of the last second */
	uint32_t past_bps[STREAM_PAST][MEDIA_MAX_SID][MEDIA_MAX_TID];
	uint8_t past;
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
	uint8_t n_outlets;
	struct outlet *outlets; /* to other workers, see pipe.h */
	struct rtpmap rtp;
	uint16_t width, height; /* of the top layer; 0: not known */
	uint8_t n_streams;
	struct stream streams[PRODUCER_MAX_STREAMS];
	struct consumer **consumers; /* dense, any order */
	uint32_t n_consumers, cap_consumers;
	struct speaker_voice voice; /* audio */
	uint8_t n_learnt;	    /* SSRCs taken from packets */
	uint8_t told_score;
	int8_t wanted;	    /* highest layer told; 127: not yet */
	uint64_t wanted_us; /* when less will be told; 0: not pending */
	uint64_t tell_us;   /* piped: when `wanted` goes to its sender */
	void *ctl;	    /* control's, one block: freed with it */
};

/*
 * Makes a producer in a transport. 0, -EEXIST (id, SSRC or MID in use), or
 * -ENOMEM. The options are copied.
 */
int producer_new(struct transport *t, const struct producer_opts *o,
		 uint64_t now_us, struct producer **out);

/*
 * It comes over another transport from now on; its consumers stay and go on
 * at the next key frame. 0, -EEXIST (as producer_new()), or -EINVAL when its
 * streams and codecs are others.
 */
int producer_move(struct producer *p, struct transport *t,
		  const struct producer_opts *o, uint64_t now_us);

/* Closes its consumers too: ask for them first if they must be told of. */
void producer_free(struct producer *p);

void producer_pause(struct producer *p, uint64_t now_us);
void producer_resume(struct producer *p, uint64_t now_us);

/* 0 to 10, the best of its streams. */
uint8_t producer_score(const struct producer *p);

/*
 * Ties an SSRC to a stream (or its RTX). A stream that had another one
 * starts over. 0, -EEXIST (someone else's), -ENOSPC (too many), -ENOMEM.
 */
int producer_bind(struct producer *p, unsigned stream, uint32_t ssrc, bool rtx,
		  uint64_t now_us);

/* The same for the stand-in of a piped one: no table knows its SSRC. */
int producer_begin(struct producer *p, unsigned stream, uint32_t ssrc,
		   uint64_t now_us);

/* The stream's numbers jumped: forget what was, resync its viewers. */
void producer_restart(struct producer *p, unsigned stream, uint64_t now_us);

/* Is that stream sending? */
bool producer_alive(const struct producer *p, unsigned stream);

/* Scores, stores and what is wanted; each second, by its transport. */
void producer_tick(struct producer *p, uint64_t now_us);

/* Its viewers' wishes changed: which layer is wanted at most (dynacast). */
void producer_review(struct producer *p, uint64_t now_us);

/* A viewer needs a key frame of that stream; merged. */
void producer_want_key(struct producer *p, unsigned stream, uint64_t now_us);

#endif
