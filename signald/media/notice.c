#include "signald/media/notice.h"

#include <string.h>

#include "common/str.h"

/* A worker may speak of what it carries alone. */
static bool is_on(const struct seat *s, const struct worker *w)
{
	return s->worker == w->index;
}

static struct transport *transport_of(struct media *m, const struct worker *w,
				      uint64_t id)
{
	struct transport *t = graph_transport(&m->graph, id);

	return t && is_on(t->seat, w) ? t : NULL;
}

static struct producer *producer_of(struct media *m, const struct worker *w,
				    uint64_t id)
{
	struct producer *p = graph_producer(&m->graph, id);

	return p && is_on(p->seat, w) ? p : NULL;
}

static struct consumer *consumer_of(struct media *m, const struct worker *w,
				    uint64_t id)
{
	struct consumer *c = graph_consumer(&m->graph, id);

	return c && is_on(c->seat, w) ? c : NULL;
}

static uint8_t score_of(uint32_t s)
{
	return (uint8_t)(s > 10 ? 10 : s);
}

static void transport_state(struct media *m, const struct worker *w,
			    const Media__TransportState *e)
{
	struct transport *t = transport_of(m, w, e->id);

	if (t)
		t->connected = e->dtls == MEDIA__DTLS_STATE__DTLS_CONNECTED;
}

static void producer_score(struct media *m, const struct worker *w,
			   const Media__ProducerScore *e)
{
	struct producer *p = producer_of(m, w, e->id);
	struct media_out *o;

	if (!p)
		return;
	o = media_out(m, MEDIA_PRODUCER_SCORE);
	o->peer = p->seat->id;
	o->id = p->id;
	for (size_t i = 0; i < e->n_scores && i < RTP_ENCODINGS_MAX; i++) {
		const Media__StreamScore *s = e->scores[i];
		uint8_t n = o->scores.n++;

		o->scores.v[n].encoding = (uint8_t)s->encoding;
		o->scores.v[n].ssrc = s->ssrc;
		o->scores.v[n].score = score_of(s->score);
		if (s->rid)
			(void)str_copy(o->scores.v[n].rid, RTP_RID_CAP, s->rid);
	}
}

static void consumer_score(struct media *m, const struct worker *w,
			   const Media__ConsumerScore *e)
{
	struct consumer *c = consumer_of(m, w, e->id);
	struct media_out *o;

	if (!c)
		return;
	c->score = score_of(e->score);
	c->producer_score = score_of(e->producer_score);
	c->n_scores = 0;
	for (size_t i = 0; i < e->n_producer_scores && i < RTP_ENCODINGS_MAX;
	     i++)
		c->scores[c->n_scores++] = score_of(e->producer_scores[i]);
	if (c->state != CONSUMER_ACCEPTED)
		return;
	o = media_out(m, MEDIA_CONSUMER_SCORE);
	o->peer = c->seat->id;
	o->id = c->id;
}

static void consumer_layers(struct media *m, const struct worker *w,
			    const Media__ConsumerLayers *e)
{
	struct consumer *c = consumer_of(m, w, e->id);
	struct media_out *o;

	if (!c)
		return;
	c->spatial = (int8_t)(e->spatial < 0 ? -1 : e->spatial & 7);
	c->temporal = (int8_t)(e->temporal < 0 ? -1 : e->temporal & 7);
	o = media_out(m, MEDIA_LAYERS);
	o->peer = c->seat->id;
	o->id = c->id;
	o->layers.spatial = e->spatial;
	o->layers.temporal = e->temporal;
}

static void consumer_limit(struct media *m, const struct worker *w,
			   const Media__ConsumerLimit *e)
{
	struct consumer *c = consumer_of(m, w, e->id);
	struct media_out *o;

	if (!c)
		return;
	c->limit = (uint8_t)(e->reason & 7);
	o = media_out(m, MEDIA_LIMIT);
	o->peer = c->seat->id;
	o->id = c->id;
	o->n = (int32_t)e->reason;
}

static void layers_wanted(struct media *m, const struct worker *w,
			  const Media__LayersWanted *e)
{
	struct producer *p = producer_of(m, w, e->id);
	struct media_out *o;

	if (!p)
		return;
	o = media_out(m, MEDIA_WANTED);
	o->peer = p->seat->id;
	o->id = p->id;
	o->layers.spatial = e->max_spatial;
}

/* The call that is at home in this router of this worker. */
static struct call *call_of(struct media *m, const struct worker *w,
			    uint64_t router)
{
	struct call *c;
	size_t pos = 0;

	while ((c = idmap_next(&m->graph.calls, &pos)))
		if (c->n_parts && c->part[0].router == router &&
		    c->part[0].worker == w->index)
			return c;
	return NULL;
}

static void active_speaker(struct media *m, const struct worker *w,
			   const Media__ActiveSpeaker *e)
{
	struct call *c = call_of(m, w, e->router_id);
	struct media_out *o;

	if (!c || (e->peer_id && !graph_seat(&m->graph, e->peer_id)))
		return;
	c->speaker = e->peer_id;
	o = media_out(m, MEDIA_SPEAKER);
	o->room = c->room;
	o->id = e->peer_id;
	o->n = e->volume;
}

