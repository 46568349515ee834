#include "signald/media/move.h"

#include <string.h>

#include "common/log.h"
#include "common/sys/rng.h"
#include "signald/media/cons.h"
#include "signald/media/mirror.h"
#include "signald/media/place.h"
#include "signald/media/prod.h"
#include "signald/media/rebuild.h"

#define LOOK_US (20 * 1000ull)

void move_tell_id(struct media *m, const struct seat *s, uint32_t method,
		  uint64_t id)
{
	if (s->left != GRAPH_NOWHERE)
		(void)media_ask_id_at(m, s->left, method, id);
}

void move_tell_peer(struct media *m, const struct seat *s)
{
	Media__ClosePeer msg = MEDIA__CLOSE_PEER__INIT;
	const struct part *at = graph_part(s->call, s->left);

	if (!at)
		return;
	msg.router_id = at->router;
	msg.peer_id = s->id;
	(void)media_ask_at(m, s->left, MEDIA__METHOD__CLOSE_PEER, &msg.base,
			   s->id);
}

/* ---- the beginning ---- */

/* Something is asked of the worker and not answered yet. */
static bool is_waiting(const struct seat *s)
{
	list_for_each (it, &s->transports)
		if (list_entry(it, struct transport, node)->state ==
		    TRANSPORT_ASKED)
			return true;
	list_for_each (jt, &s->producers)
		if (list_entry(jt, struct producer, node)->state ==
		    PRODUCER_ASKED)
			return true;
	list_for_each (kt, &s->consumers)
		if (list_entry(kt, struct consumer, node)->state ==
		    CONSUMER_ASKED)
			return true;
	return false;
}

/* The successor is asked for by rebuild_seat(). */
static void leave_transport(struct media *m, struct transport *old)
{
	struct transport *t =
		graph_add_transport(&m->graph, old->seat, rng_id());

	if (!t) {
		m->oom = true;
		return;
	}
	t->state = TRANSPORT_LOST;
	t->moving = true;
	t->replaces = old->id;
	t->producing = old->producing;
	t->consuming = old->consuming;
	t->force_tcp = old->force_tcp;
	memcpy(t->cname, old->cname, sizeof(t->cname));
	old->state = TRANSPORT_LEAVING;
}

static void leave(struct media *m, struct seat *s)
{
	list_for_each_safe (it, &s->consumers)
		cons_lose(m, list_entry(it, struct consumer, node));
	list_for_each_safe (jt, &s->producers)
		prod_lose(m, list_entry(jt, struct producer, node));
	/* Successors join the list: go over the present ones only. */
	for (uint32_t n = s->n_transports; n > 0; n--) {
		struct transport *t =
			list_entry(s->transports.next, struct transport, node);

		list_del(&t->node);
		list_push(&s->transports, &t->node);
		if (t->state == TRANSPORT_LIVE)
			leave_transport(m, t);
	}
	s->left = s->worker;
	s->worker = GRAPH_NOWHERE;
}

static bool may_begin(struct call *c, uint32_t from)
{
	list_for_each (it, &c->seats) {
		const struct seat *s = list_entry(it, struct seat, node);

		if (s->left != GRAPH_NOWHERE ||
		    (s->worker == from && is_waiting(s)))
			return false;
	}
	return true;
}

static bool begin(struct media *m, struct call *c, uint32_t from)
{
	uint32_t n = 0, heir = place_heir(m, from);

	if (!place_elsewhere(m, from) || !may_begin(c, from))
		return false;
	if (heir != GRAPH_NOWHERE && m->workers.w[heir].state != WORKER_UP)
		return false; /* in a moment */
	list_for_each (it, &c->seats) {
		struct seat *s = list_entry(it, struct seat, node);

		if (s->worker != from)
			continue;
		leave(m, s);
		n++;
	}
	c->move_until_us = m->now_us + MOVE_MAX_US;
	c->prefer = heir;
	rebuild_host(m, c);
	c->prefer = GRAPH_NOWHERE;
	place_resign(m, c, from);
	log_info("media", "move", "from=%u seats=%u", from, n);
	return true;
}

/* ---- the end ---- */

static void end_seat(struct media *m, struct seat *s)
{
	list_for_each_safe (it, &s->transports) {
		struct transport *t = list_entry(it, struct transport, node);
		struct media_out *o;

		if (t->state != TRANSPORT_LEAVING)
			continue;
		o = media_out(m, MEDIA_TRANSPORT_CLOSED);
		o->peer = s->id;
		o->id = t->id;
		graph_del_transport(&m->graph, t);
	}
	s->left = GRAPH_NOWHERE;
}

static void end(struct media *m, struct call *c, uint32_t from)
{
	list_for_each (it, &c->seats) {
		struct seat *s = list_entry(it, struct seat, node);

		if (s->left == from)
			end_seat(m, s);
	}
}

void move_worker_lost(struct media *m, uint32_t index)
{
	struct call *c;
	size_t pos = 0;

	while ((c = idmap_next(&m->graph.calls, &pos)))
		end(m, c, index);
}

/* Somebody still takes what he sees from the old worker. */
static bool receives(const struct seat *s)
{
	list_for_each (it, &s->transports) {
		const struct transport *t =
			list_entry(it, struct transport, node);

		if (t->state == TRANSPORT_LEAVING && t->consuming)
			return true;
	}
	return false;
}

static bool is_moving(const struct call *c, uint32_t from, bool *needed)
{
	bool moving = false;

	*needed = false;
	list_for_each (it, &c->seats) {
		const struct seat *s = list_entry(it, struct seat, node);

		moving |= s->left == from;
		*needed |= s->left == from && receives(s);
	}
	return moving;
}

/* ---- from turn to turn ---- */

/* Ends what is over; how many calls are still leaving this worker. */
static uint32_t end_moves(struct media *m, uint32_t from)
{
	uint32_t n = 0;
	struct call *c;
	size_t pos = 0;
	bool needed;

	while ((c = idmap_next(&m->graph.calls, &pos))) {
		if (!is_moving(c, from, &needed))
			continue;
		if (needed && m->now_us < c->move_until_us) {
			n++;
			continue;
		}
		end(m, c, from);
		place_release(m, c, from);
	}
	return n;
}

/* Begins what may begin; true when the worker carries nothing any more. */
static bool clear_out(struct media *m, uint32_t from, uint32_t under_way)
{
	bool empty = true;
	struct call *c;
	size_t pos = 0;

	while ((c = idmap_next(&m->graph.calls, &pos))) {
		place_release(m, c, from);
		if (!graph_part(c, from))
			continue;
		empty = false;
		if (under_way < MOVES_AT_ONCE)
			under_way += begin(m, c, from);
	}
	return empty;
}

uint64_t move_step(struct media *m)
{
	uint64_t next_us = UINT64_MAX;

	for (uint32_t i = 0; i < WORKERS_MAX; i++) {
		struct worker *w = &m->workers.w[i];
		uint32_t under_way;

		if (w->state == WORKER_ABSENT)
			continue;
		under_way = end_moves(m, i);
		if (under_way || w->draining)
			next_us = m->now_us + LOOK_US;
		if (w->state != WORKER_DRAINING || mirror_is_busy(m, i))
			continue;
		if (clear_out(m, i, under_way) && w->leaving)
			media_out(m, MEDIA_WORKER_EMPTY)->n = (int32_t)i;
	}
	return next_us;
}
