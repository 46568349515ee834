#include "mediad/sfu/consumer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mediad/sfu/producer.h"
#include "mediad/sfu/rewrite.h"
#include "mediad/sfu/router.h"
#include "mediad/sfu/transport.h"

#define AUDIO_RING 64
#define VIDEO_RING 192
#define RING_STEP  64
#define HOLES_MAX  48 /* a larger gap starts a new run */
#define AHEAD_MAX  64 /* packets that overtook their key frame */
#define KEY_GAP_US 300000
#define TS_START   0

/* ---- life -------------------------------------------------------------- */

/* Which of our payload types a packet of the producer's codec i gets. */
static bool map_codecs(struct consumer *c, const struct rtpmap *mine)
{
	const struct rtpmap *his = &c->producer->rtp;
	bool any = false;

	for (unsigned i = 0; i < his->n_codecs; i++)
		for (unsigned k = 0; k < mine->n_codecs; k++) {
			if (mine->codecs[k].pt != his->codecs[i].mapped_pt)
				continue;
			c->pt[i] = mine->codecs[k].pt;
			c->rtx_pt[i] = mine->codecs[k].rtx_pt;
			c->nack |= mine->codecs[k].nack;
			c->remb |= mine->codecs[k].remb;
			any = true;
		}
	return any;
}

static int list_in_producer(struct consumer *c)
{
	struct producer *p = c->producer;

	if (p->n_consumers == p->cap_consumers) {
		uint32_t cap = p->cap_consumers ? p->cap_consumers * 2 : 8;
		struct consumer **v =
			realloc(p->consumers, cap * sizeof(struct consumer *));

		if (!v)
			return -ENOMEM;
		p->consumers = v;
		p->cap_consumers = cap;
	}
	c->place = p->n_consumers;
	p->consumers[p->n_consumers++] = c;
	return 0;
}

static int claim(struct consumer *c, uint32_t ssrc, bool rtx)
{
	struct ssrcs_slot *slot = ssrcs_add(&c->transport->ssrcs, ssrc);

	if (!slot)
		return -EEXIST;
	slot->consumer = c;
	slot->rtx = rtx;
	return 0;
}

static int claim_both(struct consumer *c, const struct rtpmap_encoding *e)
{
	int err = claim(c, e->ssrc, false);

	if (err)
		return err;
	c->ssrc = e->ssrc;
	if (!e->rtx_ssrc)
		return 0;
	err = claim(c, e->rtx_ssrc, true);
	if (!err)
		c->rtx_ssrc = e->rtx_ssrc;
	return err;
}

static void fill_in(struct consumer *c, const struct consumer_opts *o)
{
	c->id = o->id;
	c->video = c->producer->kind == MEDIA_VIDEO;
	c->paused = o->paused;
	c->priority = o->priority ? o->priority : 1;
	c->visible = true;
	c->rtx_seq = o->first_rtx_seq;
	c->out_ts = o->first_ts;
	c->cursor = o->first_seq;
	memcpy(c->ext, o->rtp.ext, sizeof(c->ext));
	memcpy(c->mid, o->rtp.mid, sizeof(c->mid));
	memcpy(c->cname, o->rtp.cname, sizeof(c->cname));
	send_init(&c->send, c->producer->rtp.codecs[0].clock_rate);
	layers_init(c, o->preferred);
	rewrite_plan(c);
}

static int enter(struct consumer *c, const struct consumer_opts *o)
{
	struct transport *t = c->transport;
	int err;

	if (!o->rtp.n_encodings || !map_codecs(c, &o->rtp))
		return -EINVAL;
	fill_in(c, o);
	err = rtxmap_init(&c->map, c->video ? VIDEO_RING : AUDIO_RING,
			  o->first_seq);
	if (!err)
		err = claim_both(c, &o->rtp.encodings[0]);
	if (!err)
		err = idmap_put(&t->router->consumers, c->id, c);
	if (err) {
		c->id = 0;
		return err;
	}
	err = list_in_producer(c);
	if (err)
		return err;
	list_push(&t->consumers, &c->in_transport);
	t->n_consumers++;
	return 0;
}

int consumer_new(struct transport *t, struct producer *p,
		 const struct consumer_opts *o, uint64_t now_us,
		 struct consumer **out)
{
	struct consumer *c = calloc(1, sizeof(*c));
	int err;

