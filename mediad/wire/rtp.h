/*
 * rtp: RTP headers (RFC 3550 section 5.1, header extensions RFC 8285).
 *
 * rtp_parse() describes a packet in one pass: offsets from the start of the
 * packet, nothing copied, extension elements of both forms indexed by id.
 * It is for plaintext; on a protected packet use rtp_hdr_len(), rtp_ssrc(),
 * rtp_seq() (the padding count at the end is still cipher text).
 *
 * Outgoing headers are rebuilt, not edited. A struct rtp_layout is the fixed
 * plan of the extension block of one kind of outgoing packet: every slot has
 * its place whether it is filled or not, so that all headers made from one
 * layout have the same length (GSO wants equal sizes).
 *
 *	rtp_layout_init(&l);
 *	rtp_layout_add(&l, 1, 8);		mid, up to 8 bytes
 *	rtp_layout_add(&l, 5, 2);		twcc
 *	n = rtp_write(buf, cap, &out, &l);	header, slots empty
 *	rtp_slot_set(buf, &l, 1, mid, mid_len);
 */
#ifndef MEDIAD_WIRE_RTP_H
#define MEDIAD_WIRE_RTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RTP_HDR_MIN   12
#define RTP_EXT_IDS   32 /* ids 1..31 are indexed, others skipped */
#define RTP_ONE_BYTE  0xbede
#define RTP_TWO_BYTE  0x1000 /* low 4 bits: appbits */
#define RTP_SLOTS_MAX 14

struct rtp_ext {
	uint16_t off; /* of the element's data from the packet's start */
	uint8_t len;
};

struct rtp {
	uint8_t pt;
	bool marker;
	uint16_t seq;
	uint32_t ts;
	uint32_t ssrc;
	uint8_t csrc_count;
	uint8_t pad_len;      /* 0 when the P bit is not set */
	uint16_t hdr_len;     /* fixed part, CSRCs and extension block */
	uint16_t payload_len; /* without padding; payload at hdr_len */
	uint32_t ext_mask;    /* bit id: ext[id] is there */
	struct rtp_ext ext[RTP_EXT_IDS];
};

/*
 * 0, or -EBADMSG: version not 2, CSRCs or extension over the end, padding
 * longer than the payload or 0. A malformed extension block (element over
 * its end) keeps the elements before it. An element twice: the first counts.
 */
int rtp_parse(struct rtp *h, const uint8_t *pkt, size_t len);

/*
 * The element's data in pkt, or NULL (*len is 0 then, or in the two-byte
 * form). The length is the sender's: check it.
 */
static inline const uint8_t *rtp_ext(const struct rtp *h, const uint8_t *pkt,
				     uint8_t id, size_t *len)
{
	*len = 0;
	if (id == 0 || id >= RTP_EXT_IDS || !(h->ext_mask >> id & 1))
		return NULL;
	*len = h->ext[id].len;
	return pkt + h->ext[id].off;
}

/* Works on protected packets: the header's length, 0 when malformed. */
size_t rtp_hdr_len(const uint8_t *pkt, size_t len);

/* Of any packet of at least RTP_HDR_MIN bytes. */
static inline uint16_t rtp_seq(const uint8_t *pkt)
{
	return (uint16_t)(pkt[2] << 8 | pkt[3]);
}

static inline uint32_t rtp_ssrc(const uint8_t *pkt)
{
	return (uint32_t)pkt[8] << 24 | (uint32_t)pkt[9] << 16 |
	       (uint32_t)pkt[10] << 8 | pkt[11];
}

struct rtp_slot {
	uint8_t id;
	uint8_t cap; /* bytes of data */
	uint8_t off; /* of the element, from the packet's start */
};

struct rtp_layout {
	uint8_t n;
	bool two_byte;	 /* some id > 14 or cap > 16 */
	uint8_t hdr_len; /* of every packet made from it, a multiple of 4 */
	struct rtp_slot slot[RTP_SLOTS_MAX];
};

void rtp_layout_init(struct rtp_layout *l);

/*
 * 0; -EINVAL (id 0, 15 or over 255, cap 0), -EEXIST, -ENOBUFS. Re-places
 * the slots when the two-byte form becomes necessary.
 */
int rtp_layout_add(struct rtp_layout *l, uint8_t id, uint8_t cap);

struct rtp_out {
	uint8_t pt;
	bool marker;
	bool padding; /* sets the P bit; the caller writes the padding */
	uint16_t seq;
	uint32_t ts;
	uint32_t ssrc;
};

/*
 * Writes the fixed header and an extension block with all slots empty (left
 * out when the layout has none). Returns l->hdr_len, 0 when cap is too small.
 */
size_t rtp_write(uint8_t *buf, size_t cap, const struct rtp_out *o,
		 const struct rtp_layout *l);

/*
 * Fills a slot of a header written from the same layout; the rest of the
 * slot becomes padding. len 0 empties it (one-byte form has no empty
 * elements). No effect when the id has no slot or len exceeds its cap.
 */
void rtp_slot_set(uint8_t *hdr, const struct rtp_layout *l, uint8_t id,
		  const void *val, size_t len);

/*
 * Where a slot's data lies in a header, for patching at send time (TWCC
 * number, abs-send-time); 0 when the id has no slot.
 */
size_t rtp_slot_data(const struct rtp_layout *l, uint8_t id);

#endif
