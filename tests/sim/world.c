#include "tests/sim/world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/check.h"
#include "tests/sim/client.h"
#include "tests/sim/media.h"
#include "tests/sim/server.h"

#define EVENTS_MIN 1000
#define SETTLE_US  (14 * 1000000ull) /* every grace and cool-down is over */
#define BACK_US	   (5 * 1000000ull)  /* then all are back within this */

void world_violation(struct world *w, const char *fmt, ...)
{
	va_list ap;

	if (*w->why)
		return;
	va_start(ap, fmt);
	vsnprintf(w->why, sizeof(w->why), fmt, ap);
	va_end(ap);
}

uint64_t world_id(struct world *w)
{
	uint64_t id = rnd_u64(&w->rnd);

	return id ? id : 1;
}

/* ---- the agenda ---- */

static bool before(const struct agenda *a, const struct agenda *b)
{
	return a->at_us < b->at_us ||
	       (a->at_us == b->at_us && a->order < b->order);
}

static void swap(struct agenda *a, struct agenda *b)
{
	struct agenda t = *a;

	*a = *b;
	*b = t;
}

void world_plan(struct world *w, uint64_t in_us, enum agenda_kind kind,
		uint32_t client, uint64_t conn, void *data)
{
	size_t i = w->n_heap++;

	if (i == w->cap_heap) {
		w->cap_heap = w->cap_heap ? 2 * w->cap_heap : 256;
		w->heap = realloc(w->heap, w->cap_heap * sizeof(*w->heap));
	}
	w->heap[i] = (struct agenda){
		.at_us = w->now.us + in_us,
		.order = w->orders++,
		.kind = kind,
		.client = client,
		.conn = conn,
		.data = data,
	};
	for (; i && before(&w->heap[i], &w->heap[(i - 1) / 2]); i = (i - 1) / 2)
		swap(&w->heap[i], &w->heap[(i - 1) / 2]);
}

static struct agenda take(struct world *w)
{
	struct agenda top = w->heap[0];
	size_t i = 0, k;

	w->heap[0] = w->heap[--w->n_heap];
	while ((k = 2 * i + 1) < w->n_heap) {
		if (k + 1 < w->n_heap && before(&w->heap[k + 1], &w->heap[k]))
			k++;
		if (!before(&w->heap[k], &w->heap[i]))
			break;
		swap(&w->heap[k], &w->heap[i]);
		i = k;
	}
	return top;
}

/* ---- what happens ---- */

static uint64_t pause_us(struct world *w)
{
	uint32_t p = rnd_below(&w->rnd, 100);

	if (w->calm)
		return 100000 + rnd_below(&w->rnd, 300000);
	if (p < 75)
		return 5000 + rnd_below(&w->rnd, 200000);
	return rnd_below(&w->rnd, p < 97 ? 1500000 : 9000000);
}

static void crash(struct world *w)
{
	if (w->calm)
		return;
	server_crash(w, rnd_below(&w->rnd, 3) == 0);
	world_plan(w, rnd_below(&w->rnd, 15000000), AGENDA_CRASH, 0, 0, NULL);
}

static void jump(struct world *w)
{
	int64_t by_ms = (int64_t)rnd_below(&w->rnd, 7200000) - 3600000;

	if (w->calm)
		return;
	w->now.wall_ms += (uint64_t)by_ms;
	world_plan(w, rnd_below(&w->rnd, 30000000), AGENDA_JUMP, 0, 0, NULL);
}

static void worker(struct world *w)
{
	if (w->calm)
		return;
	media_worker_died(w);
	world_plan(w, rnd_below(&w->rnd, 20000000), AGENDA_WORKER, 0, 0, NULL);
}

static void happen(struct world *w, const struct agenda *a)
{
	struct client *c = &w->clients[a->client];

	switch (a->kind) {
	case AGENDA_ACT:
		client_act(w, c);
		world_plan(w, pause_us(w), AGENDA_ACT, c->n, 0, NULL);
		break;
	case AGENDA_REQUEST:
		if (c->conn == a->conn || rnd_below(&w->rnd, 2))
			server_request(w, c->n, a->conn, a->data);
		break;
	case AGENDA_MESSAGE:
		client_message(w, c, a->conn, a->data);
		break;
	case AGENDA_LOST:
		server_lost(w, a->conn);
		break;
	case AGENDA_WRITE:
		if (a->conn == w->boots)
			server_written(w);
		break;
	case AGENDA_TICK:
		if (a->conn == w->boots && a->at_us == w->tick_due_us)
			server_tick(w);
		break;
	case AGENDA_CONNECT:
		client_connect(w, c);
		break;
	case AGENDA_CRASH:
		crash(w);
		break;
	case AGENDA_START:
		break;
	case AGENDA_BUS:
		media_bus(w, a->conn);
		break;
	case AGENDA_WORKER:
		worker(w);
		break;
	case AGENDA_JUMP:
		jump(w);
		break;
	}
}

