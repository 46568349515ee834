#include "tests/lib/peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mediad/wire/demux.h"
#include "mediad/wire/rtcpfb.h"
#include "mediad/wire/rtpext.h"
#include "tests/lib/peer_parts.h"

#define QUEUE_FIRST   64
#define PROBATOR_SSRC 1234

struct peer *peer_new(const struct peer_conf *conf)
{
	struct peer *p = calloc(1, sizeof(*p));

	if (!p)
		abort();
	p->conf = *conf;
	p->rng.state = conf->seed;
	p->ssrc = (uint32_t)rand_u64(&p->rng) | 1;
	p->dtls = peer_dtls_new(conf);
	list_init(&p->sends);
	list_init(&p->recvs);
	p->report_us = UINT64_MAX;
	p->twcc_us = UINT64_MAX;
	peer_ice_init(&p->ice, conf, &p->st);
	p->conf.ufrag = NULL; /* the agent has copies */
	p->conf.pwd = NULL;
	return p;
}

void peer_free(struct peer *p)
{
	if (!p)
		return;
	list_for_each_safe (it, &p->sends)
		peer_send_free(peer_send_of(it));
	list_for_each_safe (it, &p->recvs)
		peer_recv_free(peer_recv_of(it));
	peer_srtp_free(p->srtp);
	peer_dtls_free(p->dtls);
	free(p->queue);
	free(p);
}

const char *peer_fingerprint(const struct peer *p)
{
	return peer_dtls_fingerprint(p->dtls);
}

enum peer_state peer_state(const struct peer *p)
{
	return p->state;
}

const struct peer_stats *peer_stats(const struct peer *p)
{
	return &p->st;
}

const char *peer_srtp_profile(const struct peer *p)
{
	return p->profile;
}

const struct peer_feedback *peer_feedback(const struct peer *p)
{
	return &p->feedback;
}

/* The next free element of the ring, which grows as it must. */
static struct peer_dgram *queue_slot(struct peer *p)
{
	if (p->n == p->cap) {
		size_t cap = p->cap ? 2 * p->cap : QUEUE_FIRST;
		struct peer_dgram *q = malloc(cap * sizeof(*q));

		if (!q)
			abort();
		for (size_t i = 0; i < p->n; i++)
			q[i] = p->queue[(p->head + i) % p->cap];
		free(p->queue);
		p->queue = q;
		p->cap = cap;
		p->head = 0;
	}
	return &p->queue[(p->head + p->n++) % p->cap];
}

static void emit(struct peer *p, const uint8_t *data, size_t len,
		 const struct addr *to)
{
	struct peer_dgram *g;

	if (!len || len > sizeof(g->data))
		return;
	g = queue_slot(p);
	g->from = p->ice.local;
	g->to = *to;
	g->len = len;
	memcpy(g->data, data, len);
	p->st.out++;
	p->st.out_bytes += len;
}

/* Media and DTLS go where ICE found an answer. */
static void emit_media(struct peer *p, const uint8_t *data, size_t len)
{
	if (peer_ice_ready(&p->ice))
		emit(p, data, len, &p->ice.remote[p->ice.chosen]);
}

void peer_emit_rtp(struct peer *p, const uint8_t *data, size_t len)
{
	uint8_t buf[PEER_MTU + 64];

	if (p->state != PEER_CONNECTED || len > PEER_MTU)
		return;
	memcpy(buf, data, len);
	if (peer_srtp_seal_rtp(p->srtp, buf, &len))
		emit_media(p, buf, len);
}

void peer_emit_rtcp(struct peer *p, const struct wr *w)
{
	uint8_t buf[PEER_MTU + 64];
	size_t len = wr_len(w);

	if (p->state != PEER_CONNECTED || w->bad || !len || len > PEER_MTU)
		return;
	memcpy(buf, w->base, len);
	if (peer_srtp_seal_rtcp(p->srtp, buf, &len))
		emit_media(p, buf, len);
}

size_t peer_output(struct peer *p, uint8_t *buf, size_t cap, struct addr *from,
		   struct addr *to)
{
	struct peer_dgram *g;

