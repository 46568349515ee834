/*
 * transport: one peer connection as RTP sees it: its producers and
 * consumers, whose SSRC is whose, RTCP both ways, and for what it sends the
 * estimate, the pacer and the allocation.
 *
 * Owned by its router. ICE, DTLS and SRTP belong to the path's link, which
 * is reached through `link` and never looked into here.
 *
 *	switch (transport_input(t, pkt, now_us, &rx)) {
 *	case RX_MEDIA: case RX_RECOVERED: fan out rx.media; ...
 *	}
 *	while ((n = transport_rtcp(t, now_us, buf, cap))) protect and send
 *	while (transport_next(t, now_us, &f)) egress(t, &f);
 */
#ifndef MEDIAD_SFU_TRANSPORT_H
#define MEDIAD_SFU_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/list.h"
#include "common/pkt.h"
#include "mediad/bwe/arrival.h"
#include "mediad/bwe/pacer.h"
#include "mediad/rtp/rate.h"
#include "mediad/sfu/consumer.h"
#include "mediad/sfu/fwd.h"
#include "mediad/sfu/producer.h"
#include "mediad/sfu/ssrcs.h"
#include "mediad/sfu/turn.h"

struct bwe;
struct rtcp;
struct router;

#define TRANSPORT_RR_US	  1000000
#define TRANSPORT_TICK_US 250000
#define TRANSPORT_ORDER	  16 /* recent speakers a viewer tells */

enum rx_verdict {
	RX_MEDIA,     /* new: fan out rx.media */
	RX_RECOVERED, /* the same, came by RTX */
	RX_PADDING,   /* nothing to forward */
	RX_DUP,
	RX_DROP, /* rx.why says; counted in drops[] */
};

enum rx_drop {
	RX_DROP_PARSE, /* not RTP, or lengths do not fit */
	RX_DROP_SSRC,  /* belongs to no producer */
	RX_DROP_PT,    /* payload type the producer has not */
	RX_DROP_PAUSED,
	RX_DROP_RTX,   /* retransmission of nothing we know */
	RX_DROP_STRAY, /* far jump */
	RX_DROP_OLD,   /* too old for the store */
	RX_DROP_CODEC, /* payload descriptor is broken */
	RX_DROP_SSRCS, /* more SSRCs than a producer may have */
	RX_DROP_N,
};

/* kebab-case name of a reason. */
const char *transport_drop_name(enum rx_drop why);

struct rtp_rx {
	struct producer *producer;
	struct media *media; /* in the store */
	enum rx_drop why;
};

struct transport_opts {
	uint64_t id;
	uint64_t peer_id;
	uint32_t initial_bps;	   /* 0: 600,000 */
	uint32_t max_incoming_bps; /* 0: none */
	uint32_t rtcp_ssrc;	   /* random, of our RTCP */
	uint32_t random;	   /* numbers start anywhere */
	bool piped;
};

struct transport {
	uint64_t id;
	uint64_t peer_id;
	struct router *router;
	void *link; /* the path's; borrowed */
	void *ctl;  /* control's */
	struct list in_router;
	struct list touched; /* linked while the deadline is not read */
	struct note note;
	bool connected;
	bool piped; /* stands for one on another worker, see pipe.h */

	struct list producers, consumers;
	uint32_t n_producers, n_consumers;
	struct ssrcs ssrcs;
	uint8_t ext[EXT_N]; /* ids of what it sends us, of all producers */
	uint64_t drops[RX_DROP_N];

	struct arrival arrival; /* feedback to this sender */
	bool twcc_in;		/* it sends transport-wide numbers */
	uint32_t rtcp_ssrc;
	uint64_t rtcp_us; /* next receiver report */
	uint64_t sr_us;	  /* next sender report */
	uint64_t due_us;  /* what transport_deadline() last said */
	uint64_t tick_us; /* next transport_tick() */
	uint64_t remb_us;
	uint32_t max_incoming_bps;
	int64_t clock_off_us; /* our clock minus the sender's */
	bool clock_set;
	uint64_t rtt_us; /* by its answers to our reports; 0: unknown */

	uint32_t initial_bps;
	struct bwe *bwe; /* NULL: sends no video */
	struct pacer pacer;
	struct list lagging; /* consumers with held back numbers */
	uint16_t probe_seq;  /* the probator's */
	uint32_t probe_ts;
	uint64_t alloc_us;	/* next allocation; UINT64_MAX: none */
	uint64_t allocated_us;	/* the last one */
	uint32_t allocated_bps; /* the estimate it had */
	uint32_t granted_bps;	/* sum of what it gave */
	uint64_t up_us;		/* no layer goes up before */
	uint64_t went_up_us, went_down_us;
	uint64_t hold_us; /* after a step down; doubles when layers flap */
	uint64_t over_us; /* what it has is more than the estimate since */
	uint64_t told_us;
	uint32_t told_available, told_desired;
	uint64_t pinned_peer;
	uint64_t order[TRANSPORT_ORDER]; /* recent speakers, latest first */
	uint8_t n_order;

