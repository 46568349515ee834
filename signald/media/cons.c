#include "signald/media/cons.h"

#include <errno.h>
#include <stdio.h>

#include "common/log.h"
#include "common/sys/rng.h"
#include "signald/media/mirror.h"
#include "signald/media/ortc.h"
#include "signald/media/pipe.h"
#include "signald/media/rtppb.h"

/* Our own SSRCs towards one receiver must differ, RTX included. */
static uint32_t fresh_ssrc(const struct transport *t)
{
	for (;;) {
		uint32_t ssrc = ORTC_SSRC_MIN +
				rng_below(ORTC_SSRC_MAX - ORTC_SSRC_MIN);
		bool taken = false;

		list_for_each (it, &t->consumers) {
			struct consumer *c =
				list_entry(it, struct consumer, tnode);

			if (ssrc + 1 >= c->ssrc && ssrc <= c->ssrc + 1)
				taken = true;
		}
		if (!taken)
			return ssrc;
	}
}

int cons_params(const struct consumer *c, struct rtp_params *out)
{
	int err = ortc_consumer(out, &c->producer->tmpl, c->seat->caps, true,
				c->ssrc);

	(void)snprintf(out->mid, sizeof(out->mid), "%s", c->mid);
	return err;
}

static int ask_consume(struct media *m, const struct consumer *c)
{
	Media__Consume msg = MEDIA__CONSUME__INIT;
	struct rtp_params params;
	struct rtppb rtp;
	int err = cons_params(c, &params);

	if (err)
		return err;
	rtppb_fill(&rtp, &params, NULL);
	msg.id = c->id;
	msg.transport_id = c->transport->id;
	msg.producer_id = c->producer->id;
	msg.rtp = &rtp.msg;
	msg.has_paused = true;
	msg.paused = true;
	return media_ask(m, c->seat, MEDIA__METHOD__CONSUME, &msg.base, c->id,
			 NULL);
}

static bool wanted(const struct seat *s, const struct producer *p)
{
	return s != p->seat && s->joined && s->caps &&
	       p->state == PRODUCER_LIVE && ortc_can_consume(&p->tmpl, s->caps);
}

/* The one that waits for a transport, or a new one; NULL: none is due. */
static struct consumer *due(struct media *m, struct transport *t,
			    struct producer *p)
{
	struct consumer *c = graph_consumer_of(t->seat, p);

	if (c && c->state != CONSUMER_LOST)
		return NULL;
	if (c) {
		graph_move_consumer(c, t);
		c->state = CONSUMER_ASKED;
		return c;
	}
	if (t->seat->n_consumers >= m->conf.consumers)
		return NULL;
	c = graph_add_consumer(&m->graph, t, p, rng_id());
	m->oom |= !c;
	return c;
}

static void offer(struct media *m, struct seat *s, struct producer *p)
{
	struct transport *t = graph_receiving(s);
	struct consumer *c;

	if (!t || mirror_is_adopting(m) || !wanted(s, p) ||
	    pipe_reach(m, p, s->worker))
		return;
	c = due(m, t, p);
	if (!c)
		return;
	c->ssrc = fresh_ssrc(t);
	(void)snprintf(c->mid, sizeof(c->mid), "%u", t->next_mid++);
	if (ask_consume(m, c))
		cons_lose(m, c);
}

void cons_offer_all(struct media *m, struct seat *s)
{
	if (!s->joined)
		return;
	list_for_each (it, &s->call->seats) {
		struct seat *other = list_entry(it, struct seat, node);

		list_for_each (jt, &other->producers)
			offer(m, s, list_entry(jt, struct producer, node));
	}
}

void cons_offer_producer(struct media *m, struct producer *p)
{
	list_for_each (it, &p->seat->call->seats)
		offer(m, list_entry(it, struct seat, node), p);
}

/* As its client said before the transport was lost. */
static void repeat_wants(struct media *m, struct consumer *c)
{
	const struct cons_viewport v = {c->wants.width, c->wants.height,
					c->wants.visible};

	if (c->wants.layers)
		(void)cons_set_layers(m, c, c->wants.spatial, c->wants.temporal,
				      NULL);
	if (c->wants.priority)
		(void)cons_set_priority(m, c, c->wants.priority, NULL);
	if (c->wants.viewport)
		(void)cons_set_viewport(m, c, &v, NULL);
}

