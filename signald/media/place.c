#include "signald/media/place.h"

#include <errno.h>
#include <string.h>

#include "common/sys/rng.h"
#include "signald/media/mirror.h"
#include "signald/media/pipe.h"
#include "signald/media/rebuild.h"

#define CPU_STEP     5	      /* percent: less is no difference */
#define PACKETS_STEP 5000     /* a second */
#define ROOM_PERCENT 1	      /* of a CPU, until it was measured */
#define YOUNG_US     5000000  /* who came lately has not begun yet */
#define HEIR_US	     30000000 /* so long a worker is new */
#define LIKELY_SENDS 2	      /* a microphone and a camera */

/* What was measured last, in steps, so that noise does not decide. */
static uint64_t measured(const struct worker *w)
{
	uint64_t cpu = w->load.cpu_percent + w->unmeasured * ROOM_PERCENT;

	return (cpu / CPU_STEP) << 32 | w->load.packets_s / PACKETS_STEP;
}

static bool is_young(const struct media *m, const struct seat *s)
{
	return s->placed_us + YOUNG_US > m->now_us;
}

/* Producers the seat has, or will have. */
static uint32_t sends(const struct media *m, const struct seat *s)
{
	uint32_t n = s->n_producers;

	return s->sends && is_young(m, s) && n < LIKELY_SENDS ? LIKELY_SENDS
							      : n;
}

/* Consumers the seat has, or will have: one of all that the others send. */
static uint32_t takes(const struct media *m, const struct seat *s,
		      uint32_t sent)
{
	uint32_t n = s->n_consumers;

	if (s->joined || is_young(m, s))
		n = sent > n ? sent : n;
	return n < m->conf.consumers ? n : m->conf.consumers;
}

static void weigh_call(const struct media *m, const struct call *c,
		       uint32_t load[WORKERS_MAX])
{
	uint32_t sent = 0;

	for (uint32_t i = 0; i < c->n_parts; i++)
		load[c->part[i].worker] += 4;
	list_for_each (it, &c->seats)
		sent += sends(m, list_entry(it, struct seat, node));
	list_for_each (jt, &c->seats) {
		const struct seat *s = list_entry(jt, struct seat, node);

		if (s->worker != GRAPH_NOWHERE)
			load[s->worker] += takes(m, s, sent - sends(m, s));
	}
}

/* Streams sent weigh most; an empty room counts a little, so rooms spread. */
static void weigh(const struct media *m, uint32_t load[WORKERS_MAX])
{
	const struct call *c;
	size_t pos = 0;

	memset(load, 0, WORKERS_MAX * sizeof(*load));
	while ((c = idmap_next(&m->graph.calls, &pos)))
		weigh_call(m, c, load);
}

static bool is_open(const struct media *m, uint32_t worker)
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
		if (is_open(m, i) &&
		    (best == GRAPH_NOWHERE || is_less(m, load, i, best)))
			best = i;
	return best;
}

uint32_t place_least(const struct media *m)
{
	uint32_t load[WORKERS_MAX];

	weigh(m, load);
	return least(m, load);
}

uint32_t place_heir(const struct media *m, uint32_t worker)
{
	const struct worker *old = &m->workers.w[worker], *heir = NULL;

	for (uint32_t i = 0; i < WORKERS_MAX; i++) {
		const struct worker *w = &m->workers.w[i];

		if ((w->state == WORKER_UP || w->state == WORKER_STARTING) &&
		    w->since_us > old->since_us &&
		    m->now_us - w->since_us < HEIR_US &&
		    (!heir || w->since_us > heir->since_us))
			heir = w;
	}
	return heir ? heir->index : GRAPH_NOWHERE;
}

bool place_elsewhere(const struct media *m, uint32_t worker)
{
	for (uint32_t i = 0; i < WORKERS_MAX; i++)
		if (i != worker && is_open(m, i))
			return true;
	return false;
}

/* The one with the fewest streams, whatever they cost. */
static uint32_t emptiest(const struct media *m, const uint32_t *load)
{
	uint32_t best = GRAPH_NOWHERE;

	for (uint32_t i = 0; i < WORKERS_MAX; i++)
		if (is_open(m, i) &&
		    (best == GRAPH_NOWHERE || load[i] < load[best]))
			best = i;
	return best;
}

