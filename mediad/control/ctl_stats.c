#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/sys/clock.h"
#include "mediad/bwe/bwe.h"
#include "mediad/control/ctl.h"
#include "mediad/control/notify.h"
#include "mediad/path/link.h"
#include "mediad/path/room.h"
#include "mediad/path/worker.h"
#include "mediad/sfu/consumer.h"
#include "mediad/sfu/producer.h"
#include "proto/media.pb-c.h"

#define SET(msg, field, value) ((msg)->field = (value), (msg)->has_##field = 1)

/* Borrowed for one answer: packing only reads it. */
static char *text(const char *s)
{
	return (char *)(uintptr_t)s;
}

/* ---- streams ------------------------------------------------------------ */

static Media__Codec codec_of(enum media_codec c)
{
	static const Media__Codec codecs[] = {
		[CODEC_OPUS] = MEDIA__CODEC__OPUS,
		[CODEC_MULTIOPUS] = MEDIA__CODEC__MULTIOPUS,
		[CODEC_PCMU] = MEDIA__CODEC__PCMU,
		[CODEC_PCMA] = MEDIA__CODEC__PCMA,
		[CODEC_G722] = MEDIA__CODEC__G722,
		[CODEC_RED] = MEDIA__CODEC__RED,
		[CODEC_VP8] = MEDIA__CODEC__VP8,
		[CODEC_VP9] = MEDIA__CODEC__VP9,
		[CODEC_H264] = MEDIA__CODEC__H264,
		[CODEC_AV1] = MEDIA__CODEC__AV1,
	};

	return codecs[c];
}

static void stream_kind(Media__StreamStats *m, const struct producer *p,
			uint8_t codec)
{
	SET(m, codec, codec_of(p->rtp.codecs[codec].codec));
	SET(m, kind,
	    p->kind == MEDIA_AUDIO ? MEDIA__MEDIA_KIND__AUDIO
				   : MEDIA__MEDIA_KIND__VIDEO);
}

struct received {
	Media__StreamStats msg[PRODUCER_MAX_STREAMS];
	Media__StreamStats *list[PRODUCER_MAX_STREAMS];
	uint32_t layers[PRODUCER_MAX_STREAMS][MEDIA_MAX_SID * MEDIA_MAX_TID];
	size_t n;
};

static void stream_layers(struct received *r, struct stream *s, size_t i,
			  uint64_t now_us)
{
	for (unsigned sid = 0; sid < MEDIA_MAX_SID; sid++)
		for (unsigned tid = 0; tid < MEDIA_MAX_TID; tid++)
			r->layers[i][sid * MEDIA_MAX_TID + tid] =
				recv_layer_bps(&s->recv, sid, tid, now_us);
	r->msg[i].layer_bitrate = r->layers[i];
	r->msg[i].n_layer_bitrate = MEDIA_MAX_SID * MEDIA_MAX_TID;
}

static void stream_received(struct received *r, struct stream *s,
			    uint64_t now_us)
{
	size_t i = r->n++;
	Media__StreamStats *m = &r->msg[i];
	struct producer *p = s->producer;
	const char *rid = p->rtp.encodings[s->index].rid;

	media__stream_stats__init(m);
	r->list[i] = m;
	stream_kind(m, p, s->codec);
	m->ssrc = s->recv.ssrc;
	m->rid = *rid ? text(rid) : NULL;
	SET(m, rtx_ssrc, s->rtx_ssrc);
	SET(m, packets, s->recv.packets);
	SET(m, bytes, s->recv.bytes);
	SET(m, packets_lost, s->recv.lost > 0 ? (uint64_t)s->recv.lost : 0);
	SET(m, fraction_lost, s->recv.fraction_lost / 256.0);
	SET(m, packets_discarded, s->recv.discarded);
	SET(m, packets_repaired, s->recv.repaired);
	SET(m, packets_retransmitted, s->rtx_packets);
	SET(m, rtx_packets_discarded, s->rtx_discarded);
	SET(m, nacks, s->nack.nacks);
	SET(m, nack_packets, s->nack.asked);
	SET(m, plis, s->plis);
	SET(m, firs, s->firs);
	SET(m, score, s->recv.score);
	SET(m, jitter, s->recv.jitter_q4 >> 4);
	if (p->transport->rtt_us && !p->transport->piped)
		SET(m, rtt_us, p->transport->rtt_us);
	SET(m, bitrate, rate_bps(&s->recv.rate, now_us));
	stream_layers(r, s, i, now_us);
}

