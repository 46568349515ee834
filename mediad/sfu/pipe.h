/*
 * pipe: what crosses between two workers that carry parts of one room.
 *
 * On the publisher's worker a producer has an outlet a worker where it is
 * watched: its packets cross once, described there anew. On the viewers'
 * worker it has a stand-in, a producer of the same id on a transport that is
 * `piped`: streams, stores, layers and scores are its own, so NACKs are
 * answered there. What a stand-in wants of the sender goes back: key frames,
 * merged, and the highest layer that anybody there could use.
 *
 *	publisher's worker			viewers' worker
 *	packet -> pipe_wants()    - MEDIA ->	pipe_input() -> fan out
 *		  pipe_begins()   - BEGIN ->	pipe_begin()
 *	sender report		  - SR ------>	pipe_on_sr()
 *	pipe_on_key()		 <- KEY -----	pipe_next()
 *	pipe_on_wanted()	 <- WANTED --
 *
 * Messages may be lost: BEGIN goes before the first packet that crosses and
 * again until it did, KEY until a key frame came, WANTED each second.
 * Nothing here trusts the other worker: ids and indexes are looked up and
 * checked, packets parsed like a client's.
 */
#ifndef MEDIAD_SFU_PIPE_H
#define MEDIAD_SFU_PIPE_H

#include <stdbool.h>
#include <stdint.h>

#include "mediad/sfu/transport.h"

#define PIPE_VERSION 1
#define PIPE_WORKERS 64 /* indexes of workers */

enum pipe_kind {
	PIPE_MEDIA = 1, /* the plain packet follows */
	PIPE_BEGIN,
	PIPE_SR,
	PIPE_KEY,
	PIPE_WANTED,
};

/* The head of a record in the ring, in host order: one machine. */
struct pipe_msg {
	uint64_t producer;
	uint64_t at_us; /* MEDIA, SR: when it came from the sender */
	uint64_t ntp;	/* SR */
	uint32_t rtp;	/* SR: time stamp; BEGIN: SSRC */
	uint8_t version;
	uint8_t kind; /* enum pipe_kind */
	uint8_t stream;
	int8_t wanted; /* WANTED: highest stream, -1: none */
};

/* A producer's way to one other worker. */
struct outlet {
	uint32_t worker, generation;
	int8_t wanted; /* highest stream that crosses; -1: none */
	uint8_t begun; /* a bit a stream: BEGIN has crossed */
};

struct pipe_msg pipe_msg(const struct producer *p, enum pipe_kind kind);

/* ---- the publisher's worker --------------------------------------------- */

/* Has it already: nothing happens. 0, -ENOMEM or -ENOSPC. */
int pipe_add(struct producer *p, uint32_t worker, uint32_t generation);
void pipe_del(struct producer *p, uint32_t worker, uint64_t now_us);

/* The outlet towards that worker, or NULL. */
struct outlet *pipe_outlet(const struct producer *p, uint32_t worker);

/* Does this stream cross? */
static inline bool pipe_wants(const struct outlet *o, unsigned stream)
{
	return (int)stream <= o->wanted;
}

/* Must BEGIN go in front? Then, once it went, pipe_begun(). */
static inline bool pipe_begins(const struct outlet *o, unsigned stream)
{
	return !(o->begun >> stream & 1);
}

static inline void pipe_begun(struct outlet *o, unsigned stream)
{
	o->begun |= (uint8_t)(1 << stream);
}

/* The last sender report of a stream; false: none came yet. */
bool pipe_sr(const struct producer *p, unsigned stream, struct pipe_msg *m);

void pipe_on_key(struct producer *p, unsigned stream, uint64_t now_us);
void pipe_on_wanted(struct producer *p, struct outlet *o, int wanted,
		    uint64_t now_us);

/* ---- the viewers' worker ------------------------------------------------ */

void pipe_begin(struct producer *p, const struct pipe_msg *m, uint64_t now_us);
void pipe_on_sr(struct producer *p, const struct pipe_msg *m, uint64_t now_us);

/* As transport_input(); pkt->recv_us is set from the message. */
enum rx_verdict pipe_input(struct producer *p, const struct pipe_msg *m,
			   struct pkt *pkt, uint64_t now_us, struct rtp_rx *rx);

/* The next message that is due towards the sender of a piped transport. */
bool pipe_next(struct transport *t, uint64_t now_us, struct pipe_msg *m);

/* The pipe is another one: what is wanted must be told again. */
void pipe_again(struct transport *t, uint64_t now_us);

#endif
