#include "mediad/bwe/bwe.h"
#include "mediad/sfu/router.h"
#include "mediad/sfu/transport.h"

/* The clocks may drift by 50 ppm: the least difference is forgotten so. */
#define DRIFT_PPM 50

#define ALLOC_GAP_US 250000

static struct stream *stream_of(const struct transport *t, uint32_t ssrc)
{
	struct ssrcs_slot *s = ssrcs_get(&t->ssrcs, ssrc);

	return s && !s->rtx ? s->stream : NULL;
}

static void follow_clock(struct transport *t, uint64_t ntp, uint64_t now_us)
{
	int64_t off = (int64_t)now_us - (int64_t)recv_ntp_to_us(ntp);
	int64_t d = off - t->clock_off_us;

	/* A step of a second is another clock. */
	if (!t->clock_set || d < 0 || d > 1000000)
		t->clock_off_us = off;
	else if (d > (int64_t)DRIFT_PPM)
		t->clock_off_us += DRIFT_PPM;
	t->clock_set = true;
}

void transport_on_sr(struct transport *t, uint32_t ssrc, uint64_t ntp,
		     uint32_t rtp_ts, uint64_t now_us)
{
	struct stream *s = stream_of(t, ssrc);

	if (s && ntp)
		transport_on_stream_sr(s, ntp, rtp_ts, now_us);
}

void transport_on_stream_sr(struct stream *s, uint64_t ntp, uint32_t rtp_ts,
			    uint64_t now_us)
{
	recv_on_sr(&s->recv, ntp, rtp_ts, now_us);
	follow_clock(s->producer->transport, ntp, now_us);
}

void transport_on_rr(struct transport *t, uint32_t ssrc,
		     const struct send_rr *rr, uint64_t now_us)
{
	struct consumer *c = transport_consumer(t, ssrc);

	if (!c || ssrc != c->ssrc || !send_on_rr(&c->send, rr, now_us))
		return;
	if (c->send.rtt_us)
		t->rtt_us = c->send.rtt_us;
	if (t->bwe)
		bwe_on_rr(t->bwe, rr->fraction_lost, c->send.rtt_us, now_us);
}

/* A new estimate; it is shared anew at once only when it fell a lot. */
static void estimated(struct transport *t, uint64_t now_us)
{
	uint32_t bps = bwe_estimate(t->bwe);
	uint64_t due = t->allocated_us + ALLOC_GAP_US;
	transport_pace(t);
	if (bps < t->allocated_bps - t->allocated_bps / 8 || due < now_us)
		due = now_us;
	if (due < t->alloc_us)
		t->alloc_us = due;
	transport_due(t, due);
}

void transport_on_twcc(struct transport *t, const struct rtcp *p,
		       uint64_t now_us)
{
	if (t->bwe && bwe_on_feedback(t->bwe, p, now_us))
		estimated(t, now_us);
}

void transport_on_remb(struct transport *t, uint32_t bps, uint64_t now_us)
{
	if (t->bwe && bwe_on_remb(t->bwe, bps, now_us))
		estimated(t, now_us);
}

void transport_on_bye(struct transport *t, uint32_t ssrc, uint64_t now_us)
{
	struct stream *s = stream_of(t, ssrc);

	if (!s)
		return;
	s->recv.inactive = true;
	for (uint32_t i = 0; i < s->producer->n_consumers; i++)
		layers_retarget(s->producer->consumers[i], now_us);
}

void transport_on_dlrr(struct transport *t, uint32_t lrr, uint32_t dlrr,
		       uint64_t now_us)
{
	uint32_t mid = (uint32_t)(recv_us_to_ntp(now_us) >> 16);
	uint32_t rtt = mid - lrr - dlrr;

	if (lrr && (int32_t)rtt > 0 && rtt < 5 * 65536)
		t->rtt_us = (uint64_t)rtt * 1000000 / 65536;
}
