#include "signald/pool.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/str.h"
#include "common/sys/loop.h"
#include "signald/rolemake.h"

#define EACH(w, s)                                                             \
	for (struct watch *w = (s)->worker; w < (s)->worker + WORKERS_MAX; w++)

/* ---- telling the server ----------------------------------------------------
 */

static enum lifeline_state state_of(const struct watch *w)
{
	if (w->role.state == ROLE_UP)
		return w->wish;
	return w->role.state == ROLE_STARTING ? LIFELINE_WORKER_STARTING
					      : LIFELINE_WORKER_DEAD;
}

void pool_tell(const struct watch *w)
{
	struct lifeline_msg m = {.type = LIFELINE_WORKER};
	struct lifeline_worker *l = &m.u.worker;

	l->index = (uint32_t)w->index;
	l->generation = w->role.start.generation;
	l->pid = w->role.proc.pid;
	l->state = state_of(w);
	str_copy(l->path, sizeof(l->path), w->role.start.bus_path);
	supervisor_tell(w->s, &m, role_fd(&w->role, LIFELINE_FD_RECORDER));
}

void pool_tell_all(struct supervisor *s)
{
	EACH (w, s)
		if (w->role.start.generation)
			pool_tell(w);
}

/* ---- places ----------------------------------------------------------------
 */

static int make(struct supervisor *s, struct watch *w)
{
	int err = rolemake_worker(&w->role, s->conf, (uint32_t)w->index,
				  &s->base);

	if (err)
		role_fini(&w->role);
	w->made = !err;
	return err;
}

/* How many workers a CPU has that are to stay. */
static int crowd(const struct supervisor *s, int cpu)
{
	int n = 0;

	for (size_t i = 0; i < WORKERS_MAX; i++) {
		const struct watch *w = &s->worker[i];

		n += w->wanted && !w->old &&
		     w->wish != LIFELINE_WORKER_LEAVING &&
		     w->role.start.cpu == cpu;
	}
	return n;
}

/* The CPU with the fewest; -1: no pinning. */
static int choose_cpu(const struct supervisor *s)
{
	int best = -1, least = 0;

	if (!s->conf->media.pin)
		return -1;
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		int n;

		if (!CPU_ISSET(cpu, &s->cpus))
			continue;
		n = crowd(s, cpu);
		if (best >= 0 && n >= least)
			continue;
		best = cpu;
		least = n;
	}
	return best;
}

static void want(struct watch *w)
{
	w->role.start.cpu = choose_cpu(w->s);
	w->wanted = true;
	w->old = false;
	w->wish = LIFELINE_WORKER_UP;
}

static uint32_t how_many(const struct supervisor *s)
{
	uint32_t n = s->conf->media.workers;

	if (!n)
		n = (uint32_t)CPU_COUNT(&s->cpus);
	if (!n)
		n = 1;
	return n < WORKERS_MAX ? n : WORKERS_MAX;
}

int pool_init(struct supervisor *s)
{
	uint32_t n;
	int err = 0;

	CPU_ZERO(&s->cpus);
	sched_getaffinity(0, sizeof(s->cpus), &s->cpus);
	n = how_many(s);
	for (uint32_t i = 0; i < WORKERS_MAX; i++) {
		s->worker[i].s = s;
		s->worker[i].index = (int)i;
	}
	for (uint32_t i = 0; !err && i < n; i++) {
		err = make(s, &s->worker[i]);
		if (!err)
			want(&s->worker[i]);
	}
	/* One to spare; without it a renewal makes its own. */
	if (!err && n < WORKERS_MAX && make(s, &s->worker[n]))
		log_info("pool", "no spare place", "worker=%u", n);
	return err;
}

void pool_fini(struct supervisor *s)
{
	EACH (w, s)
		if (w->made)
			role_fini(&w->role);
}

void pool_start(struct supervisor *s)
{
	EACH (w, s)
		if (w->wanted)
			supervisor_start(w);
}

struct watch *pool_spawn(struct supervisor *s)
{
	EACH (w, s) {
		if (w->wanted || w->role.state != ROLE_DOWN)
			continue;
		if (!w->made && make(s, w))
			return NULL;
		want(w);
		supervisor_start(w);
		return w;
	}
	return NULL;
}

struct watch *pool_find(struct supervisor *s, const struct lifeline_worker *l)
{
	struct watch *w = &s->worker[l->index % WORKERS_MAX];