	if (!p->n)
		return 0;
	g = &p->queue[p->head];
	if (g->len > cap)
		return 0;
	p->head = (p->head + 1) % p->cap;
	p->n--;
	memcpy(buf, g->data, g->len);
	*from = g->from;
	*to = g->to;
	return g->len;
}

static void connected(struct peer *p, uint64_t now_us)
{
	uint8_t local[PEER_DTLS_KEYS] = {0}, remote[PEER_DTLS_KEYS] = {0};
	const char *name = "";
	unsigned profile = peer_dtls_keys(p->dtls, &name, local, remote);

	if (!profile) {
		p->state = PEER_FAILED;
		return;
	}
	snprintf(p->profile, sizeof(p->profile), "%s", name);
	p->srtp = peer_srtp_new(profile, local, remote);
	p->state = PEER_CONNECTED;
	p->st.connected_us = now_us;
	p->report_us = now_us + rand_below(&p->rng, PEER_REPORT_US / 2);
	p->twcc_us = now_us + PEER_TWCC_US;
}

static void pump_dtls(struct peer *p, uint64_t now_us)
{
	uint8_t buf[PEER_MTU];
	size_t n;

	while ((n = peer_dtls_output(p->dtls, buf, sizeof(buf))))
		emit_media(p, buf, n);
	if (p->state == PEER_HANDSHAKE && peer_dtls_done(p->dtls))
		connected(p, now_us);
	if (peer_dtls_failed(p->dtls))
		p->state = PEER_FAILED;
}

void peer_start(struct peer *p, uint64_t now_us)
{
	p->state = PEER_CHECKING;
	peer_ice_start(&p->ice, now_us);
	peer_tick(p, now_us);
}

static void on_stun(struct peer *p, const uint8_t *data, size_t len,
		    const struct addr *from, uint64_t now_us)
{
	struct peer_ice_msg msg;

	peer_ice_input(&p->ice, data, len, from, now_us, &msg);
	emit(p, msg.data, msg.len, &msg.to);
	if (p->state == PEER_CHECKING && peer_ice_ready(&p->ice)) {
		p->state = PEER_HANDSHAKE;
		peer_dtls_start(p->dtls);
		pump_dtls(p, now_us);
	}
}

static int by_seq(const void *a, const void *b)
{
	const struct twcc_arrival *x = a, *y = b;

	return (int16_t)(x->seq - y->seq);
}

static void note_twcc(struct peer *p, uint8_t id, const struct rtp *h,
		      const uint8_t *pkt, uint64_t now_us)
{
	const uint8_t *ext;
	uint16_t seq;
	size_t len = 0;

	ext = rtp_ext(h, pkt, id, &len);
	if (!rtpext_twcc(ext, len, &seq) || p->n_arrivals == PEER_ARRIVALS)
		return;
	if (!p->twcc_begun) {
		p->twcc_begun = true;
		p->twcc_next = seq;
	}
	p->twcc_media = h->ssrc;
	p->arrival[p->n_arrivals].seq = seq;
	p->arrival[p->n_arrivals++].at_us = (int64_t)now_us;
}

static void on_rtp(struct peer *p, uint8_t *data, size_t len, uint64_t now_us)
{
	bool known = false;
	uint8_t twcc_id = 0;
	struct rtp h;

	if (!peer_srtp_open_rtp(p->srtp, data, &len) ||
	    rtp_parse(&h, data, len)) {
		p->st.srtp_bad++;
		return;
	}
	list_for_each (it, &p->recvs) {
		struct peer_recv *r = peer_recv_of(it);

		if (!twcc_id)
			twcc_id = peer_recv_twcc_id(r);
		if (!known)
			known = peer_recv_on_rtp(r, &h, data, now_us);
	}
	if (twcc_id)
		note_twcc(p, twcc_id, &h, data, now_us);
	if (h.ssrc == PROBATOR_SSRC)
		p->st.probes++;
	else if (!known)
		p->st.unknown_ssrc++;
}

static void on_blocks(struct peer *p, const struct rtcp *c, uint64_t now_us)
{
	struct rtcp_block b;

	for (unsigned i = 0; rtcp_block(c, i, &b); i++)
		list_for_each (it, &p->sends)
			if (peer_send_on_block(peer_send_of(it), &b, now_us))
				break;
}

