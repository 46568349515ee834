#include "mediad/sfu/transport.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/timerq.h"
#include "mediad/bwe/bwe.h"
#include "mediad/sfu/rewrite.h"
#include "mediad/sfu/router.h"

#define INITIAL_BPS 600000

int transport_new(struct router *r, const struct transport_opts *o,
		  uint64_t now_us, struct transport **out)
{
	struct transport *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->id = o->id;
	t->peer_id = o->peer_id;
	t->router = r;
	t->rtcp_ssrc = o->rtcp_ssrc;
	t->max_incoming_bps = o->max_incoming_bps;
	t->initial_bps = o->initial_bps ? o->initial_bps : INITIAL_BPS;
	t->probe_seq = (uint16_t)(o->random & 0x7fff);
	t->probe_ts = o->random;
	list_init(&t->touched);
	list_init(&t->producers);
	list_init(&t->consumers);
	list_init(&t->lagging);
	turn_note_init(&t->note, NOTE_TRANSPORT);
	ssrcs_init(&t->ssrcs, o->random);
	pacer_init(&t->pacer, now_us);
	t->due_us = UINT64_MAX;
	t->piped = o->piped;
	t->connected = o->piped;
	t->rtcp_us =
		o->piped ? UINT64_MAX : timerq_round(now_us + TRANSPORT_RR_US);
	t->tick_us = timerq_round(now_us + TRANSPORT_TICK_US);
	t->alloc_us = UINT64_MAX;
	t->sr_us = UINT64_MAX;
	if (arrival_init(&t->arrival) < 0) {
		free(t);
		return -ENOMEM;
	}
	list_push(&r->transports, &t->in_router);
	r->n_transports++;
	*out = t;
	return 0;
}

void transport_free(struct transport *t)
{
	if (!t)
		return;
	while (!list_empty(&t->consumers))
		consumer_free(list_entry(t->consumers.next, struct consumer,
					 in_transport));
	while (!list_empty(&t->producers))
		producer_free(list_entry(t->producers.next, struct producer,
					 in_transport));
	list_del(&t->in_router);
	t->router->n_transports--;
	list_del(&t->touched);
	turn_note_drop(&t->note);
	arrival_fini(&t->arrival);
	ssrcs_fini(&t->ssrcs);
	bwe_free(t->bwe);
	free(t);
}

void transport_set_connected(struct transport *t, bool on, uint64_t now_us)
{
	if (t->connected == on)
		return;
	t->connected = on;
	list_for_each (it, &t->consumers)
		consumer_refresh(list_entry(it, struct consumer, in_transport),
				 now_us);
	transport_due(t, now_us);
}

struct consumer *transport_consumer(const struct transport *t, uint32_t ssrc)
{
	struct ssrcs_slot *s = ssrcs_get(&t->ssrcs, ssrc);

	return s ? s->consumer : NULL;
}

struct consumer *transport_video_consumer(const struct transport *t)
{
	list_for_each (it, &t->consumers) {
		struct consumer *c =
			list_entry(it, struct consumer, in_transport);

		if (c->video)
			return c;
	}
	return NULL;
}

/* The estimate begins with the first video that carries numbers for it. */
/* Will its receiver say what the way takes? */
static bool is_estimated(const struct consumer *c)
{
	return c->video && (c->plan.twcc_at || (c->remb && c->plan.ast_at));
}

void transport_on_consumer(struct transport *t, struct consumer *c,
			   uint64_t now_us)
{
	if (!t->bwe && is_estimated(c)) {
		t->bwe = bwe_new(t->initial_bps, (uint16_t)t->probe_ts, now_us);
		if (t->bwe)
			pacer_set(&t->pacer, t->initial_bps);
	}
	/* Nothing flows before the allocation at the end of the turn. */
	if (t->bwe && c->video)
		c->layers.cap = (struct layers_pair){-1, -1};
	transport_reallocate(t, now_us);
	transport_due(t, now_us);
}

/* What was granted on trust is not held back, but while a queue drains. */
void transport_pace(struct transport *t)
{
	uint32_t bps = bwe_pace(t->bwe);

	if (bps < t->granted_bps && bps >= bwe_estimate(t->bwe))
		bps = t->granted_bps;
	pacer_set(&t->pacer, bps);
}

