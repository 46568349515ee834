/*
 * rtxmap: the 8-byte mappings a consumer keeps of what it sent.
 *
 * A ring indexed by the outgoing sequence number without a gap: head is the
 * newest. A mapping says which packet of the producer's store went out under
 * a number and what was changed, so that a NACK is answered, and what the
 * pacer held back is sent, from the shared store (rtp/rtxcache.h).
 */
#ifndef MEDIAD_RTP_RTXMAP_H
#define MEDIAD_RTP_RTXMAP_H

#include <stdint.h>

#define RTXMAP_NO_STREAM 0xff /* a number that stands for no packet */

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

/*
 * Forgets the numbers behind `head`, which were never used: the next push
 * gives head + 1.
 */
void rtxmap_rewind(struct rtxmap *m, uint16_t head);

/* To another size; keeps the newest. 0 or -ENOMEM. */
int rtxmap_resize(struct rtxmap *m, uint16_t cap);

#endif
