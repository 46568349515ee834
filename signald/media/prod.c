#include "signald/media/prod.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/hex.h"
#include "common/log.h"
#include "common/str.h"
#include "common/sys/rng.h"
#include "signald/media/cons.h"
#include "signald/media/move.h"
#include "signald/media/ortc.h"
#include "signald/media/pipe.h"
#include "signald/media/rtppb.h"
#include "signald/room/types.h"

void prod_update_muted(struct media *m, struct seat *s)
{
	bool muted = graph_is_muted(s, SOURCE_MIC);
	struct media_out *o;

	if (muted == s->muted)
		return;
	s->muted = muted;
	o = media_out(m, MEDIA_MUTED);
	o->peer = s->id;
	o->on = muted;
}

void prod_set_cname(struct transport *t, struct rtp_params *params)
{
	if (!t->cname[0] && params->cname[0])
		(void)str_copy(t->cname, sizeof(t->cname), params->cname);
	if (!t->cname[0])
		hex_id(t->cname, rng_id());
	(void)str_copy(params->cname, sizeof(params->cname), t->cname);
}

static uint32_t random_ssrc(void)
{
	return ORTC_SSRC_MIN + rng_below(ORTC_SSRC_MAX - ORTC_SSRC_MIN);
}

/* A fresh producer, or the lost one that is brought back. */
static int take_producer(struct media *m, struct transport *t,
			 const struct prod_opts *opts, struct producer **out)
{
	struct producer *p;

	if (opts->revive) {
		p = graph_producer(&m->graph, opts->revive);
		if (!p || p->seat != t->seat || p->state != PRODUCER_LOST ||
		    p->kind != opts->kind)
			return -ENOENT;
		graph_move_producer(p, t);
		p->state = PRODUCER_ASKED;
		*out = p;
		return 0;
	}
	if (t->seat->n_producers >= m->conf.producers)
		return -ENOSPC;
	p = graph_add_producer(&m->graph, t, rng_id());
	if (!p)
		return -ENOMEM;
	p->app_data = strdup(opts->app_data);
	if (!p->app_data) {
		graph_del_producer(&m->graph, p);
		return -ENOMEM;
	}
	p->source = opts->source;
	p->kind = opts->kind;
	p->paused = opts->paused;
	*out = p;
	return 0;
}

/* As other workers may need it: without the label. */
static int keep_packed(struct producer *p, const Media__Produce *msg)
{
	Media__Produce bare = *msg;

	bare.has_label = false;
	free(p->packed);
	p->packed_len = media__produce__get_packed_size(&bare);
	p->packed = malloc(p->packed_len);
	if (!p->packed)
		return -ENOMEM;
	media__produce__pack(&bare, p->packed);
	return 0;
}

static void fill_produce(Media__Produce *msg, Media__RtpParameters *params,
			 const struct producer *p, const struct rtppb *rtp)
{
	media__produce__init(msg);
	*params = rtp->msg;
	msg->id = p->id;
	msg->transport_id = p->transport->id;
	msg->kind = rtppb_kind(p->kind);
	msg->type = rtppb_type(p->type);
	msg->rtp = params;
	msg->has_paused = msg->has_screen = true;
	msg->paused = p->paused;
	msg->screen = p->source == SOURCE_SCREEN;
}

int prod_keep(struct producer *p, const struct rtp_params *params,
	      const struct ortc_mapping *map)
{
	Media__RtpParameters pb;
	Media__Produce msg;
	struct rtppb rtp;

	rtppb_fill(&rtp, params, map);
	fill_produce(&msg, &pb, p, &rtp);
	return keep_packed(p, &msg);
}

static int ask_produce(struct media *m, struct producer *p,
		       const struct rtppb *rtp, const struct prod_opts *opts,
		       const struct media_ticket *ticket)
{
	Media__RtpParameters params;
	Media__Produce msg;
	int err;

	fill_produce(&msg, &params, p, rtp);
	err = keep_packed(p, &msg);
	if (err)
		return err;
	msg.has_label = opts->label_len > 0;
	msg.label.data = (uint8_t *)(uintptr_t)opts->label;
	msg.label.len = opts->label_len;
	err = media_ask(m, p->seat, MEDIA__METHOD__PRODUCE, &msg.base, p->id,
			ticket);
	/* A stand-in there becomes the producer, its viewers stay. */
	if (!err)
		pipe_forget(p, p->seat->worker);
	return err;
}

/* What viewers on other workers rely on: streams and codecs. */
static uint64_t shape_of(const struct rtp_params *p)
{
	uint64_t h = p->n_encodings;

	for (uint8_t i = 0; i < p->n_codecs; i++)
		h = h * 31 * 31 + p->codecs[i].mime * 31u + p->codecs[i].pt;
	return h;
}

