#include "signald/media/place.h"

#include <errno.h>
#include <string.h>

#include "common/sys/rng.h"

/* Streams sent weigh most; an empty room counts a little, so rooms spread. */
static void weigh(const struct media *m, uint32_t load[WORKERS_MAX])
{
	struct call *c;
	size_t pos = 0;

	memset(load, 0, WORKERS_MAX * sizeof(*load));
	while ((c = idmap_next(&m->graph.calls, &pos))) {
		for (uint32_t i = 0; i < c->n_parts; i++)
			load[c->part[i].worker] += 4;
		list_for_each (it, &c->seats) {
			struct seat *s = list_entry(it, struct seat, node);

			if (s->worker != GRAPH_NOWHERE)
				load[s->worker] += s->n_consumers;
		}
	}
}

static bool takes(const struct media *m, uint32_t worker)
{
	return m->workers.w[worker].state == WORKER_UP;
}

/* GRAPH_NOWHERE: none takes anybody. */
static uint32_t least(const struct media *m, const uint32_t *load)
{
	uint32_t best = GRAPH_NOWHERE;

	for (uint32_t i = 0; i < WORKERS_MAX; i++)
		if (takes(m, i) &&
		    (best == GRAPH_NOWHERE || load[i] < load[best]))
			best = i;
	return best;
}

static uint32_t choose(const struct media *m, const struct call *c)
{
	uint32_t load[WORKERS_MAX];

	for (uint32_t i = 0; i < c->n_parts; i++)
		if (takes(m, c->part[i].worker))
			return c->part[i].worker;
	weigh(m, load);
	return least(m, load);
}

/* The worker that says who speaks in this room: the journal keeps it. */
static void tell_home(struct media *m, const struct call *c)
{
	struct media_out *o = media_out(m, MEDIA_PLACED);

	o->room = c->room;
	o->id = c->part[0].router;
	o->n = (int32_t)c->part[0].worker;
}

static int add_part(struct media *m, struct call *c, uint32_t worker)
{
	Media__CreateRouter msg = MEDIA__CREATE_ROUTER__INIT;
	struct part *at = graph_add_part(c, worker, rng_id());
	int err;

	if (!at)
		return -ENOSPC;
	msg.id = at->router;
	/* By this a later server finds the room again. */
	msg.has_label = true;
	msg.label.data = (uint8_t *)&c->room;
	msg.label.len = sizeof(c->room);
	err = media_ask_at(m, worker, MEDIA__METHOD__CREATE_ROUTER, &msg.base,
			   at->router);
	if (err) {
		graph_del_part(c, worker);
		return err;
	}
	if (c->n_parts == 1)
		tell_home(m, c);
	return 0;
}

int place_seat(struct media *m, struct seat *s)
{
	uint32_t worker;
	int err;

	if (s->worker != GRAPH_NOWHERE)
		return 0;
	worker = choose(m, s->call);
	if (worker == GRAPH_NOWHERE)
		return -ENOTCONN;
	err = graph_part(s->call, worker) ? 0 : add_part(m, s->call, worker);
	if (err)
		return err;
	s->worker = worker;
	return 0;
}

uint32_t place_count(const struct media *m, uint32_t worker)
{
	uint32_t n = 0;
	struct call *c;
	size_t pos = 0;

	while ((c = idmap_next(&m->graph.calls, &pos)))
		n += graph_part(c, worker) != NULL;
	return n;
}

void place_lost(struct media *m, struct call *c, uint32_t worker)
{
	bool home = c->n_parts && c->part[0].worker == worker;

	list_for_each (it, &c->seats) {
		struct seat *s = list_entry(it, struct seat, node);

		if (s->worker == worker)
			s->worker = GRAPH_NOWHERE;
	}
	graph_del_part(c, worker);
	if (home && c->n_parts)
		tell_home(m, c);
}

static void close_part(struct media *m, struct call *c, uint32_t worker)
{
	const struct part *at = graph_part(c, worker);

	if (!at)
		return;
	(void)media_ask_id_at(m, worker, MEDIA__METHOD__CLOSE_ROUTER,
			      at->router);
	place_lost(m, c, worker);
}

void place_leave(struct media *m, struct seat *s)
{
	uint32_t worker = s->worker;

	s->worker = GRAPH_NOWHERE;
	if (worker != GRAPH_NOWHERE && !graph_is_used(s->call, worker))
		close_part(m, s->call, worker);
}

void place_end(struct media *m, struct call *c)
{
	while (c->n_parts)
		close_part(m, c, c->part[c->n_parts - 1].worker);
}
