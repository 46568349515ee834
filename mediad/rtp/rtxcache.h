/*
 * rtxcache: the one store of a producer stream's packets, and the 8-byte
 * mappings consumers keep of what they sent of it.
 *
 * The store is a ring indexed by the received sequence number. It holds the
 * packet's reference; a slot is given up after RTXCACHE_KEEP_US or when its
 * place is needed. It grows in rtxcache_tick(), never on a packet.
 *
 * A mapping ring is indexed by the outgoing sequence number without a gap:
 * head is the newest. A mapping says which packet went out under a number
 * and what was changed, so that a NACK is answered, and what the pacer held
 * back is sent, from the shared store.
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

/* ---- mappings ---------------------------------------------------------- */

enum rtxmap_flag {
	RTXMAP_SENT = 1,   /* a packet left under this number */
	RTXMAP_READY = 2,  /* the packet is in the store (else: a hole) */
	RTXMAP_EMPTY = 4,  /* goes out as padding: not for this receiver */
	RTXMAP_MARKER = 8, /* marker bit is set by us */
};

struct rtxmap_entry {
	uint16_t in_seq;
	uint16_t pid_delta; /* picture id: out = in - delta, 15 bits */
	uint16_t resent_ms; /* when it was last sent again, low 16 bits */
	uint8_t stream;
	uint8_t flags;
};

struct rtxmap {
	struct rtxmap_entry *ring;
	uint16_t cap;  /* entries, any number */
	uint16_t n;    /* in use, <= cap */
	uint16_t pos;  /* place of the head */
	uint16_t head; /* outgoing number of the newest */
};

int rtxmap_init(struct rtxmap *m, uint16_t cap, uint16_t first_seq);
void rtxmap_fini(struct rtxmap *m);

/* The next outgoing number; its entry is zeroed for the caller to fill. */
struct rtxmap_entry *rtxmap_push(struct rtxmap *m);

/* The mapping of an outgoing number, or NULL. */
struct rtxmap_entry *rtxmap_get(const struct rtxmap *m, uint16_t seq);

/* To another size; keeps the newest. 0 or -ENOMEM. */
int rtxmap_resize(struct rtxmap *m, uint16_t cap);

#endif
