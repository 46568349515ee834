#include "signald/media/rebuild.h"

#include <errno.h>
#include <string.h>

#include "common/log.h"
#include "common/sys/rng.h"
#include "signald/media/cons.h"
#include "signald/media/place.h"
#include "signald/media/prod.h"
#include "signald/media/trans.h"

/* One successor for a transport that is lost. */
static void replace_transport(struct media *m, struct transport *old)
{
	struct transport *t =
		graph_add_transport(&m->graph, old->seat, rng_id());

	if (!t) {
		m->oom = true;
		return;
	}
	t->replaces = old->replaces ? old->replaces : old->id;
	t->producing = old->producing;
	t->consuming = old->consuming;
	t->force_tcp = old->force_tcp;
	memcpy(t->cname, old->cname, sizeof(t->cname));
	graph_del_transport(&m->graph, old);
	if (trans_ask(m, t, NULL))
		t->state = TRANSPORT_LOST;
}

void rebuild_lose_transport(struct media *m, struct transport *t)
{
	/* The client closes them with their transport. */
	list_for_each_safe (it, &t->consumers)
		cons_drop(m, list_entry(it, struct consumer, tnode), false);
	list_for_each_safe (jt, &t->producers) {
		struct producer *p = list_entry(jt, struct producer, tnode);

		list_for_each_safe (kt, &p->consumers)
			cons_drop(m, list_entry(kt, struct consumer, pnode),
				  true);
		if (p->state == PRODUCER_ASKED) {
			prod_drop(m, p);
			continue;
		}
		p->state = PRODUCER_LOST;
		graph_move_producer(p, NULL);
	}
	t->state = TRANSPORT_LOST;
}

static void drop_consumers(struct media *m, struct seat *s)
{
	list_for_each_safe (it, &s->consumers)
		cons_drop(m, list_entry(it, struct consumer, node), false);
}

static void lose_seat(struct media *m, struct seat *s)
{
	list_for_each (jt, &s->transports)
		rebuild_lose_transport(m,
				       list_entry(jt, struct transport, node));
}

static bool has_lost(const struct seat *s)
{
	list_for_each (it, &s->transports)
		if (list_entry(it, struct transport, node)->state ==
		    TRANSPORT_LOST)
			return true;
	return false;
}

void rebuild_seat(struct media *m, struct seat *s)
{
	if (!has_lost(s) || place_seat(m, s))
		return; /* rebuild_worker_up() tries again */
	/* Successors join the list: go over the present ones only. */
	for (uint32_t n = s->n_transports; n > 0; n--) {
		struct transport *t =
			list_entry(s->transports.next, struct transport, node);

		if (t->state == TRANSPORT_LOST) {
			replace_transport(m, t);
			continue;
		}
		list_del(&t->node);
		list_push(&s->transports, &t->node);
	}
}

/* Seats that are nowhere are placed, and get their transports. */
static void host_call(struct media *m, struct call *c)
{
	list_for_each (it, &c->seats) {
		struct seat *s = list_entry(it, struct seat, node);

		if (s->worker == GRAPH_NOWHERE)
			rebuild_seat(m, s);
	}
}

void rebuild_part(struct media *m, struct call *c, uint32_t worker)
{
	/* Nobody is told: each client closes them with its transport. */
	list_for_each (it, &c->seats) {
		struct seat *s = list_entry(it, struct seat, node);

		if (s->worker == worker)
			drop_consumers(m, s);
	}
	list_for_each (jt, &c->seats) {
		struct seat *s = list_entry(jt, struct seat, node);

		if (s->worker == worker)
			lose_seat(m, s);
	}
	place_lost(m, c, worker);
	host_call(m, c);
}

void rebuild_worker_lost(struct media *m, uint32_t index)
{
	struct call *c;
	size_t pos = 0;

	while ((c = idmap_next(&m->graph.calls, &pos)))
		if (graph_part(c, index))
			rebuild_part(m, c, index);
}

void rebuild_worker_up(struct media *m, struct worker *w)
{
	struct call *c;
	size_t pos = 0;

	(void)w;
	while ((c = idmap_next(&m->graph.calls, &pos)))
		host_call(m, c);
}

void rebuild_on_transport(struct media *m, struct transport *t,
			  const struct media_out *reply)
{
	struct media_out *o = media_out(m, MEDIA_REBUILD);

	o->peer = t->seat->id;
	o->id = t->id;
	o->reply.msg = reply->reply.msg;
}
