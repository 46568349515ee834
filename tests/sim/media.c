#include "tests/sim/media.h"

/* How often a command that was not answered is said again. */
#define RETRY_US 50000

static struct transport *find(struct world *w, uint64_t id)
{
	for (uint32_t i = 0; i < w->n_transports; i++)
		if (w->transports[i].id == id)
			return &w->transports[i];
	return NULL;
}

static void drop(struct world *w, struct transport *t)
{
	*t = w->transports[--w->n_transports];
}

static void say(struct world *w, uint64_t id)
{
	world_plan(w, 100 + rnd_below(&w->rnd, 400), AGENDA_BUS, 0, id, NULL);
}

void media_create(struct world *w, uint64_t peer)
{
	const struct peer *p = core_peer(w->core, peer);
	struct transport *t;

	if (!p || !peer_is_in(p) || w->n_transports == 64)
		return;
	t = &w->transports[w->n_transports++];
	*t = (struct transport){
		.id = world_id(w),
		.peer = peer,
		.wanted = true,
	};
	say(w, t->id);
}

void media_stop(struct world *w, uint64_t peer)
{
	for (uint32_t i = 0; i < w->n_transports; i++) {
		struct transport *t = &w->transports[i];

		if (t->peer != peer || !t->wanted)
			continue;
		t->wanted = false;
		say(w, t->id);
	}
}

/* One exchange: the command may be lost, its answer too, both may double. */
void media_bus(struct world *w, uint64_t id)
{
	struct transport *t = find(w, id);
	bool faults = world_has_faults(w);

	if (!t)
		return;
	if (faults && rnd_mille(&w->rnd, 50)) {
		world_plan(w, RETRY_US, AGENDA_BUS, 0, id, NULL);
		return; /* lost on the way */
	}
	t->in_worker = t->wanted;
	if (faults && rnd_mille(&w->rnd, 50)) {
		world_plan(w, RETRY_US, AGENDA_BUS, 0, id, NULL);
		return; /* the answer was lost: the same again */
	}
	if (!t->wanted)
		drop(w, t);
}

void media_worker_died(struct world *w)
{
	for (uint32_t i = 0; i < w->n_transports; i++) {
		w->transports[i].in_worker = false;
		say(w, w->transports[i].id); /* rebuilt, or forgotten */
	}
}

void media_reconcile(struct world *w)
{
	for (uint32_t i = 0; i < w->n_transports; i++) {
		struct transport *t = &w->transports[i];
		const struct peer *p = core_peer(w->core, t->peer);

		t->wanted = p && peer_is_in(p);
		say(w, t->id);
	}
}

void media_check(struct world *w, bool quiet)
{
	for (uint32_t i = 0; i < w->n_transports; i++) {
		const struct transport *t = &w->transports[i];
		const struct peer *p = core_peer(w->core, t->peer);

		if (t->wanted && (!p || !peer_is_in(p)))
			world_violation(w, "a transport without admission");
		if (quiet && t->in_worker != t->wanted)
			world_violation(w, "an orphan transport");
	}
}