	if (!c)
		return -ENOMEM;
	c->transport = t;
	c->producer = p;
	c->place = UINT32_MAX;
	list_init(&c->in_transport);
	list_init(&c->lag_node);
	turn_note_init(&c->note, NOTE_CONSUMER);
	err = enter(c, o);
	if (err) {
		consumer_free(c);
		return err;
	}
	transport_on_consumer(t, c, now_us);
	layers_retarget(c, now_us);
	producer_review(p, now_us);
	*out = c;
	return 0;
}

static void leave_producer(struct consumer *c)
{
	struct producer *p = c->producer;

	if (c->place == UINT32_MAX)
		return;
	p->consumers[c->place] = p->consumers[--p->n_consumers];
	p->consumers[c->place]->place = c->place;
}

void consumer_free(struct consumer *c)
{
	struct transport *t;

	if (!c)
		return;
	t = c->transport;
	leave_producer(c);
	if (!list_empty(&c->in_transport)) {
		list_del(&c->in_transport);
		t->n_consumers--;
	}
	list_del(&c->lag_node);
	if (c->id)
		idmap_del(&t->router->consumers, c->id);
	if (c->ssrc)
		ssrcs_del(&t->ssrcs, c->ssrc);
	if (c->rtx_ssrc)
		ssrcs_del(&t->ssrcs, c->rtx_ssrc);
	turn_note_drop(&c->note);
	rtxmap_fini(&c->map);
	free(c->ctl);
	free(c);
}

/* ---- the packet's way -------------------------------------------------- */

static struct media *stored(const struct consumer *c,
			    const struct rtxmap_entry *e)
{
	if (e->stream >= c->producer->n_streams)
		return NULL;
	return rtxcache_get(&c->producer->streams[e->stream].store, e->in_seq);
}

static void describe(struct consumer *c, const struct rtxmap_entry *e,
		     const struct epoch *ep, const struct media *m,
		     uint16_t seq, struct fwd *f)
{
	f->consumer = c;
	f->media = e->flags & RTXMAP_EMPTY ? NULL : m;
	f->ssrc = c->ssrc;
	f->seq = seq;
	f->ts = m->ts + ep->ts_delta;
	f->pid = (uint16_t)((m->pid - e->pid_delta) & 0x7fff);
	f->tl0 = (uint8_t)(m->tl0 + ep->tl0_delta);
	f->pt = c->pt[m->pt];
	f->osn = 0;
	f->flags = (uint8_t)(((m->flags & MEDIA_MARKER) ||
					      (e->flags & RTXMAP_MARKER)
				      ? FWD_MARKER
				      : 0) |
			     (e->flags & RTXMAP_EMPTY ? FWD_EMPTY : 0) |
			     (c->video ? 0 : FWD_AUDIO));
}

static bool must_wait(struct consumer *c, uint64_t now_us)
{
	if (c->lagging)
		return true;
	if (!c->video || pacer_ready(&c->transport->pacer, now_us))
		return false;
	c->lagging = true;
	list_push(&c->transport->lagging, &c->lag_node);
	transport_due(c->transport, pacer_deadline(&c->transport->pacer));
	return true;
}

/* Numbers for what is missing in front of m. */
static void push_holes(struct consumer *c, const struct epoch *ep, int n)
{
	for (int i = 1; i <= n; i++) {
		struct rtxmap_entry *e = rtxmap_push(&c->map);

		e->in_seq = (uint16_t)(ep->last_in + i);
		e->pid_delta = c->pid_delta;
		e->stream = ep->stream;
	}
}

/* m is left out: numbers and picture ids close up over it. */
static enum fwd_verdict leave_out(struct consumer *c, const struct media *m)
{
	if ((m->flags & MEDIA_PID) && m->pay_len &&
	    (!c->drop_set || c->drop_pid != m->pid)) {
		c->drop_set = true;
		c->drop_pid = m->pid;
		c->pid_delta++;
	}
	return FWD_SKIP;
}

/* The last packet of the highest layer sent ends the picture. */
static bool ends_picture(const struct consumer *c, const struct media *m)
{
	return c->layers.n_s > 1 && c->producer->n_streams == 1 &&
	       (m->flags & MEDIA_END) && m->sid == c->layers.current.s;
}

