/*
 * txq: send slots of a loop turn, gathered by receiver and sent in few calls.
 *
 * The caller fills a slot, commits it to a destination, and flushes when
 * txq_slot() gives NULL and at the end of the turn. A flush makes one message
 * of each run of equal sizes to one receiver (UDP_SEGMENT; the last may be
 * shorter) and hands many messages to one sendmmsg(). A destination to which
 * the kernel takes no segments gets single packets from then on. Order within
 * a destination is kept. A destination with a connection goes out by tcp.
 *
 *	struct txq_slot *s = txq_slot(q);
 *	if (!s) {
 *		txq_flush(q);
 *		(for each of q's slots: sent(s->owner, s->tag, s->sent_us))
 *		s = txq_slot(q);
 *	}
 *	n = srtp_seal_rtp(srtp, s->buf, sizeof(s->buf), hdr_len, pay, len);
 *	txq_commit(q, s, dst, n, tag);
 *
 * After a flush slots[0 .. n_slots) tell what became of each, in the order
 * they were committed, until the next txq_slot().
 */
#ifndef MEDIAD_IO_TXQ_H
#define MEDIAD_IO_TXQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/addr.h"

#define TXQ_BUF 1472 /* bytes of a slot: what an Ethernet frame holds */

/*
 * One receiver: where to, and from which of our addresses. Embedded in the
 * tuple; it must not move or be freed while slots are committed to it
 * (txq_forget() drops them).
 */
struct txq_dst {
	uint8_t sa[28]; /* sockaddr_in or sockaddr_in6 for the socket */
	uint8_t sa_len;
	uint8_t cmsg_len;
	_Alignas(8) uint8_t cmsg[40]; /* the packet-info control message */
	bool no_gso;   /* the kernel refused segments to it once */
	uint32_t conn; /* 0: UDP; else a TCP connection's id */
	uint32_t head; /* slots of this turn: index + 1, 0: none */
	uint32_t tail;
};

struct txq_slot {
	uint32_t len;
	uint32_t next; /* same receiver, index + 1 */
	uint32_t mark; /* the caller's; 0 from txq_slot() on */
	uint64_t tag;  /* the caller's */
	void *owner;   /* the caller's */
	struct txq_dst *dst;
	uint64_t
		sent_us; /* after a flush: the clock before its call; 0: lost */
	uint8_t buf[TXQ_BUF];
};

struct txq_stats {
	uint64_t packets;
	uint64_t bytes;
	uint64_t calls;	    /* sendmmsg() */
	uint64_t messages;  /* runs handed to it */
	uint64_t dropped;   /* the socket was full, or it refused */
	uint64_t fallbacks; /* receivers found to take no segments */
};

struct udp;
struct tcp;

struct txq {
	struct txq_slot *slots;
	uint32_t n_slots; /* committed this turn */
	uint32_t cap;
	bool flushed; /* the slots hold results */
	struct txq_stats stats;
	struct txq_work *work; /* messages, iovecs, active receivers */
	int fd;		       /* -1: detached */
	bool v6;	       /* the socket's family */
	uint64_t now_us; /* the caller's turn, for tcp and when detached */
	struct tcp *tcp;
};

/*
 * `fd` is borrowed (udp_fd()); `tcp` may be NULL. `n_slots` 256 or more is a
 * good turn. With fd -1 the queue is detached: a flush sends nothing, but
 * stamps each slot with q->now_us. 0 or -errno.
 */
int txq_init(struct txq *q, int fd, struct tcp *tcp, uint32_t n_slots);
void txq_fini(struct txq *q);

/* `conn` 0 for UDP. */
void txq_dst_init(const struct txq *q, struct txq_dst *d,
		  const struct addr *local, const struct addr *remote,
		  uint32_t conn);

/* The next free slot, or NULL: flush first. Not yet taken until committed. */
struct txq_slot *txq_slot(struct txq *q);
void txq_commit(struct txq *q, struct txq_slot *s, struct txq_dst *d,
		size_t len, uint64_t tag);

/* A whole datagram (STUN, DTLS, RTCP); false: full, flush first. */
bool txq_send(struct txq *q, struct txq_dst *d, const void *data, size_t len);

/* Sends all. Returns how many packets left. */
uint32_t txq_flush(struct txq *q);

/* Forgets a receiver that goes away: its slots are not sent. */
void txq_forget(struct txq *q, struct txq_dst *d);

#endif