static void volumes(struct media *m, const struct worker *w,
		    const Media__Volumes *e)
{
	struct call *c = call_of(m, w, e->router_id);
	struct media_out *o;

	if (!c || (c->silent && !e->n_volumes))
		return;
	c->silent = !e->n_volumes;
	o = media_out(m, MEDIA_VOLUMES);
	o->room = c->room;
	for (size_t i = 0; i < e->n_volumes && i < MEDIA_VOLUMES_MAX; i++) {
		int32_t v = e->volumes[i]->volume;

		o->volumes.peer[i] = e->volumes[i]->peer_id;
		o->volumes.volume[i] = (int8_t)(v < -127 ? -127
						: v > 0	 ? 0
							 : v);
		o->volumes.n++;
	}
}

static void downlink(struct media *m, const struct worker *w,
		     const Media__DownlinkBwe *e)
{
	struct transport *t = transport_of(m, w, e->id);
	struct media_out *o;

	if (!t)
		return;
	t->bwe.available = e->available;
	t->bwe.desired = e->desired;
	/* A hostile worker may say anything. */
	t->bwe.loss_permille =
		e->loss > 0 && e->loss <= 1 ? (uint16_t)(e->loss * 1000) : 0;
	o = media_out(m, MEDIA_BWE);
	o->peer = t->seat->id;
	o->id = t->id;
	o->bwe.available = e->available;
	o->bwe.desired = e->desired;
	o->bwe.effective = e->effective_desired;
}

static void load_rates(struct worker_load *l, const Media__WorkerStats *e,
		       uint64_t now_us)
{
	uint64_t us = now_us - l->at_us;
	uint64_t packets = e->packets_in + e->packets_out;
	uint64_t before = l->packets_in + l->packets_out;

	/* A worker that was born again counts from 0. */
	if (l->at_us && us && packets >= before && e->cpu_us >= l->cpu_us) {
		packets -= before;
		l->packets_s = packets * 1000000 / us;
		l->cpu_percent = (uint32_t)((e->cpu_us - l->cpu_us) * 100 / us);
	}
	l->at_us = now_us;
}

/* What becomes a label of a metric must not end it. */
static bool is_kebab(const char *s)
{
	return !s[strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-")];
}

static void worker_load(struct media *m, struct worker *w,
			const Media__WorkerStats *e)
{
	struct worker_load *l = &w->load;

	load_rates(l, e, m->now_us);
	w->unmeasured = 0;
	l->packets_in = e->packets_in;
	l->packets_out = e->packets_out;
	l->bytes_in = e->bytes_in;
	l->bytes_out = e->bytes_out;
	l->cpu_us = e->cpu_us;
	l->transports = e->transports;
	l->producers = e->producers;
	l->consumers = e->consumers;
	l->pool_size = e->pool_size;
	l->pool_used = e->pool_used;
	l->pool_peak = e->pool_peak;
	l->forward_p50_us = e->forward_p50_us;
	l->forward_p99_us = e->forward_p99_us;
	l->n_drops = 0;
	for (size_t i = 0; i < e->n_drops && i < WORKER_DROPS_MAX; i++) {
		if (!is_kebab(e->drops[i]->reason))
			continue;
		(void)str_copy(l->drops[i].reason, sizeof(l->drops[i].reason),
			       e->drops[i]->reason);
		l->drops[l->n_drops++].count = e->drops[i]->count;
	}
}

/* The type of an event's body, by Media__Event. */
static const ProtobufCMessageDescriptor *const types[] = {
	[MEDIA__EVENT__TRANSPORT_STATE] = &media__transport_state__descriptor,
	[MEDIA__EVENT__PRODUCER_SCORE] = &media__producer_score__descriptor,
	[MEDIA__EVENT__CONSUMER_SCORE] = &media__consumer_score__descriptor,
	[MEDIA__EVENT__CONSUMER_LAYERS] = &media__consumer_layers__descriptor,
	[MEDIA__EVENT__CONSUMER_LIMIT] = &media__consumer_limit__descriptor,
	[MEDIA__EVENT__LAYERS_WANTED] = &media__layers_wanted__descriptor,
	[MEDIA__EVENT__ACTIVE_SPEAKER] = &media__active_speaker__descriptor,
	[MEDIA__EVENT__VOLUMES] = &media__volumes__descriptor,
	[MEDIA__EVENT__DOWNLINK_BWE] = &media__downlink_bwe__descriptor,
	[MEDIA__EVENT__WORKER_LOAD] = &media__worker_stats__descriptor,
};

void notice_take(struct media *m, struct worker *w, const struct chan_msg *msg)
{
	const void *e;

	if (msg->method >= sizeof(types) / sizeof(*types) ||
	    !types[msg->method])
		return;
	e = chan_unpack(w->chan, types[msg->method], msg);
	if (!e)
		return;
	switch (msg->method) {
	case MEDIA__EVENT__TRANSPORT_STATE:
		transport_state(m, w, e);
		break;
	case MEDIA__EVENT__PRODUCER_SCORE:
		producer_score(m, w, e);
		break;
	case MEDIA__EVENT__CONSUMER_SCORE:
		consumer_score(m, w, e);
		break;
	case MEDIA__EVENT__CONSUMER_LAYERS:
		consumer_layers(m, w, e);
		break;
	case MEDIA__EVENT__CONSUMER_LIMIT:
		consumer_limit(m, w, e);
		break;
	case MEDIA__EVENT__LAYERS_WANTED:
		layers_wanted(m, w, e);
		break;
	case MEDIA__EVENT__ACTIVE_SPEAKER:
		active_speaker(m, w, e);
		break;
	case MEDIA__EVENT__VOLUMES:
		volumes(m, w, e);
		break;
	case MEDIA__EVENT__DOWNLINK_BWE:
		downlink(m, w, e);
		break;
	case MEDIA__EVENT__WORKER_LOAD:
		worker_load(m, w, e);
		break;
	default:
		break;
	}
}
