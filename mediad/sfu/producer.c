#include "mediad/sfu/producer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mediad/sfu/consumer.h"
#include "mediad/sfu/pipe.h"
#include "mediad/sfu/router.h"
#include "mediad/sfu/transport.h"
#include "mediad/wire/av1dd.h"

#define IDLE_US	     1500000 /* a simulcast stream is dead after it */
#define IDLE_DTX_US  5000000
#define AUDIO_SLOTS  64
#define VIDEO_SLOTS  256
#define WANT_LESS_US 5000000 /* a layer nobody wants is told after it */
#define PIPED_LESS_US                                                          \
	1000000 /* the same towards its worker, which waits, too */
#define WANT_ALL 127

static bool mid_taken(const struct transport *t, const char *mid)
{
	list_for_each (it, &t->producers) {
		struct producer *p =
			list_entry(it, struct producer, in_transport);

		if (strcmp(p->rtp.mid, mid) == 0)
			return true;
	}
	return false;
}

/* A stand-in lets nothing cross before somebody wants it. */
static int8_t first_wanted(const struct producer *p)
{
	return p->transport->piped && p->kind == MEDIA_VIDEO ? -1 : WANT_ALL;
}

static int bind_known(struct producer *p, uint64_t now_us)
{
	for (unsigned i = 0; i < p->n_streams; i++) {
		const struct rtpmap_encoding *e = &p->rtp.encodings[i];
		int err = 0;

		if (e->ssrc)
			err = producer_bind(p, i, e->ssrc, false, now_us);
		if (!err && e->ssrc && e->rtx_ssrc)
			err = producer_bind(p, i, e->rtx_ssrc, true, now_us);
		if (err)
			return err;
	}
	return 0;
}

static void init_streams(struct producer *p, const struct producer_opts *o)
{
	p->n_streams = o->rtp.n_encodings ? o->rtp.n_encodings : 1;
	for (unsigned i = 0; i < p->n_streams; i++) {
		struct stream *s = &p->streams[i];

		s->producer = p;
		s->index = (uint8_t)i;
		nack_init(&s->nack);
		keyframe_init(&s->keyframe);
		if (o->keyframe_gap_ms)
			s->keyframe.gap_us = o->keyframe_gap_ms * 1000;
	}
}

static void unbind(struct producer *p)
{
	struct ssrcs *all = &p->transport->ssrcs;

	for (unsigned i = 0; i < p->n_streams; i++) {
		struct stream *s = &p->streams[i];

		if (s->live && !p->transport->piped)
			ssrcs_del(all, s->recv.ssrc);
		if (s->rtx_ssrc)
			ssrcs_del(all, s->rtx_ssrc);
		s->rtx_ssrc = 0;
	}
}

static void leave_transport(struct producer *p)
{
	if (list_empty(&p->in_transport))
		return;
	list_del(&p->in_transport);
	p->transport->n_producers--;
}

static void enter_transport(struct producer *p, struct transport *t)
{
	p->transport = t;
	list_push(&t->producers, &p->in_transport);
	t->n_producers++;
	for (unsigned i = 1; i < EXT_N; i++)
		if (p->rtp.ext[i])
			t->ext[i] = p->rtp.ext[i];
}

int producer_new(struct transport *t, const struct producer_opts *o,
		 uint64_t now_us, struct producer **out)
{
	struct producer *p;
	int err;

	if (o->rtp.mid[0] && mid_taken(t, o->rtp.mid))
		return -EEXIST;
	p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->id = o->id;
	p->peer_id = o->peer_id;
	p->transport = t;
	p->kind = o->kind;
	p->type = o->type;
	p->paused = o->paused;
	p->screen = o->screen;
	p->rtp = o->rtp;
	p->wanted = first_wanted(p);
	list_init(&p->in_transport);
	turn_note_init(&p->note, NOTE_PRODUCER);
	if (p->kind == MEDIA_AUDIO)
		speaker_add(&t->router->speaker, &p->voice, p->peer_id);
	init_streams(p, o);
	err = idmap_put(&t->router->producers, p->id, p);
	if (err) {
		p->id = 0;
		producer_free(p);
		return err;
	}
	enter_transport(p, t);
	err = t->piped ? 0 : bind_known(p, now_us);
	if (err) {
		producer_free(p);
		return err;
	}
	*out = p;
	return 0;
}

static bool same_shape(const struct producer *p, const struct producer_opts *o)
{
	const struct rtpmap *a = &p->rtp, *b = &o->rtp;

	if (p->kind != o->kind || p->type != o->type ||
	    a->n_encodings != b->n_encodings || a->n_codecs != b->n_codecs)
		return false;
	for (unsigned i = 0; i < a->n_codecs; i++)
		if (a->codecs[i].codec != b->codecs[i].codec ||
		    a->codecs[i].mapped_pt != b->codecs[i].mapped_pt)
			return false;
	return true;
}

