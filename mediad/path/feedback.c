#include "mediad/path/feedback.h"

#include "mediad/path/egress.h"
#include "mediad/path/link.h"
#include "mediad/path/worker.h"
#include "mediad/sfu/consumer.h"
#include "mediad/sfu/transport.h"
#include "mediad/wire/rtcp.h"
#include "mediad/wire/rtcpfb.h"

#define NACK_PAIRS_MAX 128 /* of one compound: 2,176 packets */
#define FIR_MAX	       32
#define DLRR_MAX       8

static void blocks(struct link *l, const struct rtcp *p, uint64_t now_us)
{
	struct rtcp_block b;

	for (unsigned i = 0; rtcp_block(p, i, &b); i++) {
		struct send_rr rr = {.fraction_lost = b.fraction,
				     .lost = b.lost > 0 ? (uint32_t)b.lost : 0,
				     .jitter = b.jitter,
				     .lsr = b.lsr,
				     .dlsr = b.dlsr};

		transport_on_rr(l->t, b.ssrc, &rr, now_us);
	}
}

static void sender_report(struct link *l, const struct rtcp *p, uint64_t now_us)
{
	struct rtcp_sr sr;

	if (rtcp_sr(p, &sr))
		return;
	transport_on_sr(l->t, sr.ssrc, sr.ntp, sr.rtp_ts, now_us);
	pipes_out_sr(l->w, l->t, sr.ssrc);
	blocks(l, p, now_us);
}

static void resend(struct link *l, struct consumer *c, uint16_t seq,
		   uint64_t now_us)
{
	struct fwd f;

	if (fwd_resend(c, seq, now_us, &f) == FWD_SEND)
		egress_fwd(l->w, l->t, &f, now_us);
}

static void nack(struct link *l, const struct rtcp *p, unsigned *pairs,
		 uint64_t now_us)
{
	struct consumer *c = transport_consumer(l->t, rtcpfb_media(p));
	struct rtcpfb_nack n;

	if (!c)
		return;
	c->send.nacks++;
	for (unsigned i = 0; *pairs && rtcpfb_nack(p, i, &n); i++) {
		--*pairs;
		resend(l, c, n.seq, now_us);
		for (unsigned k = 0; k < 16; k++)
			if (n.blp >> k & 1)
				resend(l, c, (uint16_t)(n.seq + k + 1), now_us);
	}
}

static void fir(struct link *l, const struct rtcp *p, uint64_t now_us)
{
	struct rtcpfb_fir f;

	for (unsigned i = 0; i < FIR_MAX && rtcpfb_fir(p, i, &f); i++) {
		struct consumer *c = transport_consumer(l->t, f.ssrc);

		if (c)
			consumer_on_fir(c, f.seq, now_us);
	}
}

static void feedback_message(struct link *l, const struct rtcp *p,
			     unsigned *pairs, uint64_t now_us)
{
	struct consumer *c;
	uint64_t bps;

	switch (rtcpfb_kind(p)) {
	case RTCPFB_IS_NACK:
		nack(l, p, pairs, now_us);
		break;
	case RTCPFB_IS_TWCC:
		transport_on_twcc(l->t, p, now_us);
		break;
	case RTCPFB_IS_PLI:
		c = transport_consumer(l->t, rtcpfb_media(p));
		if (c)
			consumer_on_pli(c, now_us);
		break;
	case RTCPFB_IS_FIR:
		fir(l, p, now_us);
		break;
	case RTCPFB_IS_REMB:
		if (!rtcpfb_remb(p, &bps))
			transport_on_remb(l->t,
					  bps > UINT32_MAX ? UINT32_MAX
							   : (uint32_t)bps,
					  now_us);
		break;
	case RTCPFB_OTHER:
		break;
	}
}

static void extended(struct link *l, const struct rtcp *p, uint64_t now_us)
{
	struct rd r = rd_of(p->body, p->len);
	struct rtcp_dlrr d;
	struct rtcp_xr x;

	rd_skip(&r, 4);
	while (rtcp_xr_next(&r, &x)) {
		if (x.type != RTCP_XR_DLRR)
			continue;
		for (unsigned i = 0; i < DLRR_MAX && rtcp_xr_dlrr(&x, i, &d);
		     i++)
			if (d.ssrc == l->t->rtcp_ssrc)
				transport_on_dlrr(l->t, d.lrr, d.dlrr, now_us);
	}
}

static void bye(struct link *l, const struct rtcp *p, uint64_t now_us)
{
	uint32_t ssrc;

	for (unsigned i = 0; rtcp_bye(p, i, &ssrc); i++)
		transport_on_bye(l->t, ssrc, now_us);
}

void feedback(struct link *l, const uint8_t *data, size_t len, uint64_t now_us)
{
	struct rd r = rd_of(data, len);
	unsigned pairs = NACK_PAIRS_MAX;
	struct rtcp p;

	if (!l->settled)
		link_settled(l, now_us);
	while (rtcp_next(&r, &p)) {
		switch (p.pt) {
		case RTCP_SR:
			sender_report(l, &p, now_us);
			break;
		case RTCP_RR:
			blocks(l, &p, now_us);
			break;
		case RTCP_RTPFB:
		case RTCP_PSFB:
			feedback_message(l, &p, &pairs, now_us);
			break;
		case RTCP_XR:
			extended(l, &p, now_us);
			break;
		case RTCP_BYE:
			bye(l, &p, now_us);
			break;
		default:
			break;
		}
	}
	if (r.bad)
		worker_drop(l->w, DROP_RTCP);
}
