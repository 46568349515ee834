/*
 * fwd: a packet's way through a consumer: which packets of the producer go
 * out, under which numbers, and which again.
 *
 * The fan-out is one loop over a producer's consumers:
 *
 *	switch (fwd_accept(c, m, now_us, &f)) {
 *	case FWD_SEND:  egress(c->transport, &f); break;
 *	case FWD_LATER: break;   transport_next() gives it when it is time
 *	case FWD_SKIP:  break;
 *	}
 */
#ifndef MEDIAD_SFU_FWD_H
#define MEDIAD_SFU_FWD_H

#include <stdbool.h>
#include <stdint.h>

struct consumer;
struct media;

enum fwd_verdict {
	FWD_SKIP,  /* not for this one */
	FWD_SEND,  /* the description is filled: build and send it now */
	FWD_LATER, /* mapped; transport_next() hands it out */
};

enum fwd_flag {
	FWD_MARKER = 1,
	FWD_RTX = 2,   /* a retransmission: OSN in front of the payload */
	FWD_EMPTY = 4, /* padding only, keeps a number from being missed */
	FWD_PROBE = 8, /* padding for a probe */
	FWD_AUDIO = 16,
	FWD_AGAIN = 32, /* no RTX: the same bytes under the same number */
};

/* One outgoing packet, described. Borrowed for the turn. */
struct fwd {
	struct consumer *consumer; /* NULL: the probator, SSRC 1234 */
	const struct media *media; /* NULL: padding */
	uint32_t ssrc;
	uint32_t ts;
	uint16_t seq;
	uint16_t osn; /* RTX: the original number */
	uint16_t pid; /* picture id to write, if media->pid_at */
	uint8_t tl0;  /* TL0PICIDX to write, if media->tl0_at */
	uint8_t pt;
	uint8_t flags; /* enum fwd_flag */
};

/* A new packet of its producer. */
enum fwd_verdict fwd_accept(struct consumer *c, const struct media *m,
			    uint64_t now_us, struct fwd *f);

/*
 * What the pacer holds back for too long is dropped and a key frame wanted.
 */
void fwd_skip_lag(struct consumer *c, uint64_t now_us);

/* The next number the pacer held back; false: none is left. */
bool fwd_next(struct consumer *c, struct fwd *f);

/*
 * The receiver lost outgoing number `seq`: FWD_SEND fills a retransmission
 * (RTX, or the same packet again where there is no RTX).
 */
enum fwd_verdict fwd_resend(struct consumer *c, uint16_t seq, uint64_t now_us,
			    struct fwd *f);

/* What the pacer holds back is dropped; its numbers are free again. */
void fwd_drop_lag(struct consumer *c);

#endif