void cons_on_created(struct media *m, uint64_t id,
		     const struct media_out *reply)
{
	struct consumer *c = graph_consumer(&m->graph, id);
	const Media__ConsumerInfo *info = reply->reply.msg;
	struct media_out *o;

	if (!c)
		return;
	if (reply->reply.error) {
		log_warn("media", "no consumer", "error=%d reason=%s",
			 -reply->reply.error, reply->reply.reason);
		cons_lose(m, c);
		return;
	}
	c->state = CONSUMER_OFFERED;
	if (c->known)
		repeat_wants(m, c);
	c->known = true;
	c->n_scores = 0;
	c->score = (uint8_t)info->score;
	c->producer_score = (uint8_t)info->producer_score;
	for (size_t i = 0; i < info->n_producer_scores && i < RTP_ENCODINGS_MAX;
	     i++)
		c->scores[c->n_scores++] = (uint8_t)info->producer_scores[i];
	o = media_out(m, MEDIA_NEW_CONSUMER);
	o->peer = c->seat->id;
	o->id = c->id;
}

void cons_accepted(struct media *m, struct consumer *c)
{
	if (c->state != CONSUMER_OFFERED)
		return;
	c->state = CONSUMER_ACCEPTED;
	if (!c->paused)
		(void)media_ask_id(m, c->seat, MEDIA__METHOD__RESUME_CONSUMER,
				   c->id, NULL);
}

int cons_set_paused(struct media *m, struct consumer *c, bool paused,
		    const struct media_ticket *ticket)
{
	uint32_t method = paused ? MEDIA__METHOD__PAUSE_CONSUMER
				 : MEDIA__METHOD__RESUME_CONSUMER;

	c->paused = paused;
	/* Not accepted yet: it is paused and resumes by itself, or not. */
	if (c->state != CONSUMER_ACCEPTED) {
		media_done(m, ticket, method, c->id, 0);
		return 0;
	}
	return media_ask_id(m, c->seat, method, c->id, ticket);
}

/* Keeps for later what cannot be asked now. */
static int ask_wanted(struct media *m, struct consumer *c, uint32_t method,
		      const ProtobufCMessage *msg,
		      const struct media_ticket *ticket)
{
	if (c->state != CONSUMER_LOST)
		return media_ask(m, c->seat, method, msg, c->id, ticket);
	media_done(m, ticket, method, c->id, 0);
	return 0;
}

int cons_set_layers(struct media *m, struct consumer *c, int spatial,
		    int temporal, const struct media_ticket *ticket)
{
	Media__SetPreferredLayers msg = MEDIA__SET_PREFERRED_LAYERS__INIT;

	c->wants.layers = true;
	c->wants.spatial = (int8_t)spatial;
	c->wants.temporal = (int8_t)temporal;
	msg.id = c->id;
	msg.spatial = spatial;
	msg.has_temporal = true;
	msg.temporal = temporal;
	return ask_wanted(m, c, MEDIA__METHOD__SET_PREFERRED_LAYERS, &msg.base,
			  ticket);
}

int cons_set_priority(struct media *m, struct consumer *c, uint32_t priority,
		      const struct media_ticket *ticket)
{
	Media__SetPriority msg = MEDIA__SET_PRIORITY__INIT;

	c->wants.priority = (uint8_t)priority;
	msg.id = c->id;
	msg.priority = priority;
	return ask_wanted(m, c, MEDIA__METHOD__SET_PRIORITY, &msg.base, ticket);
}

int cons_set_viewport(struct media *m, struct consumer *c,
		      const struct cons_viewport *v,
		      const struct media_ticket *ticket)
{
	Media__SetViewport msg = MEDIA__SET_VIEWPORT__INIT;

	c->wants.viewport = true;
	c->wants.width = (uint16_t)v->width;
	c->wants.height = (uint16_t)v->height;
	c->wants.visible = v->visible;
	msg.id = c->id;
	msg.width = v->width;
	msg.height = v->height;
	msg.visible = v->visible;
	return ask_wanted(m, c, MEDIA__METHOD__SET_VIEWPORT, &msg.base, ticket);
}

void cons_lose(struct media *m, struct consumer *c)
{
	if (!c->known) {
		cons_drop(m, c, false);
		return;
	}
	graph_move_consumer(c, NULL);
	c->state = CONSUMER_LOST;
}

void cons_drop(struct media *m, struct consumer *c, bool tell)
{
	if (tell && c->known) {
		struct media_out *o = media_out(m, MEDIA_CONSUMER_GONE);

		o->peer = c->seat->id;
		o->id = c->id;
	}
	graph_del_consumer(&m->graph, c);
}

void cons_close(struct media *m, struct consumer *c)
{
	if (c->state != CONSUMER_LOST)
		(void)media_ask_id(m, c->seat, MEDIA__METHOD__CLOSE_CONSUMER,
				   c->id, NULL);
	cons_drop(m, c, true);
}
