#include "signald/media/place.h"

#include <errno.h>

#include "common/log.h"
#include "common/sys/rng.h"

/* Streams sent weigh most; an empty room counts a little, so rooms spread. */
static uint64_t load_of(const struct media *m, const struct worker *w)
{
	uint64_t load = 0;
	struct call *c;
	size_t pos = 0;

	while ((c = idmap_next(&m->graph.calls, &pos)))
		if (c->router && c->worker == w->index)
			load += 4 + c->consumers;
	return load;
}

static struct worker *least(struct media *m)
{
	struct worker *best = NULL;
	uint64_t best_load = 0;

	for (uint32_t i = 0; i < WORKERS_MAX; i++) {
		struct worker *w = &m->workers.w[i];
		uint64_t load;

		if (w->state != WORKER_UP)
			continue;
		load = load_of(m, w);
		if (best && load >= best_load)
			continue;
		best = w;
		best_load = load;
	}
	return best;
}

int place_call(struct media *m, struct call *c)
{
	Media__CreateRouter msg = MEDIA__CREATE_ROUTER__INIT;
	struct media_out *o;
	struct worker *w;
	int err;

	if (c->router)
		return 0;
	w = least(m);
	if (!w)
		return -ENOTCONN;
	c->worker = w->index;
	c->router = rng_id();
	msg.id = c->router;
	/* By this a later server finds the room again. */
	msg.has_label = true;
	msg.label.data = (uint8_t *)&c->room;
	msg.label.len = sizeof(c->room);
	err = media_ask(m, c, MEDIA__METHOD__CREATE_ROUTER, &msg.base,
			c->router, NULL);
	if (err) {
		c->router = 0;
		return err;
	}
	o = media_out(m, MEDIA_PLACED);
	o->room = c->room;
	o->id = c->router;
	o->n = (int32_t)w->index;
	return 0;
}

uint32_t place_count(const struct media *m, uint32_t worker)
{
	uint32_t n = 0;
	struct call *c;
	size_t pos = 0;

	while ((c = idmap_next(&m->graph.calls, &pos)))
		n += c->router && c->worker == worker;
	return n;
}

void place_leave(struct media *m, struct call *c)
{
	if (c->router)
		(void)media_ask_id(m, c, MEDIA__METHOD__CLOSE_ROUTER, c->router,
				   NULL);
	c->router = 0;
}