/* ---- one seed ---- */

static void set_conf(struct world *w)
{
	core_conf_default(&w->conf);
	w->conf.seats = 3 + rnd_below(&w->rnd, 8);
	w->conf.knocks = 8;
	w->conf.invites = 6;
	w->conf.chat_msgs = 30;
	w->conf.grace_us = 6 * 1000000;
	w->conf.beacon_grace_us = 1000000;
	w->conf.host_grace_us = 1500000;
	w->conf.typed_linger_us = 3 * 1000000;
	w->conf.deny_cooldown_us = 3 * 1000000;
	w->conf.policy = rnd_below(&w->rnd, 3) ? POLICY_WAITING : POLICY_OPEN;
	w->conf.settings.succession =
		(enum succession)(rnd_below(&w->rnd, 8) % 3);
}

static void begin(struct world *w, uint64_t seed, bool trace)
{
	*w = (struct world){.seed = seed, .rnd.s = seed, .trace = trace};
	w->now = (struct instant){
		.us = 1000000,
		.wall_ms = 1700000000000,
	};
	idmap_init(&w->links);
	set_conf(w);
	w->n_rooms = 1 + rnd_below(&w->rnd, ROOMS_MAX);
	w->n_clients = 4 + rnd_below(&w->rnd, CLIENTS_MAX - 3);
	server_start(w);
	for (uint32_t i = 0; i < w->n_clients; i++) {
		w->clients[i] = (struct client){
			.n = i,
			.room = rnd_below(&w->rnd, w->n_rooms),
			.willing = true,
			.plain = rnd_below(&w->rnd, 8) == 0,
			.refused = REFUSE_WHYS,
		};
		world_plan(w, rnd_below(&w->rnd, 3) * 50000, AGENDA_ACT, i, 0,
			   NULL);
	}
	world_plan(w, rnd_below(&w->rnd, 15000000), AGENDA_CRASH, 0, 0, NULL);
	world_plan(w, rnd_below(&w->rnd, 30000000), AGENDA_JUMP, 0, 0, NULL);
	world_plan(w, rnd_below(&w->rnd, 20000000), AGENDA_WORKER, 0, 0, NULL);
}

static void finish(struct world *w)
{
	server_free(w);
	idmap_fini(&w->links);
	journal_free(&w->journal);
	for (size_t i = 0; i < w->n_heap; i++)
		free(w->heap[i].data);
	free(w->heap);
}

static void run_until(struct world *w, uint64_t us, uint64_t events)
{
	while (!*w->why && w->n_heap && w->events < events &&
	       w->heap[0].at_us <= us) {
		struct agenda a = take(w);

		w->now.wall_ms += (a.at_us - w->now.us) / 1000;
		w->now.us = a.at_us;
		if (w->trace)
			printf("%llu.%06llu %d client %u conn %llu\n",
			       (unsigned long long)(w->now.us / 1000000),
			       (unsigned long long)(w->now.us % 1000000),
			       (int)a.kind, a.client,
			       (unsigned long long)a.conn);
		happen(w, &a);
		free(a.data);
	}
}

bool world_run(struct world *w, uint64_t seed, bool trace)
{
	begin(w, seed, trace);
	run_until(w, UINT64_MAX, EVENTS_MIN);
	/* The faults stop; after a while all break off once more. */
	w->calm = true;
	run_until(w, w->now.us + SETTLE_US, UINT64_MAX);
	for (uint32_t i = 0; i < w->n_clients; i++) {
		client_break(w, &w->clients[i]);
		w->clients[i].willing = true;
		world_plan(w, rnd_below(&w->rnd, 1000000), AGENDA_CONNECT, i, 0,
			   NULL);
	}
	run_until(w, w->now.us + BACK_US, UINT64_MAX);
	if (!*w->why)
		check_end(w);
	finish(w);
	return !*w->why;
}
