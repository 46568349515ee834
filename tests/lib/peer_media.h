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

#define PEER_UNIT_MAX 1100 /* bytes of a payload */
#define PEER_MARK_LEN 26
#define PEER_HEAD_MAX (18 + PEER_MARK_LEN)
#define PEER_DD_MAX   100
#define PEER_DD_SHORT 3

/* What one packet of a scripted peer carries. */
struct peer_unit {
	enum peer_kind kind;
	uint8_t layer, tid;
	uint8_t n_layers, temporal; /* of the stream (SVC) */
	uint8_t place;		    /* in the temporal pattern, 0..3 */
	bool key, sync;
	uint16_t index, count; /* of the layer frame's packets */
	uint16_t pid;	       /* VP8, VP9 */
	uint8_t tl0, keyidx;
	uint8_t diff;		/* pictures back to what it refers to */
	uint16_t width, height; /* of the largest layer */
	uint32_t frame;		/* number of the picture */
	uint64_t made_us;
	uint16_t len; /* of the payload */
};

/* Are spatial layers in one stream? */
static inline bool peer_is_svc(enum peer_kind kind)
{
	return kind == PEER_VP9 || kind == PEER_AV1;
}

/* Writes u->len bytes (at least PEER_HEAD_MAX). */
void peer_media_write(const struct peer_unit *u, uint8_t *out);

/* False: not a scripted peer's payload. */
bool peer_media_read(struct peer_unit *u, enum peer_kind kind,
		     const uint8_t *payload, size_t len);

/* peer_dd.c: the AV1 dependency descriptor of a packet; its length. */
size_t peer_dd_write(const struct peer_unit *u, uint8_t out[PEER_DD_MAX]);
static inline bool peer_dd_is_long(const struct peer_unit *u)
{
	return u->key && u->layer == 0 && u->index == 0;
}

#endif
