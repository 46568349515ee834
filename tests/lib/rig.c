#include "tests/lib/rig.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/wr.h"
#include "mediad/sfu/rewrite.h"
#include "mediad/wire/rtcp.h"
#include "mediad/wire/rtcpfb.h"
#include "mediad/wire/rtp.h"
#include "mediad/wire/vp8.h"

#define POOL 20000

static void pump(struct rig *r);

struct rig *rig_new(void)
{
	struct rig *r = calloc(1, sizeof(*r));

	assert(r);
	turn_init(&r->turn);
	r->now_us = 1000000;
	r->router = router_new(1, &r->turn, r->now_us);
	r->out = calloc(RIG_OUT, sizeof(*r->out));
	r->ids = 100;
	assert(r->router && r->out && pkt_pool_init(&r->pool, POOL) == 0);
	r->up = rig_transport(r);
	r->down = rig_transport(r);
	return r;
}

void rig_free(struct rig *r)
{
	router_free(r->router);
	assert(r->pool.used == 0);
	pkt_pool_fini(&r->pool);
	free(r->out);
	free(r);
}

struct transport *rig_transport(struct rig *r)
{
	struct transport_opts o = {.id = ++r->ids,
				   .peer_id = ++r->ids,
				   .rtcp_ssrc = 77,
				   .random = 12345};
	struct transport *t;

	assert(transport_new(r->router, &o, r->now_us, &t) == 0);
	transport_set_connected(t, true, r->now_us);
	return t;
}

struct producer_opts rig_vp8(struct rig *r, unsigned n, unsigned temporal)
{
	struct producer_opts o = {
		.id = ++r->ids, .peer_id = 7, .kind = MEDIA_VIDEO};

	o.type = n > 1 ? PRODUCER_SIMULCAST : PRODUCER_SIMPLE;
	o.rtp.n_codecs = 1;
	o.rtp.codecs[0] = (struct rtpmap_codec){.codec = CODEC_VP8,
						.clock_rate = 90000,
						.pt = 96,
						.rtx_pt = 97,
						.mapped_pt = 101,
						.mapped_rtx = 102,
						.nack = true,
						.pli = true,
						.fir = true,
						.twcc = true};
	o.rtp.ext[EXT_MID] = 4;
	o.rtp.ext[EXT_RID] = 10;
	o.rtp.ext[EXT_RRID] = 11;
	o.rtp.ext[EXT_TWCC] = 3;
	o.rtp.n_encodings = (uint8_t)n;
	for (unsigned i = 0; i < n; i++) {
		o.rtp.encodings[i].spatial = 1;
		o.rtp.encodings[i].temporal = (uint8_t)temporal;
		o.rtp.encodings[i].ssrc = (uint32_t)(o.id * 16 + i * 2);
		o.rtp.encodings[i].rtx_ssrc = (uint32_t)(o.id * 16 + i * 2 + 1);
	}
	strcpy(o.rtp.cname, "cname");
	return o;
}

struct producer_opts rig_opus(struct rig *r)
{
	struct producer_opts o = {
		.id = ++r->ids, .peer_id = 7, .kind = MEDIA_AUDIO};

	o.rtp.n_codecs = 1;
	o.rtp.codecs[0] = (struct rtpmap_codec){.codec = CODEC_OPUS,
						.clock_rate = 48000,
						.pt = 111,
						.mapped_pt = 100,
						.nack = true};
	o.rtp.ext[EXT_LEVEL] = 1;
	o.rtp.n_encodings = 1;
	o.rtp.encodings[0].ssrc = (uint32_t)(o.id * 16);
	o.rtp.encodings[0].spatial = 1;
	o.rtp.encodings[0].temporal = 1;
	strcpy(o.rtp.cname, "cname");
	return o;
}

struct producer *rig_publish(struct rig *r, const struct producer_opts *o)
{
	struct producer *p;

	assert(producer_new(r->up, o, r->now_us, &p) == 0);
	return p;
}

struct consumer *rig_subscribe(struct rig *r, struct transport *t,
			       struct producer *p, struct layers_pair pref)
{
	struct consumer_opts o = {.id = ++r->ids,
				  .preferred = pref,
				  .priority = 1,
				  .first_seq = 1000,
				  .first_rtx_seq = 20000,
				  .first_ts = 5000};
	const struct rtpmap_codec *pc = &p->rtp.codecs[0];
	struct consumer *c;

	o.rtp.n_codecs = 1;
	o.rtp.codecs[0] = *pc;
	o.rtp.codecs[0].pt = pc->mapped_pt;
	o.rtp.codecs[0].rtx_pt = pc->mapped_rtx;
	o.rtp.n_encodings = 1;
	o.rtp.encodings[0].ssrc = (uint32_t)(o.id * 1000);
	o.rtp.encodings[0].rtx_ssrc =
		pc->mapped_rtx ? (uint32_t)(o.id * 1000 + 1) : 0;
	o.rtp.ext[EXT_MID] = EXT_MID;
	o.rtp.ext[EXT_ABS_SEND] = EXT_ABS_SEND;
	if (p->kind == MEDIA_VIDEO) {
		if (r->estimate)
			o.rtp.ext[EXT_TWCC] = EXT_TWCC;
		o.rtp.ext[EXT_ORIENT] = EXT_ORIENT;
	} else {
		o.rtp.ext[EXT_LEVEL] = EXT_LEVEL;
	}
	strcpy(o.rtp.mid, "3");
	strcpy(o.rtp.cname, "cname");
	assert(consumer_new(t, p, &o, r->now_us, &c) == 0);
	pump(r);
	return c;
}