/* m is the next of the running epoch, or further ahead. */
static enum fwd_verdict take(struct consumer *c, const struct media *m,
			     bool later, uint64_t now_us, struct fwd *f)
{
	struct epoch *ep = &c->epochs[c->epoch];
	struct rtxmap_entry *e;
	bool pass;

	push_holes(c, ep, seq_diff(m->seq, ep->last_in) - 1);
	ep->last_in = m->seq;
	/* Of sound only the loudest go out in a large room. */
	pass = m->pay_len &&
	       (c->video ? layers_pass(c, m) : c->producer->voice.loud);
	c->frame_set = true;
	c->frame_ts = m->ts;
	c->frame_passed = pass;
	if (!pass) {
		epoch_advance(ep, c->map.head);
		return leave_out(c, m);
	}
	e = rtxmap_push(&c->map);
	e->in_seq = m->seq;
	e->pid_delta = c->pid_delta;
	e->stream = m->stream;
	e->flags = RTXMAP_READY;
	if (ends_picture(c, m))
		e->flags |= RTXMAP_MARKER;
	epoch_advance(ep, c->map.head);
	c->frame_open =
		!((m->flags & MEDIA_MARKER) || (e->flags & RTXMAP_MARKER));
	c->out_pid = (uint16_t)(m->pid - c->pid_delta);
	c->out_tl0 = (uint8_t)(m->tl0 + ep->tl0_delta);
	c->out_ts = m->ts + ep->ts_delta;
	c->out_us = now_us;
	if (later || must_wait(c, now_us))
		return FWD_LATER;
	e->flags |= RTXMAP_SENT;
	c->cursor = (uint16_t)(c->map.head + 1);
	describe(c, e, ep, m, c->map.head, f);
	return FWD_SEND;
}

/*
 * Is m of a layer that the viewer does not have? More temporal layers may be
 * entered at once, spatial ones at a key picture alone.
 */
static bool above_layers(const struct consumer *c, const struct media *m)
{
	const struct layers *l = &c->layers;
	bool svc = l->n_s > 1 && c->producer->n_streams == 1;

	if (!c->video)
		return false;
	return (m->tid > l->current.t && m->tid > l->target.t) ||
	       (svc && m->sid > l->current.s);
}

/*
 * Was nothing left out since the hole of this number? Then a picture id was
 * left open with it, and a receiver waits for that too.
 */
static bool id_is_open(const struct consumer *c, const struct media *m,
		       const struct rtxmap_entry *e, uint16_t out)
{
	const struct rtxmap_entry *next =
		rtxmap_get(&c->map, (uint16_t)(out + 1));
	bool svc = c->layers.n_s > 1 && c->producer->n_streams == 1;

	/* Of layers in one stream a picture id is of all of them. */
	return m->flags & MEDIA_PID && !svc &&
	       (next ? next->pid_delta : c->pid_delta) == e->pid_delta;
}

/* A packet that fills a hole of an epoch. */
static enum fwd_verdict fill_hole(struct consumer *c, const struct epoch *ep,
				  const struct media *m, struct fwd *f)
{
	struct rtxmap_entry *e;
	uint16_t out;

	if (seq_newer(ep->first_in, m->seq))
		return FWD_SKIP;
	e = epoch_find(c, ep, m->seq, &out);
	if (!e || e->flags & RTXMAP_READY || e->stream != m->stream)
		return FWD_SKIP;
	e->flags |= RTXMAP_READY;
	if (ends_picture(c, m))
		e->flags |= RTXMAP_MARKER;
	/* It should have been left out, but has a number now. */
	if (!m->pay_len || (above_layers(c, m) && !id_is_open(c, m, e, out)))
		e->flags |= RTXMAP_EMPTY;
	if (!seq_newer(c->cursor, out))
		return FWD_LATER;
	e->flags |= RTXMAP_SENT;
	describe(c, e, ep, m, out, f);
	return FWD_SEND;
}

