#include "signald/media/place.h"

#include <errno.h>
#include <string.h>

#include "common/sys/rng.h"
#include "signald/media/mirror.h"

#define CPU_STEP     5	  /* percent: less is no difference */
#define PACKETS_STEP 5000 /* a second */
#define ROOM_PERCENT 1	  /* of a CPU, until it was measured */

/* What was measured last, in steps, so that noise does not decide. */
static uint64_t measured(const struct worker *w)
{
	uint64_t cpu = w->load.cpu_percent + w->unmeasured * ROOM_PERCENT;

	return (cpu / CPU_STEP) << 32 | w->load.packets_s / PACKETS_STEP;
}

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
	return m->workers.w[worker].state == WORKER_UP &&
	       !mirror_is_busy(m, worker);
}

static bool is_less(const struct media *m, const uint32_t *load, uint32_t a,
		    uint32_t b)
{
	uint64_t x = measured(&m->workers.w[a]), y = measured(&m->workers.w[b]);

	return x == y ? load[a] < load[b] : x < y;
}

/* GRAPH_NOWHERE: none takes anybody. */
static uint32_t least(const struct media *m, const uint32_t *load)
{
	uint32_t best = GRAPH_NOWHERE;

	for (uint32_t i = 0; i < WORKERS_MAX; i++)
		if (takes(m, i) &&
		    (best == GRAPH_NOWHERE || is_less(m, load, i, best)))
			best = i;
	return best;
}

bool place_elsewhere(const struct media *m, uint32_t worker)
{
	for (uint32_t i = 0; i < WORKERS_MAX; i++)
		if (i != worker && takes(m, i))
			return true;
	return false;
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
	m->workers.w[worker].unmeasured++;
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
	uint32_t at[] = {s->worker, s->left};

	s->worker = s->left = GRAPH_NOWHERE;
	for (int i = 0; i < 2; i++)
		if (!graph_is_used(s->call, at[i]))
			close_part(m, s->call, at[i]);
}

void place_release(struct media *m, struct call *c, uint32_t worker)
{
	if (!graph_is_used(c, worker))
		close_part(m, c, worker);
}

void place_end(struct media *m, struct call *c)
{
	while (c->n_parts)
		close_part(m, c, c->part[c->n_parts - 1].worker);
}