/* ---- in ---------------------------------------------------------------- */

static void put_text(struct wr *w, uint8_t id, const char *text)
{
	size_t n = strlen(text);

	wr_u8(w, (uint8_t)(id << 4 | (n - 1)));
	wr_bytes(w, text, n);
}

static void put_ext(struct wr *w, const struct producer *p,
		    const struct rig_pkt *k)
{
	if (k->ids) {
		put_text(w, p->rtp.ext[EXT_MID], p->rtp.mid);
		put_text(w, p->rtp.ext[k->rtx ? EXT_RRID : EXT_RID],
			 p->rtp.encodings[k->stream].rid);
	}
	if (k->twcc) {
		wr_u8(w, 3 << 4 | 1);
		wr_u16(w, k->twcc);
	}
	if (k->level) {
		wr_u8(w, 1 << 4 | 0);
		wr_u8(w, k->level);
	}
}

static void put_vp8(struct wr *w, const struct rig_pkt *k)
{
	/* A key frame begins with its start code and 640x480. */
	uint8_t d[] = {k->rest ? 0x80 : 0x90,
		       0xe0,
		       (uint8_t)(0x80 | k->pid >> 8),
		       (uint8_t)k->pid,
		       k->tl0,
		       (uint8_t)(k->tid << 6 | (k->sync ? 0x20 : 0)),
		       k->key ? 0x10 : 0x11,
		       0,
		       0,
		       0x9d,
		       0x01,
		       0x2a,
		       0x80,
		       0x02,
		       0xe0,
		       0x01};

	wr_bytes(w, d, sizeof(d));
}

static void put_rtp(struct rig *r, struct wr *w, const struct producer *p,
		    const struct rig_pkt *k)
{
	const struct rtpmap_encoding *e = &p->rtp.encodings[k->stream];
	const struct rtpmap_codec *c = &p->rtp.codecs[0];
	bool ext = k->twcc || k->level || k->ids;
	uint8_t block[64];
	struct wr x = wr_of(block, sizeof(block));
	uint32_t ssrc = (k->rtx ? e->rtx_ssrc : e->ssrc);

	wr_u8(w, (uint8_t)(0x80 | (ext ? 0x10 : 0) | (k->padding ? 0x20 : 0)));
	wr_u8(w,
	      (uint8_t)((k->marker ? 0x80 : 0) | (k->rtx ? c->rtx_pt : c->pt)));
	wr_u16(w, k->rtx ? ++r->rtx_seq : k->seq);
	wr_u32(w, k->ts);
	/* Streams with a RID have SSRCs nobody was told of. */
	wr_u32(w, ssrc ? ssrc : 0x5000u + k->stream * 2u + k->rtx);
	if (ext) {
		put_ext(&x, p, k);
		while (wr_len(&x) & 3)
			wr_u8(&x, 0);
		wr_u16(w, 0xbede);
		wr_u16(w, (uint16_t)(wr_len(&x) / 4));
		wr_bytes(w, block, wr_len(&x));
	}
	if (k->rtx)
		wr_u16(w, k->seq);
}

static void collect(struct rig *r, const struct fwd *f)
{
	struct transport *t = f->consumer ? f->consumer->transport : r->down;
	struct rig_out *o = &r->out[r->n_out % RIG_OUT];
	uint8_t buf[2000];
	struct rewrite rw;
	struct rtp h;
	struct vp8 d;
	const uint8_t *pay, *ext;
	size_t n, len;

	n = rewrite_begin(&rw, f, t, buf, r->now_us);
	memcpy(buf + n, rw.payload, rw.len);
	rewrite_end(&rw);
	transport_sent(t, f, (uint32_t)(n + rw.len + 16), r->now_us);
	assert(rtp_parse(&h, buf, n + rw.len) == 0);
	memset(o, 0, sizeof(*o));
	o->c = f->consumer;
	o->ssrc = h.ssrc;
	o->ts = h.ts;
	o->seq = h.seq;
	o->pt = h.pt;
	o->marker = h.marker;
	o->rtx = f->flags & FWD_RTX;
	o->empty = h.payload_len == 0;
	o->len = (uint32_t)(n + rw.len);
	o->at_us = r->now_us;
	ext = rtp_ext(&h, buf, EXT_TWCC, &len);
	if (ext && len == 2)
		o->twcc = (uint16_t)(ext[0] << 8 | ext[1]);
	pay = buf + h.hdr_len;
	len = h.payload_len;
	if (o->rtx) {
		o->osn = (uint16_t)(pay[0] << 8 | pay[1]);
		pay += 2;
		len -= 2;
	}
	if (len >= 4) {
		o->mark = (uint32_t)pay[len - 4] << 24 |
			  (uint32_t)pay[len - 3] << 16 |
			  (uint32_t)pay[len - 2] << 8 | pay[len - 1];
		if (f->consumer->video && vp8_parse(&d, pay, len) == 0) {
			o->pid = d.pid;
			o->tl0 = d.tl0;
		}
	}
	r->n_out++;
}

