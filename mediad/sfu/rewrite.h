/*
 * rewrite: the header an outgoing packet gets, and the bytes of the shared
 * payload that differ for it.
 *
 * The header is built in the send slot: constant length for all media of a
 * consumer (RFC 8285 one-byte form; MID, abs-send-time, transport-wide
 * number, orientation have their places whether used or not), so that GSO
 * runs stay whole; AV1's dependency descriptor is appended, in the two-byte
 * form when it is long. The payload stays in the shared packet; what differs
 * (VP8 picture id and TL0PICIDX, RTX's OSN in front) is patched before the
 * encryption and put back after it.
 *
 *	n = rewrite_begin(&rw, &f, t, slot, now_us);
 *	protect(slot, n, rw.payload, rw.len, slot + n);
 *	rewrite_end(&rw);
 *	transport_sent(t, &f, n + rw.len + tag, now_us);
 */
#ifndef MEDIAD_SFU_REWRITE_H
#define MEDIAD_SFU_REWRITE_H

#include <stddef.h>
#include <stdint.h>

#include "mediad/sfu/consumer.h"
#include "mediad/sfu/fwd.h"

#define REWRITE_HDR_MAX	      384 /* bytes the slot must have for a header */
#define REWRITE_PROBE_LEN     255
#define REWRITE_PROBATOR_SSRC 1234
#define REWRITE_PROBATOR_PT   127

struct rewrite {
	const uint8_t *payload; /* to encrypt, in the shared packet */
	uint32_t len;
	uint8_t *at;	 /* first patched byte; NULL: none */
	uint8_t n_saved; /* bytes at `at` to put back */
	uint8_t saved[8];
};

/* Makes c->plan from c->ext and c->mid. */
void rewrite_plan(struct consumer *c);

/* Writes the header; returns its length. */
size_t rewrite_begin(struct rewrite *rw, const struct fwd *f,
		     struct transport *t, uint8_t *hdr, uint64_t now_us);
void rewrite_end(struct rewrite *rw);

#endif
