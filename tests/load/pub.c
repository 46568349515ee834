#include "tests/load/pub.h"

#include <stdlib.h>
#include <string.h>

#include "common/sys/clock.h"
#include "common/sys/rng.h"
#include "mediad/wire/rtcpfb.h"
#include "mediad/wire/rtpext.h"
#include "tests/load/stamp.h"

#define KEY_FACTOR   4	    /* a key frame is so many delta frames long */
#define KEY_SPACE_US 300000 /* one key frame in that time at most */
#define REPORT_US    1000000
#define VP8_DESC     6
#define VP8_HEAD     10
#define UNSENT_US    200000 /* frames later than that are left out */

static void layouts(struct pub_stream *s)
{
	rtp_layout_init(&s->layout);
	rtp_layout_add(&s->layout, PUB_EXT_MID, 1);
	rtp_layout_add(&s->layout, PUB_EXT_SEND_TIME, 3);
	rtp_layout_add(&s->layout, PUB_EXT_TWCC, 2);
	if (!s->video)
		rtp_layout_add(&s->layout, PUB_EXT_LEVEL, 1);
	s->rtx_layout = s->layout;
	if (!s->rids)
		return;
	rtp_layout_add(&s->layout, PUB_EXT_RID, 2);
	rtp_layout_add(&s->rtx_layout, PUB_EXT_RRID, 2);
}

static struct pub_stream *add(struct pub *p, bool video, uint32_t bps,
			      uint32_t frame_us, uint64_t now_us)
{
	struct pub_stream *s = &p->s[p->n++];

	memset(s, 0, sizeof(*s));
	s->video = video;
	s->bps = bps;
	s->frame_us = frame_us;
	s->clock = video ? 90000 / (1000000 / frame_us) : 960;
	s->ssrc = rng_u32() | 1;
	s->rtx_ssrc = s->ssrc + 1;
	s->seq = (uint16_t)rng_below(32768);
	s->rtx_seq = (uint16_t)rng_below(32768);
	s->ts = rng_u32();
	s->picture = (uint16_t)rng_below(32768);
	/* Publishers are not in step with each other. */
	s->next_us = now_us + rng_below(frame_us);
	s->want_key = video;
	s->mid[0] = video ? '1' : '0';
	s->history = calloc(PUB_HISTORY, sizeof(*s->history));
	if (!s->history)
		abort();
	return s;
}

void pub_init(struct pub *p, struct leg *leg, const struct pub_conf *conf,
	      uint64_t now_us)
{
	static const uint32_t share[] = {16, 4, 1}; /* of the highest rate */
	uint32_t frame_us = 1000000 / conf->fps;

	memset(p, 0, sizeof(*p));
	p->leg = leg;
	p->conf = *conf;
	p->report_us = now_us + rng_below(REPORT_US);
	if (conf->audio_bps)
		layouts(add(p, false, conf->audio_bps, 20000, now_us));
	for (uint32_t i = 0; conf->video_bps && i < conf->layers; i++) {
		uint32_t at = conf->layers == 1 ? 2 : i;
		struct pub_stream *s = add(p, true, conf->video_bps / share[at],
					   frame_us, now_us);

		s->rids = conf->layers > 1;
		s->rid[0] = 'r';
		s->rid[1] = (char)('0' + i);
		layouts(s);
	}
}

void pub_fini(struct pub *p)
{
	for (int i = 0; i < p->n; i++)
		free(p->s[i].history);
	p->n = 0;
}

static size_t header(struct pub *p, struct pub_stream *s, uint8_t *buf,
		     struct rtp_out *o, bool rtx)
{
	const struct rtp_layout *l = rtx ? &s->rtx_layout : &s->layout;
	uint64_t now = clock_us();
	uint8_t level = 0x80 | 30;
	uint8_t v[3];
	size_t n = rtp_write(buf, LEG_BUF, o, l);

	rtp_slot_set(buf, l, PUB_EXT_MID, s->mid, 1);
	rtpext_put_u24(v, rtpext_abs_send_time_of(now));
	rtp_slot_set(buf, l, PUB_EXT_SEND_TIME, v, 3);
	rtpext_put_u16(v, p->twcc++);
	rtp_slot_set(buf, l, PUB_EXT_TWCC, v, 2);
	if (!s->video)
		rtp_slot_set(buf, l, PUB_EXT_LEVEL, &level, 1);
	if (s->rids)
		rtp_slot_set(buf, l, rtx ? PUB_EXT_RRID : PUB_EXT_RID, s->rid,
			     2);
	return n;
}