/* Packets that overtook the key frame's first one wait in the store. */
static void take_ahead(struct consumer *c, const struct media *m,
		       uint64_t now_us)
{
	const struct rtxcache *s = &c->producer->streams[m->stream].store;
	int n = seq_diff(s->newest, m->seq);
	bool any = false;
	struct fwd f;

	for (int i = 1; i <= n && n <= AHEAD_MAX; i++) {
		const struct media *x = rtxcache_get(s, (uint16_t)(m->seq + i));

		if (x && !(x->flags & MEDIA_DUE))
			any |= take(c, x, true, now_us, &f) == FWD_LATER;
	}
	if (!any || c->lagging)
		return;
	c->lagging = true;
	list_push(&c->transport->lagging, &c->lag_node);
	transport_due(c->transport, now_us);
}

static void told_layers(struct consumer *c)
{
	if (!c->video || layers_eq(c->told, c->layers.current))
		return;
	c->told = c->layers.current;
	turn_note(c->transport->router->turn, &c->note, NOTE_LAYERS);
}

/* m is where the target can be entered: a key frame, or any audio. */
static enum fwd_verdict begin(struct consumer *c, const struct media *m,
			      uint64_t now_us, struct fwd *f)
{
	bool svc = c->producer->n_streams == 1;
	enum fwd_verdict v;

	if (!m->pay_len)
		return FWD_SKIP;
	epoch_start(c, m, now_us);
	c->synced = true;
	c->drop_set = false;
	c->frame_set = false;
	c->layers.current.s = svc ? c->layers.target.s : (int8_t)m->stream;
	c->layers.current.t = c->layers.target.t;
	c->send.score = 10;
	/* A late receiver of the key frame syncs its clocks at once. */
	transport_want_sr(c->transport, c, now_us);
	v = take(c, m, false, now_us, f);
	take_ahead(c, m, now_us);
	told_layers(c);
	return v;
}

static const struct epoch *older(const struct consumer *c,
				 const struct media *m)
{
	const struct epoch *e =
		&c->epochs[(c->epoch + EPOCH_MAX - 1) % EPOCH_MAX];

	return e->set && e->stream == m->stream &&
			       !seq_newer(m->seq, e->last_in)
		       ? e
		       : NULL;
}

static bool wanted_stream(const struct consumer *c, const struct media *m)
{
	return c->producer->n_streams == 1 || m->stream == c->layers.target.s;
}

/* Numbers that wait. */
static uint16_t lag_of(const struct consumer *c)
{
	return (uint16_t)(c->map.head + 1 - c->cursor);
}

static void caught_up(struct consumer *c)
{
	c->lagging = false;
	list_del(&c->lag_node);
}

/* What waits is dropped; its numbers are free again. */
static void drop_lag(struct consumer *c)
{
	if (!c->lagging)
		return;
	rtxmap_rewind(&c->map, (uint16_t)(c->cursor - 1));
	caught_up(c);
}

static void skip_lag(struct consumer *c, uint64_t now_us)
{
	if (c->lagging)
		c->lagged += lag_of(c);
	drop_lag(c);
	c->synced = false;
	consumer_want_key(c, now_us);
}

/* What waits would soon be overwritten. */
static bool lag_full(const struct consumer *c)
{
	return c->lagging && lag_of(c) + HOLES_MAX + 2 >= c->map.cap;
}

enum fwd_verdict consumer_accept(struct consumer *c, const struct media *m,
				 uint64_t now_us, struct fwd *f)
{
	const struct epoch *ep = &c->epochs[c->epoch];
	int8_t s, t;
	int d;

	if (!c->flowing || !c->pt[m->pt])
		return FWD_SKIP;
	if (!c->synced || ep->stream != m->stream) {
		if (wanted_stream(c, m) && (m->flags & MEDIA_KEY))
			return begin(c, m, now_us, f);
		ep = c->synced ? older(c, m) : NULL;
		return ep ? fill_hole(c, ep, m, f) : FWD_SKIP;
	}
	d = seq_diff(m->seq, ep->last_in);
	if (d <= 0)
		return fill_hole(c, ep, m, f);
	if (d > HOLES_MAX || lag_full(c)) {
		/* Go on where it can be decoded. */
		skip_lag(c, now_us);
		return m->flags & MEDIA_KEY ? begin(c, m, now_us, f) : FWD_SKIP;
	}
	s = c->layers.current.s;
	t = c->layers.current.t;
	enum fwd_verdict v = take(c, m, false, now_us, f);
	if (c->layers.current.s != s || c->layers.current.t != t)
		told_layers(c);
	return v;
}

