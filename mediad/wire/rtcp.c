#include "mediad/wire/rtcp.h"

#include <errno.h>
#include <string.h>

#define BLOCK_LEN  24
#define SR_LEN	   24 /* SSRC and sender information */
#define DLRR_LEN   12
#define XR_HDR	   4
#define NTP_1970   2208988800ull
#define SDES_CNAME 1

bool rtcp_next(struct rd *r, struct rtcp *p)
{
	uint8_t first;
	uint16_t words;
	struct rd body;
	size_t pad = 0;

	if (r->bad || !rd_left(r))
		return false;
	first = rd_u8(r);
	p->pt = rd_u8(r);
	words = rd_u16(r);
	body = rd_sub(r, words * 4u);
	if (r->bad || first >> 6 != 2) {
		r->bad = true;
		return false;
	}
	if (first & 0x20) {
		pad = words ? body.end[-1] : 0;
		/* Browsers pad reports of arrivals to words, by 1 to 3. */
		if (pad == 0 || pad > rd_left(&body)) {
			r->bad = true;
			return false;
		}
	}
	p->count = first & 31;
	p->body = body.p;
	p->len = rd_left(&body) - pad;
	return true;
}

uint32_t rtcp_sender(const struct rtcp *p)
{
	struct rd r = rd_of(p->body, p->len);

	return rd_u32(&r);
}

int rtcp_sr(const struct rtcp *p, struct rtcp_sr *sr)
{
	struct rd r = rd_of(p->body, p->len);

	sr->ssrc = rd_u32(&r);
	sr->ntp = rd_u64(&r);
	sr->rtp_ts = rd_u32(&r);
	sr->packets = rd_u32(&r);
	sr->octets = rd_u32(&r);
	return r.bad ? -EBADMSG : 0;
}

bool rtcp_block(const struct rtcp *p, unsigned i, struct rtcp_block *b)
{
	struct rd r = rd_of(p->body, p->len);
	uint32_t lost;

	if (i >= p->count)
		return false;
	rd_skip(&r, p->pt == RTCP_SR ? SR_LEN : 4);
	rd_skip(&r, (size_t)i * BLOCK_LEN);
	b->ssrc = rd_u32(&r);
	b->fraction = rd_u8(&r);
	lost = rd_u24(&r);
	b->lost = (int32_t)lost - (lost & 0x800000 ? 0x1000000 : 0);
	b->ext_seq = rd_u32(&r);
	b->jitter = rd_u32(&r);
	b->lsr = rd_u32(&r);
	b->dlsr = rd_u32(&r);
	return !r.bad;
}

bool rtcp_bye(const struct rtcp *p, unsigned i, uint32_t *ssrc)
{
	struct rd r = rd_of(p->body, p->len);

	if (i >= p->count)
		return false;
	rd_skip(&r, (size_t)i * 4);
	*ssrc = rd_u32(&r);
	return !r.bad;
}

/* Items up to the null byte and the padding to 32 bits (RFC 3550 6.5). */
static void sdes_items(struct rd *r, const uint8_t *start, struct rtcp_cname *c)
{
	for (;;) {
		uint8_t type = rd_u8(r);
		const uint8_t *val;
		uint8_t len;

		if (r->bad || type == 0)
			break;
		len = rd_u8(r);
		val = rd_bytes(r, len);
		if (type == SDES_CNAME && val && !c->name) {
			c->name = val;
			c->len = len;
		}
	}
	rd_skip(r, -(size_t)(r->p - start) & 3);
}

bool rtcp_sdes_cname(struct rd *r, struct rtcp_cname *c)
{
	while (!r->bad && rd_left(r) >= 4) {
		const uint8_t *start = r->p;

		c->name = NULL;
		c->len = 0;
		c->ssrc = rd_u32(r);
		sdes_items(r, start, c);
		if (c->name && !r->bad)
			return true;
	}
	return false;
}

bool rtcp_xr_next(struct rd *r, struct rtcp_xr *x)
{
	struct rd body;

	if (r->bad || rd_left(r) < XR_HDR)
		return false;
	x->type = rd_u8(r);
	rd_skip(r, 1);
	body = rd_sub(r, rd_u16(r) * 4u);
	x->body = body.p;
	x->len = rd_left(&body);
	return !r->bad;
}

bool rtcp_xr_rrtr(const struct rtcp_xr *x, uint64_t *ntp)
{
	struct rd r = rd_of(x->body, x->len);

	if (x->type != RTCP_XR_RRTR || x->len != 8)
		return false;
	*ntp = rd_u64(&r);
	return true;
}

bool rtcp_xr_dlrr(const struct rtcp_xr *x, unsigned i, struct rtcp_dlrr *d)
{
	struct rd r = rd_of(x->body, x->len);

	if (x->type != RTCP_XR_DLRR)
		return false;
	rd_skip(&r, (size_t)i * DLRR_LEN);
	d->ssrc = rd_u32(&r);
	d->lrr = rd_u32(&r);
	d->dlrr = rd_u32(&r);
	return !r.bad;
}