static void flush(struct pub *p)
{
	leg_send_burst(p->leg, &p->burst);
}

static void put(struct pub *p, struct pub_stream *s, struct rtp_out *o,
		const uint8_t *payload, size_t len, bool rtx)
{
	uint8_t *buf = p->burst.buf[p->burst.n];
	size_t hdr = header(p, s, buf, o, rtx);
	int n = srtp_seal_rtp(p->leg->srtp, buf, LEG_BUF, hdr, payload, len);

	if (n < 0)
		return;
	p->burst.len[p->burst.n++] = (uint16_t)n;
	if (p->burst.n == LEG_BATCH)
		flush(p);
}

/* RFC 7741: descriptor of six bytes, then the frame's own header. */
static void vp8(struct pub_stream *s, uint8_t *b, bool first, bool key)
{
	static const uint8_t start[] = {0x9d, 0x01, 0x2a, 0x00,
					0x05, 0xd0, 0x02}; /* 1280 x 720 */

	b[0] = (uint8_t)(0x80 | (first ? 0x10 : 0));
	b[1] = 0xe0; /* picture id, TL0PICIDX, temporal id */
	b[2] = (uint8_t)(0x80 | s->picture >> 8);
	b[3] = (uint8_t)s->picture;
	b[4] = s->tl0;
	b[5] = 0x20; /* temporal layer 0, a switching point */
	memset(b + VP8_DESC, 0, VP8_HEAD);
	b[VP8_DESC] = first && key ? 0x10 : 0x11;
	if (first && key)
		memcpy(b + VP8_DESC + 3, start, sizeof(start));
}

static void packet(struct pub *p, struct pub_stream *s, size_t len,
		   const struct rtp_out *frame, bool first, bool key)
{
	struct pub_sent *h = &s->history[s->seq % PUB_HISTORY];
	struct rtp_out o = *frame;
	struct stamp st = {.stream = s->ssrc,
			   .counter = s->counter++,
			   .wall_us = clock_wall_us()};

	o.seq = s->seq++;
	h->seq = o.seq;
	h->len = (uint16_t)len;
	h->ts = o.ts;
	h->marker = o.marker;
	memset(h->data, 0, STAMP_AT);
	if (s->video)
		vp8(s, h->data, first, key);
	stamp_write(h->data, len, &st);
	put(p, s, &o, h->data, len, false);
	s->packets++;
	s->bytes += len;
}

static void frame(struct pub *p, struct pub_stream *s, uint64_t now_us)
{
	bool key = s->video && s->want_key &&
		   now_us - s->last_key_us > KEY_SPACE_US;
	uint32_t bytes = (uint32_t)((uint64_t)s->bps * s->frame_us / 8000000);
	struct rtp_out o = {.pt = s->video ? PUB_PT_VP8 : PUB_PT_OPUS,
			    .ts = s->ts,
			    .ssrc = s->ssrc};
	uint32_t n;

	if (key) {
		bytes *= KEY_FACTOR;
		s->want_key = false;
		s->last_key_us = now_us;
		p->keys++;
	}
	/* To the nearest: 2.5 Mb/s at 30 frames are nine packets. */
	n = (bytes + p->conf.payload / 2) / p->conf.payload;
	n = n ? n : 1;
	if (bytes / n > p->conf.payload)
		n++;
	if (bytes < n * STAMP_MIN)
		bytes = n * STAMP_MIN;
	for (uint32_t i = 0; i < n; i++) {
		/* The first ones have the byte less. */
		uint32_t len = bytes / n + (i >= n - bytes % n);

		o.marker = s->video && i + 1 == n;
		packet(p, s, len, &o, i == 0, key);
	}
	s->picture = (s->picture + 1) & 0x7fff;
	s->tl0++;
	s->ts += s->clock;
}

