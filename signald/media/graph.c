#include "signald/media/graph.h"

#include <assert.h>
#include <stdlib.h>

#include "common/str.h"

void graph_init(struct graph *g)
{
	idmap_init(&g->calls);
	idmap_init(&g->seats);
	idmap_init(&g->transports);
	idmap_init(&g->producers);
	idmap_init(&g->consumers);
	capset_init(&g->caps);
}

static void *first_of(const struct idmap *m)
{
	size_t pos = 0;

	return idmap_next(m, &pos);
}

void graph_fini(struct graph *g)
{
	void *p;

	while ((p = first_of(&g->consumers)))
		graph_del_consumer(g, p);
	while ((p = first_of(&g->producers)))
		graph_del_producer(g, p);
	while ((p = first_of(&g->transports)))
		graph_del_transport(g, p);
	while ((p = first_of(&g->seats)))
		graph_del_seat(g, p);
	while ((p = first_of(&g->calls)))
		graph_del_call(g, p);
	idmap_fini(&g->calls);
	idmap_fini(&g->seats);
	idmap_fini(&g->transports);
	idmap_fini(&g->producers);
	idmap_fini(&g->consumers);
	capset_fini(&g->caps);
}

struct call *graph_call(const struct graph *g, uint64_t room)
{
	return idmap_get(&g->calls, room);
}

struct seat *graph_seat(const struct graph *g, uint64_t peer)
{
	return idmap_get(&g->seats, peer);
}

struct transport *graph_transport(const struct graph *g, uint64_t id)
{
	return idmap_get(&g->transports, id);
}

struct producer *graph_producer(const struct graph *g, uint64_t id)
{
	return idmap_get(&g->producers, id);
}

struct consumer *graph_consumer(const struct graph *g, uint64_t id)
{
	return idmap_get(&g->consumers, id);
}

/* Zeroed memory entered in the map under id; NULL if either fails. */
static void *make(struct idmap *m, uint64_t id, size_t size)
{
	void *p = calloc(1, size);

	if (p && idmap_put(m, id, p)) {
		free(p);
		return NULL;
	}
	return p;
}

struct call *graph_add_call(struct graph *g, uint64_t room)
{
	struct call *c = make(&g->calls, room, sizeof(*c));

	if (!c)
		return NULL;
	c->room = room;
	c->prefer = GRAPH_NOWHERE;
	list_init(&c->seats);
	return c;
}

struct seat *graph_add_seat(struct graph *g, struct call *c, uint64_t peer,
			    const char *pid)
{
	struct seat *s = make(&g->seats, peer, sizeof(*s));

	if (!s)
		return NULL;
	s->id = peer;
	(void)str_copy(s->pid, sizeof(s->pid), pid);
	s->call = c;
	s->worker = GRAPH_NOWHERE;
	s->left = GRAPH_NOWHERE;
	s->muted = true;
	list_init(&s->transports);
	list_init(&s->producers);
	list_init(&s->consumers);
	list_push(&c->seats, &s->node);
	return s;
}

struct transport *graph_add_transport(struct graph *g, struct seat *s,
				      uint64_t id)
{
	struct transport *t = make(&g->transports, id, sizeof(*t));

	if (!t)
		return NULL;
	t->id = id;
	t->seat = s;
	list_init(&t->producers);
	list_init(&t->consumers);
	list_push(&s->transports, &t->node);
	s->n_transports++;
	return t;
}

struct producer *graph_add_producer(struct graph *g, struct transport *t,
				    uint64_t id)
{
	struct producer *p = make(&g->producers, id, sizeof(*p));

	if (!p)
		return NULL;
	p->id = id;
	p->seat = t->seat;
	p->transport = t;
	list_init(&p->consumers);
	list_push(&t->seat->producers, &p->node);
	list_push(&t->producers, &p->tnode);
	p->seat->n_producers++;
	return p;
}

struct consumer *graph_add_consumer(struct graph *g, struct transport *t,
				    struct producer *p, uint64_t id)
{
	struct consumer *c = make(&g->consumers, id, sizeof(*c));

