/*
 * rig: a room on a bench: producers and consumers of mediad/sfu without
 * sockets or encryption, in virtual time. Packets go in as bytes, what goes
 * out is parsed back and kept in a list.
 *
 *	struct rig *r = rig_new();
 *	struct producer *p = rig_publish(r, &opts);
 *	struct consumer *c = rig_subscribe(r, p, NULL);
 *	rig_send(r, p, &(struct rig_pkt){.seq = 1, .key = true});
 *	ck_assert_uint_eq(rig_out(r, 0)->seq, ...);
 */
#ifndef TESTS_LIB_RIG_H
#define TESTS_LIB_RIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/pkt.h"
#include "mediad/sfu/consumer.h"
#include "mediad/sfu/fwd.h"
#include "mediad/sfu/producer.h"
#include "mediad/sfu/router.h"
#include "mediad/sfu/transport.h"

#define RIG_OUT 65536

/* A VP8 (or audio) packet to send. */
struct rig_pkt {
	uint8_t stream; /* encoding */
	uint16_t seq;
	uint32_t ts;
	bool key, marker, sync;
	bool rest;    /* not the first of its frame */
	bool rtx;     /* by RTX; seq is the original number */
	bool padding; /* no payload */
	uint16_t pid;
	uint8_t tl0, tid;
	uint8_t level; /* audio: -dBov */
	uint16_t twcc; /* sent when not 0 */
	uint16_t len;  /* payload; 0: 100 bytes */
	bool ids;      /* with MID and RID */
	uint32_t mark; /* written into the payload */
};

struct rig_out {
	struct consumer *c;
	uint32_t ssrc, ts;
	uint16_t seq, osn;
	uint8_t pt;
	bool marker, rtx, empty;
	uint16_t pid;
	uint8_t tl0;
	uint16_t twcc;
	uint32_t mark;
	uint32_t len; /* with header */
	uint64_t at_us;
};

struct rig {
	struct turn turn;
	struct router *router;
	struct pkt_pool pool;
	uint64_t now_us;
	struct transport *up, *down; /* of the first publisher, viewer */
	uint64_t ids;
	uint32_t n_out;
	struct rig_out *out;
	uint16_t rtx_seq;
	bool estimate;	    /* consumers get transport-wide numbers */
	uint8_t rtcp[1500]; /* the last compound sent */
	size_t rtcp_len;
	uint32_t n_plis, n_nacks, n_srs, n_rrs, n_twcc, n_rembs;
	uint32_t sr_ts;
	uint64_t sr_ntp;
	uint16_t nacked[256];
};

struct rig *rig_new(void);
void rig_free(struct rig *r);

struct transport *rig_transport(struct rig *r);

/* Options of a VP8 producer with n encodings, of an Opus one. */
struct producer_opts rig_vp8(struct rig *r, unsigned n, unsigned temporal);
struct producer_opts rig_opus(struct rig *r);
struct producer *rig_publish(struct rig *r, const struct producer_opts *o);

/* A consumer on the `down` transport; pref -1/-1: the highest. */
struct consumer *rig_subscribe(struct rig *r, struct transport *t,
			       struct producer *p, struct layers_pair pref);

/* A packet arrives; what goes out is appended. */
enum rx_verdict rig_send(struct rig *r, struct producer *p,
			 const struct rig_pkt *k);

/* Time passes; due things happen at 1 ms steps. */
void rig_run(struct rig *r, uint64_t us);

/* Asks for outgoing number seq again; the answer is appended. */
enum fwd_verdict rig_nack(struct rig *r, struct consumer *c, uint16_t seq);

/* The i-th packet out; from the end with i < 0. */
struct rig_out *rig_out(struct rig *r, int i);

#endif
