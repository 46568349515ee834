#include "mediad/wire/rtp.h"

#include <errno.h>
#include <string.h>

#include "common/rd.h"
#include "common/wr.h"

/* RFC 8285 section 4.2. */
static void one_byte(struct rtp *h, const uint8_t *pkt, struct rd r)
{
	while (rd_left(&r)) {
		uint8_t b = rd_u8(&r);
		uint8_t id = b >> 4;
		uint8_t len = (b & 15) + 1;
		const uint8_t *p;

		if (b == 0)
			continue;
		if (id == 15) /* stop, section 4.2 */
			return;
		p = rd_bytes(&r, len);
		if (!p)
			return;
		/* Id 0 with a length is padding too (section 4.1.2). */
		if (id == 0 || h->ext_mask >> id & 1)
			continue;
		h->ext[id].off = (uint16_t)(p - pkt);
		h->ext[id].len = len;
		h->ext_mask |= 1u << id;
	}
}

/* RFC 8285 section 4.3. */
static void two_byte(struct rtp *h, const uint8_t *pkt, struct rd r)
{
	while (rd_left(&r)) {
		uint8_t id = rd_u8(&r);
		const uint8_t *p;
		uint8_t len;

		if (id == 0)
			continue;
		len = rd_u8(&r);
		p = rd_bytes(&r, len);
		if (!p)
			return;
		if (id >= RTP_EXT_IDS || h->ext_mask >> id & 1)
			continue;
		h->ext[id].off = (uint16_t)(p - pkt);
		h->ext[id].len = len;
		h->ext_mask |= 1u << id;
	}
}

static void extensions(struct rtp *h, const uint8_t *pkt, struct rd *r)
{
	uint16_t profile = rd_u16(r);
	size_t len = rd_u16(r) * 4u;
	struct rd ext = rd_sub(r, len);

	if (r->bad)
		return;
	if (profile == RTP_ONE_BYTE)
		one_byte(h, pkt, ext);
	else if ((profile & 0xfff0) == RTP_TWO_BYTE)
		two_byte(h, pkt, ext);
}

int rtp_parse(struct rtp *h, const uint8_t *pkt, size_t len)
{
	struct rd r = rd_of(pkt, len);
	uint8_t first = rd_u8(&r);
	uint8_t second = rd_u8(&r);

	h->ext_mask = 0;
	h->pad_len = 0;
	h->marker = second >> 7;
	h->pt = second & 0x7f;
	h->seq = rd_u16(&r);
	h->ts = rd_u32(&r);
	h->ssrc = rd_u32(&r);
	h->csrc_count = first & 15;
	rd_skip(&r, h->csrc_count * 4u);
	if (first & 0x10)
		extensions(h, pkt, &r);
	if (r.bad || first >> 6 != 2 || len > UINT16_MAX)
		return -EBADMSG;
	h->hdr_len = (uint16_t)(r.p - pkt);
	if (first & 0x20) {
		/* The count includes itself: never 0 (RFC 3550 5.1). */
		if (!rd_left(&r) || pkt[len - 1] == 0 ||
		    pkt[len - 1] > rd_left(&r))
			return -EBADMSG;
		h->pad_len = pkt[len - 1];
	}
	h->payload_len = (uint16_t)(len - h->hdr_len - h->pad_len);
	return 0;
}

size_t rtp_hdr_len(const uint8_t *pkt, size_t len)
{
	size_t n;

	if (len < RTP_HDR_MIN || pkt[0] >> 6 != 2)
		return 0;
	n = RTP_HDR_MIN + (pkt[0] & 15u) * 4u;
	if (pkt[0] & 0x10) {
		if (len < n + 4)
			return 0;
		n += 4 + ((size_t)pkt[n + 2] << 8 | pkt[n + 3]) * 4;
	}
	return n <= len ? n : 0;
}

/* Bytes in front of an element's data. */
static size_t element_hdr(const struct rtp_layout *l)
{
	return l->two_byte ? 2 : 1;
}

static size_t block_len(const struct rtp_layout *l)
{
	size_t len = 0;

	for (int i = 0; i < l->n; i++)
		len += element_hdr(l) + l->slot[i].cap;
	return len;
}

static void place(struct rtp_layout *l)
{
	size_t off = RTP_HDR_MIN + 4;

	for (int i = 0; i < l->n; i++) {
		l->slot[i].off = (uint8_t)off;
		off += element_hdr(l) + l->slot[i].cap;
	}
	l->hdr_len = (uint8_t)((off + 3) & ~3u);
}

void rtp_layout_init(struct rtp_layout *l)
{
	memset(l, 0, sizeof(*l));
	l->hdr_len = RTP_HDR_MIN;
}

static const struct rtp_slot *find(const struct rtp_layout *l, uint8_t id)
{
	for (int i = 0; i < l->n; i++)
		if (l->slot[i].id == id)
			return &l->slot[i];
	return NULL;
}

int rtp_layout_add(struct rtp_layout *l, uint8_t id, uint8_t cap)
{
	struct rtp_layout next = *l;

	if (id == 0 || id == 15 || cap == 0)
		return -EINVAL;
	if (find(l, id))
		return -EEXIST;
	if (l->n == RTP_SLOTS_MAX)
		return -ENOBUFS;
	next.slot[next.n++] = (struct rtp_slot){.id = id, .cap = cap};
	next.two_byte = next.two_byte || id > 14 || cap > 16;
	if (RTP_HDR_MIN + 4 + block_len(&next) > 252)
		return -ENOBUFS;
	place(&next);
	*l = next;
	return 0;
}

size_t rtp_write(uint8_t *buf, size_t cap, const struct rtp_out *o,
		 const struct rtp_layout *l)
{
	struct wr w = wr_of(buf, cap);
	uint8_t ext = l->n ? 0x10 : 0;
	uint8_t pad = o->padding ? 0x20 : 0;

	wr_u8(&w, 0x80 | pad | ext);
	wr_u8(&w, (uint8_t)(o->marker << 7 | (o->pt & 0x7f)));
	wr_u16(&w, o->seq);
	wr_u32(&w, o->ts);
	wr_u32(&w, o->ssrc);
	if (l->n) {
		size_t len = l->hdr_len - RTP_HDR_MIN - 4u;

		wr_u16(&w, l->two_byte ? RTP_TWO_BYTE : RTP_ONE_BYTE);
		wr_u16(&w, (uint16_t)(len / 4));
		wr_zero(&w, len);
	}
	return w.bad ? 0 : wr_len(&w);
}

void rtp_slot_set(uint8_t *hdr, const struct rtp_layout *l, uint8_t id,
		  const void *val, size_t len)
{
	const struct rtp_slot *s = find(l, id);
	size_t size;
	uint8_t *p;

	if (!s || len > s->cap)
		return;
	p = hdr + s->off;
	size = element_hdr(l) + s->cap;
	memset(p, 0, size);
	if (!len)
		return;
	if (l->two_byte) {
		*p++ = id;
		*p++ = (uint8_t)len;
	} else {
		*p++ = (uint8_t)(id << 4 | (len - 1));
	}
	memcpy(p, val, len);
}

size_t rtp_slot_data(const struct rtp_layout *l, uint8_t id)
{
	const struct rtp_slot *s = find(l, id);

	return s ? s->off + element_hdr(l) : 0;
}
