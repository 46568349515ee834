#include "mediad/wire/rtcpfb.h"

#include <errno.h>

#define FB_HDR	 8 /* sender and media SSRC */
#define REMB_ID	 0x52454d42u
#define REMB_HDR (FB_HDR + 8)

static bool is_remb(const struct rtcp *p)
{
	struct rd r = rd_of(p->body, p->len);

	rd_skip(&r, FB_HDR);
	return p->len >= REMB_HDR && rd_u32(&r) == REMB_ID;
}

enum rtcpfb_kind rtcpfb_kind(const struct rtcp *p)
{
	if (p->len < FB_HDR)
		return RTCPFB_OTHER;
	if (p->pt == RTCP_RTPFB && p->count == RTCPFB_NACK)
		return RTCPFB_IS_NACK;
	if (p->pt == RTCP_RTPFB && p->count == RTCPFB_TWCC)
		return RTCPFB_IS_TWCC;
	if (p->pt == RTCP_PSFB && p->count == RTCPFB_PLI)
		return RTCPFB_IS_PLI;
	if (p->pt == RTCP_PSFB && p->count == RTCPFB_FIR)
		return RTCPFB_IS_FIR;
	if (p->pt == RTCP_PSFB && p->count == RTCPFB_AFB && is_remb(p))
		return RTCPFB_IS_REMB;
	return RTCPFB_OTHER;
}

uint32_t rtcpfb_media(const struct rtcp *p)
{
	struct rd r = rd_of(p->body, p->len);

	rd_skip(&r, 4);
	return rd_u32(&r);
}

bool rtcpfb_nack(const struct rtcp *p, unsigned i, struct rtcpfb_nack *n)
{
	struct rd r = rd_of(p->body, p->len);

	rd_skip(&r, FB_HDR + (size_t)i * 4);
	n->seq = rd_u16(&r);
	n->blp = rd_u16(&r);
	return !r.bad;
}

bool rtcpfb_fir(const struct rtcp *p, unsigned i, struct rtcpfb_fir *f)
{
	struct rd r = rd_of(p->body, p->len);

	rd_skip(&r, FB_HDR + (size_t)i * 8);
	f->ssrc = rd_u32(&r);
	f->seq = rd_u8(&r);
	rd_skip(&r, 3);
	return !r.bad;
}

int rtcpfb_remb(const struct rtcp *p, uint64_t *rate_bps)
{
	struct rd r = rd_of(p->body, p->len);
	uint32_t word;
	unsigned exp;
	uint64_t mantissa;

	rd_skip(&r, FB_HDR + 4);
	word = rd_u32(&r);
	if (r.bad)
		return -EBADMSG;
	exp = word >> 18 & 63;
	mantissa = word & 0x3ffff;
	if (mantissa && exp > 46)
		*rate_bps = UINT64_MAX;
	else
		*rate_bps = exp > 46 ? 0 : mantissa << exp;
	return 0;
}

bool rtcpfb_remb_ssrc(const struct rtcp *p, unsigned i, uint32_t *ssrc)
{
	struct rd r = rd_of(p->body, p->len);

	rd_skip(&r, FB_HDR + 4);
	if (i >= rd_u8(&r))
		return false;
	rd_skip(&r, 3 + (size_t)i * 4);
	*ssrc = rd_u32(&r);
	return !r.bad;
}

size_t rtcpfb_nack_pack(struct rtcpfb_nack *out, size_t cap,
			const uint16_t *seqs, size_t n, size_t *used)
{
	size_t pairs = 0;
	size_t i = 0;

	while (i < n && pairs < cap) {
		struct rtcpfb_nack *p = &out[pairs++];

		p->seq = seqs[i++];
		p->blp = 0;
		while (i < n) {
			uint16_t d = (uint16_t)(seqs[i] - p->seq);

			if (d > 16)
				break;
			if (d) /* a repeated number adds nothing */
				p->blp |= (uint16_t)(1u << (d - 1));
			i++;
		}
	}
	*used = i;
	return pairs;
}

static size_t begin(struct wr *w, uint8_t pt, uint8_t fmt, uint32_t sender,
		    uint32_t media)
{
	size_t at = rtcp_begin(w, pt, fmt);

	wr_u32(w, sender);
	wr_u32(w, media);
	return at;
}

void rtcpfb_put_nack(struct wr *w, uint32_t sender, uint32_t media,
		     const struct rtcpfb_nack *pairs, size_t n)
{
	size_t at = begin(w, RTCP_RTPFB, RTCPFB_NACK, sender, media);

	for (; n--; pairs++) {
		wr_u16(w, pairs->seq);
		wr_u16(w, pairs->blp);
	}
	rtcp_end(w, at);
}

void rtcpfb_put_pli(struct wr *w, uint32_t sender, uint32_t media)
{
	rtcp_end(w, begin(w, RTCP_PSFB, RTCPFB_PLI, sender, media));
}

void rtcpfb_put_fir(struct wr *w, uint32_t sender, uint32_t media, uint8_t seq)
{
	size_t at = begin(w, RTCP_PSFB, RTCPFB_FIR, sender, 0);

	wr_u32(w, media);
	wr_u8(w, seq);
	wr_u24(w, 0);
	rtcp_end(w, at);
}

void rtcpfb_put_remb(struct wr *w, uint32_t sender, uint64_t rate_bps,
		     const uint32_t *ssrcs, size_t n)
{
	size_t at = begin(w, RTCP_PSFB, RTCPFB_AFB, sender, 0);
	uint32_t exp = 0;

	while (rate_bps > 0x3ffff) {
		rate_bps >>= 1;
		exp++;
	}
	wr_u32(w, REMB_ID);
	wr_u32(w, (uint32_t)n << 24 | exp << 18 | (uint32_t)rate_bps);
	for (size_t i = 0; i < n; i++)
		wr_u32(w, ssrcs[i]);
	rtcp_end(w, at);
}
