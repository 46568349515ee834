#include "mediad/sfu/fwd.h"

#include <string.h>

#include "mediad/sfu/consumer.h"
#include "mediad/sfu/producer.h"
#include "mediad/sfu/router.h"
#include "mediad/sfu/transport.h"

#define HOLES_MAX  48 /* a larger gap starts a new run */
#define AHEAD_MAX  64 /* packets that overtook their key frame */
#define LAG_MAX_US 500000

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
	layers_tell(c);
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

void fwd_drop_lag(struct consumer *c)
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
	fwd_drop_lag(c);
	c->synced = false;
	consumer_want_key(c, now_us);
}

/* What waits would soon be overwritten. */
static bool lag_full(const struct consumer *c)
{
	return c->lagging && lag_of(c) + HOLES_MAX + 2 >= c->map.cap;
}

enum fwd_verdict fwd_accept(struct consumer *c, const struct media *m,
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
		layers_tell(c);
	return v;
}

bool fwd_next(struct consumer *c, struct fwd *f)
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

void fwd_skip_lag(struct consumer *c, uint64_t now_us)
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

enum fwd_verdict fwd_resend(struct consumer *c, uint16_t seq, uint64_t now_us,
			    struct fwd *f)
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