static uint32_t least_part(const struct media *m, const struct call *c,
			   const uint32_t *load)
{
	uint32_t best = GRAPH_NOWHERE;

	for (uint32_t i = 0; i < c->n_parts; i++) {
		uint32_t worker = c->part[i].worker;

		if (is_open(m, worker) &&
		    (best == GRAPH_NOWHERE || load[worker] < load[best]))
			best = worker;
	}
	return best;
}

/*
 * Beside the others while there is room; a worker more for a call only where
 * that is a good deal better.
 */
static uint32_t choose(const struct media *m, const struct call *c)
{
	uint32_t load[WORKERS_MAX];
	uint32_t here, other;

	if (c->prefer != GRAPH_NOWHERE && is_open(m, c->prefer))
		return c->prefer;
	weigh(m, load);
	here = least_part(m, c, load);
	if (here == GRAPH_NOWHERE)
		return least(m, load);
	other = emptiest(m, load);
	if (load[here] < m->conf.capacity || c->n_parts == GRAPH_PARTS ||
	    load[other] + m->conf.capacity / 4 > load[here])
		return here;
	return other;
}

/* The worker that says who speaks in this room: the journal keeps it. */
static void tell_home(struct media *m, struct call *c)
{
	struct media_out *o = media_out(m, MEDIA_PLACED);

	o->room = c->room;
	o->id = c->part[0].router;
	o->n = (int32_t)c->part[0].worker;
	pipe_home(m, c);
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

/* ---- rooms that get none ---- */

#define BAN_US	   (60 * 1000000ull)
#define BAN_MAX_US (3600 * 1000000ull)

static struct place_ban *ban_of(struct media *m, uint64_t room)
{
	for (int i = 0; i < PLACE_BANS; i++)
		if (m->bans[i].room == room)
			return &m->bans[i];
	return NULL;
}

/* A free one, or the one that ended or ends first. */
static struct place_ban *fresh_ban(struct media *m)
{
	struct place_ban *b = &m->bans[0];

	for (int i = 1; i < PLACE_BANS && b->room; i++)
		if (!m->bans[i].room || m->bans[i].until_us < b->until_us)
			b = &m->bans[i];
	*b = (struct place_ban){.room = 0};
	return b;
}

uint64_t place_ban(struct media *m, uint64_t room, uint64_t now_us)
{
	struct place_ban *b = ban_of(m, room);
	uint64_t us = BAN_US;

	if (!b)
		b = fresh_ban(m);
	for (uint32_t i = 0; i < b->times && us < BAN_MAX_US; i++)
		us *= 4;
	if (us > BAN_MAX_US)
		us = BAN_MAX_US;
	b->room = room;
	b->until_us = now_us + us;
	b->times++;
	m->move_us = 0;
	return us;
}

static bool is_banned(struct media *m, const struct call *c)
{
	const struct place_ban *b = ban_of(m, c->room);

	return b && m->now_us < b->until_us;
}

uint64_t place_ban_step(struct media *m)
{
	uint64_t next_us = UINT64_MAX;

	for (int i = 0; i < PLACE_BANS; i++) {
		const struct place_ban *b = &m->bans[i];
		struct call *c =
			b->room ? graph_call(&m->graph, b->room) : NULL;

		if (c && m->now_us >= b->until_us && !c->n_parts)
			rebuild_host(m, c);
		else if (b->room && b->until_us > m->now_us &&
			 b->until_us < next_us)
			next_us = b->until_us;
	}
	return next_us;
}

/* ---- coming and going ---- */

int place_seat(struct media *m, struct seat *s)
{
	uint32_t worker;
	int err;

	/* Its worker may be dying still. */
	if (is_banned(m, s->call))
		return -EKEYREVOKED;
	if (s->worker != GRAPH_NOWHERE)
		return 0;
	worker = choose(m, s->call);
	if (worker == GRAPH_NOWHERE)
		return -ENOTCONN;
	err = graph_part(s->call, worker) ? 0 : add_part(m, s->call, worker);
	if (err)
		return err;
	s->worker = worker;
	s->placed_us = m->now_us;
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
	pipe_part_lost(m, c, worker);
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

void place_resign(struct media *m, struct call *c, uint32_t worker)
{
	struct part was = c->part[0];
	uint32_t last = c->n_parts - 1;

	if (c->n_parts < 2 || was.worker != worker)
		return;
	memmove(c->part, c->part + 1, last * sizeof(*c->part));
	c->part[last] = was;
	tell_home(m, c);
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