void transport_want_sr(struct transport *t, struct consumer *c, uint64_t now_us)
{
	c->sr_us = now_us;
	t->sr_us = now_us;
	transport_due(t, now_us);
}

void transport_reallocate(struct transport *t, uint64_t now_us)
{
	if (!t->bwe)
		return;
	t->alloc_us = now_us;
	transport_due(t, now_us);
}

/* ---- packets out ------------------------------------------------------- */

static bool next_held_back(struct transport *t, uint64_t now_us, struct fwd *f)
{
	while (!list_empty(&t->lagging)) {
		struct consumer *c =
			list_entry(t->lagging.next, struct consumer, lag_node);

		if (!pacer_ready(&t->pacer, now_us))
			return false;
		if (!fwd_next(c, f))
			continue;
		/* The others' turn. */
		list_del(&c->lag_node);
		list_push(&t->lagging, &c->lag_node);
		return true;
	}
	return false;
}

static struct consumer *padded(const struct transport *t)
{
	list_for_each (it, &t->consumers) {
		struct consumer *c =
			list_entry(it, struct consumer, in_transport);

		if (c->video && c->synced && c->rtx_ssrc && c->plan.twcc_at)
			return c;
	}
	return NULL;
}

/* Padding goes out as RTX of some video, else under the probator's SSRC. */
static void padding(struct transport *t, struct fwd *f)
{
	struct consumer *c = padded(t);

	memset(f, 0, sizeof(*f));
	f->flags = FWD_PROBE;
	f->consumer = c;
	if (c) {
		f->ssrc = c->rtx_ssrc;
		f->seq = c->rtx_seq++;
		f->ts = c->out_ts;
		f->pt = c->rtx_pt[0];
		return;
	}
	f->ssrc = REWRITE_PROBATOR_SSRC;
	f->pt = REWRITE_PROBATOR_PT;
	f->seq = t->probe_seq++;
	f->ts = t->probe_ts;
}

bool transport_next(struct transport *t, uint64_t now_us, struct fwd *f)
{
	if (next_held_back(t, now_us, f))
		return true;
	if (!t->bwe || !t->connected ||
	    bwe_probe(t->bwe, now_us) < REWRITE_PROBE_LEN ||
	    !transport_video_consumer(t))
		return false;
	padding(t, f);
	return true;
}

static enum sentlog_kind kind_of(const struct fwd *f)
{
	if (f->flags & FWD_PROBE)
		return SENTLOG_PADDING;
	if (f->flags & FWD_RTX)
		return SENTLOG_RTX;
	return f->flags & FWD_AUDIO ? SENTLOG_AUDIO : SENTLOG_MEDIA;
}

void transport_sent(struct transport *t, const struct fwd *f, uint32_t len,
		    uint64_t now_us)
{
	struct consumer *c = f->consumer;

	if (!(f->flags & FWD_AUDIO))
		pacer_book(&t->pacer, len);
	if (t->bwe && (!c || c->plan.twcc_at))
		bwe_on_sent(t->bwe, (uint16_t)len, kind_of(f), now_us);
	if (f->flags & FWD_PROBE) {
		rate_add(&t->probe_out, len, now_us);
		return;
	}
	if (f->flags & (FWD_RTX | FWD_AGAIN)) {
		rate_add(&t->rtx_out, len, now_us);
		return;
	}
	rate_add(&t->rtp_out, len, now_us);
	send_on_packet(&c->send, f->ts, f->media ? f->media->pay_len : 0,
		       now_us);
}

/* ---- time -------------------------------------------------------------- */

void transport_touch(struct transport *t)
{
	if (list_empty(&t->touched))
		list_push(&t->router->turn->touched, &t->touched);
}

void transport_due(struct transport *t, uint64_t due_us)
{
	if (due_us >= t->due_us)
		return;
	t->due_us = due_us;
	transport_touch(t);
}

static void sooner(uint64_t *due, uint64_t x)
{
	if (x < *due)
		*due = x;
}

