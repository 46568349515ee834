#include <stdlib.h>
#include <string.h>

#include "mediad/rtp/describe.h"
#include "mediad/sfu/router.h"
#include "mediad/sfu/transport.h"
#include "mediad/wire/rtp.h"
#include "mediad/wire/vp8.h"

/* What a packet is, while it is looked at. */
struct incoming {
	struct transport *t;
	struct pkt *pkt;
	struct rtp h;
	uint64_t now_us;
	struct rtp_rx *rx;
};

static enum rx_verdict drop(struct incoming *in, enum rx_drop why)
{
	in->t->drops[why]++;
	in->rx->why = why;
	return RX_DROP;
}

static const uint8_t *ext(const struct incoming *in, enum rtpmap_ext what,
			  size_t *len)
{
	return rtp_ext(&in->h, in->pkt->data, in->t->ext[what], len);
}

/* ---- whose SSRC is it? ------------------------------------------------- */

static struct producer *by_mid(struct transport *t, const uint8_t *mid,
			       size_t len)
{
	list_for_each (it, &t->producers) {
		struct producer *p =
			list_entry(it, struct producer, in_transport);

		if (len && strlen(p->rtp.mid) == len &&
		    memcmp(p->rtp.mid, mid, len) == 0)
			return p;
	}
	return NULL;
}

static struct producer *by_rid(struct transport *t, const uint8_t *rid,
			       size_t len)
{
	list_for_each (it, &t->producers) {
		struct producer *p =
			list_entry(it, struct producer, in_transport);

		if (rtpmap_find_rid(&p->rtp, rid, (uint8_t)len) >= 0)
			return p;
	}
	return NULL;
}

/*
 * The encoding: by RID; without one it must be the only one, and not be
 * known by another SSRC. -1: cannot be told.
 */
static int encoding_of(const struct incoming *in, const struct producer *p,
		       bool rtx)
{
	size_t len = 0;
	const uint8_t *rid = ext(in, rtx ? EXT_RRID : EXT_RID, &len);
	const struct rtpmap_encoding *e = &p->rtp.encodings[0];

	if (!rid && rtx)
		rid = ext(in, EXT_RID, &len);
	if (rid)
		return rtpmap_find_rid(&p->rtp, rid, (uint8_t)len);
	if (p->n_streams > 1 || e->rid[0])
		return -1;
	if (rtx)
		return p->streams[0].live && !e->rtx_ssrc ? 0 : -1;
	return e->ssrc ? -1 : 0;
}

/* RFC 8852: MID first; RID alone only when there is no MID at all. */
static struct stream *learn(struct incoming *in, bool *rtx, enum rx_drop *why)
{
	size_t len = 0;
	const uint8_t *mid = ext(in, EXT_MID, &len);
	struct producer *p = NULL;
	const uint8_t *rid;
	int s;

	*why = RX_DROP_SSRC;
	if (mid)
		p = by_mid(in->t, mid, len);
	else if ((rid = ext(in, EXT_RID, &len)) ||
		 (rid = ext(in, EXT_RRID, &len)))
		p = by_rid(in->t, rid, len);
	if (!p)
		return NULL;
	if (rtpmap_find_pt(&p->rtp, in->h.pt, rtx) < 0) {
		*why = RX_DROP_PT;
		return NULL;
	}
	s = encoding_of(in, p, *rtx);
	if (s < 0 || (*rtx && !p->streams[s].live))
		return NULL;
	if (producer_bind(p, (unsigned)s, in->h.ssrc, *rtx, in->now_us) < 0) {
		*why = RX_DROP_SSRCS;
		return NULL;
	}
	return &p->streams[s];
}

/* ---- media ------------------------------------------------------------- */

static void revive(struct producer *p, uint64_t now_us)
{
	for (uint32_t i = 0; i < p->n_consumers; i++) {
		layers_retarget(p->consumers[i], now_us);
		transport_reallocate(p->consumers[i]->transport, now_us);
	}
}