static void report(struct pub *p, struct pub_stream *s)
{
	uint8_t buf[256];
	struct wr w = wr_of(buf, sizeof(buf));
	struct rtcp_sr sr = {.ssrc = s->ssrc,
			     .ntp = rtcp_ntp_of(clock_wall_us()),
			     .rtp_ts = s->ts,
			     .packets = (uint32_t)s->packets,
			     .octets = (uint32_t)s->bytes};

	rtcp_put_sr(&w, &sr, NULL, 0);
	rtcp_put_sdes_cname(&w, s->ssrc, "load");
	if (!w.bad)
		leg_send_rtcp(p->leg, buf, wr_len(&w));
}

void pub_tick(struct pub *p, uint64_t now_us)
{
	for (int i = 0; i < p->n; i++) {
		struct pub_stream *s = &p->s[i];

		while (s->next_us <= now_us) {
			if (p->leg->state == LEG_UP && !s->off &&
			    now_us - s->next_us < UNSENT_US)
				frame(p, s, now_us);
			s->next_us += s->frame_us;
		}
	}
	flush(p);
	if (now_us < p->report_us || p->leg->state != LEG_UP)
		return;
	p->report_us = now_us + REPORT_US;
	for (int i = 0; i < p->n; i++)
		report(p, &p->s[i]);
}

void pub_want(struct pub *p, int layer)
{
	int at = 0;

	for (int i = 0; i < p->n; i++) {
		struct pub_stream *s = &p->s[i];

		if (!s->video)
			continue;
		s->want_key |= s->off;
		s->off = at++ > layer;
	}
}

uint64_t pub_deadline(const struct pub *p)
{
	uint64_t due = UINT64_MAX;

	for (int i = 0; i < p->n; i++)
		if (p->s[i].next_us < due)
			due = p->s[i].next_us;
	return due;
}

static struct pub_stream *by_ssrc(struct pub *p, uint32_t ssrc)
{
	for (int i = 0; i < p->n; i++)
		if (p->s[i].ssrc == ssrc)
			return &p->s[i];
	return NULL;
}

static void resend(struct pub *p, struct pub_stream *s, uint16_t seq)
{
	const struct pub_sent *h = &s->history[seq % PUB_HISTORY];
	uint8_t payload[sizeof(h->data) + 2];
	struct rtp_out o = {.pt = PUB_PT_RTX,
			    .marker = h->marker,
			    .ts = h->ts,
			    .ssrc = s->rtx_ssrc};

	if (!s->video || h->seq != seq || !h->len)
		return;
	payload[0] = (uint8_t)(seq >> 8);
	payload[1] = (uint8_t)seq;
	memcpy(payload + 2, h->data, h->len);
	o.seq = s->rtx_seq++;
	put(p, s, &o, payload, h->len + 2u, true);
	p->resent++;
}

static void on_nack(struct pub *p, const struct rtcp *r)
{
	struct pub_stream *s = by_ssrc(p, rtcpfb_media(r));
	struct rtcpfb_nack n;

	for (unsigned i = 0; s && rtcpfb_nack(r, i, &n); i++) {
		resend(p, s, n.seq);
		for (int k = 0; k < 16; k++)
			if (n.blp >> k & 1)
				resend(p, s, (uint16_t)(n.seq + k + 1));
	}
	flush(p);
}

static void on_fir(struct pub *p, const struct rtcp *r)
{
	struct rtcpfb_fir f;

	for (unsigned i = 0; rtcpfb_fir(r, i, &f); i++) {
		struct pub_stream *s = by_ssrc(p, f.ssrc);

		if (s)
			s->want_key = true;
	}
}

void pub_rtcp(struct pub *p, const uint8_t *data, size_t len, uint64_t now_us)
{
	struct rd rd = rd_of(data, len);
	struct pub_stream *s;
	struct rtcp r;

	(void)now_us;
	while (rtcp_next(&rd, &r)) {
		switch (rtcpfb_kind(&r)) {
		case RTCPFB_IS_PLI:
			s = by_ssrc(p, rtcpfb_media(&r));
			if (s)
				s->want_key = true;
			break;
		case RTCPFB_IS_FIR:
			on_fir(p, &r);
			break;
		case RTCPFB_IS_NACK:
			on_nack(p, &r);
			break;
		default:
			break;
		}
	}
}
