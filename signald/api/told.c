#include "signald/api/told.h"

#include "common/log.h"
#include "proto/lifeline.h"
#include "signald/api/api.h"
#include "signald/api/desk.h"
#include "signald/api/fx.h"
#include "signald/api/hubstate.h"
#include "signald/api/rtpjson.h"
#include "signald/api/wire.h"
#include "signald/media/call.h"
#include "signald/media/mirror.h"

static json_t *consumer(uint64_t id)
{
	return wire_put_id(json_object(), "consumerId", id);
}

static void new_consumer(struct hub *hub, const struct media_out *o)
{
	const struct consumer *c = graph_consumer(&hub->media->graph, o->id);

	if (!c || c->state != CONSUMER_OFFERED)
		return;
	/* An offer of the same over a transport that is lost is void. */
	desk_forget(hub, o->peer, c->id);
	desk_ask(hub, o->peer, "newConsumer", api_consume_offer(c), c->id);
}

static void consumer_gone(struct hub *hub, const struct media_out *o)
{
	desk_forget(hub, o->peer, o->id);
	fx_note(hub, o->peer, "consumerClosed", consumer(o->id));
}

static void producer_score(struct hub *hub, const struct media_out *o)
{
	json_t *list = json_array();
	json_t *data = wire_put_id(json_object(), "producerId", o->id);

	for (uint8_t i = 0; i < o->scores.n; i++) {
		json_t *v = wire_put_int(json_object(), "encodingIdx",
					 o->scores.v[i].encoding);

		v = wire_put_int(v, "ssrc", o->scores.v[i].ssrc);
		if (o->scores.v[i].rid[0])
			v = wire_put_str(v, "rid", o->scores.v[i].rid);
		v = wire_put_int(v, "score", o->scores.v[i].score);
		list = wire_add(list, v);
	}
	fx_note(hub, o->peer, "producerScore", wire_put(data, "score", list));
}

static void consumer_score(struct hub *hub, const struct media_out *o)
{
	const struct consumer *c = graph_consumer(&hub->media->graph, o->id);
	json_t *scores = json_array();
	json_t *score;

	for (uint8_t i = 0; c && i < c->n_scores; i++)
		scores = wire_add(scores, json_integer(c->scores[i]));
	score = wire_put_int(json_object(), "score", c ? c->score : 0);
	score = wire_put_int(score, "producerScore", c ? c->producer_score : 0);
	score = wire_put(score, "producerScores", scores);
	fx_note(hub, o->peer, "consumerScore",
		wire_put(consumer(o->id), "score", score));
}

static void layers(struct hub *hub, const struct media_out *o)
{
	json_t *data = consumer(o->id);

	/* Nothing is sent: mediasoup leaves both out. */
	if (o->layers.spatial >= 0) {
		data = wire_put_int(data, "spatialLayer", o->layers.spatial);
		data = wire_put_int(data, "temporalLayer", o->layers.temporal);
	}
	fx_note(hub, o->peer, "consumerLayersChanged", data);
}

const char *told_limit(int reason)
{
	static const char *const reasons[] = {
		[MEDIA__LIMIT_REASON__LIMIT_NONE] = "none",
		[MEDIA__LIMIT_REASON__LIMIT_SENDER] = "sender",
		[MEDIA__LIMIT_REASON__LIMIT_NETWORK] = "network",
		[MEDIA__LIMIT_REASON__LIMIT_VIEWPORT] = "viewport",
		[MEDIA__LIMIT_REASON__LIMIT_CPU] = "cpu",
		[MEDIA__LIMIT_REASON__LIMIT_HOST] = "host",
	};

	return reason >= 0 && reason < (int)(sizeof(reasons) / sizeof(*reasons))
		       ? reasons[reason]
		       : NULL;
}

static void limit(struct hub *hub, const struct media_out *o)
{
	const char *reason = told_limit(o->n);

	if (reason)
		fx_note(hub, o->peer, "consumerLimit",
			wire_put_str(consumer(o->id), "reason", reason));
}