static void on_key(struct stream *s, const struct media *m, uint64_t now_us)
{
	struct producer *p = s->producer;
	struct vp8 d;

	keyframe_came(&s->keyframe, now_us);
	if (p->type != PRODUCER_SVC)
		nack_on_key(&s->nack, m->seq);
	if (s->index + 1 != p->n_streams ||
	    p->rtp.codecs[m->pt].codec != CODEC_VP8 ||
	    vp8_parse(&d, media_payload(m), m->pay_len) < 0 || !d.width)
		return;
	p->width = d.width;
	p->height = d.height;
}

static void holes(struct stream *s, uint16_t seq, bool rtx, uint64_t now_us)
{
	struct producer *p = s->producer;
	struct transport *t = p->transport;

	switch (nack_on_seq(&s->nack, seq, now_us)) {
	case NACK_RESET:
		producer_want_key(p, s->index, now_us);
		break;
	case NACK_REPAIRED:
		if (!rtx)
			break;
		recv_repaired(&s->recv);
		/* Good enough an RTT where no report tells it. */
		if (s->nack.took_us)
			t->rtt_us =
				t->rtt_us
					? (t->rtt_us * 7 + s->nack.took_us) / 8
					: s->nack.took_us;
		break;
	case NACK_OK:
	case NACK_REORDERED:
		break;
	}
	transport_due(t, nack_deadline(&s->nack));
}

/* Most streams never need one. */
static struct av1dd_structure *structure_of(struct stream *s,
					    const struct media *m)
{
	if (m->dd_len && !s->dd)
		s->dd = calloc(1, sizeof(*s->dd));
	return s->dd;
}

static enum rx_verdict keep(struct incoming *in, struct stream *s,
			    struct media *m, bool rtx)
{
	struct producer *p = s->producer;
	const struct rtpmap_codec *codec = &p->rtp.codecs[m->pt];
	struct media *kept;

	if (describe_payload(m, codec->codec, structure_of(s, m)) < 0)
		return drop(in, RX_DROP_CODEC);
	if (rtxcache_get(&s->store, m->seq)) {
		s->recv.duplicates++;
		return RX_DUP;
	}
	kept = rtxcache_put(&s->store, m);
	if (!kept) {
		s->recv.discarded++;
		return drop(in, RX_DROP_OLD);
	}
	if (in->t->piped && rtx)
		recv_repaired(&s->recv);
	else if (codec->nack && !in->t->piped)
		holes(s, m->seq, rtx, in->now_us);
	recv_count(&s->recv, m, in->pkt->len, in->now_us);
	if (p->kind == MEDIA_VIDEO && m->flags & MEDIA_KEY)
		on_key(s, m, in->now_us);
	if (m->flags & MEDIA_LEVEL)
		speaker_level(&p->voice, m->level);
	in->rx->media = kept;
	return rtx ? RX_RECOVERED : RX_MEDIA;
}

static void ids_of(const struct producer *p, int codec,
		   struct describe_ids *ids)
{
	enum media_codec c = p->rtp.codecs[codec].codec;

	ids->level = p->rtp.ext[EXT_LEVEL];
	ids->orient = p->rtp.ext[EXT_ORIENT];
	ids->capture = p->rtp.ext[EXT_CAPTURE];
	ids->playout = p->rtp.ext[EXT_PLAYOUT];
	/* The others tell of their layers in the payload. */
	ids->dd = c == CODEC_AV1 || c == CODEC_VP8 ? p->rtp.ext[EXT_DD] : 0;
}

static enum rx_verdict on_media(struct incoming *in, struct stream *s,
				int codec)
{
	struct producer *p = s->producer;
	bool alive = producer_alive(p, s->index);
	struct describe_ids ids;
	struct media m;

	switch (recv_input(&s->recv, in->h.seq, in->h.ts, in->pkt->recv_us)) {
	case RECV_STRAY:
		return drop(in, RX_DROP_STRAY);
	case RECV_JUMP:
		producer_restart(p, s->index, in->now_us);
		break;
	case RECV_NEW:
	case RECV_OLD:
		break;
	}
	if (!alive)
		revive(p, in->now_us);
	ids_of(p, codec, &ids);
	describe_header(&m, in->pkt, &in->h, &ids);
	m.stream = s->index;
	m.pt = (uint8_t)codec;
	return keep(in, s, &m, false);
}

