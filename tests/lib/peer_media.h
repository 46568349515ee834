/*
 * peer_media: the payloads scripted peers send: true payload descriptors,
 * then a mark that says what the packet is, then filling. Any packet can be
 * made again from its struct peer_unit, so nothing is stored for RTX.
 */
#ifndef TESTS_LIB_PEER_MEDIA_H
#define TESTS_LIB_PEER_MEDIA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/lib/peer.h"

#define PEER_UNIT_MAX 1150 /* bytes of a payload */
#define PEER_MARK_LEN 24
#define PEER_HEAD_MAX (6 + 10 + PEER_MARK_LEN)

/* What one packet of a scripted peer carries. */
struct peer_unit {
	enum peer_kind kind;
	uint8_t layer, tid;
	bool key, sync;
	uint16_t index, count; /* of the frame's packets */
	uint16_t pid;	       /* VP8 */
	uint8_t tl0, keyidx;
	uint16_t width, height; /* of a key frame */
	uint32_t frame;		/* number, by layer */
	uint64_t made_us;
	uint16_t len; /* of the payload */
};

/* Writes u->len bytes (at least PEER_HEAD_MAX). */
void peer_media_write(const struct peer_unit *u, uint8_t *out);

/* False: not a scripted peer's payload. */
bool peer_media_read(struct peer_unit *u, enum peer_kind kind,
		     const uint8_t *payload, size_t len);

#endif
