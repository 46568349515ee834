/*
 * blackbox: what a worker was doing last, in memory that outlives it: for
 * whom it worked, and the last datagrams that came.
 *
 * The supervisor makes the memory, the worker alone writes. After a crash
 * the supervisor knows whose traffic it was, and has what is needed to see
 * it again. A datagram is kept as it came; what SRTP has opened is kept
 * opened, since the keys die with the worker. Of media only the first
 * BLACKBOX_MEDIA bytes are kept: nothing reads further. Sealed media is worth
 * its header alone.
 *
 *	blackbox_for(b, 0);
 *	blackbox_add(b, data, len, at_us);
 *	blackbox_is_of(b, room);
 *	blackbox_opened(b, data, len);
 */
#ifndef COMMON_BLACKBOX_H
#define COMMON_BLACKBOX_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define BLACKBOX_SLOTS 64
#define BLACKBOX_CAP   1536
#define BLACKBOX_MEDIA 256
#define BLACKBOX_HEAD  96

struct blackbox_packet {
	uint64_t at_us;
	uint64_t room;	/* 0: nobody's, so far */
	uint32_t len;	/* of the datagram */
	uint16_t kept;	/* bytes of data */
	uint8_t opened; /* SRTP was taken off */
	uint8_t pad;
	uint8_t data[BLACKBOX_CAP];
};

struct blackbox {
	_Atomic uint64_t room; /* whose work is done now; 0: nobody's */
	_Atomic uint64_t n;    /* datagrams so far */
	struct blackbox_packet slot[BLACKBOX_SLOTS];
};

static inline void blackbox_for(struct blackbox *b, uint64_t room)
{
	atomic_store_explicit(&b->room, room, memory_order_relaxed);
	/* Before the work, in the eyes of a signal that ends it. */
	atomic_signal_fence(memory_order_seq_cst);
}

/* media: how much of RTP. */
static inline void blackbox_copy(struct blackbox_packet *p, const uint8_t *data,
				 size_t len, size_t media)
{
	/* RTP by RFC 7983; RTCP, STUN and DTLS are kept whole. */
	bool rtp = len > 1 && data[0] >> 6 == 2 &&
		   (data[1] < 192 || data[1] > 223);
	size_t cap = rtp ? media : BLACKBOX_CAP;

	p->len = (uint32_t)len;
	p->kept = (uint16_t)(len < cap ? len : cap);
	memcpy(p->data, data, p->kept);
}

static inline void blackbox_add(struct blackbox *b, const uint8_t *data,
				size_t len, uint64_t at_us)
{
	uint64_t n = atomic_load_explicit(&b->n, memory_order_relaxed);
	struct blackbox_packet *p = &b->slot[n % BLACKBOX_SLOTS];

	p->at_us = at_us;
	p->room = 0;
	p->opened = 0;
	blackbox_copy(p, data, len, BLACKBOX_HEAD);
	atomic_store_explicit(&b->n, n + 1, memory_order_relaxed);
	atomic_signal_fence(memory_order_seq_cst);
}

/* The newest one. */
static inline struct blackbox_packet *blackbox_last(struct blackbox *b)
{
	uint64_t n = atomic_load_explicit(&b->n, memory_order_relaxed);

	return &b->slot[(n - 1) % BLACKBOX_SLOTS];
}

/* It is this room's, and the work that follows is, too. */
static inline void blackbox_is_of(struct blackbox *b, uint64_t room)
{
	blackbox_last(b)->room = room;
	blackbox_for(b, room);
}

/* The newest one without SRTP. */
static inline void blackbox_opened(struct blackbox *b, const uint8_t *data,
				   size_t len)
{
	struct blackbox_packet *p = blackbox_last(b);

	blackbox_copy(p, data, len, BLACKBOX_MEDIA);
	p->opened = 1;
	atomic_signal_fence(memory_order_seq_cst);
}

#endif