	struct rate rtp_in, rtx_in, rtp_out, rtx_out, probe_out;
	uint32_t desired_bps;
};

/* 0 or -ENOMEM. */
int transport_new(struct router *r, const struct transport_opts *o,
		  uint64_t now_us, struct transport **out);
/* Frees its consumers and producers (and the consumers of those). */
void transport_free(struct transport *t);

/* DTLS is done and a pair is selected, or no longer. */
void transport_set_connected(struct transport *t, bool on, uint64_t now_us);

/* ---- packets in -------------------------------------------------------- */

/* A decrypted RTP packet. Takes a reference of its own when it keeps it. */
enum rx_verdict transport_input(struct transport *t, struct pkt *pkt,
				uint64_t now_us, struct rtp_rx *rx);

/* The same for a stream of a producer on a piped transport. */
enum rx_verdict transport_input_piped(struct producer *p, unsigned stream,
				      struct pkt *pkt, uint64_t now_us,
				      struct rtp_rx *rx);

/*
 * RTCP, one block each, called by the walk over a decrypted compound. SSRCs
 * that are not known are ignored. Retransmissions for a NACK are pulled out
 * by the caller: transport_consumer() and fwd_resend().
 */
void transport_on_sr(struct transport *t, uint32_t ssrc, uint64_t ntp,
		     uint32_t rtp_ts, uint64_t now_us);
void transport_on_stream_sr(struct stream *s, uint64_t ntp, uint32_t rtp_ts,
			    uint64_t now_us);
void transport_on_rr(struct transport *t, uint32_t ssrc,
		     const struct send_rr *rr, uint64_t now_us);
void transport_on_twcc(struct transport *t, const struct rtcp *p,
		       uint64_t now_us);
void transport_on_remb(struct transport *t, uint32_t bps, uint64_t now_us);
void transport_on_bye(struct transport *t, uint32_t ssrc, uint64_t now_us);
/* A DLRR block of XR: the sender's RTT from our RRTR (RFC 3611). */
void transport_on_dlrr(struct transport *t, uint32_t lrr, uint32_t dlrr,
		       uint64_t now_us);

/* A consumer was added. */
void transport_on_consumer(struct transport *t, struct consumer *c,
			   uint64_t now_us);

/* A consumer's clock changed: its sender report goes out at once. */
void transport_want_sr(struct transport *t, struct consumer *c,
		       uint64_t now_us);

/* Some video it sends, or NULL. */
struct consumer *transport_video_consumer(const struct transport *t);

/* Sets the pacer from the estimate and what was granted. */
void transport_pace(struct transport *t);

/* Shares the estimate among its video: sets the consumers' caps. */
void transport_alloc(struct transport *t, uint64_t now_us);

/* What its consumers want changed: allocate anew at the end of the turn. */
void transport_reallocate(struct transport *t, uint64_t now_us);

/* The consumer that sends that SSRC (or whose RTX has it), or NULL. */
struct consumer *transport_consumer(const struct transport *t, uint32_t ssrc);

/* ---- packets out ------------------------------------------------------- */

/*
 * One compound packet that is due, at most cap (>= 1200) bytes; 0: no more.
 */
size_t transport_rtcp(struct transport *t, uint64_t now_us, uint8_t *buf,
		      size_t cap);

/* The next packet the pacer lets go: held back video, or probe padding. */
bool transport_next(struct transport *t, uint64_t now_us, struct fwd *f);

/* A packet was built and handed to the socket; len: bytes with SRTP tag. */
void transport_sent(struct transport *t, const struct fwd *f, uint32_t len,
		    uint64_t now_us);

/* ---- time -------------------------------------------------------------- */

/* Earliest of RTCP, pacer, estimate, allocation. */
uint64_t transport_deadline(struct transport *t);

/* Housekeeping when it is due: scores, stores, estimate, allocation. */
void transport_tick(struct transport *t, uint64_t now_us);

/* Puts it on the turn's list: its deadline is to be read anew. */
void transport_touch(struct transport *t);

/* Something is due at due_us: puts it on the turn's list if that is new. */
void transport_due(struct transport *t, uint64_t due_us);

/* ---- settings and statistics ------------------------------------------- */

void transport_set_max_incoming(struct transport *t, uint32_t bps,
				uint64_t now_us);
void transport_set_speakers(struct transport *t, uint64_t pinned,
			    const uint64_t *order, unsigned n, uint64_t now_us);

uint32_t transport_available_bps(const struct transport *t);
uint32_t transport_desired_bps(const struct transport *t);

#endif
