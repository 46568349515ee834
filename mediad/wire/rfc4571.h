/*
 * rfc4571: framing of datagrams on TCP: a 16-bit length and the bytes.
 *
 * The reassembler borrows whole frames from the input where it can and
 * copies only what is torn over reads. A frame longer than RFC4571_FRAME_MAX
 * is passed over and counted, never kept; an empty one is skipped.
 *
 *	while (len) {
 *		size_t n = rfc4571_feed(&f, data, len, &frame, &frame_len);
 *		data += n, len -= n;
 *		if (frame)
 *			input(frame, frame_len);
 *	}
 */
#ifndef MEDIAD_WIRE_RFC4571_H
#define MEDIAD_WIRE_RFC4571_H

#include <stddef.h>
#include <stdint.h>

#define RFC4571_HDR	  2
#define RFC4571_FRAME_MAX 1536

struct rfc4571 {
	uint32_t have;	    /* bytes kept, the two of the length included */
	uint32_t skip;	    /* bytes of an oversized frame still to come */
	uint64_t oversized; /* frames passed over */
	uint8_t buf[RFC4571_HDR + RFC4571_FRAME_MAX];
};

void rfc4571_init(struct rfc4571 *f);

/*
 * Takes bytes up to the end of at most one frame. Returns how many (never 0
 * for len > 0); *frame is the frame, valid until the next call or as long as
 * data, or NULL. The frame is read-only.
 */
size_t rfc4571_feed(struct rfc4571 *f, const uint8_t *data, size_t len,
		    const uint8_t **frame, size_t *frame_len);

static inline void rfc4571_hdr(uint8_t out[RFC4571_HDR], uint16_t len)
{
	out[0] = (uint8_t)(len >> 8);
	out[1] = (uint8_t)len;
}

#endif