/* It came back as something else: they begin anew. */
static void let_viewers_go(struct media *m, struct producer *p)
{
	list_for_each_safe (it, &p->consumers) {
		struct consumer *c = list_entry(it, struct consumer, pnode);

		if (c->state != CONSUMER_LOST)
			cons_drop(m, c, true);
	}
	pipe_end(m, p);
}

int prod_create(struct media *m, struct transport *t, struct rtp_params *params,
		const struct prod_opts *opts, const struct media_ticket *ticket)
{
	struct ortc_mapping map;
	enum rtp_type type;
	struct producer *p;
	struct rtppb rtp;
	uint64_t shape;
	int err;

	err = ortc_check_producer(opts->kind, params, &type);
	if (!err)
		err = ortc_mapping(&map, params, &m->caps, random_ssrc());
	if (!err)
		err = take_producer(m, t, opts, &p);
	if (err)
		return err;
	p->type = type;
	shape = shape_of(&p->tmpl);
	err = ortc_consumable(&p->tmpl, p->kind, params, &m->caps, &map);
	if (!err && p->piped && shape != shape_of(&p->tmpl))
		let_viewers_go(m, p);
	if (!err) {
		rtppb_fill(&rtp, params, &map);
		err = ask_produce(m, p, &rtp, opts, ticket);
	}
	if (err)
		prod_lose(m, p);
	return err;
}

void prod_lose(struct media *m, struct producer *p)
{
	if (!p->known) {
		prod_drop(m, p);
		return;
	}
	p->state = PRODUCER_LOST;
	graph_move_producer(p, NULL);
}

void prod_on_created(struct media *m, uint64_t id,
		     const struct media_out *reply)
{
	struct producer *p = graph_producer(&m->graph, id);

	if (!p)
		return;
	if (reply->reply.error) {
		log_warn("media", "no producer", "error=%d reason=%s",
			 -reply->reply.error, reply->reply.reason);
		if (p->state == PRODUCER_ASKED)
			prod_lose(m, p);
		return;
	}
	p->state = PRODUCER_LIVE;
	p->known = true;
	prod_update_muted(m, p->seat);
	pipe_again(m, p);
	if (p->kind == RTP_AUDIO && p->seat->call->n_parts)
		(void)pipe_reach(m, p, p->seat->call->part[0].worker);
	cons_offer_producer(m, p);
}

int prod_set_paused(struct media *m, struct producer *p, bool paused,
		    const struct media_ticket *ticket)
{
	uint32_t method = paused ? MEDIA__METHOD__PAUSE_PRODUCER
				 : MEDIA__METHOD__RESUME_PRODUCER;
	int err;

	move_tell_id(m, p->seat, method, p->id);
	/* A lost one is told when it comes back. */
	if (p->state == PRODUCER_LOST) {
		media_done(m, ticket, method, p->id, 0);
	} else {
		err = media_ask_id(m, p->seat, method, p->id, ticket);
		if (err)
			return err;
		pipe_ask(m, p, method);
	}
	if (p->paused == paused)
		return 0;
	p->paused = paused;
	list_for_each (it, &p->consumers) {
		struct consumer *c = list_entry(it, struct consumer, pnode);
		struct media_out *o;

		if (c->state == CONSUMER_ASKED)
			continue; /* the offer will say so */
		o = media_out(m, paused ? MEDIA_CONSUMER_PAUSED
					: MEDIA_CONSUMER_RESUMED);
		o->peer = c->seat->id;
		o->id = c->id;
	}
	prod_update_muted(m, p->seat);
	return 0;
}

void prod_pause_sources(struct media *m, struct seat *s, uint32_t sources)
{
	list_for_each (it, &s->producers) {
		struct producer *p = list_entry(it, struct producer, node);

		struct media_out *o;

		if (!(p->source & sources) || p->paused)
			continue;
		(void)prod_set_paused(m, p, true, NULL);
		o = media_out(m, MEDIA_PRODUCER_PAUSED);
		o->peer = s->id;
		o->id = p->id;
	}
}

void prod_drop(struct media *m, struct producer *p)
{
	struct seat *s = p->seat;

	list_for_each_safe (it, &p->consumers)
		cons_drop(m, list_entry(it, struct consumer, pnode), true);
	pipe_end(m, p);
	graph_del_producer(&m->graph, p);
	prod_update_muted(m, s);
}

void prod_close(struct media *m, struct producer *p)
{
	move_tell_id(m, p->seat, MEDIA__METHOD__CLOSE_PRODUCER, p->id);
	if (p->state != PRODUCER_LOST)
		(void)media_ask_id(m, p->seat, MEDIA__METHOD__CLOSE_PRODUCER,
				   p->id, NULL);
	prod_drop(m, p);
}
