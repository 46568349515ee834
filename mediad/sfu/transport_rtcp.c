#include "common/timerq.h"
#include "mediad/sfu/router.h"
#include "mediad/sfu/transport.h"
#include "mediad/wire/rtcp.h"
#include "mediad/wire/rtcpfb.h"

#define BLOCKS_MAX  31
#define SR_ROOM	    120 /* a sender report and its CNAME */
#define SR_SLACK_US 200000
#define REMB_US	    1500000

/* ---- feedback ---------------------------------------------------------- */

static void put_nacks(struct stream *s, struct wr *w, uint64_t now_us)
{
	struct transport *t = s->producer->transport;
	struct rtcpfb_nack pairs[NACK_BATCH];
	uint16_t seqs[NACK_BATCH];
	size_t room = (size_t)(w->end - w->p);
	size_t cap = room < 16 ? 0 : (room - 12) / 4;
	size_t n, used = 0;
	bool reset = false;

	if (!cap)
		return;
	if (cap > NACK_BATCH)
		cap = NACK_BATCH;
	n = nack_take(&s->nack, t->rtt_us, now_us, seqs, cap, &reset);
	if (n) {
		n = rtcpfb_nack_pack(pairs, cap, seqs, n, &used);
		rtcpfb_put_nack(w, t->rtcp_ssrc, s->recv.ssrc, pairs, n);
	}
	if (reset)
		producer_want_key(s->producer, s->index, now_us);
}

static void put_key(struct stream *s, struct wr *w, uint64_t now_us)
{
	struct transport *t = s->producer->transport;
	const struct rtpmap_codec *c = &s->producer->rtp.codecs[0];

	if ((size_t)(w->end - w->p) < 20 ||
	    !keyframe_take(&s->keyframe, now_us))
		return;
	if (c->pli || !c->fir) {
		rtcpfb_put_pli(w, t->rtcp_ssrc, s->recv.ssrc);
		s->plis++;
	} else {
		rtcpfb_put_fir(w, t->rtcp_ssrc, s->recv.ssrc, s->fir_seq++);
		s->firs++;
	}
}

static void put_feedback(struct transport *t, struct wr *w, uint64_t now_us)
{
	list_for_each (it, &t->producers) {
		struct producer *p =
			list_entry(it, struct producer, in_transport);

		for (unsigned i = 0; i < p->n_streams; i++) {
			struct stream *s = &p->streams[i];

			if (!s->live)
				continue;
			put_nacks(s, w, now_us);
			put_key(s, w, now_us);
		}
	}
}

/* ---- reports ----------------------------------------------------------- */

/*
 * Our clock and the sender's differ by the least seen; so audio and video
 * of one sender keep their distance at the receiver.
 */
static bool mapped_ts(const struct consumer *c, uint64_t now_us, uint32_t *ts)
{
	const struct epoch *e = &c->epochs[c->epoch];
	const struct transport *from = c->producer->transport;

	if (!c->synced || !from->clock_set)
		return false;
	if (!recv_wall_to_ts(&c->producer->streams[e->stream].recv,
			     (uint64_t)((int64_t)now_us - from->clock_off_us),
			     ts))
		return false;
	*ts += e->ts_delta;
	return true;
}

static void put_sr(struct consumer *c, struct wr *w, uint64_t now_us)
{
	struct rtcp_sr sr = {.ssrc = c->ssrc};
	struct send_sr out;
	uint32_t ts;

	c->sr_us = timerq_round(now_us + TRANSPORT_RR_US);
	if (!send_sr(&c->send, now_us, &out))
		return;
	if (mapped_ts(c, now_us, &ts))
		out.ts = ts;
	sr.ntp = out.ntp;
	sr.rtp_ts = out.ts;
	sr.packets = out.packets;
	sr.octets = out.octets;
	rtcp_put_sr(w, &sr, NULL, 0);
	rtcp_put_sdes_cname(w, c->ssrc, c->cname);
}

/* All that are about due go together. */
static void put_srs(struct transport *t, struct wr *w, uint64_t now_us)
{
	uint64_t next = UINT64_MAX;

	if (t->sr_us > now_us)
		return;
	list_for_each (it, &t->consumers) {
		struct consumer *c =
			list_entry(it, struct consumer, in_transport);

		if ((size_t)(w->end - w->p) < SR_ROOM)
			return;
		if (c->sr_us <= now_us + SR_SLACK_US)
			put_sr(c, w, now_us);
		if (c->sr_us < next)
			next = c->sr_us;
	}
	t->sr_us = next;
}

static size_t fill_blocks(struct transport *t, struct rtcp_block *b,
			  uint64_t now_us)
{
	size_t n = 0;

	list_for_each (it, &t->producers) {
		struct producer *p =
			list_entry(it, struct producer, in_transport);

		for (unsigned i = 0; i < p->n_streams && n < BLOCKS_MAX; i++) {
			struct stream *s = &p->streams[i];
			struct recv_report r;

			if (!s->live || !s->recv.seq.set || s->recv.inactive)
				continue;
			recv_report(&s->recv, now_us, &r);
			b[n++] =
				(struct rtcp_block){.ssrc = r.ssrc,
						    .fraction = r.fraction_lost,
						    .lost = r.lost,
						    .ext_seq = r.ext_max,
						    .jitter = r.jitter,
						    .lsr = r.lsr,
						    .dlsr = r.dlsr};
		}
	}
	return n;
}

static void put_rr(struct transport *t, struct wr *w, uint64_t now_us)
{
	struct rtcp_block blocks[BLOCKS_MAX];
	size_t n;

	if (!t->n_producers)
		return;
	n = fill_blocks(t, blocks, now_us);
	rtcp_put_rr(w, t->rtcp_ssrc, blocks, n);
	rtcp_put_xr_rrtr(w, t->rtcp_ssrc, recv_us_to_ntp(now_us));
}

/* A cap for senders that would go higher. */
static void put_remb(struct transport *t, struct wr *w, uint64_t now_us)
{
	uint32_t ssrcs[8];
	size_t n = 0;

	if (!t->max_incoming_bps || t->remb_us > now_us)
		return;
	t->remb_us = now_us + REMB_US;
	list_for_each (it, &t->producers) {
		struct producer *p =
			list_entry(it, struct producer, in_transport);

		for (unsigned i = 0; i < p->n_streams && n < 8; i++)
			if (p->kind == MEDIA_VIDEO && p->streams[i].live)
				ssrcs[n++] = p->streams[i].recv.ssrc;
	}
	if (n)
		rtcpfb_put_remb(w, t->rtcp_ssrc, t->max_incoming_bps, ssrcs, n);
}

static void put_reports(struct transport *t, struct wr *w, uint64_t now_us)
{
	if (t->rtcp_us <= now_us) {
		t->rtcp_us = timerq_round(now_us + TRANSPORT_RR_US);
		put_rr(t, w, now_us);
		put_remb(t, w, now_us);
	}
	put_srs(t, w, now_us);
}

size_t transport_rtcp(struct transport *t, uint64_t now_us, uint8_t *buf,
		      size_t cap)
{
	struct wr w = wr_of(buf, cap);

	if (!t->connected)
		return 0;
	if (arrival_deadline(&t->arrival) <= now_us)
		return arrival_build(&t->arrival, t->rtcp_ssrc, now_us, buf,
				     cap);
	put_reports(t, &w, now_us);
	put_feedback(t, &w, now_us);
	return wr_len(&w);
}