bool consumer_next(struct consumer *c, struct fwd *f)
{
	uint16_t end = (uint16_t)(c->map.head + 1);

	while (c->cursor != end) {
		uint16_t seq = c->cursor++;
		struct rtxmap_entry *e = rtxmap_get(&c->map, seq);
		const struct epoch *ep = epoch_of(c, seq);
		const struct media *m;

		if (!e || !ep || !(e->flags & RTXMAP_READY) ||
		    e->flags & RTXMAP_SENT)
			continue;
		m = stored(c, e);
		if (!m)
			continue;
		e->flags |= RTXMAP_SENT;
		describe(c, e, ep, m, seq, f);
		return true;
	}
	caught_up(c);
	return false;
}

#define LAG_MAX_US 500000

void consumer_skip_lag(struct consumer *c, uint64_t now_us)
{
	const struct rtxmap_entry *e;
	const struct media *m;

	if (!c->lagging)
		return;
	e = rtxmap_get(&c->map, c->cursor);
	m = e ? stored(c, e) : NULL;
	if (!m || m->pkt->recv_us + LAG_MAX_US <= now_us)
		skip_lag(c, now_us);
}

/* ---- retransmission ---------------------------------------------------- */

static bool resent_lately(struct consumer *c, struct rtxmap_entry *e,
			  uint64_t now_us)
{
	uint16_t now_ms = (uint16_t)((now_us / 1000) | 1);
	uint64_t rtt_ms = c->send.rtt_us / 1000;
	uint16_t gap = (uint16_t)(rtt_ms < 5 ? 5 : rtt_ms > 200 ? 200 : rtt_ms);

	if (e->resent_ms && (uint16_t)(now_ms - e->resent_ms) < gap)
		return true;
	c->send.repaired += !e->resent_ms;
	e->resent_ms = now_ms;
	return false;
}

/* Once: the number has no bytes yet that would have to be the same. */
static enum fwd_verdict resend_gap(struct consumer *c, struct rtxmap_entry *e,
				   uint16_t seq, struct fwd *f)
{
	e->flags = 0;
	memset(f, 0, sizeof(*f));
	f->consumer = c;
	f->ssrc = c->ssrc;
	f->seq = seq;
	f->ts = c->out_ts;
	f->pt = c->pt[0];
	f->flags = FWD_EMPTY;
	return FWD_SEND;
}

enum fwd_verdict consumer_resend(struct consumer *c, uint16_t seq,
				 uint64_t now_us, struct fwd *f)
{
	struct rtxmap_entry *e = rtxmap_get(&c->map, seq);
	const struct epoch *ep = epoch_of(c, seq);
	const struct media *m;
	bool rtx;

	c->send.nack_packets++;
	if (!c->nack || !e || !(e->flags & RTXMAP_SENT))
		return FWD_SKIP;
	if (e->stream == RTXMAP_NO_STREAM)
		return resend_gap(c, e, seq, f);
	m = stored(c, e);
	rtx = m && c->rtx_ssrc && c->rtx_pt[m->pt];
	/* Without RTX only what has the same bytes again may go out. */
	if (!m || !ep || e->flags & RTXMAP_EMPTY || (c->video && !rtx))
		return FWD_SKIP;
	if (c->video && pacer_owes(&c->transport->pacer, now_us))
		return FWD_SKIP;
	if (resent_lately(c, e, now_us) || !send_rtx_ok(&c->send, m->pay_len))
		return FWD_SKIP;
	describe(c, e, ep, m, seq, f);
	if (!rtx) {
		f->flags |= FWD_AGAIN;
		return FWD_SEND;
	}
	f->flags |= FWD_RTX;
	f->osn = seq;
	f->seq = c->rtx_seq++;
	f->ssrc = c->rtx_ssrc;
	f->pt = c->rtx_pt[m->pt];
	return FWD_SEND;
}

/* ---- key frames -------------------------------------------------------- */

void consumer_want_key(struct consumer *c, uint64_t now_us)
{
	int8_t s = c->layers.target.s;

	if (!c->video || !c->flowing || s < 0)
		return;
	producer_want_key(c->producer,
			  c->producer->n_streams > 1 ? (unsigned)s : 0, now_us);
}

/* One viewer's storm does not keep the others' merging busy. */
static void asked_for_key(struct consumer *c, uint64_t now_us)
{
	if (c->key_asked_us && c->key_asked_us + KEY_GAP_US > now_us)
		return;
	c->key_asked_us = now_us;
	consumer_want_key(c, now_us);
}

