/*
 * egress: from a described packet to a committed send slot.
 *
 * The header is built in the slot, the payload is encrypted into it out of
 * place from the shared packet, so that the copy is free. Slots leave at the
 * end of the turn or when all are taken.
 */
#ifndef MEDIAD_PATH_EGRESS_H
#define MEDIAD_PATH_EGRESS_H

#include <stddef.h>
#include <stdint.h>

#include "mediad/ice/tuple.h"
#include "mediad/io/txq.h"
#include "mediad/sfu/fwd.h"

struct link;
struct transport;
struct worker;

/* A packet of a consumer or a probe of the transport. */
void egress_fwd(struct worker *w, struct transport *t, const struct fwd *f,
		uint64_t now_us);

/* A compound RTCP packet, not yet protected. */
void egress_rtcp(struct link *l, const uint8_t *data, size_t len);

/* DTLS to where ICE sends, within its budget while that is not proven. */
void egress_datagram(struct link *l, const uint8_t *data, size_t len);

/* STUN, on one path; and to an address that is no path. */
void egress_raw(struct worker *w, struct txq_dst *dst, const uint8_t *data,
		size_t len);
void egress_stray(struct worker *w, const struct tuple *to, uint32_t conn,
		  const uint8_t *data, size_t len);

/* Everything committed so far leaves. */
void egress_flush(struct worker *w);

#endif
