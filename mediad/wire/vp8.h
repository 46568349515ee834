/*
 * vp8: the payload descriptor of VP8 (RFC 7741 section 4.2) and what of the
 * frame header tells a key frame. Where its ids lie is told too: they are
 * rewritten in place.
 */
#ifndef MEDIAD_WIRE_VP8_H
#define MEDIAD_WIRE_VP8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vp8 {
	uint8_t desc_len;
	bool non_ref; /* N: no other frame refers to it */
	bool start;   /* S and partition 0: first packet of a frame */
	bool key;     /* start of a key frame */
	bool has_pid, pid15;
	bool has_tl0;
	bool has_tid;
	bool has_keyidx;
	bool sync;   /* Y: refers to the base layer only */
	uint8_t tid; /* temporal layer, 0 without */
	uint8_t tl0;
	uint8_t keyidx;
	uint8_t pid_off; /* of the picture id in the payload */
	uint8_t tl0_off;
	uint16_t pid;		/* 7 or 15 bits */
	uint16_t width, height; /* of a key frame, else 0 */
};

/* 0 or -EBADMSG (runs over the end; an empty payload). */
int vp8_parse(struct vp8 *d, const uint8_t *payload, size_t len);

#endif
