/*
 * twcc: transport-wide congestion control feedback
 * (draft-holmer-rmcat-transport-wide-cc-extensions-01).
 *
 * Only packets that arrived are listed, so the work is bounded by the bytes
 * of the message whatever count it claims: a number inside base .. base +
 * count - 1 that is not in the list was lost.
 */
#ifndef MEDIAD_WIRE_TWCC_H
#define MEDIAD_WIRE_TWCC_H

#include "mediad/wire/rtcp.h"

#define TWCC_TICK_US 250
#define TWCC_REF_US  64000
#define TWCC_MAX     1500 /* arrivals one message of 1500 bytes can list */

struct twcc_arrival {
	uint16_t seq;
	/*
	 * Building: any clock, ascending by seq, not necessarily by time.
	 * Parsed: the receiver's clock, reference time included; it wraps
	 * each 2^24 * 64 ms, take differences.
	 */
	int64_t at_us;
};

struct twcc {
	uint32_t sender, media;
	uint16_t base;
	uint16_t count;
	uint32_t ref;	  /* 24 bits, units of TWCC_REF_US */
	uint8_t fb_count; /* number of this message */
};

/*
 * Fills h and at most cap arrivals, *n of them. 0; -EBADMSG (chunks or
 * deltas do not fit; nothing may be used then); -ENOBUFS (cap too small).
 */
int twcc_parse(const struct rtcp *p, struct twcc *h, struct twcc_arrival *out,
	       size_t cap, size_t *n);

/*
 * Appends one message that covers as many of a[0..n) as fit; sender, media
 * and fb_count are taken from h, the rest of h is filled in. h->base must be
 * the first number to report (a gap before a[0] is lost packets). Returns
 * how many arrivals are covered, 0 when not even one fits. Call again with
 * the rest and h->base = h->base + h->count.
 */
size_t twcc_build(struct wr *w, struct twcc *h, const struct twcc_arrival *a,
		  size_t n);

#endif