uint64_t transport_deadline(struct transport *t)
{
	uint64_t due = t->tick_us;

	if (t->connected) {
		sooner(&due, arrival_deadline(&t->arrival));
		sooner(&due, t->rtcp_us);
		sooner(&due, t->sr_us);
		if (!list_empty(&t->lagging))
			sooner(&due, pacer_deadline(&t->pacer));
	}
	list_for_each (it, &t->producers) {
		struct producer *p =
			list_entry(it, struct producer, in_transport);

		for (unsigned i = 0; t->connected && i < p->n_streams; i++) {
			sooner(&due, nack_deadline(&p->streams[i].nack));
			sooner(&due,
			       keyframe_deadline(&p->streams[i].keyframe));
		}
		if (t->piped)
			sooner(&due, p->tell_us);
	}
	if (t->bwe) {
		sooner(&due, bwe_deadline(t->bwe));
		sooner(&due, t->alloc_us);
	}
	t->due_us = due;
	return due;
}

/* A second's worth of mappings, and some. */
static void fit_ring(struct consumer *c, uint64_t now_us)
{
	uint64_t us = c->ring_us ? now_us - c->ring_us : 0;
	uint64_t sent = c->send.packets - c->ring_packets;
	uint32_t least = c->video ? 128 : 64;
	uint32_t per_s;
	uint32_t want;

	if (!c->ring_us)
		c->ring_us = now_us;
	if (us < 1000000)
		return;
	per_s = (uint32_t)(sent * 1000000 / us);
	want = (per_s + per_s / 8 + 63) / 64 * 64;
	c->ring_us = now_us;
	c->ring_packets = c->send.packets;
	if (want < least)
		want = least;
	if (want > 4096)
		want = 4096;
	/* Without memory the old one serves on. */
	if (want > c->map.cap || want * 2 < c->map.cap)
		(void)rtxmap_resize(&c->map, (uint16_t)want);
}

static void tick_consumer(struct consumer *c, uint64_t now_us)
{
	fit_ring(c, now_us);
	fwd_skip_lag(c, now_us);
	if (c->told_score == c->send.score)
		return;
	c->told_score = c->send.score;
	turn_note(c->transport->router->turn, &c->note, NOTE_SCORE);
}

void transport_tick(struct transport *t, uint64_t now_us)
{
	if (t->bwe && bwe_tick(t->bwe, now_us)) {
		transport_pace(t);
		transport_reallocate(t, now_us);
	}
	if (t->bwe && t->alloc_us <= now_us)
		transport_alloc(t, now_us);
	if (t->tick_us > now_us)
		return;
	t->tick_us = timerq_round(now_us + TRANSPORT_TICK_US);
	list_for_each (it, &t->consumers)
		tick_consumer(list_entry(it, struct consumer, in_transport),
			      now_us);
	list_for_each (it, &t->producers)
		producer_tick(list_entry(it, struct producer, in_transport),
			      now_us);
}

/* ---- settings and statistics ------------------------------------------- */

void transport_set_max_incoming(struct transport *t, uint32_t bps,
				uint64_t now_us)
{
	t->max_incoming_bps = bps;
	t->remb_us = now_us;
	transport_due(t, now_us);
}

void transport_set_speakers(struct transport *t, uint64_t pinned,
			    const uint64_t *order, unsigned n, uint64_t now_us)
{
	t->pinned_peer = pinned;
	t->n_order = (uint8_t)(n < TRANSPORT_ORDER ? n : TRANSPORT_ORDER);
	if (t->n_order)
		memcpy(t->order, order, t->n_order * sizeof(*order));
	transport_reallocate(t, now_us);
}

uint32_t transport_available_bps(const struct transport *t)
{
	return t->bwe ? bwe_estimate(t->bwe) : t->initial_bps;
}

uint32_t transport_desired_bps(const struct transport *t)
{
	return t->desired_bps;
}

static const char *const drop_names[RX_DROP_N] = {
	[RX_DROP_PARSE] = "rtp-malformed",
	[RX_DROP_SSRC] = "ssrc-unknown",
	[RX_DROP_PT] = "payload-type-unknown",
	[RX_DROP_PAUSED] = "producer-paused",
	[RX_DROP_RTX] = "rtx-of-nothing",
	[RX_DROP_STRAY] = "sequence-stray",
	[RX_DROP_OLD] = "too-old",
	[RX_DROP_CODEC] = "descriptor-malformed",
	[RX_DROP_SSRCS] = "too-many-ssrcs",
};

const char *transport_drop_name(enum rx_drop why)
{
	return why < RX_DROP_N ? drop_names[why] : "unknown";
}
