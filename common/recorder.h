/*
 * recorder: a worker's flight recorder: what its transports sent, got and
 * became of late, without payload, keys or addresses.
 *
 * One ring a worker in memory that the supervisor makes, the worker alone
 * writes and the server reads when `chattrctl record` asks. A record is 32
 * bytes: RTP takes one (the first 16 bytes of its header), RTCP as many
 * as it is long, RECORDER_RTCP bytes at most. The ring holds 131,072 records:
 * 60 s of 2,184 packets a second, less of more. Its pages are touched one
 * after the other, so an idle worker has none.
 *
 *	recorder_rtp(r, now_us, id, RECORDER_RTP_IN, data, len);
 *	while (recorder_next(r, &pos, &e))
 *
 * A reader trusts nothing in it.
 */
#ifndef COMMON_RECORDER_H
#define COMMON_RECORDER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define RECORDER_SLOTS	 131072 /* a power of two */
#define RECORDER_DATA	 16
#define RECORDER_RTCP	 160
#define RECORDER_SPAN_US 60000000

enum recorder_kind {
	RECORDER_MORE, /* the record before goes on */
	RECORDER_RTP_IN,
	RECORDER_RTP_OUT,
	RECORDER_RTCP_IN,
	RECORDER_RTCP_OUT,
	RECORDER_ICE,	   /* data[0]: enum ice_state */
	RECORDER_DTLS,	   /* data[0]: enum dtls_state */
	RECORDER_ESTIMATE, /* four bytes, big-endian: b/s */
	RECORDER_KINDS,
};

struct recorder_entry {
	uint64_t at_us;
	uint32_t transport; /* the low half of its id */
	uint16_t len;	    /* on the wire, without SRTP's own */
	uint8_t kind;	    /* enum recorder_kind */
	uint8_t kept;	    /* bytes of data */
	uint8_t data[RECORDER_DATA];
};

struct recorder {
	_Atomic uint64_t n; /* records so far */
	uint8_t pad[24];
	struct recorder_entry slot[RECORDER_SLOTS];
};

/* A record like `head`, and what follows when more than one is needed. */
static inline void recorder_add(struct recorder *r, struct recorder_entry head,
				const uint8_t *data, size_t keep)
{
	uint64_t n = atomic_load_explicit(&r->n, memory_order_relaxed);

	for (size_t at = 0; at < keep; at += RECORDER_DATA) {
		struct recorder_entry *e = &r->slot[n++ % RECORDER_SLOTS];
		size_t some = keep - at;

		some = some < RECORDER_DATA ? some : RECORDER_DATA;
		e->at_us = head.at_us;
		e->transport = head.transport;
		e->len = head.len;
		e->kind = at ? RECORDER_MORE : head.kind;
		e->kept = (uint8_t)some;
		if (some == RECORDER_DATA)
			memcpy(e->data, data + at, RECORDER_DATA);
		else
			memcpy(e->data, data + at, some);
	}
	atomic_store_explicit(&r->n, n, memory_order_release);
}

static inline struct recorder_entry recorder_head(uint64_t at_us,
						  uint64_t transport,
						  enum recorder_kind kind,
						  size_t len)
{
	return (struct recorder_entry){.at_us = at_us,
				       .transport = (uint32_t)transport,
				       .len = (uint16_t)len,
				       .kind = (uint8_t)kind};
}

static inline void recorder_rtp(struct recorder *r, uint64_t at_us,
				uint64_t transport, enum recorder_kind kind,
				const uint8_t *data, size_t len)
{
	/* Without sources and extensions the payload follows twelve bytes. */
	size_t keep = data[0] & 0x1f ? RECORDER_DATA : 12;

	recorder_add(r, recorder_head(at_us, transport, kind, len), data,
		     len < keep ? len : keep);
}

static inline void recorder_rtcp(struct recorder *r, uint64_t at_us,
				 uint64_t transport, enum recorder_kind kind,
				 const uint8_t *data, size_t len)
{
	recorder_add(r, recorder_head(at_us, transport, kind, len), data,
		     len < RECORDER_RTCP ? len : RECORDER_RTCP);
}

static inline void recorder_state(struct recorder *r, uint64_t at_us,
				  uint64_t transport, enum recorder_kind kind,
				  uint8_t state)
{
	recorder_add(r, recorder_head(at_us, transport, kind, 1), &state, 1);
}

static inline void recorder_estimate(struct recorder *r, uint64_t at_us,
				     uint64_t transport, uint32_t bps)
{
	uint8_t data[4] = {(uint8_t)(bps >> 24), (uint8_t)(bps >> 16),
			   (uint8_t)(bps >> 8), (uint8_t)bps};

	recorder_add(r, recorder_head(at_us, transport, RECORDER_ESTIMATE, 4),
		     data, 4);
}

/* The oldest record that is not being written over. */
static inline uint64_t recorder_first(const struct recorder *r)
{
	uint64_t n = atomic_load_explicit(&r->n, memory_order_acquire);
	uint64_t whole = RECORDER_SLOTS - RECORDER_RTCP / RECORDER_DATA;

	return n > whole ? n - whole : 0;
}

/*
 * Record number *pos, or the oldest one if that is gone, while the worker
 * goes on writing; *pos moves on. False: there is no more.
 */
static inline bool recorder_next(const struct recorder *r, uint64_t *pos,
				 struct recorder_entry *e)
{
	uint64_t first = recorder_first(r);

	do {
		*pos = *pos < first ? first : *pos;
		if (*pos >= atomic_load_explicit(&r->n, memory_order_acquire))
			return false;
		*e = r->slot[*pos % RECORDER_SLOTS];
		atomic_thread_fence(memory_order_acquire);
		first = recorder_first(r);
	} while (*pos < first);
	++*pos;
	if (e->kept > RECORDER_DATA)
		e->kept = RECORDER_DATA;
	return true;
}

#endif
