#include "mediad/control/notify.h"

#include <stdio.h>

#include "common/list.h"
#include "mediad/bwe/bwe.h"
#include "mediad/path/link.h"
#include "mediad/path/room.h"
#include "mediad/path/worker.h"
#include "mediad/sfu/consumer.h"
#include "mediad/sfu/producer.h"
#include "mediad/sfu/router.h"
#include "mediad/sfu/speaker.h"
#include "mediad/sfu/transport.h"

#define VOLUMES_MAX 64

Media__DtlsState notify_dtls_state(enum dtls_state s)
{
	switch (s) {
	case DTLS_CONNECTING:
		return MEDIA__DTLS_STATE__DTLS_CONNECTING;
	case DTLS_CONNECTED:
		return MEDIA__DTLS_STATE__DTLS_CONNECTED;
	case DTLS_CLOSED:
		return MEDIA__DTLS_STATE__DTLS_CLOSED;
	case DTLS_FAILED:
		return MEDIA__DTLS_STATE__DTLS_FAILED;
	case DTLS_NEW:
		break;
	}
	return MEDIA__DTLS_STATE__DTLS_NEW;
}

/* ---- one function an event: fills k->out, returns the event's number ---- */

static uint32_t transport_state(struct control *k, struct transport *t)
{
	const struct link *l = link_of(t);
	Media__TransportState m = MEDIA__TRANSPORT_STATE__INIT;
	char addr[ADDR_STRLEN], remote[ADDR_STRLEN + 8];

	m.id = t->id;
	m.ice = (Media__IceState)l->ice.state;
	m.dtls = notify_dtls_state(dtls_state(l->dtls));
	if (l->srtp)
		m.srtp_profile = (char *)(uintptr_t)srtp_profile_name(
			srtp_session_profile(l->srtp));
	if (l->out) {
		snprintf(remote, sizeof(remote), "%s/%s",
			 addr_str(&l->out->tuple.remote, addr),
			 l->out->tuple.proto == TUPLE_TCP ? "tcp" : "udp");
		m.remote = remote;
	}
	control_answer(k, &m.base);
	return MEDIA__EVENT__TRANSPORT_STATE;
}

static uint32_t downlink(struct control *k, struct transport *t)
{
	Media__DownlinkBwe m = MEDIA__DOWNLINK_BWE__INIT;

	m.id = t->id;
	m.available = transport_available_bps(t);
	m.desired = transport_desired_bps(t);
	m.effective_desired = m.desired < m.available ? m.desired : m.available;
	if (t->bwe) {
		m.has_loss = true;
		m.loss = bwe_loss(t->bwe);
	}
	control_answer(k, &m.base);
	return MEDIA__EVENT__DOWNLINK_BWE;
}

static uint32_t score_of_producer(struct control *k, struct producer *p)
{
	Media__ProducerScore m = MEDIA__PRODUCER_SCORE__INIT;
	Media__StreamScore s[PRODUCER_MAX_STREAMS];
	Media__StreamScore *list[PRODUCER_MAX_STREAMS];

	m.id = p->id;
	m.scores = list;
	for (uint8_t i = 0; i < p->n_streams; i++) {
		const char *rid = p->rtp.encodings[i].rid;

		if (!p->streams[i].live)
			continue;
		list[m.n_scores] = &s[m.n_scores];
		media__stream_score__init(&s[m.n_scores]);
		s[m.n_scores].encoding = i;
		s[m.n_scores].ssrc = p->streams[i].recv.ssrc;
		s[m.n_scores].rid = *rid ? (char *)(uintptr_t)rid : NULL;
		s[m.n_scores].score = p->streams[i].recv.score;
		m.n_scores++;
	}
	control_answer(k, &m.base);
	return MEDIA__EVENT__PRODUCER_SCORE;
}

static uint32_t layers_wanted(struct control *k, struct producer *p)
{
	Media__LayersWanted m = MEDIA__LAYERS_WANTED__INIT;

	m.id = p->id;
	m.max_spatial = p->wanted;
	control_answer(k, &m.base);
	return MEDIA__EVENT__LAYERS_WANTED;
}

static uint32_t score_of_consumer(struct control *k, struct consumer *c)
{
	Media__ConsumerScore m = MEDIA__CONSUMER_SCORE__INIT;
	uint32_t scores[PRODUCER_MAX_STREAMS];

	m.id = c->id;
	m.score = consumer_score(c);
	m.producer_score = producer_score(c->producer);
	m.producer_scores = scores;
	m.n_producer_scores = c->producer->n_streams;
	for (uint8_t i = 0; i < c->producer->n_streams; i++)
		scores[i] = c->producer->streams[i].recv.score;
	control_answer(k, &m.base);
	return MEDIA__EVENT__CONSUMER_SCORE;
}

static uint32_t layers(struct control *k, struct consumer *c)
{
	Media__ConsumerLayers m = MEDIA__CONSUMER_LAYERS__INIT;

	m.id = c->id;
	m.spatial = c->layers.current.s;
	m.temporal = c->layers.current.t;
	control_answer(k, &m.base);
	return MEDIA__EVENT__CONSUMER_LAYERS;
}