static void wanted(struct hub *hub, const struct media_out *o)
{
	json_t *data = wire_put_id(json_object(), "producerId", o->id);

	fx_note(hub, o->peer, "producerLayersWanted",
		wire_put_int(data, "maxSpatialLayer", o->layers.spatial));
}

static void speaker(struct hub *hub, const struct media_out *o)
{
	const struct seat *s = graph_seat(&hub->media->graph, o->id);
	json_t *data = json_object();

	if (s) {
		data = wire_put_str(data, "peerId", s->pid);
		data = wire_put_int(data, "volume", o->n);
	} else {
		data = wire_put(data, "peerId", json_null());
	}
	fx_note_room(hub, o->room, "activeSpeaker", data);
}

static void volumes(struct hub *hub, const struct media_out *o)
{
	json_t *list = json_array();

	for (uint8_t i = 0; i < o->volumes.n; i++) {
		const struct seat *s =
			graph_seat(&hub->media->graph, o->volumes.peer[i]);
		json_t *v;

		if (!s)
			continue;
		v = wire_put_str(json_object(), "peerId", s->pid);
		list = wire_add(
			list, wire_put_int(v, "volume", o->volumes.volume[i]));
	}
	fx_passing_room(hub, o->room, "speakingPeers",
			wire_put(json_object(), "peerVolumes", list));
}

static void downlink(struct hub *hub, const struct media_out *o)
{
	json_t *data =
		wire_put_int(json_object(), "desiredBitrate", o->bwe.desired);

	data = wire_put_int(data, "effectiveDesiredBitrate", o->bwe.effective);
	fx_passing(hub, o->peer, "downlinkBwe",
		   wire_put_int(data, "availableBitrate", o->bwe.available));
}

/* The client closes the old transport, makes this one, produces again. */
static void rebuild(struct hub *hub, const struct media_out *o)
{
	const struct transport *t = graph_transport(&hub->media->graph, o->id);
	json_t *data =
		wire_put_str(json_object(), "reason", o->on ? "move" : "lost");
	json_t *v;

	if (!t) {
		json_decref(data);
		return;
	}
	v = api_transport_json(o->id, o->reply.msg);
	v = wire_put_id(v, "replaces", t->replaces);
	fx_note(hub, o->peer, "rebuild",
		wire_put(data, "transports", wire_add(json_array(), v)));
}

static void transport_closed(struct hub *hub, const struct media_out *o)
{
	fx_note(hub, o->peer, "transportClosed",
		wire_put_id(json_object(), "transportId", o->id));
}

/* The supervisor ends it. */
static void worker_empty(struct hub *hub, const struct media_out *o)
{
	const struct worker *w = &hub->media->workers.w[o->n];
	struct lifeline_msg m = {.type = LIFELINE_STOP};

	m.u.worker.index = w->index;
	m.u.worker.generation = w->generation;
	(void)lifeline_send(hub->lifeline, &m, NULL, 0);
}

static void muted(struct hub *hub, const struct media_out *o)
{
	struct event e = {.kind = EVENT_MUTED, .id = o->peer};

	e.muted.muted = o->on;
	hub_step(hub, &e);
}

static void placed(struct hub *hub, const struct media_out *o)
{
	struct event e = {.kind = EVENT_PLACED, .id = o->room};

	e.placed.worker = (uint32_t)o->n;
	e.placed.router = o->id;
	hub_step(hub, &e);
}

static void ring(const struct hub *hub, const struct media_out *o)
{
	struct lifeline_msg m = {.type = LIFELINE_RING};
	int err;

	for (int i = 0; i < 2; i++) {
		m.u.ring.index[i] = o->ring.index[i];
		m.u.ring.generation[i] = o->ring.generation[i];
	}
	err = lifeline_send(hub->lifeline, &m, NULL, 0);
	if (err)
		log_error("api", "no pipe", "workers=%u,%u error=%d",
			  o->ring.index[0], o->ring.index[1], -err);
}

