/*
 * h264: what a payload of H.264 tells without decoding (RFC 6184): key
 * frames (IDR, or SPS in front of one), whether anything refers to it, the
 * temporal id of an SVC prefix unit. Single units, STAP-A and FU-A; the
 * other packetisations (mode 2) are no error and tell nothing.
 */
#ifndef MEDIAD_WIRE_H264_H
#define MEDIAD_WIRE_H264_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct h264 {
	uint8_t nal_type; /* of the first unit; inside a FU-A the unit's own */
	bool start;	  /* a unit begins in this packet */
	bool end;	  /* and one ends */
	bool key;	  /* an IDR slice or an SPS begins here */
	bool sps, pps, idr;
	bool has_slice; /* some slice data (types 1..5) is in here */
	bool non_ref;	/* every slice has nal_ref_idc 0: droppable */
	bool has_tid;	/* prefix unit (type 14) or SVC slice (type 20) */
	uint8_t tid;
};

/* 0 or -EBADMSG: empty payload, aggregation over the end, forbidden bit. */
int h264_parse(struct h264 *d, const uint8_t *payload, size_t len);

#endif