	if (l->index >= WORKERS_MAX || !w->wanted ||
	    w->role.start.generation != l->generation)
		return NULL;
	return w;
}

/* ---- coming and going ------------------------------------------------------
 */

void pool_set(struct watch *w, enum lifeline_state wish)
{
	if (wish != LIFELINE_WORKER_UP && wish != LIFELINE_WORKER_DRAINING &&
	    wish != LIFELINE_WORKER_LEAVING)
		return;
	w->wish = wish;
	log_info("pool", "worker", "index=%d wish=%s", w->index,
		 wish == LIFELINE_WORKER_UP	    ? "up"
		 : wish == LIFELINE_WORKER_DRAINING ? "drain"
						    : "leave");
	pool_tell(w);
}

void pool_is_empty(struct watch *w)
{
	struct lifeline_msg m = {.type = LIFELINE_STOP};

	if (w->wish == LIFELINE_WORKER_LEAVING && w->role.state == ROLE_UP)
		lifeline_send(w->role.proc.lifeline, &m, NULL, 0);
}

void pool_resize(struct supervisor *s)
{
	uint32_t wanted = how_many(s), n = 0;

	EACH (w, s)
		n += w->wanted && w->wish != LIFELINE_WORKER_LEAVING;
	for (; n < wanted && pool_spawn(s); n++)
		;
	for (int i = WORKERS_MAX - 1; i >= 0 && n > wanted; i--) {
		struct watch *w = &s->worker[i];

		if (!w->wanted || w->wish == LIFELINE_WORKER_LEAVING)
			continue;
		pool_set(w, LIFELINE_WORKER_LEAVING);
		n--;
	}
}

bool pool_lost(struct watch *w)
{
	pool_tell(w);
	unlink(w->role.start.bus_path);
	if (w->wish == LIFELINE_WORKER_LEAVING) {
		w->wanted = false;
		w->role.failures = 0;
		w->role.retry_us = 0;
	}
	return w->wanted;
}

void pool_crashed(struct watch *w)
{
	struct supervisor *s = w->s;
	struct lifeline_msg m = {.type = LIFELINE_QUARANTINE};
	uint64_t room = w->role.box->room;
	char path[512];
	int err;

	w->hung = false;
	if (!room)
		return;
	log_warn("pool", "crash at work", "worker=%d room=%016llx", w->index,
		 (unsigned long long)room);
	if (!quarantine_mark(&s->quarantine, room, loop_now_us(s->loop)))
		return;
	err = quarantine_save(s->conf->server.state_dir, w->role.box, room,
			      path, sizeof(path));
	log_error("pool", "quarantine", "room=%016llx file=%s error=\"%s\"",
		  (unsigned long long)room, path, err ? strerror(-err) : "");
	m.u.room = room;
	supervisor_tell(s, &m, -1);
}

/* ---- renewal ---------------------------------------------------------------
 */

void pool_renew(struct supervisor *s)
{
	EACH (w, s)
		w->old = w->wanted && w->wish == LIFELINE_WORKER_UP;
	log_info("pool", "renewal", "program=%s", s->conf->media.program);
	pool_step(s);
}

static void give_up_renewal(struct supervisor *s)
{
	log_error("pool", "renewal ended", "worker=%d",
		  s->fresh ? s->fresh->index : -1);
	if (s->fresh && s->fresh->role.state == ROLE_DOWN)
		s->fresh->wanted = false;
	else if (s->fresh)
		pool_set(s->fresh, LIFELINE_WORKER_LEAVING);
	s->fresh = NULL;
	EACH (w, s)
		w->old = false;
}

/* The first that is still of the old kind; NULL: none, or not now. */
static struct watch *next_old(struct supervisor *s)
{
	struct watch *first = NULL;

	EACH (w, s) {
		if (w->wanted && w->wish == LIFELINE_WORKER_LEAVING)
			return NULL;
		if (w->wanted && w->old && !first)
			first = w;
	}
	return first;
}

void pool_step(struct supervisor *s)
{
	struct watch *w = s->stop_us ? NULL : next_old(s);

	if (!w)
		return;
	if (!s->fresh) {
		s->fresh = pool_spawn(s);
		if (!s->fresh)
			give_up_renewal(s);
	} else if (s->fresh->role.state == ROLE_UP) {
		s->fresh = NULL;
		w->old = false;
		pool_set(w, LIFELINE_WORKER_LEAVING);
	} else if (s->fresh->role.failures > 1) {
		give_up_renewal(s);
	}
}