/* Found in a worker after our own restart: does the journal know him? */
static void adopt_seat(struct hub *hub, const struct media_out *o)
{
	const struct peer *p = core_peer(hub->core, o->peer);
	struct seat *s = graph_seat(&hub->media->graph, o->peer);

	if (!p || !peer_is_in(p) || p->room->key != o->room) {
		call_stop(hub->media, o->peer);
		return;
	}
	if (s && p->joined)
		api_enter_rejoin(hub, p, s);
}

static void adopt_producer(struct hub *hub, const struct media_out *o)
{
	json_t *v = json_loads(o->adopt.label, 0, NULL);
	char app_data[WIRE_APP_DATA], unused[32];
	struct rtp_params params;
	struct mirror_producer p = {
		.id = o->id,
		.transport = o->adopt.transport,
		.kind = o->adopt.video ? RTP_VIDEO : RTP_AUDIO,
		.paused = o->on,
		.app_data = app_data,
		.params = &params,
	};
	struct wire w = wire_of(v);
	struct wire rtp = wire_obj(&w, "rtpParameters", WIRE_MUST);

	p.source = (uint32_t)wire_int(&w, "source", WIRE_MUST, 1, 15, 0);
	wire_app_data(&w, app_data, unused, sizeof(unused));
	if (w.bad || rtpjson_read_params(&params, &rtp, p.kind) ||
	    mirror_adopt(hub->media, &p))
		log_warn("api", "producer not adopted", "producer=%016llx",
			 (unsigned long long)o->id);
	json_decref(v);
}

void told_apply(struct hub *hub, const struct media_out *o)
{
	switch (o->kind) {
	case MEDIA_REPLY:
		dispatch_reply(hub, o);
		break;
	case MEDIA_NEW_CONSUMER:
		new_consumer(hub, o);
		break;
	case MEDIA_CONSUMER_GONE:
		consumer_gone(hub, o);
		break;
	case MEDIA_CONSUMER_PAUSED:
		fx_note(hub, o->peer, "consumerPaused", consumer(o->id));
		break;
	case MEDIA_CONSUMER_RESUMED:
		fx_note(hub, o->peer, "consumerResumed", consumer(o->id));
		break;
	case MEDIA_PRODUCER_PAUSED:
		fx_note(hub, o->peer, "producerPaused",
			wire_put_id(json_object(), "producerId", o->id));
		break;
	case MEDIA_PRODUCER_CLOSED:
		fx_note(hub, o->peer, "producerClosed",
			wire_put_id(json_object(), "producerId", o->id));
		break;
	case MEDIA_ADOPT_SEAT:
		adopt_seat(hub, o);
		break;
	case MEDIA_ADOPT_PRODUCER:
		adopt_producer(hub, o);
		break;
	case MEDIA_MUTED:
		muted(hub, o);
		break;
	case MEDIA_PLACED:
		placed(hub, o);
		break;
	case MEDIA_RING:
		ring(hub, o);
		break;
	case MEDIA_REBUILD:
		rebuild(hub, o);
		break;
	case MEDIA_TRANSPORT_CLOSED:
		transport_closed(hub, o);
		break;
	case MEDIA_WORKER_EMPTY:
		worker_empty(hub, o);
		break;
	case MEDIA_PRODUCER_SCORE:
		producer_score(hub, o);
		break;
	case MEDIA_CONSUMER_SCORE:
		consumer_score(hub, o);
		break;
	case MEDIA_LAYERS:
		layers(hub, o);
		break;
	case MEDIA_LIMIT:
		limit(hub, o);
		break;
	case MEDIA_WANTED:
		wanted(hub, o);
		break;
	case MEDIA_SPEAKER:
		speaker(hub, o);
		break;
	case MEDIA_VOLUMES:
		volumes(hub, o);
		break;
	case MEDIA_BWE:
		downlink(hub, o);
		break;
	}
}