/* Nothing of it comes any more from where it came. */
static void end_streams(struct producer *p, uint64_t now_us)
{
	unbind(p);
	for (unsigned i = 0; i < p->n_streams; i++) {
		struct stream *s = &p->streams[i];

		if (s->live)
			producer_restart(p, i, now_us);
		s->live = false;
	}
	p->n_learnt = 0;
}

int producer_move(struct producer *p, struct transport *t,
		  const struct producer_opts *o, uint64_t now_us)
{
	if (!same_shape(p, o))
		return -EINVAL;
	if (o->rtp.mid[0] && mid_taken(t, o->rtp.mid))
		return -EEXIST;
	end_streams(p, now_us);
	leave_transport(p);
	p->rtp = o->rtp;
	enter_transport(p, t);
	p->wanted = first_wanted(p);
	p->tell_us = now_us;
	if (o->paused)
		producer_pause(p, now_us);
	else
		producer_resume(p, now_us);
	for (uint32_t i = 0; i < p->n_consumers; i++)
		layers_retarget(p->consumers[i], now_us);
	producer_review(p, now_us);
	return t->piped ? 0 : bind_known(p, now_us);
}

void producer_free(struct producer *p)
{
	struct transport *t;

	if (!p)
		return;
	t = p->transport;
	while (p->n_consumers)
		consumer_free(p->consumers[p->n_consumers - 1]);
	unbind(p);
	for (unsigned i = 0; i < p->n_streams; i++) {
		nack_fini(&p->streams[i].nack);
		rtxcache_fini(&p->streams[i].store);
		free(p->streams[i].dd);
	}
	leave_transport(p);
	if (p->id)
		idmap_del(&t->router->producers, p->id);
	if (p->kind == MEDIA_AUDIO)
		speaker_del(&t->router->speaker, &p->voice);
	turn_note_drop(&p->note);
	free(p->consumers);
	free(p->outlets);
	free(p->ctl);
	free(p);
}

/* ---- streams ----------------------------------------------------------- */

static int start(struct producer *p, struct stream *s, uint32_t ssrc)
{
	bool video = p->kind == MEDIA_VIDEO;

	if (!s->store.slots &&
	    rtxcache_init(&s->store, video ? VIDEO_SLOTS : AUDIO_SLOTS) < 0)
		return -ENOMEM;
	recv_init(&s->recv, ssrc, p->rtp.codecs[0].clock_rate);
	if (s->dd)
		s->dd->valid = false;
	return 0;
}

/* Takes the SSRC in the transport's table. */
static int claim(struct stream *s, uint32_t ssrc, bool rtx)
{
	struct ssrcs *all = &s->producer->transport->ssrcs;
	struct ssrcs_slot *slot;

	if (ssrcs_get(all, ssrc))
		return -EEXIST;
	if (s->producer->n_learnt >= PRODUCER_MAX_SSRCS)
		return -ENOSPC;
	slot = ssrcs_add(all, ssrc);
	if (!slot)
		return -ENOMEM;
	slot->stream = s;
	slot->rtx = rtx;
	s->producer->n_learnt++;
	return 0;
}

int producer_bind(struct producer *p, unsigned stream, uint32_t ssrc, bool rtx,
		  uint64_t now_us)
{
	struct stream *s = &p->streams[stream];
	uint32_t old = s->recv.ssrc;
	bool had = s->live;
	int err = claim(s, ssrc, rtx);

	if (err)
		return err;
	if (rtx) {
		if (s->rtx_ssrc)
			ssrcs_del(&p->transport->ssrcs, s->rtx_ssrc);
		s->rtx_ssrc = ssrc;
		s->rtx_seq.set = false;
		return 0;
	}
	if (had)
		ssrcs_del(&p->transport->ssrcs, old);
	err = producer_begin(p, stream, ssrc, now_us);
	if (err)
		ssrcs_del(&p->transport->ssrcs, ssrc);
	return err;
}

int producer_begin(struct producer *p, unsigned stream, uint32_t ssrc,
		   uint64_t now_us)
{
	struct stream *s = &p->streams[stream];
	bool had = s->live;
	int err = start(p, s, ssrc);

	if (err)
		return err;
	s->live = true;
	s->bound_us = now_us;
	if (had)
		producer_restart(p, stream, now_us);
	for (uint32_t i = 0; i < p->n_consumers; i++) {
		struct consumer *c = p->consumers[i];

		layers_retarget(c, now_us);
		/* It waited for a stream: this one may be in full flow. */
		if (!c->synced)
			consumer_want_key(c, now_us);
	}
	return 0;
}

void producer_restart(struct producer *p, unsigned stream, uint64_t now_us)
{
	struct stream *s = &p->streams[stream];

	nack_reset(&s->nack);
	rtxcache_clear(&s->store);
	for (uint8_t i = 0; i < p->n_outlets; i++)
		p->outlets[i].begun &= (uint8_t) ~(1u << stream);
	for (uint32_t i = 0; i < p->n_consumers; i++)
		consumer_on_restart(p->consumers[i], stream, now_us);
}

