#include "mediad/sfu/layers.h"

#include "mediad/sfu/consumer.h"
#include "mediad/sfu/producer.h"
#include "mediad/sfu/router.h"
#include "mediad/sfu/transport.h"

static int8_t least(int8_t a, int8_t b)
{
	return a < b ? a : b;
}

void layers_init(struct consumer *c, struct layers_pair preferred)
{
	const struct producer *p = c->producer;
	struct layers *l = &c->layers;

	l->n_s = p->n_streams > 1 ? p->n_streams : p->rtp.encodings[0].spatial;
	l->n_t = p->rtp.encodings[0].temporal;
	if (!l->n_s)
		l->n_s = 1;
	if (!l->n_t)
		l->n_t = 1;
	l->preferred = preferred;
	if (l->preferred.s < 0 || l->preferred.s >= l->n_s)
		l->preferred.s = (int8_t)(l->n_s - 1);
	if (l->preferred.t < 0 || l->preferred.t >= l->n_t)
		l->preferred.t = (int8_t)(l->n_t - 1);
	l->view = (struct layers_pair){LAYERS_ALL, LAYERS_ALL};
	l->cap = l->view;
	l->target = (struct layers_pair){-1, -1};
	l->current = l->target;
}

/*
 * The highest live encoding up to `max`; if only higher ones live, the
 * lowest of these; -1: none lives.
 */
static int8_t pick_stream(const struct producer *p, int8_t max)
{
	int8_t got = -1;

	for (int8_t i = 0; i < (int8_t)p->n_streams; i++) {
		if (!producer_alive(p, (unsigned)i))
			continue;
		if (i > max && got >= 0)
			break;
		got = i;
		if (i >= max)
			break;
	}
	return got;
}

static struct layers_pair pick(const struct consumer *c)
{
	const struct layers *l = &c->layers;
	struct layers_pair none = {-1, -1}, x;

	x.s = least(least(l->preferred.s, l->view.s), l->cap.s);
	x.t = least(least(l->preferred.t, l->view.t), l->cap.t);
	if (x.s < 0 || x.t < 0)
		return none;
	if (c->producer->n_streams > 1)
		x.s = pick_stream(c->producer, x.s);
	return x.s < 0 ? none : x;
}

bool layers_retarget(struct consumer *c, uint64_t now_us)
{
	struct layers *l = &c->layers;
	struct layers_pair x = pick(c);
	bool spatial = x.s != l->target.s;

	if (layers_eq(x, l->target))
		return false;
	l->target = x;
	consumer_refresh(c, now_us);
	/* Up in an SVC stream waits for a switch point; both need a key. */
	if (spatial && x.s >= 0 && c->flowing && x.s != l->current.s &&
	    (c->producer->n_streams > 1 || x.s > l->current.s))
		consumer_want_key(c, now_us);
	return true;
}

void layers_tell(struct consumer *c)
{
	if (!c->video || layers_eq(c->told, c->layers.current))
		return;
	c->told = c->layers.current;
	turn_note(c->transport->router->turn, &c->note, NOTE_LAYERS);
}

int8_t layers_use(const struct consumer *c)
{
	if (c->paused || !c->visible)
		return -1;
	return least(c->layers.preferred.s, c->layers.view.s);
}

/* The frame this packet belongs to was begun before. */
static bool same_frame(const struct consumer *c, const struct media *m)
{
	return c->frame_set && c->frame_ts == m->ts;
}

static bool pass_svc(struct consumer *c, const struct media *m)
{
	struct layers *l = &c->layers;

	if (l->target.s < l->current.s && !same_frame(c, m))
		l->current.s = l->target.s;
	if ((m->flags & MEDIA_KEY) && l->target.s > l->current.s)
		l->current.s = l->target.s;
	return (int)m->sid <= l->current.s;
}

bool layers_pass(struct consumer *c, const struct media *m)
{
	struct layers *l = &c->layers;

	if (c->producer->n_streams == 1 && l->n_s > 1 && !pass_svc(c, m))
		return false;
	if ((int)m->tid > l->target.t) {
		/* The rest of a frame that was begun goes on. */
		if (same_frame(c, m) && c->frame_passed)
			return true;
		if (l->current.t > l->target.t)
			l->current.t = l->target.t;
		return false;
	}
	if ((int)m->tid <= l->current.t)
		return true;
	/* Up: only where the upper layer may be entered. */
	if (!(m->flags & MEDIA_SWITCH) || !(m->flags & MEDIA_START))
		return false;
	l->current.t = (int8_t)m->tid;
	return true;
}