/* RFC 4588: the original number stands in front of the payload. */
static enum rx_verdict on_rtx(struct incoming *in, struct stream *s, int codec)
{
	struct describe_ids ids;
	struct media m;
	const uint8_t *osn;

	s->rtx_packets++;
	s->rtx_bytes += in->pkt->len;
	rate_add(&in->t->rtx_in, in->pkt->len, in->now_us);
	if (in->h.payload_len < 2)
		return RX_PADDING;
	if (!s->live || !s->recv.seq.set)
		return drop(in, RX_DROP_RTX);
	ids_of(s->producer, codec, &ids);
	describe_header(&m, in->pkt, &in->h, &ids);
	osn = media_payload(&m);
	m.seq = (uint16_t)(osn[0] << 8 | osn[1]);
	m.pay_off += 2;
	m.pay_len = (uint16_t)(m.pay_len - 2);
	m.stream = s->index;
	m.pt = (uint8_t)codec;
	/* Nobody asks for what has not been passed yet. */
	if (seq_newer(m.seq, (uint16_t)s->recv.seq.max)) {
		s->rtx_discarded++;
		return drop(in, RX_DROP_RTX);
	}
	return keep(in, s, &m, true);
}

static void arrived(struct incoming *in)
{
	struct transport *t = in->t;
	size_t len = 0;
	const uint8_t *p = ext(in, EXT_TWCC, &len);

	if (!p || len < 2)
		return;
	arrival_on_packet(&t->arrival, (uint16_t)(p[0] << 8 | p[1]), in->h.ssrc,
			  in->pkt->recv_us, in->now_us);
	transport_due(t, arrival_deadline(&t->arrival));
}

/* Of a stream that is known. */
static enum rx_verdict of_stream(struct incoming *in, struct stream *s)
{
	bool rtx;
	int codec;

	in->rx->producer = s->producer;
	rate_add(&in->t->rtp_in, in->pkt->len, in->now_us);
	codec = rtpmap_find_pt(&s->producer->rtp, in->h.pt, &rtx);
	if (codec < 0)
		return drop(in, RX_DROP_PT);
	if (s->producer->paused)
		return drop(in, RX_DROP_PAUSED);
	return rtx ? on_rtx(in, s, codec) : on_media(in, s, codec);
}

static int parse(struct incoming *in, struct transport *t, struct pkt *pkt,
		 uint64_t now_us, struct rtp_rx *rx)
{
	in->t = t;
	in->pkt = pkt;
	in->now_us = now_us;
	in->rx = rx;
	rx->media = NULL;
	rx->producer = NULL;
	return rtp_parse(&in->h, pkt->data, pkt->len);
}

enum rx_verdict transport_input_piped(struct producer *p, unsigned stream,
				      struct pkt *pkt, uint64_t now_us,
				      struct rtp_rx *rx)
{
	struct incoming in;

	if (parse(&in, p->transport, pkt, now_us, rx) < 0)
		return drop(&in, RX_DROP_PARSE);
	if (stream >= p->n_streams || !p->streams[stream].live)
		return drop(&in, RX_DROP_SSRC);
	return of_stream(&in, &p->streams[stream]);
}

enum rx_verdict transport_input(struct transport *t, struct pkt *pkt,
				uint64_t now_us, struct rtp_rx *rx)
{
	struct incoming in;
	struct ssrcs_slot *slot;
	struct stream *s;
	enum rx_drop why;
	bool rtx;

	if (parse(&in, t, pkt, now_us, rx) < 0)
		return drop(&in, RX_DROP_PARSE);
	arrived(&in);
	slot = ssrcs_get(&t->ssrcs, in.h.ssrc);
	s = slot ? slot->stream : learn(&in, &rtx, &why);
	if (!s)
		return drop(&in, slot ? RX_DROP_SSRC : why);
	return of_stream(&in, s);
}
