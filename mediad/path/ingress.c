#include "mediad/path/ingress.h"

#include "mediad/path/fanout.h"
#include "mediad/path/feedback.h"
#include "mediad/path/link.h"
#include "mediad/path/worker.h"
#include "mediad/wire/demux.h"
#include "mediad/wire/stun.h"

/* SRTP's verdicts begin with PASS, our reasons with SHORT. */
static void drop_srtp(struct link *l, enum srtp_verdict v)
{
	l->dropped++;
	worker_drop(l->w, DROP_SRTP_SHORT + (enum drop)(v - SRTP_SHORT));
}

#define STUN_MAX 548 /* RFC 8489 section 6.1: fits any IPv4 path */

static void stun(struct worker *w, const struct rx *rx, const struct tuple *t,
		 uint64_t now_us)
{
	struct link *l = NULL;
	struct link_path *p;
	const uint8_t *ufrag;
	struct stun m;
	size_t len;

	/* The length is looked at first: a HMAC over it is work. */
	if (rx->pkt->len > STUN_MAX ||
	    stun_parse(&m, rx->pkt->data, rx->pkt->len)) {
		worker_drop(w, DROP_STUN);
		return;
	}
	if (m.cls == STUN_REQUEST) {
		ufrag = stun_local_ufrag(&m, &len);
		if (ufrag)
			l = idmap_get(&w->ufrags,
				      worker_ufrag_key(w, ufrag, len));
	} else {
		p = worker_path(w, t);
		l = p ? p->link : NULL;
	}
	if (!l) {
		worker_drop(w, DROP_STUN_STRANGE);
		return;
	}
	blackbox_is_of(w->box, l->room);
	link_stun(l, &m, rx, t, now_us);
}

static void rtp(struct link *l, struct pkt *pkt, uint64_t now_us)
{
	struct worker *w = l->w;
	struct rtp_rx in;
	size_t len = pkt->len;
	enum srtp_verdict v = srtp_open_rtp(l->srtp, pkt->data, &len);

	if (v != SRTP_PASS) {
		drop_srtp(l, v);
		return;
	}
	pkt->len = (uint32_t)len;
	blackbox_opened(w->box, pkt->data, len);
	recorder_rtp(w->recorder, now_us, l->t->id, RECORDER_RTP_IN, pkt->data,
		     len);
	if (!l->settled)
		link_settled(l, now_us);
	w->stats.rtp_in++;
	switch (transport_input(l->t, pkt, now_us, &in)) {
	case RX_MEDIA:
	case RX_RECOVERED:
		/* First: the packet is not yet patched for a consumer. */
		if (in.producer->n_outlets)
			pipes_out(w, in.producer, in.media);
		fanout_add(w, in.producer, in.media, now_us);
		break;
	case RX_DROP:
		l->dropped++;
		worker_drop(w, DROP_RX + (enum drop)in.why);
		break;
	case RX_PADDING:
	case RX_DUP:
		break;
	}
}

static void rtcp(struct link *l, struct pkt *pkt, uint64_t now_us)
{
	size_t len = pkt->len;
	enum srtp_verdict v = srtp_open_rtcp(l->srtp, pkt->data, &len);

	if (v != SRTP_PASS) {
		drop_srtp(l, v);
		return;
	}
	blackbox_opened(l->w->box, pkt->data, len);
	recorder_rtcp(l->w->recorder, now_us, l->t->id, RECORDER_RTCP_IN,
		      pkt->data, len);
	feedback(l, pkt->data, len, now_us);
}

/* From a path that ICE has accepted. */
static void secured(struct link_path *p, struct pkt *pkt, enum demux what,
		    uint64_t now_us)
{
	struct link *l = p->link;

	blackbox_is_of(l->w->box, l->room);
	l->packets_in++;
	l->bytes_in += pkt->len;
	if (l->out != p || !icelite_proven(&l->ice))
		icelite_heard(&l->ice, &p->tuple, pkt->len);
	if (what == DEMUX_DTLS) {
		link_dtls(l, p, pkt->data, pkt->len, now_us);
	} else if (!l->srtp) {
		worker_drop(l->w, DROP_NO_KEYS);
	} else if (what == DEMUX_RTP) {
		rtp(l, pkt, now_us);
	} else {
		rtcp(l, pkt, now_us);
	}
}

static void datagram(struct worker *w, const struct rx *rx,
		     const struct tuple *t, uint64_t now_us)
{
	enum demux what = demux_of(rx->pkt->data, rx->pkt->len);
	struct link_path *p;

	blackbox_for(w->box, 0);
	blackbox_add(w->box, rx->pkt->data, rx->pkt->len, now_us);
	w->stats.packets_in++;
	w->stats.bytes_in += rx->pkt->len;
	if (what == DEMUX_DROP) {
		worker_drop(w, DROP_DEMUX);
	} else if (what == DEMUX_STUN) {
		stun(w, rx, t, now_us);
	} else {
		p = worker_path(w, t);
		if (p)
			secured(p, rx->pkt, what, now_us);
		else
			worker_drop(w, DROP_TUPLE);
	}
}

void ingress(struct worker *w, const struct rx *rx, uint64_t now_us)
{
	struct tuple t = {.local = rx->local,
			  .remote = rx->remote,
			  .proto = rx->conn ? TUPLE_TCP : TUPLE_UDP};
	struct link_path *p;

	if (rx->pkt) {
		datagram(w, rx, &t, now_us);
		pkt_put(rx->pkt);
		return;
	}
	p = worker_path(w, &t);
	if (p && p->dst.conn == rx->conn)
		link_closed(p->link, &t, now_us);
}