	if (!c)
		return NULL;
	c->id = id;
	c->seat = t->seat;
	c->transport = t;
	c->producer = p;
	list_push(&t->seat->consumers, &c->node);
	list_push(&t->consumers, &c->tnode);
	list_push(&p->consumers, &c->pnode);
	c->seat->n_consumers++;
	c->seat->call->consumers++;
	return c;
}

struct part *graph_part(struct call *c, uint32_t worker)
{
	for (uint32_t i = 0; i < c->n_parts; i++)
		if (c->part[i].worker == worker)
			return &c->part[i];
	return NULL;
}

struct part *graph_add_part(struct call *c, uint32_t worker, uint64_t router)
{
	struct part *s;

	if (c->n_parts == GRAPH_PARTS)
		return NULL;
	s = &c->part[c->n_parts++];
	*s = (struct part){.worker = worker, .router = router};
	return s;
}

/* The others keep their order: the next one is home then. */
void graph_del_part(struct call *c, uint32_t worker)
{
	struct part *s = graph_part(c, worker);

	if (!s)
		return;
	c->n_parts--;
	for (; s < c->part + c->n_parts; s++)
		*s = s[1];
}

uint64_t graph_router(const struct seat *s)
{
	const struct part *at = graph_part(s->call, s->worker);

	return at ? at->router : 0;
}

bool graph_is_used(const struct call *c, uint32_t worker)
{
	list_for_each (it, &c->seats) {
		const struct seat *s = list_entry(it, struct seat, node);

		if (s->worker == worker || s->left == worker)
			return true;
	}
	return false;
}

void graph_move_producer(struct producer *p, struct transport *t)
{
	list_del(&p->tnode);
	p->transport = t;
	if (t)
		list_push(&t->producers, &p->tnode);
}

void graph_move_consumer(struct consumer *c, struct transport *t)
{
	list_del(&c->tnode);
	c->transport = t;
	if (t)
		list_push(&t->consumers, &c->tnode);
}

void graph_del_consumer(struct graph *g, struct consumer *c)
{
	idmap_del(&g->consumers, c->id);
	list_del(&c->node);
	list_del(&c->tnode);
	list_del(&c->pnode);
	c->seat->n_consumers--;
	c->seat->call->consumers--;
	free(c);
}

void graph_del_producer(struct graph *g, struct producer *p)
{
	assert(list_empty(&p->consumers));
	idmap_del(&g->producers, p->id);
	list_del(&p->node);
	list_del(&p->tnode);
	p->seat->n_producers--;
	free(p->app_data);
	free(p->packed);
	free(p);
}

void graph_del_transport(struct graph *g, struct transport *t)
{
	assert(list_empty(&t->producers) && list_empty(&t->consumers));
	idmap_del(&g->transports, t->id);
	list_del(&t->node);
	t->seat->n_transports--;
	free(t);
}

void graph_del_seat(struct graph *g, struct seat *s)
{
	assert(list_empty(&s->transports) && list_empty(&s->producers) &&
	       list_empty(&s->consumers));
	idmap_del(&g->seats, s->id);
	list_del(&s->node);
	capset_put(&g->caps, s->caps);
	free(s);
}

void graph_del_call(struct graph *g, struct call *c)
{
	assert(list_empty(&c->seats));
	idmap_del(&g->calls, c->room);
	free(c);
}

struct transport *graph_receiving(const struct seat *s)
{
	list_for_each (it, &s->transports) {
		struct transport *t = list_entry(it, struct transport, node);

		if (t->consuming && t->state == TRANSPORT_LIVE)
			return t;
	}
	return NULL;
}

struct consumer *graph_consumer_of(const struct seat *s,
				   const struct producer *p)
{
	list_for_each (it, &p->consumers) {
		struct consumer *c = list_entry(it, struct consumer, pnode);

		if (c->seat == s)
			return c;
	}
	return NULL;
}

bool graph_is_muted(const struct seat *s, uint32_t mic)
{
	list_for_each (it, &s->producers) {
		struct producer *p = list_entry(it, struct producer, node);

		if (p->source == mic && !p->paused &&
		    p->state != PRODUCER_ASKED)
			return false;
	}
	return true;
}