static void streams_received(struct received *r, struct producer *p,
			     uint64_t now_us)
{
	r->n = 0;
	for (uint8_t i = 0; i < p->n_streams; i++)
		if (p->streams[i].live)
			stream_received(r, &p->streams[i], now_us);
}

int ctl_stats_producer(struct control *k, const void *msg)
{
	const Media__ObjectId *m = msg;
	struct producer *p = worker_producer(k->w, m->id);
	Media__ProducerStats out = MEDIA__PRODUCER_STATS__INIT;
	struct received r;

	if (!p)
		return control_fail(k, -ENOENT, "no-producer");
	streams_received(&r, p, k->now_us);
	out.id = p->id;
	out.streams = r.list;
	out.n_streams = r.n;
	return control_answer(k, &out.base);
}

static void stream_sent(Media__StreamStats *m, struct consumer *c,
			uint64_t now_us)
{
	struct send *s = &c->send;

	media__stream_stats__init(m);
	stream_kind(m, c->producer, 0);
	m->ssrc = c->ssrc;
	SET(m, rtx_ssrc, c->rtx_ssrc);
	SET(m, packets, s->rate.packets);
	SET(m, bytes, s->rate.bytes);
	SET(m, packets_lost, s->lost);
	SET(m, fraction_lost, s->fraction_lost / 256.0);
	SET(m, packets_retransmitted, s->retransmitted);
	SET(m, packets_repaired, s->repaired);
	SET(m, nacks, s->nacks);
	SET(m, nack_packets, s->nack_packets);
	SET(m, plis, s->plis);
	SET(m, firs, s->firs);
	SET(m, score, consumer_score(c));
	if (s->rtt_us)
		SET(m, rtt_us, s->rtt_us);
	SET(m, jitter, s->jitter);
	SET(m, bitrate, rate_bps(&s->rate, now_us));
}

int ctl_stats_consumer(struct control *k, const void *msg)
{
	const Media__ObjectId *m = msg;
	struct consumer *c = worker_consumer(k->w, m->id);
	Media__ConsumerStats out = MEDIA__CONSUMER_STATS__INIT;
	Media__StreamStats sent;
	struct received r;

	if (!c)
		return control_fail(k, -ENOENT, "no-consumer");
	stream_sent(&sent, c, k->now_us);
	streams_received(&r, c->producer, k->now_us);
	out.id = c->id;
	out.sent = &sent;
	out.received = r.list;
	out.n_received = r.n;
	SET(&out, spatial, c->layers.current.s);
	SET(&out, temporal, c->layers.current.t);
	SET(&out, limit, (Media__LimitReason)c->limit);
	SET(&out, allocated, c->allocated_bps);
	return control_answer(k, &out.base);
}

/* ---- transports --------------------------------------------------------- */

static void transport_rates(Media__TransportStats *m, struct transport *t,
			    uint64_t now_us)
{
	SET(m, rtp_bytes_received, t->rtp_in.bytes);
	SET(m, rtp_bytes_sent, t->rtp_out.bytes);
	SET(m, rtx_bytes_received, t->rtx_in.bytes);
	SET(m, rtx_bytes_sent, t->rtx_out.bytes);
	SET(m, probation_bytes_sent, t->probe_out.bytes);
	SET(m, rtp_recv_bitrate, rate_bps(&t->rtp_in, now_us));
	SET(m, rtp_send_bitrate, rate_bps(&t->rtp_out, now_us));
	SET(m, rtx_recv_bitrate, rate_bps(&t->rtx_in, now_us));
	SET(m, rtx_send_bitrate, rate_bps(&t->rtx_out, now_us));
	SET(m, probation_send_bitrate, rate_bps(&t->probe_out, now_us));
	SET(m, recv_bitrate, m->rtp_recv_bitrate + m->rtx_recv_bitrate);
	SET(m, send_bitrate,
	    m->rtp_send_bitrate + m->rtx_send_bitrate +
		    m->probation_send_bitrate);
	SET(m, max_incoming, t->max_incoming_bps);
	if (t->arrival.seq.set)
		SET(m, loss_received, t->arrival.loss);
	if (t->bwe) {
		SET(m, available_outgoing, transport_available_bps(t));
		SET(m, loss_sent, bwe_loss(t->bwe));
	}
	if (t->rtt_us)
		SET(m, rtt_us, t->rtt_us);
}

