/*
 * rtxcache: the one store of a producer stream's packets.
 *
 * The store is a ring indexed by the received sequence number. It holds the
 * packet's reference; a slot is given up after RTXCACHE_KEEP_US or when its
 * place is needed. It grows in rtxcache_tick(), never on a packet.
 */
#ifndef MEDIAD_RTP_RTXCACHE_H
#define MEDIAD_RTP_RTXCACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mediad/rtp/media.h"

#define RTXCACHE_KEEP_US 1500000
#define RTXCACHE_MIN	 64
#define RTXCACHE_MAX	 4096

struct rtxcache {
	struct media *slots;
	uint32_t cap;	 /* a power of two */
	uint16_t newest; /* highest sequence number put */
	uint16_t tail;	 /* oldest that may still be there */
	bool any;
	bool tight; /* a packet younger than KEEP was overwritten */
};

/* 0 or -ENOMEM. */
int rtxcache_init(struct rtxcache *c, uint32_t cap);
void rtxcache_fini(struct rtxcache *c);

/*
 * Stores a described packet and takes a reference on m->pkt. NULL: that
 * number is there already (a duplicate) or is too old.
 */
struct media *rtxcache_put(struct rtxcache *c, const struct media *m);

/* The packet with that number, or NULL. */
static inline struct media *rtxcache_get(const struct rtxcache *c, uint16_t seq)
{
	struct media *m = &c->slots[seq & (c->cap - 1)];

	return m->pkt && m->seq == seq ? m : NULL;
}

/* Gives up what is too old, grows if it was too small. */
void rtxcache_tick(struct rtxcache *c, uint64_t now_us);

/* Forgets all (the stream restarted). */
void rtxcache_clear(struct rtxcache *c);

#endif
