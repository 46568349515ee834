/*
 * opus: what the first bytes of an Opus payload tell (RFC 6716 section 3.1,
 * RFC 7587) and the blocks of redundant audio (RFC 2198).
 */
#ifndef MEDIAD_WIRE_OPUS_H
#define MEDIAD_WIRE_OPUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OPUS_RED_MAX 16

struct opus {
	uint8_t config; /* 0..31 */
	bool stereo;
	uint32_t frame_us; /* of one frame */
	uint8_t n_frames;  /* 1..48 */
	uint32_t samples;  /* duration at 48 kHz */
	bool dtx;	   /* silence: at most 2 bytes, as libopus says */
};

/* 0 or -EBADMSG (empty, or more than 120 ms). */
int opus_parse(struct opus *o, const uint8_t *payload, size_t len);

struct opus_red {
	uint8_t pt;
	uint16_t ts_offset; /* before the packet's time stamp; last block 0 */
	uint16_t off, len;  /* in the payload */
};

/*
 * Blocks of a RED payload, the primary one last. Returns their number, or
 * -EBADMSG, or -ENOBUFS when there are more than cap.
 */
int opus_red(const uint8_t *payload, size_t len, struct opus_red *out,
	     size_t cap);

#endif