static void on_twcc(struct peer *p, const struct rtcp *c, uint64_t now_us)
{
	struct twcc_arrival got[TWCC_MAX];
	struct twcc h;
	size_t n;

	if (twcc_parse(c, &h, got, TWCC_MAX, &n)) {
		p->st.rtcp_bad++;
		return;
	}
	p->feedback.messages++;
	p->feedback.arrived += n;
	p->feedback.missing += h.count - n;
	p->feedback.last_us = now_us;
}

static void on_feedback(struct peer *p, const struct rtcp *c, uint64_t now_us)
{
	enum rtcpfb_kind kind = rtcpfb_kind(c);
	uint32_t media = rtcpfb_media(c);
	struct rtcpfb_fir f;

	if (kind == RTCPFB_IS_TWCC)
		on_twcc(p, c, now_us);
	list_for_each (it, &p->sends) {
		struct peer_send *s = peer_send_of(it);

		if (kind == RTCPFB_IS_NACK)
			peer_send_on_nack(s, c, now_us);
		else if (kind == RTCPFB_IS_PLI)
			peer_send_on_key(s, media, false);
		for (unsigned i = 0;
		     kind == RTCPFB_IS_FIR && rtcpfb_fir(c, i, &f); i++)
			peer_send_on_key(s, f.ssrc, true);
	}
}

static void on_rtcp(struct peer *p, uint8_t *data, size_t len, uint64_t now_us)
{
	struct rtcp_sr sr;
	struct rtcp c;
	struct rd r;

	if (!peer_srtp_open_rtcp(p->srtp, data, &len)) {
		p->st.srtp_bad++;
		return;
	}
	r = rd_of(data, len);
	while (rtcp_next(&r, &c)) {
		if (c.pt == RTCP_SR && !rtcp_sr(&c, &sr))
			list_for_each (it, &p->recvs)
				peer_recv_on_sr(peer_recv_of(it), &sr, now_us);
		if (c.pt == RTCP_SR || c.pt == RTCP_RR)
			on_blocks(p, &c, now_us);
		else if (c.pt == RTCP_RTPFB || c.pt == RTCP_PSFB)
			on_feedback(p, &c, now_us);
	}
	p->st.rtcp_bad += r.bad;
}

void peer_input(struct peer *p, const uint8_t *data, size_t len,
		const struct addr *to, const struct addr *from, uint64_t now_us)
{
	uint8_t buf[PEER_MTU + 64];
	enum demux kind = demux_of(data, len);

	if (len > sizeof(buf) || !addr_eq(to, &p->ice.local))
		return;
	p->st.in++;
	p->st.in_bytes += len;
	if (kind == DEMUX_STUN) {
		on_stun(p, data, len, from, now_us);
	} else if (kind == DEMUX_DTLS && p->state >= PEER_HANDSHAKE) {
		peer_dtls_input(p->dtls, data, len);
		pump_dtls(p, now_us);
	} else if (p->state == PEER_CONNECTED) {
		memcpy(buf, data, len);
		if (kind == DEMUX_RTP)
			on_rtp(p, buf, len, now_us);
		else if (kind == DEMUX_RTCP)
			on_rtcp(p, buf, len, now_us);
	}
}

static void send_twcc(struct peer *p)
{
	struct twcc h = {.sender = p->ssrc, .media = p->twcc_media};
	size_t done = 0;

	qsort(p->arrival, p->n_arrivals, sizeof(p->arrival[0]), by_seq);
	if (p->n_arrivals && (int16_t)(p->arrival[0].seq - p->twcc_next) < 0)
		p->twcc_next = p->arrival[0].seq; /* it came late */
	h.base = p->twcc_next;
	while (done < p->n_arrivals) {
		uint8_t buf[PEER_RTCP_MAX];
		struct wr w = wr_of(buf, sizeof(buf));
		size_t took;

		h.fb_count = p->twcc_count++;
		took = twcc_build(&w, &h, p->arrival + done,
				  p->n_arrivals - done);
		if (!took)
			break;
		p->st.twcc_holes += h.count - took;
		peer_emit_rtcp(p, &w);
		done += took;
		h.base = (uint16_t)(h.base + h.count);
	}
	p->twcc_next = h.base;
	p->n_arrivals = 0;
}