void consumer_on_pli(struct consumer *c, uint64_t now_us)
{
	c->send.plis++;
	asked_for_key(c, now_us);
}

void consumer_on_fir(struct consumer *c, uint8_t fir_seq, uint64_t now_us)
{
	if (c->fir_set && c->fir_seq == fir_seq)
		return;
	c->fir_set = true;
	c->fir_seq = fir_seq;
	c->send.firs++;
	asked_for_key(c, now_us);
}

/* ---- state ------------------------------------------------------------- */

static void stop(struct consumer *c)
{
	c->flowing = false;
	c->synced = false;
	drop_lag(c);
	c->layers.current = (struct layers_pair){-1, -1};
	told_layers(c);
}

void consumer_refresh(struct consumer *c, uint64_t now_us)
{
	bool flow = c->transport->connected && !c->paused && c->visible &&
		    !c->producer->paused && c->layers.target.s >= 0;

	if (flow == c->flowing)
		return;
	if (!flow) {
		stop(c);
		return;
	}
	c->flowing = true;
	consumer_want_key(c, now_us);
}

void consumer_on_restart(struct consumer *c, unsigned stream, uint64_t now_us)
{
	struct epoch *ep = &c->epochs[c->epoch];

	for (unsigned i = 0; i < EPOCH_MAX; i++)
		if (i != c->epoch && c->epochs[i].stream == stream)
			c->epochs[i].set = false;
	if (!c->synced || ep->stream != stream)
		return;
	drop_lag(c);
	c->synced = false;
	consumer_want_key(c, now_us);
}

void consumer_pause(struct consumer *c, uint64_t now_us)
{
	if (c->paused)
		return;
	c->paused = true;
	consumer_refresh(c, now_us);
	producer_review(c->producer, now_us);
	transport_reallocate(c->transport, now_us);
}

void consumer_resume(struct consumer *c, uint64_t now_us)
{
	if (!c->paused)
		return;
	c->paused = false;
	consumer_refresh(c, now_us);
	producer_review(c->producer, now_us);
	transport_reallocate(c->transport, now_us);
}

void consumer_set_preferred(struct consumer *c, struct layers_pair l,
			    uint64_t now_us)
{
	struct layers *all = &c->layers;

	if (l.s < 0 || l.s >= all->n_s)
		l.s = (int8_t)(all->n_s - 1);
	if (l.t < 0 || l.t >= all->n_t)
		l.t = (int8_t)(all->n_t - 1);
	all->preferred = l;
	layers_retarget(c, now_us);
	producer_review(c->producer, now_us);
	transport_reallocate(c->transport, now_us);
}

void consumer_set_priority(struct consumer *c, uint8_t prio, uint64_t now_us)
{
	c->priority = prio ? prio : 1;
	transport_reallocate(c->transport, now_us);
}

#define TOP_W 1280 /* of an encoding whose size is not known */
#define TOP_H 720

/* The lowest layer that still fills three quarters of the tile. */
static int8_t layer_for(const struct consumer *c, uint32_t w, uint32_t h)
{
	const struct producer *p = c->producer;
	int8_t top = (int8_t)(c->layers.n_s - 1);
	uint32_t tw = p->width ? p->width : TOP_W;
	uint32_t th = p->height ? p->height : TOP_H;

	for (int8_t s = 0; s < top; s++)
		if ((tw >> (top - s)) * 4 >= w * 3 ||
		    (th >> (top - s)) * 4 >= h * 3)
			return s;
	return top;
}

void consumer_set_viewport(struct consumer *c, uint16_t w, uint16_t h,
			   bool visible, uint64_t now_us)
{
	c->view_w = w;
	c->view_h = h;
	c->visible = visible;
	c->layers.view.s = LAYERS_ALL;
	/* Text on a shared screen is unreadable when it is scaled down. */
	if (w && h && !c->producer->screen)
		c->layers.view.s = layer_for(c, w, h);
	layers_retarget(c, now_us);
	consumer_refresh(c, now_us);
	producer_review(c->producer, now_us);
	transport_reallocate(c->transport, now_us);
}

uint8_t consumer_score(const struct consumer *c)
{
	return c->send.score;
}
