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
#define KEY_GAP_US 300000

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
	fwd_drop_lag(c);
	c->layers.current = (struct layers_pair){-1, -1};
	layers_tell(c);
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
	fwd_drop_lag(c);
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
