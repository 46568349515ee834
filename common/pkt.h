/*
 * pkt: a datagram buffer with a reference count, and the pool it comes from.
 *
 * The pool is one allocation made at start; nothing allocates on a packet's
 * way. pkt_get() takes a free buffer with one reference or returns NULL when
 * all are in use; pkt_ref() and pkt_put() count. `data` has PKT_HEADROOM
 * writable bytes in front of it and PKT_TAILROOM behind PKT_CAP.
 * One thread a pool, no locks.
 */
#ifndef COMMON_PKT_H
#define COMMON_PKT_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#define PKT_CAP	     1536
#define PKT_HEADROOM 32
#define PKT_TAILROOM 32

struct pkt_pool;

struct pkt {
	struct pkt_pool *pool;
	struct pkt *next; /* free list; the owner's while in use */
	uint32_t refs;
	uint32_t len;	  /* bytes of data */
	uint64_t recv_us; /* kernel receive time stamp, monotonic clock */
	uint8_t headroom[PKT_HEADROOM];
	uint8_t data[PKT_CAP + PKT_TAILROOM];
};

struct pkt_pool {
	struct pkt *all;
	void *map; /* what was asked of the kernel */
	size_t map_len;
	struct pkt *free;
	uint32_t n;	 /* buffers in the pool */
	uint32_t used;	 /* in use now */
	uint32_t peak;	 /* most ever in use */
	uint64_t missed; /* pkt_get() calls that found none */
};

/* 0 or -ENOMEM. The pool outlives its packets. */
int pkt_pool_init(struct pkt_pool *pool, uint32_t n);
void pkt_pool_fini(struct pkt_pool *pool);

static inline struct pkt *pkt_get(struct pkt_pool *pool)
{
	struct pkt *p = pool->free;

	if (!p) {
		pool->missed++;
		return NULL;
	}
	pool->free = p->next;
	p->next = NULL;
	p->refs = 1;
	p->len = 0;
	if (++pool->used > pool->peak)
		pool->peak = pool->used;
	return p;
}

static inline struct pkt *pkt_ref(struct pkt *p)
{
	p->refs++;
	return p;
}

static inline void pkt_put(struct pkt *p)
{
	struct pkt_pool *pool = p->pool;

	assert(p->refs > 0);
	if (--p->refs)
		return;
	p->next = pool->free;
	pool->free = p;
	pool->used--;
}

#endif
