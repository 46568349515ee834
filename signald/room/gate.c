#include "signald/room/gate.h"

#include <errno.h>
#include <stdlib.h>

#include "common/idmap.h"
#include "common/list.h"
#include "signald/room/effects.h"

/* One list of effects, kept until its last effect has left. */
struct batch {
	struct effects *fx;
	size_t left;
};

struct held {
	struct list node;
	struct batch *batch;
	struct effect *effect;
};

/* A room that waits, or that has effects in line. */
struct lane {
	struct list node; /* gate->busy: may have something to hand out */
	uint64_t room;
	uint64_t ticket; /* wait for this one */
	struct list held;
};

struct gate {
	struct idmap lanes; /* by room, waiting or holding */
	struct list busy;
	struct list urgent; /* of struct held: stops of media */
	struct list free;   /* of struct held with no lane: room 0 */
	uint64_t committed;
	struct batch *done; /* freed at the next call */
	size_t n_held;
};

struct gate *gate_new(void)
{
	struct gate *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	idmap_init(&g->lanes);
	list_init(&g->busy);
	list_init(&g->urgent);
	list_init(&g->free);
	return g;
}

static void batch_leave(struct batch *b)
{
	if (--b->left)
		return;
	effects_free(b->fx);
	free(b);
}

static void held_free(struct gate *g, struct held *h)
{
	list_del(&h->node);
	free(h);
	g->n_held--;
}

static void gate_settle(struct gate *g)
{
	if (g->done)
		batch_leave(g->done);
	g->done = NULL;
}

static void held_drain(struct gate *g, struct list *l)
{
	list_for_each_safe (it, l) {
		struct held *h = list_entry(it, struct held, node);

		batch_leave(h->batch);
		held_free(g, h);
	}
}

static void lane_free(struct gate *g, struct lane *l)
{
	held_drain(g, &l->held);
	list_del(&l->node);
	free(l);
}

void gate_free(struct gate *g)
{
	size_t pos = 0;
	struct lane *l;

	if (!g)
		return;
	gate_settle(g);
	held_drain(g, &g->urgent);
	held_drain(g, &g->free);
	while ((l = idmap_next(&g->lanes, &pos)))
		lane_free(g, l);
	idmap_fini(&g->lanes);
	free(g);
}

static struct lane *gate_lane(struct gate *g, uint64_t room)
{
	struct lane *l = idmap_get(&g->lanes, room);

	if (l)
		return l;
	l = calloc(1, sizeof(*l));
	if (!l)
		return NULL;
	l->room = room;
	list_init(&l->node);
	list_init(&l->held);
	if (idmap_put(&g->lanes, room, l)) {
		free(l);
		return NULL;
	}
	return l;
}

static bool is_urgent(const struct effect *e)
{
	return e->kind == EFFECT_MEDIA_STOP || e->kind == EFFECT_MEDIA_PAUSE ||
	       e->kind == EFFECT_MEDIA_END;
}

static int gate_hold(struct gate *g, struct batch *b, struct effect *e)
{
	struct held *h = malloc(sizeof(*h));
	struct lane *l = NULL;

	if (!h)
		return -ENOMEM;
	if (!is_urgent(e) && e->room) {
		l = gate_lane(g, e->room);
		if (!l) {
			free(h);
			return -ENOMEM;
		}
	}
	*h = (struct held){.batch = b, .effect = e};
	if (l) {
		list_push(&l->held, &h->node);
		list_del(&l->node);
		list_push(&g->busy, &l->node);
	} else {
		list_push(e->room ? &g->urgent : &g->free, &h->node);
	}
	b->left++;
	g->n_held++;
	return 0;
}

int gate_put(struct gate *g, struct effects *fx)
{
	struct batch *b = calloc(1, sizeof(*b));
	int err = b ? 0 : -ENOMEM;

	if (!b) {
		effects_free(fx);
		return err;
	}
	b->fx = fx;
	b->left = 1;
	for (size_t i = 0; i < fx->n && !err; i++)
		err = gate_hold(g, b, &fx->v[i]);
	if (!err && fx->oom)
		err = -ENOMEM;
	batch_leave(b);
	return err;
}

static const struct effect *gate_hand(struct gate *g, struct list *from)
{
	struct held *h = list_entry(from->next, struct held, node);
	const struct effect *e = h->effect;

	g->done = h->batch;
	held_free(g, h);
	return e;
}

/* A lane that neither waits nor holds is forgotten. */
static void lane_rest(struct gate *g, struct lane *l)
{
	list_del(&l->node);
	if (!list_empty(&l->held) || l->ticket > g->committed)
		return;
	idmap_del(&g->lanes, l->room);
	free(l);
}

const struct effect *gate_next(struct gate *g)
{
	gate_settle(g);
	if (!list_empty(&g->urgent))
		return gate_hand(g, &g->urgent);
	if (!list_empty(&g->free))
		return gate_hand(g, &g->free);
	while (!list_empty(&g->busy)) {
		struct lane *l = list_entry(g->busy.next, struct lane, node);

		if (l->ticket <= g->committed && !list_empty(&l->held))
			return gate_hand(g, &l->held);
		lane_rest(g, l);
	}
	return NULL;
}

void gate_wait(struct gate *g, const struct effect *e, uint64_t ticket)
{
	struct lane *l = idmap_get(&g->lanes, e->room);

	if (l && ticket > l->ticket)
		l->ticket = ticket;
}

void gate_committed(struct gate *g, uint64_t ticket)
{
	size_t pos = 0;
	struct lane *l;

	if (ticket <= g->committed)
		return;
	g->committed = ticket;
	while ((l = idmap_next(&g->lanes, &pos))) {
		list_del(&l->node);
		list_push(&g->busy, &l->node);
	}
}

size_t gate_held(const struct gate *g)
{
	return g->n_held;
}
