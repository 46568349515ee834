#include "mediad/sfu/pipe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define WANTED_US  1000000 /* told again each */
#define AGE_MAX_US 1000000 /* of a packet: older is not believed */

struct pipe_msg pipe_msg(const struct producer *p, enum pipe_kind kind)
{
	struct pipe_msg m = {.producer = p->id,
			     .version = PIPE_VERSION,
			     .kind = (uint8_t)kind};

	return m;
}

/* ---- the publisher's worker --------------------------------------------- */

struct outlet *pipe_outlet(const struct producer *p, uint32_t worker)
{
	for (uint8_t i = 0; i < p->n_outlets; i++)
		if (p->outlets[i].worker == worker)
			return &p->outlets[i];
	return NULL;
}

int pipe_add(struct producer *p, uint32_t worker, uint32_t generation)
{
	struct outlet *o = pipe_outlet(p, worker);
	struct outlet *v;

	if (o && o->generation == generation)
		return 0;
	if (!o) {
		if (p->n_outlets == PIPE_WORKERS)
			return -ENOSPC;
		v = realloc(p->outlets, (p->n_outlets + 1u) * sizeof(*v));
		if (!v)
			return -ENOMEM;
		p->outlets = v;
		o = &v[p->n_outlets++];
	}
	/* Video waits to be wanted; a voice always is. */
	*o = (struct outlet){.worker = worker,
			     .generation = generation,
			     .wanted =
				     p->kind == MEDIA_VIDEO ? -1 : LAYERS_ALL};
	return 0;
}

void pipe_del(struct producer *p, uint32_t worker, uint64_t now_us)
{
	struct outlet *o = pipe_outlet(p, worker);

	if (!o)
		return;
	*o = p->outlets[--p->n_outlets];
	producer_review(p, now_us);
}

bool pipe_sr(const struct producer *p, unsigned stream, struct pipe_msg *m)
{
	const struct recv_clock *c = &p->streams[stream].recv.clock;

	if (!c->ntp)
		return false;
	*m = pipe_msg(p, PIPE_SR);
	m->stream = (uint8_t)stream;
	m->at_us = c->recv_us;
	m->ntp = c->ntp;
	m->rtp = c->ts;
	return true;
}

void pipe_on_key(struct producer *p, unsigned stream, uint64_t now_us)
{
	if (stream < p->n_streams)
		producer_want_key(p, stream, now_us);
}

void pipe_on_wanted(struct producer *p, struct outlet *o, int wanted,
		    uint64_t now_us)
{
	if (wanted < -1)
		wanted = -1;
	if (wanted == o->wanted)
		return;
	o->wanted = (int8_t)wanted;
	/* What stops to cross begins anew when it is wanted again. */
	if (wanted < PRODUCER_MAX_STREAMS)
		o->begun &= (uint8_t)((1u << (wanted + 1)) - 1);
	producer_review(p, now_us);
}

/* ---- the viewers' worker ------------------------------------------------ */

static uint64_t believed(uint64_t at_us, uint64_t now_us)
{
	if (at_us > now_us)
		return now_us;
	return at_us + AGE_MAX_US < now_us ? now_us - AGE_MAX_US : at_us;
}

void pipe_begin(struct producer *p, const struct pipe_msg *m, uint64_t now_us)
{
	if (m->stream < p->n_streams)
		(void)producer_begin(p, m->stream, m->rtp, now_us);
}

void pipe_on_sr(struct producer *p, const struct pipe_msg *m, uint64_t now_us)
{
	if (m->stream < p->n_streams && p->streams[m->stream].live && m->ntp)
		transport_on_stream_sr(&p->streams[m->stream], m->ntp, m->rtp,
				       m->at_us < now_us ? m->at_us : now_us);
}

enum rx_verdict pipe_input(struct producer *p, const struct pipe_msg *m,
			   struct pkt *pkt, uint64_t now_us, struct rtp_rx *rx)
{
	pkt->recv_us = believed(m->at_us, now_us);
	return transport_input_piped(p, m->stream, pkt, now_us, rx);
}

static bool next_key(struct producer *p, uint64_t now_us, struct pipe_msg *m)
{
	for (unsigned i = 0; i < p->n_streams; i++) {
		if (!keyframe_take(&p->streams[i].keyframe, now_us))
			continue;
		*m = pipe_msg(p, PIPE_KEY);
		m->stream = (uint8_t)i;
		p->streams[i].plis++;
		return true;
	}
	return false;
}

static bool next_wanted(struct producer *p, uint64_t now_us, struct pipe_msg *m)
{
	if (p->tell_us > now_us)
		return false;
	p->tell_us = now_us + WANTED_US;
	*m = pipe_msg(p, PIPE_WANTED);
	m->wanted = p->wanted;
	return true;
}

bool pipe_next(struct transport *t, uint64_t now_us, struct pipe_msg *m)
{
	list_for_each (it, &t->producers) {
		struct producer *p =
			list_entry(it, struct producer, in_transport);

		if (next_wanted(p, now_us, m) || next_key(p, now_us, m))
			return true;
	}
	return false;
}

void pipe_again(struct transport *t, uint64_t now_us)
{
	list_for_each (it, &t->producers)
		list_entry(it, struct producer, in_transport)->tell_us = now_us;
	transport_due(t, now_us);
}
