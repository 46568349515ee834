#include "signald/media/rebuild.h"

#include <errno.h>
#include <string.h>

#include "common/log.h"
#include "common/sys/rng.h"
#include "signald/media/cons.h"
#include "signald/media/pipe.h"
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
	/* What the client knows of. */
	t->replaces = old->told || !old->replaces ? old->id : old->replaces;
	/* A successor that was told of and died left nothing to go on with. */
	t->moving = old->moving && !old->told;
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
		cons_lose(m, list_entry(it, struct consumer, tnode));
	list_for_each_safe (jt, &t->producers) {
		struct producer *p = list_entry(jt, struct producer, tnode);

		list_for_each_safe (kt, &p->consumers) {
			struct consumer *c =
				list_entry(kt, struct consumer, pnode);

			if (c->state != CONSUMER_LOST)
				cons_drop(m, c, true);
		}
		pipe_end(m, p);
		prod_lose(m, p);
	}
	t->state = TRANSPORT_LOST;
}

static void lose_consumers(struct media *m, struct seat *s)
{
	list_for_each_safe (it, &s->consumers)
		cons_lose(m, list_entry(it, struct consumer, node));
}

static void lose_transports(struct media *m, struct seat *s)
{
	list_for_each (it, &s->transports) {
		struct transport *t = list_entry(it, struct transport, node);

		if (t->state != TRANSPORT_LEAVING)
			rebuild_lose_transport(m, t);
	}
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

void rebuild_host(struct media *m, struct call *c)
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
			lose_consumers(m, s);
	}
	list_for_each (jt, &c->seats) {
		struct seat *s = list_entry(jt, struct seat, node);

		if (s->worker == worker)
			lose_transports(m, s);
	}
	place_lost(m, c, worker);
	rebuild_host(m, c);
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
		rebuild_host(m, c);
}

void rebuild_on_transport(struct media *m, struct transport *t,
			  const struct media_out *reply)
{
	struct media_out *o = media_out(m, MEDIA_REBUILD);

	t->told = true;
	o->peer = t->seat->id;
	o->id = t->id;
	o->on = t->moving;
	o->reply.msg = reply->reply.msg;
}
