/*
 * vp9: the payload descriptor of VP9 (RFC 9628 section 4.2), flexible and
 * non-flexible mode, with the sizes of a scalability structure.
 */
#ifndef MEDIAD_WIRE_VP9_H
#define MEDIAD_WIRE_VP9_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VP9_SPATIAL_MAX 8
#define VP9_PDIFF_MAX	3

struct vp9 {
	uint8_t desc_len;
	bool has_pid, pid15;
	bool inter;	  /* P: predicted from earlier pictures */
	bool has_layer;	  /* L */
	bool flexible;	  /* F */
	bool start;	  /* B: first packet of a layer frame */
	bool end;	  /* E: last packet of a layer frame */
	bool has_ss;	  /* V */
	bool not_ref;	  /* Z: not needed by higher spatial layers */
	bool switch_up;	  /* U: higher temporal layers may start after it */
	bool inter_layer; /* D */
	bool key;	  /* start of a key picture: B, not P, lowest layer */
	uint8_t tid, sid;
	uint8_t tl0; /* non-flexible mode with layers */
	uint8_t pid_off;
	uint8_t tl0_off; /* 0: not there */
	uint8_t n_pdiff;
	uint8_t pdiff[VP9_PDIFF_MAX];
	uint16_t pid;	   /* 7 or 15 bits */
	uint8_t n_spatial; /* of the structure, 0 without */
	uint16_t width[VP9_SPATIAL_MAX], height[VP9_SPATIAL_MAX]; /* or 0 */
};

/* 0 or -EBADMSG. */
int vp9_parse(struct vp9 *d, const uint8_t *payload, size_t len);

#endif