static uint32_t limit(struct control *k, struct consumer *c)
{
	Media__ConsumerLimit m = MEDIA__CONSUMER_LIMIT__INIT;

	m.id = c->id;
	m.reason = (Media__LimitReason)c->limit;
	control_answer(k, &m.base);
	return MEDIA__EVENT__CONSUMER_LIMIT;
}

static int volume_of(const struct router *r, uint64_t peer_id)
{
	list_for_each (it, &r->speaker.voices) {
		const struct speaker_voice *v =
			list_entry(it, struct speaker_voice, node);

		if (v->peer_id == peer_id)
			return speaker_volume(v);
	}
	return -127;
}

static uint32_t active_speaker(struct control *k, struct router *r)
{
	Media__ActiveSpeaker m = MEDIA__ACTIVE_SPEAKER__INIT;

	m.router_id = r->id;
	m.peer_id = r->speaker.peer_id;
	m.has_volume = 1;
	m.volume = volume_of(r, r->speaker.peer_id);
	control_answer(k, &m.base);
	return MEDIA__EVENT__ACTIVE_SPEAKER;
}

static uint32_t volumes(struct control *k, struct router *r)
{
	Media__Volumes m = MEDIA__VOLUMES__INIT;
	Media__PeerVolume v[VOLUMES_MAX];
	Media__PeerVolume *list[VOLUMES_MAX];

	m.router_id = r->id;
	m.volumes = list;
	list_for_each (it, &r->speaker.voices) {
		const struct speaker_voice *voice =
			list_entry(it, struct speaker_voice, node);

		if (m.n_volumes == VOLUMES_MAX)
			break;
		if (speaker_volume(voice) < SPEAKER_THRESHOLD)
			continue;
		list[m.n_volumes] = &v[m.n_volumes];
		media__peer_volume__init(&v[m.n_volumes]);
		v[m.n_volumes].peer_id = voice->peer_id;
		v[m.n_volumes].volume = speaker_volume(voice);
		m.n_volumes++;
	}
	control_answer(k, &m.base);
	return MEDIA__EVENT__VOLUMES;
}

/* ---- which -------------------------------------------------------------- */

static uint32_t of_router(struct control *k, struct note *n, uint16_t bit)
{
	struct router *r = list_entry(n, struct router, note);

	return bit == NOTE_SPEAKER   ? active_speaker(k, r)
	       : bit == NOTE_VOLUMES ? volumes(k, r)
				     : 0;
}

static uint32_t of_transport(struct control *k, struct note *n, uint16_t bit)
{
	struct transport *t = list_entry(n, struct transport, note);

	return bit == NOTE_STATE ? transport_state(k, t)
	       : bit == NOTE_BWE ? downlink(k, t)
				 : 0;
}

static uint32_t of_producer(struct control *k, struct note *n, uint16_t bit)
{
	struct producer *p = list_entry(n, struct producer, note);

	return bit == NOTE_SCORE    ? score_of_producer(k, p)
	       : bit == NOTE_WANTED ? layers_wanted(k, p)
				    : 0;
}

static uint32_t of_consumer(struct control *k, struct note *n, uint16_t bit)
{
	struct consumer *c = list_entry(n, struct consumer, note);

	return bit == NOTE_SCORE    ? score_of_consumer(k, c)
	       : bit == NOTE_LAYERS ? layers(k, c)
	       : bit == NOTE_LIMIT  ? limit(k, c)
				    : 0;
}

static uint32_t event_of(struct control *k, struct note *n, uint16_t bit)
{
	switch ((enum note_noun)n->noun) {
	case NOTE_ROUTER:
		return of_router(k, n, bit);
	case NOTE_TRANSPORT:
		return of_transport(k, n, bit);
	case NOTE_PRODUCER:
		return of_producer(k, n, bit);
	case NOTE_CONSUMER:
		return of_consumer(k, n, bit);
	}
	return 0;
}

bool notify_next(struct control *k, uint64_t now_us, uint32_t *event)
{
	struct note *n;
	uint16_t bits;

	k->now_us = now_us;
	while ((n = turn_noted(&k->w->turn, &bits))) {
		uint16_t bit = bits & (uint16_t)-bits;

		k->out_len = 0;
		*event = event_of(k, n, bit);
		/* One bit at a time: the others go back in line. */
		for (uint16_t rest = bits & (uint16_t)~bit; rest;
		     rest &= (uint16_t)(rest - 1))
			turn_note(&k->w->turn, n, rest & (uint16_t)-rest);
		if (*event)
			return true;
	}
	return false;
}

void notify_all(struct control *k)
{
	struct link *l;
	size_t pos = 0;

	while ((l = idmap_next(&k->w->links, &pos)))
		turn_note(&k->w->turn, &l->t->note, NOTE_STATE);
}