int ctl_stats_transport(struct control *k, const void *msg)
{
	const Media__ObjectId *id = msg;
	const struct link *l = idmap_get(&k->w->links, id->id);
	Media__TransportStats m = MEDIA__TRANSPORT_STATS__INIT;
	char local[ADDR_STRLEN], remote[ADDR_STRLEN];

	if (!l)
		return control_fail(k, -ENOENT, "no-transport");
	m.id = l->t->id;
	m.ice = (Media__IceState)l->ice.state;
	m.dtls = notify_dtls_state(dtls_state(l->dtls));
	if (l->out) {
		m.local = text(addr_str(&l->out->tuple.local, local));
		m.remote = text(addr_str(&l->out->tuple.remote, remote));
		SET(&m, tcp, l->out->tuple.proto == TUPLE_TCP);
	}
	if (l->srtp)
		m.srtp_profile =
			text(srtp_profile_name(srtp_session_profile(l->srtp)));
	SET(&m, bytes_received, l->bytes_in);
	SET(&m, bytes_sent, l->bytes_out);
	SET(&m, packets_received, l->packets_in);
	SET(&m, packets_sent, l->packets_out);
	SET(&m, dropped, l->dropped);
	transport_rates(&m, l->t, k->now_us);
	return control_answer(k, &m.base);
}

/* ---- the worker --------------------------------------------------------- */

static size_t drops(const struct worker *w, Media__DropCount *msg,
		    Media__DropCount **list)
{
	size_t n = 0;

	for (unsigned i = 0; i < DROP_COUNT; i++) {
		if (!w->stats.drops[i])
			continue;
		media__drop_count__init(&msg[n]);
		msg[n].reason = text(drop_name(i));
		msg[n].count = w->stats.drops[i];
		list[n] = &msg[n];
		n++;
	}
	return n;
}

static void inventory(const struct worker *w, Media__WorkerStats *m)
{
	const struct room *r;
	size_t pos = 0;

	m->routers = (uint32_t)w->rooms.n;
	m->transports = (uint32_t)w->links.n;
	while ((r = idmap_next(&w->rooms, &pos))) {
		m->producers += (uint32_t)r->router->producers.n;
		m->consumers += (uint32_t)r->router->consumers.n;
	}
}

int ctl_stats_worker(struct control *k, const void *msg)
{
	struct worker *w = k->w;
	Media__WorkerStats m = MEDIA__WORKER_STATS__INIT;
	struct hist forward;
	Media__DropCount drop[DROP_COUNT];
	Media__DropCount *list[DROP_COUNT];

	(void)msg;
	m.packets_in = w->stats.packets_in;
	m.packets_out = w->stats.packets_out;
	m.bytes_in = w->stats.bytes_in;
	m.bytes_out = w->stats.bytes_out;
	m.cpu_us = clock_cpu_us();
	inventory(w, &m);
	SET(&m, uptime_us, k->now_us - w->start_us);
	SET(&m, pool_size, w->pool->n);
	SET(&m, pool_used, w->pool->used);
	SET(&m, pool_peak, w->pool->peak);
	m.drops = list;
	m.n_drops = drops(w, drop, list);
	hist_recent_get(&w->forward, k->now_us, &forward);
	SET(&m, forward_p50_us, hist_quantile(&forward, 0.5));
	SET(&m, forward_p99_us, hist_quantile(&forward, 0.99));
	m.srtp_backend = text(srtp_env_backend(w->srtp));
	return control_answer(k, &m.base);
}