static void send_reports(struct peer *p, uint64_t now_us)
{
	struct rtcp_block b[31];
	uint8_t buf[PEER_RTCP_MAX];
	struct wr w = wr_of(buf, sizeof(buf));
	uint32_t ssrcs[31];
	size_t n = 0;

	list_for_each (it, &p->sends)
		peer_send_report(peer_send_of(it), now_us);
	list_for_each (it, &p->recvs)
		if (n < 31 &&
		    peer_recv_block(peer_recv_of(it), &b[n], now_us)) {
			ssrcs[n] = b[n].ssrc;
			n++;
		}
	if (!n)
		return;
	rtcp_put_rr(&w, p->ssrc, b, n);
	rtcp_put_sdes_cname(&w, p->ssrc, "peer");
	if (p->remb_bps)
		rtcpfb_put_remb(&w, p->ssrc, p->remb_bps, ssrcs, n);
	peer_emit_rtcp(p, &w);
}

void peer_remb(struct peer *p, uint32_t bps)
{
	p->remb_bps = bps;
}

void peer_tick(struct peer *p, uint64_t now_us)
{
	struct peer_ice_msg msg;

	if (p->state == PEER_NEW || p->state == PEER_FAILED)
		return;
	peer_ice_tick(&p->ice, now_us, &msg);
	emit(p, msg.data, msg.len, &msg.to);
	if (p->state == PEER_HANDSHAKE &&
	    peer_dtls_deadline(p->dtls, now_us) <= now_us) {
		peer_dtls_tick(p->dtls);
		pump_dtls(p, now_us);
	}
	if (p->state != PEER_CONNECTED)
		return;
	list_for_each (it, &p->sends)
		peer_send_tick(peer_send_of(it), now_us);
	list_for_each (it, &p->recvs)
		peer_recv_tick(peer_recv_of(it), now_us);
	if (p->report_us <= now_us) {
		send_reports(p, now_us);
		p->report_us = now_us + PEER_REPORT_US;
	}
	if (p->twcc_us <= now_us) {
		if (!p->conf.no_twcc)
			send_twcc(p);
		p->twcc_us = now_us + PEER_TWCC_US;
		if (p->twcc_late_us)
			p->twcc_us +=
				rand_below(&p->rng, (uint32_t)p->twcc_late_us);
	}
}

void peer_slow_feedback(struct peer *p, uint64_t late_us)
{
	p->twcc_late_us = late_us;
}

static void earlier(uint64_t *due, uint64_t t)
{
	if (t < *due)
		*due = t;
}

uint64_t peer_deadline(const struct peer *p, uint64_t now_us)
{
	uint64_t due = p->ice.check_us;

	if (p->state == PEER_NEW || p->state == PEER_FAILED)
		return UINT64_MAX;
	if (p->state == PEER_HANDSHAKE)
		earlier(&due, peer_dtls_deadline(p->dtls, now_us));
	if (p->state != PEER_CONNECTED)
		return due;
	earlier(&due, p->report_us);
	earlier(&due, p->twcc_us);
	list_for_each (it, &p->sends)
		earlier(&due, peer_send_deadline(peer_send_of(it)));
	list_for_each (it, &p->recvs)
		earlier(&due, peer_recv_deadline(peer_recv_of(it)));
	return due;
}

void peer_restart_ice(struct peer *p, const char *ufrag, const char *pwd,
		      uint64_t now_us)
{
	peer_ice_restart(&p->ice, ufrag, pwd, now_us);
}

void peer_move(struct peer *p, const struct addr *local, uint64_t now_us)
{
	peer_ice_move(&p->ice, local, now_us);
}

void peer_mute_stun(struct peer *p, bool mute)
{
	p->ice.mute = mute;
}

void peer_close(struct peer *p, uint64_t now_us)
{
	uint8_t buf[PEER_RTCP_MAX];
	struct wr w = wr_of(buf, sizeof(buf));

	rtcp_put_rr(&w, p->ssrc, NULL, 0);
	list_for_each (it, &p->sends)
		peer_send_bye(peer_send_of(it), &w);
	peer_emit_rtcp(p, &w);
	peer_dtls_close(p->dtls);
	pump_dtls(p, now_us);
	p->state = PEER_NEW;
}