size_t rtcp_begin(struct wr *w, uint8_t pt, uint8_t count)
{
	size_t at = wr_len(w);

	wr_u8(w, 0x80 | (count & 31));
	wr_u8(w, pt);
	wr_u16(w, 0);
	return at;
}

void rtcp_pad(struct wr *w, size_t at)
{
	size_t pad = -(wr_len(w) - at) & 3;

	if (!pad)
		return;
	wr_zero(w, pad - 1);
	wr_u8(w, (uint8_t)pad);
	if (!w->bad)
		w->base[at] |= 0x20;
}

void rtcp_end(struct wr *w, size_t at)
{
	size_t words = (wr_len(w) - at) / 4;

	if (w->bad)
		return;
	w->base[at + 2] = (uint8_t)((words - 1) >> 8);
	w->base[at + 3] = (uint8_t)(words - 1);
}

static void put_blocks(struct wr *w, const struct rtcp_block *b, size_t n)
{
	for (; n--; b++) {
		wr_u32(w, b->ssrc);
		wr_u8(w, b->fraction);
		wr_u24(w, (uint32_t)b->lost & 0xffffff);
		wr_u32(w, b->ext_seq);
		wr_u32(w, b->jitter);
		wr_u32(w, b->lsr);
		wr_u32(w, b->dlsr);
	}
}

void rtcp_put_sr(struct wr *w, const struct rtcp_sr *sr,
		 const struct rtcp_block *blocks, size_t n)
{
	size_t at = rtcp_begin(w, RTCP_SR, (uint8_t)n);

	wr_u32(w, sr->ssrc);
	wr_u64(w, sr->ntp);
	wr_u32(w, sr->rtp_ts);
	wr_u32(w, sr->packets);
	wr_u32(w, sr->octets);
	put_blocks(w, blocks, n);
	rtcp_end(w, at);
}

void rtcp_put_rr(struct wr *w, uint32_t sender, const struct rtcp_block *blocks,
		 size_t n)
{
	size_t at = rtcp_begin(w, RTCP_RR, (uint8_t)n);

	wr_u32(w, sender);
	put_blocks(w, blocks, n);
	rtcp_end(w, at);
}

void rtcp_put_sdes_cname(struct wr *w, uint32_t ssrc, const char *cname)
{
	size_t at = rtcp_begin(w, RTCP_SDES, 1);
	size_t len = strnlen(cname, UINT8_MAX);

	wr_u32(w, ssrc);
	wr_u8(w, SDES_CNAME);
	wr_u8(w, (uint8_t)len);
	wr_bytes(w, cname, len);
	/* At least one null byte ends the items, then up to 32 bits. */
	wr_zero(w, 4 - ((2 + len) & 3));
	rtcp_end(w, at);
}

void rtcp_put_bye(struct wr *w, const uint32_t *ssrc, size_t n)
{
	size_t at = rtcp_begin(w, RTCP_BYE, (uint8_t)n);

	for (size_t i = 0; i < n; i++)
		wr_u32(w, ssrc[i]);
	rtcp_end(w, at);
}

void rtcp_put_xr_rrtr(struct wr *w, uint32_t sender, uint64_t ntp)
{
	size_t at = rtcp_begin(w, RTCP_XR, 0);

	wr_u32(w, sender);
	wr_u8(w, RTCP_XR_RRTR);
	wr_u8(w, 0);
	wr_u16(w, 2);
	wr_u64(w, ntp);
	rtcp_end(w, at);
}

void rtcp_put_xr_dlrr(struct wr *w, uint32_t sender, const struct rtcp_dlrr *d,
		      size_t n)
{
	size_t at = rtcp_begin(w, RTCP_XR, 0);

	wr_u32(w, sender);
	wr_u8(w, RTCP_XR_DLRR);
	wr_u8(w, 0);
	wr_u16(w, (uint16_t)(3 * n));
	for (; n--; d++) {
		wr_u32(w, d->ssrc);
		wr_u32(w, d->lrr);
		wr_u32(w, d->dlrr);
	}
	rtcp_end(w, at);
}

uint64_t rtcp_ntp_of(uint64_t wall_us)
{
	uint64_t s = wall_us / 1000000 + NTP_1970;
	uint64_t frac = ((wall_us % 1000000) << 32) / 1000000;

	return s << 32 | frac;
}

uint64_t rtcp_ntp_to_us(uint64_t ntp)
{
	uint64_t s = ntp >> 32;
	uint64_t us = ((ntp & 0xffffffff) * 1000000 + 0x80000000u) >> 32;

	return s < NTP_1970 ? 0 : (s - NTP_1970) * 1000000 + us;
}

uint32_t rtcp_rtt_us(uint32_t now_mid, uint32_t lsr, uint32_t dlsr)
{
	uint32_t rtt = now_mid - lsr - dlsr;

	/* More than half the range is a negative time: clocks disagree. */
	if (!lsr || rtt >> 31)
		return 0;
	rtt = rtt > 60u << 16 ? 60u << 16 : rtt;
	return (uint32_t)((uint64_t)rtt * 1000000 >> 16);
}