bool producer_alive(const struct producer *p, unsigned stream)
{
	const struct stream *s = &p->streams[stream];

	return s->live && s->recv.seq.set && !s->recv.inactive;
}

uint8_t producer_score(const struct producer *p)
{
	uint8_t best = 0;

	for (unsigned i = 0; i < p->n_streams; i++)
		if (producer_alive(p, i) && p->streams[i].recv.score > best)
			best = p->streams[i].recv.score;
	return best;
}

void producer_want_key(struct producer *p, unsigned stream, uint64_t now_us)
{
	struct stream *s = &p->streams[stream];

	if (p->kind != MEDIA_VIDEO || p->paused || !s->live)
		return;
	if (keyframe_want(&s->keyframe, now_us))
		transport_due(p->transport, keyframe_deadline(&s->keyframe));
}

/* ---- pause ------------------------------------------------------------- */

static void refresh_all(struct producer *p, uint64_t now_us)
{
	for (uint32_t i = 0; i < p->n_consumers; i++)
		consumer_refresh(p->consumers[i], now_us);
}

void producer_pause(struct producer *p, uint64_t now_us)
{
	if (p->paused)
		return;
	p->paused = true;
	p->voice.muted = true;
	for (unsigned i = 0; i < p->n_streams; i++) {
		nack_reset(&p->streams[i].nack);
		keyframe_came(&p->streams[i].keyframe, now_us);
	}
	refresh_all(p, now_us);
}

void producer_resume(struct producer *p, uint64_t now_us)
{
	if (!p->paused)
		return;
	p->paused = false;
	p->voice.muted = false;
	refresh_all(p, now_us);
}

/* ---- time -------------------------------------------------------------- */

static uint64_t idle_us(const struct producer *p)
{
	if (p->kind != MEDIA_VIDEO || p->n_streams < 2)
		return 0;
	return p->rtp.codecs[0].dtx ? IDLE_DTX_US : IDLE_US;
}

/*
 * Down slowly: a still picture may move again at once. Up soon, but by what
 * was there a second ago too: a key frame alone is not a rate.
 */
static uint32_t smooth(uint32_t old, uint32_t now, uint32_t past)
{
	uint32_t both = now < past ? now : past;

	if (!old)
		return now;
	if (both > old)
		return old + (both - old + 1) / 2;
	return now < old ? old - (old - now) / 12 : old;
}

static void measure(struct stream *s, uint64_t now_us)
{
	s->past = (uint8_t)((s->past + 1) % STREAM_PAST);
	for (unsigned i = 0; i < MEDIA_MAX_SID; i++)
		for (unsigned k = 0; k < MEDIA_MAX_TID; k++) {
			uint32_t *past = &s->past_bps[s->past][i][k];
			uint32_t now = recv_upto_bps(&s->recv, i, k, now_us);

			s->upto_bps[i][k] =
				smooth(s->upto_bps[i][k], now, *past);
			*past = now;
		}
}

void producer_tick(struct producer *p, uint64_t now_us)
{
	bool moved = false;

	for (unsigned i = 0; i < p->n_streams; i++) {
		struct stream *s = &p->streams[i];
		bool alive = producer_alive(p, i);

		if (!s->live)
			continue;
		rtxcache_tick(&s->store, now_us);
		if (p->paused)
			continue;
		if (p->kind == MEDIA_VIDEO)
			measure(s, now_us);
		if (recv_update_score(&s->recv, idle_us(p), now_us) &&
		    !p->transport->piped)
			turn_note(p->transport->router->turn, &p->note,
				  NOTE_SCORE);
		moved |= alive != producer_alive(p, i);
	}
	for (uint32_t i = 0; moved && i < p->n_consumers; i++)
		layers_retarget(p->consumers[i], now_us);
	producer_review(p, now_us);
}

static int8_t highest_wanted(const struct producer *p)
{
	int8_t max = -1;

	for (uint32_t i = 0; i < p->n_consumers; i++) {
		int8_t s = layers_use(p->consumers[i]);

		if (s > max)
			max = s;
	}
	for (uint8_t i = 0; i < p->n_outlets; i++)
		if (p->outlets[i].wanted > max)
			max = p->outlets[i].wanted;
	return max;
}

/* More is told at once, less after five seconds. */
void producer_review(struct producer *p, uint64_t now_us)
{
	int8_t want;

	if (p->kind != MEDIA_VIDEO)
		return;
	want = highest_wanted(p);
	if (want == p->wanted) {
		p->wanted_us = 0;
		return;
	}
	if (want < p->wanted) {
		if (!p->wanted_us)
			p->wanted_us =
				now_us + (p->transport->piped ? PIPED_LESS_US
							      : WANT_LESS_US);
		if (p->wanted_us > now_us)
			return;
	}
	p->wanted = want;
	p->wanted_us = 0;
	if (p->transport->piped) {
		p->tell_us = now_us;
		transport_due(p->transport, now_us);
		return;
	}
	turn_note(p->transport->router->turn, &p->note, NOTE_WANTED);
}