static void fan_out(struct rig *r, struct rtp_rx *rx)
{
	struct fwd f;

	for (uint32_t i = 0; i < rx->producer->n_consumers; i++)
		if (fwd_accept(rx->producer->consumers[i], rx->media, r->now_us,
			       &f) == FWD_SEND)
			collect(r, &f);
}

enum rx_verdict rig_send(struct rig *r, struct producer *p,
			 const struct rig_pkt *k)
{
	struct pkt *pkt = pkt_get(&r->pool);
	struct rtp_rx rx;
	enum rx_verdict v;
	struct wr w;
	size_t len = k->len ? k->len : 100;

	assert(pkt);
	w = wr_of(pkt->data, PKT_CAP);
	put_rtp(r, &w, p, k);
	if (k->padding) {
		wr_u16(&w, 0);
		wr_u16(&w, 4);
	} else {
		size_t end = wr_len(&w) + len;

		if (p->kind == MEDIA_VIDEO)
			put_vp8(&w, k);
		while (wr_len(&w) < end - 4)
			wr_u8(&w, 0x55);
		wr_u32(&w, k->mark ? k->mark : k->seq);
	}
	assert(!w.bad);
	pkt->len = (uint32_t)wr_len(&w);
	pkt->recv_us = r->now_us;
	v = transport_input(p->transport, pkt, r->now_us, &rx);
	if (v == RX_MEDIA || v == RX_RECOVERED)
		fan_out(r, &rx);
	pkt_put(pkt);
	pump(r);
	return v;
}

/* ---- out --------------------------------------------------------------- */

static void on_nack(struct rig *r, const struct rtcp *p)
{
	struct rtcpfb_nack n;

	for (unsigned i = 0; rtcpfb_nack(p, i, &n); i++)
		for (int k = -1; k < 16; k++)
			if ((k < 0 || n.blp >> k & 1) && r->n_nacks < 256)
				r->nacked[r->n_nacks++] =
					(uint16_t)(n.seq + k + 1);
}

static void read_rtcp(struct rig *r)
{
	struct rd rd = rd_of(r->rtcp, r->rtcp_len);
	struct rtcp_sr sr;
	struct rtcp p;

	while (rtcp_next(&rd, &p)) {
		switch (p.pt) {
		case RTCP_SR:
			r->n_srs++;
			assert(rtcp_sr(&p, &sr) == 0);
			r->sr_ts = sr.rtp_ts;
			r->sr_ntp = sr.ntp;
			break;
		case RTCP_RR:
			r->n_rrs++;
			break;
		default:
			break;
		}
		switch (rtcpfb_kind(&p)) {
		case RTCPFB_IS_PLI:
			r->n_plis++;
			break;
		case RTCPFB_IS_NACK:
			on_nack(r, &p);
			break;
		case RTCPFB_IS_TWCC:
			r->n_twcc++;
			break;
		case RTCPFB_IS_REMB:
			r->n_rembs++;
			break;
		case RTCPFB_IS_FIR:
		case RTCPFB_OTHER:
			break;
		}
	}
	assert(!rd.bad);
}

static void pump(struct rig *r)
{
	list_for_each (it, &r->router->transports) {
		struct transport *t =
			list_entry(it, struct transport, in_router);
		struct fwd f;

		list_del(&t->touched);
		if (transport_deadline(t) > r->now_us)
			continue;
		transport_tick(t, r->now_us);
		while ((r->rtcp_len =
				transport_rtcp(t, r->now_us, r->rtcp, 1200)))
			read_rtcp(r);
		while (transport_next(t, r->now_us, &f))
			collect(r, &f);
	}
	if (router_deadline(r->router) <= r->now_us)
		router_tick(r->router, r->now_us);
}

void rig_run(struct rig *r, uint64_t us)
{
	uint64_t end = r->now_us + us;

	while (r->now_us < end) {
		r->now_us += end - r->now_us < 1000 ? end - r->now_us : 1000;
		pump(r);
	}
}

enum fwd_verdict rig_nack(struct rig *r, struct consumer *c, uint16_t seq)
{
	struct fwd f;
	enum fwd_verdict v = fwd_resend(c, seq, r->now_us, &f);

	if (v == FWD_SEND)
		collect(r, &f);
	return v;
}

struct rig_out *rig_out(struct rig *r, int i)
{
	uint32_t at = i < 0 ? r->n_out - (uint32_t)-i : (uint32_t)i;

	assert(at < r->n_out);
	return &r->out[at % RIG_OUT];
}
