#include "signald/supervisor.h"

#include "common/log.h"
#include "common/str.h"
#include "common/sys/clock.h"
#include "common/sys/loop.h"
#include "common/sys/sandbox.h"
#include "signald/conf_reload.h"
#include "signald/pool.h"
#include "signald/rings.h"
#include "signald/rolemake.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SERVER_HANG_CPU_US 2000000
#define LOOK_US		   50000 /* heartbeats are looked at each */
#define SECOND_US	   1000000ull
#define STOP_US		   3000000 /* roles end orderly by then */
#define LET_GO_US	   2000000 /* the old server hands over by then */

static void upgrade(struct supervisor *s);
static void drain(struct supervisor *s);
static void stop(struct supervisor *s);
static void watch(struct watch *w);

/* ---- telling the server ---------------------------------------------------
 */

void supervisor_tell(struct supervisor *s, const struct lifeline_msg *m, int fd)
{
	if (s->server.role.state == ROLE_DOWN || s->stop_us)
		return;
	if (lifeline_send(s->server.role.proc.lifeline, m, &fd, fd >= 0))
		log_warn("supervisor", "server does not listen", "type=%u",
			 m->type);
}

/* ---- deaths ---------------------------------------------------------------
 */

static void unwatch(struct watch *w)
{
	loop_fd_free(w->pidfd);
	loop_fd_free(w->lifeline);
	w->pidfd = NULL;
	w->lifeline = NULL;
}

static void log_death(const struct watch *w, pid_t pid, int status)
{
	if (WIFSIGNALED(status))
		log_warn("supervisor", "died", "role=\"%s\" pid=%d signal=%d",
			 w->role.name, (int)pid, WTERMSIG(status));
	else
		log_info("supervisor", "ended", "role=\"%s\" pid=%d status=%d",
			 w->role.name, (int)pid, WEXITSTATUS(status));
}

static bool anyone_left(const struct supervisor *s)
{
	bool left = s->server.role.state != ROLE_DOWN ||
		    s->next.role.state != ROLE_DOWN;

	for (size_t i = 0; i < WORKERS_MAX; i++)
		left |= s->worker[i].role.state != ROLE_DOWN;
	return left;
}

/* The successor takes the place of the old server, which is gone. */
static void take_over(struct supervisor *s)
{
	struct lifeline_msg go = {.type = LIFELINE_GO};

	unwatch(&s->server);
	role_fini(&s->server.role);
	s->server.role = s->next.role;
	unwatch(&s->next);
	memset(&s->next.role, 0, sizeof(s->next.role));
	s->let_go_us = 0;
	watch(&s->server);
	if (lifeline_send(s->server.role.proc.lifeline, &go, NULL, 0))
		proc_kill(&s->server.role.proc, SIGKILL);
	pool_tell_all(s);
}

/* The successor died before its time; the old server stays. */
static void lost_next(struct watch *w)
{
	unwatch(w);
	role_fini(&w->role);
	memset(&w->role, 0, sizeof(w->role));
	log_error("supervisor", "upgrade failed", "server=%d",
		  (int)w->s->server.role.proc.pid);
	w->s->let_go_us = 0;
	w->s->upgrading = false;
}

/* The role has no process any more. */
static void lost(struct watch *w)
{
	struct supervisor *s = w->s;
	struct role *r = &w->role;
	uint64_t due_us;

	if (w == &s->next) {
		lost_next(w);
		return;
	}
	unwatch(w);
	due_us = role_died(r, loop_now_us(s->loop));
	if (w == &s->server && s->next.role.standing_by && !s->stop_us) {
		take_over(s);
		return;
	}
	if (w->index >= 0 && !pool_lost(w) && !s->stop_us)
		return;
	/* It has wound down: the rest follows. */
	if (w == &s->server && s->drain_us && !s->stop_us && s->wound_down) {
		stop(s);
		return;
	}
	if (s->stop_us) {
		if (!anyone_left(s))
			loop_stop(s->loop);
	} else if (due_us <= loop_now_us(s->loop)) {
		supervisor_start(w);
	}
}

static void on_corpse(void *arg, unsigned int ready)
{
	struct corpse *c = arg;

	(void)ready;
	if (proc_reap(&c->proc) == -EAGAIN)
		return;
	loop_fd_free(c->watch);
	*c = (struct corpse){.watch = NULL};
}

/* Sets a dying process aside so that its successor need not wait for it. */
static bool set_aside(struct watch *w)
{
	struct supervisor *s = w->s;

	for (size_t i = 0; i < WORKERS_MAX; i++) {
		struct corpse *c = &s->corpse[i];

		if (c->watch)
			continue;
		c->proc = w->role.proc;
		c->s = s;
		c->watch = loop_fd_new(s->loop, c->proc.pidfd, LOOP_READ,
				       on_corpse, c);
		return c->watch;
	}
	return false;
}

/* Of its own doing: not by a signal that somebody sends. */
static bool is_crash(const struct watch *w, int status)
{
	static const int signals[] = {SIGSEGV, SIGBUS,	SIGILL,
				      SIGFPE,  SIGABRT, SIGSYS};

	if (w->index < 0 || !WIFSIGNALED(status))
		return false;
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (WTERMSIG(status) == signals[i])
			return true;
	return w->hung;
}

static void on_pidfd(void *arg, unsigned int ready)
{
	struct watch *w = arg;
	struct supervisor *s = w->s;
	bool was_up = w->role.state == ROLE_UP;
	pid_t pid = w->role.proc.pid;
	int status;

	(void)ready;
	/* Before the descriptors close in proc_reap(). */
	unwatch(w);
	status = proc_reap(&w->role.proc);
	log_death(w, pid, status);
	/* A first start that fails is a matter for a person. */
	if (!was_up && w->role.start.generation == 1 && WIFEXITED(status) &&
	    !s->stop_us && !s->served) {
		s->status = 1;
		s->stop_us = loop_now_us(s->loop) + STOP_US;
		raise(SIGTERM);
	}
	if (is_crash(w, status))
		pool_crashed(w);
	s->wound_down = WIFEXITED(status) && !WEXITSTATUS(status);
	lost(w);
}

static void on_fatal(struct watch *w)
{
	log_warn("supervisor", "fatal signal", "role=\"%s\" pid=%d",
		 w->role.name, (int)w->role.proc.pid);
	if (w->index >= 0)
		pool_crashed(w);
	proc_kill(&w->role.proc, SIGKILL);
	if (!set_aside(w))
		return; /* the pidfd will tell */
	unwatch(w);
	w->role.proc = (struct proc){.pidfd = -1, .lifeline = -1};
	lost(w);
}

/* ---- what roles say -------------------------------------------------------
 */

static void on_ready(struct watch *w)
{
	struct supervisor *s = w->s;

	if (w->role.state != ROLE_STARTING)
		return;
	w->role.state = ROLE_UP;
	w->role.seen_us = loop_now_us(s->loop);
	log_info("supervisor", "up", "role=\"%s\" pid=%d generation=%u",
		 w->role.name, (int)w->role.proc.pid, w->role.start.generation);
	if (w->index >= 0)
		pool_tell(w);
	s->served |= w == &s->server;
	if (w == &s->server && s->drain_us)
		drain(s);
	if (w == &s->server && s->upgrading) {
		s->upgrading = false;
		pool_renew(s);
	}
}

/* The successor has all it needs: the old server may hand over. */
static void on_standby(struct watch *w)
{
	struct supervisor *s = w->s;
	struct lifeline_msg m = {.type = LIFELINE_LET_GO};

	if (w != &s->next)
		return;
	w->role.standing_by = true;
	if (s->server.role.state == ROLE_DOWN) {
		take_over(s);
		return;
	}
	lifeline_send(s->server.role.proc.lifeline, &m, NULL, 0);
	s->let_go_us = loop_now_us(s->loop) + LET_GO_US;
}

static struct watch *worker_at(struct supervisor *s, uint32_t index,
			       uint32_t generation)
{
	if (index >= WORKERS_MAX ||
	    s->worker[index].role.start.generation != generation)
		return NULL;
	return &s->worker[index];
}

/* The server wants two workers to have a pipe, or one's is broken. */
static void on_ring(struct watch *w, const struct lifeline_ring *r)
{
	struct supervisor *s = w->s;
	uint64_t now_us = loop_now_us(s->loop);
	struct watch *a = worker_at(s, r->index[0], r->generation[0]);
	struct watch *b =
		w->index < 0 ? worker_at(s, r->index[1], r->generation[1]) : w;
	int err = -ESRCH; /* born again meanwhile: it will be asked for anew */

	if (a && b)
		err = w->index < 0 ? rings_want(&s->rings, &a->role, &b->role,
						now_us)
				   : rings_again(&s->rings, &a->role, &b->role,
						 now_us);
	if (err)
		log_warn("supervisor", "no pipe", "from=\"%s\" error=%d",
			 w->role.name, -err);
}

/* What the server says of a worker. */
static void on_worker_message(struct supervisor *s,
			      const struct lifeline_msg *m)
{
	struct watch *w = pool_find(s, &m->u.worker);

	if (!w)
		return;
	if (m->type == LIFELINE_KILL)
		proc_kill(&w->role.proc,
			  m->u.worker.state == SIGSTOP ? SIGSTOP : SIGKILL);
	else if (m->type == LIFELINE_DRAIN)
		pool_set(w, (enum lifeline_state)m->u.worker.state);
	else
		pool_is_empty(w);
}

static void set_log_level(struct supervisor *s, const struct lifeline_msg *m)
{
	log_set_level((enum log_level)m->u.log_level);
	for (size_t i = 0; i < WORKERS_MAX; i++)
		if (s->worker[i].role.state != ROLE_DOWN)
			lifeline_send(s->worker[i].role.proc.lifeline, m, NULL,
				      0);
}

/* Orders come from the server alone; a worker may want another ring. */
static bool is_order(const struct watch *w, const struct lifeline_msg *m)
{
	return m->type == LIFELINE_READY || m->type == LIFELINE_STANDBY ||
	       m->type == LIFELINE_RING || w == &w->s->server;
}

static void on_message(struct watch *w, const struct lifeline_msg *m)
{
	switch (is_order(w, m) ? m->type : 0) {
	case LIFELINE_READY:
		on_ready(w);
		break;
	case LIFELINE_STANDBY:
		on_standby(w);
		break;
	case LIFELINE_UPGRADE:
		upgrade(w->s);
		break;
	case LIFELINE_SPAWN:
		if (!pool_spawn(w->s))
			log_error("supervisor", "no worker more", "max=%d",
				  WORKERS_MAX);
		break;
	case LIFELINE_RENEW:
		pool_renew(w->s);
		break;
	case LIFELINE_KILL:
	case LIFELINE_DRAIN:
	case LIFELINE_STOP:
		on_worker_message(w->s, m);
		break;
	case LIFELINE_RING:
		on_ring(w, &m->u.ring);
		break;
	case LIFELINE_LOG:
		set_log_level(w->s, m);
		break;
	default:
		log_warn("supervisor", "unexpected message",
			 "role=\"%s\" type=%u", w->role.name, m->type);
	}
}

static void on_lifeline(void *arg, unsigned int ready)
{
	struct watch *w = arg;
	struct lifeline_msg m;
	int fds[PROC_MAX_FDS];
	size_t n_fds;
	int got;

	(void)ready;
	got = lifeline_recv(w->role.proc.lifeline, &m, fds, &n_fds);
	if (got == -EAGAIN)
		return;
	while (n_fds)
		close(fds[--n_fds]);
	if (got == 1) {
		on_message(w, &m);
	} else if (got == -EOWNERDEAD) {
		on_fatal(w);
	} else {
		/* The end; the pidfd tells the rest. */
		loop_fd_free(w->lifeline);
		w->lifeline = NULL;
	}
}

/* ---- births
 * ---------------------------------------------------------------
 */

static void watch(struct watch *w)
{
	struct loop *l = w->s->loop;

	w->pidfd = loop_fd_new(l, w->role.proc.pidfd, LOOP_READ, on_pidfd, w);
	w->lifeline = loop_fd_new(l, w->role.proc.lifeline, LOOP_READ,
				  on_lifeline, w);
}

static void set_bus_path(struct watch *w)
{
	struct lifeline_start *st = &w->role.start;

	if (w->index < 0)
		return;
	st->bus_path[0] = '\0';
	str_addf(st->bus_path, sizeof(st->bus_path), "%s/w%d.%u", st->run_dir,
		 w->index, st->generation + 1);
	unlink(st->bus_path);
}

void supervisor_start(struct watch *w)
{
	struct supervisor *s = w->s;
	struct role *r = &w->role;
	int err;

	set_bus_path(w);
	err = role_start(r, loop_now_us(s->loop));
	if (err && r->proc.pid == 0) {
		log_error("supervisor", "cannot start",
			  "role=\"%s\" program=%s error=\"%s\"", r->name,
			  r->program, strerror(-err));
		role_died(r, loop_now_us(s->loop));
		if (r->start.generation == 1 && !s->served) {
			s->status = 1;
			raise(SIGTERM);
		}
		return;
	}
	watch(w);
	if (w->index >= 0)
		pool_tell(w);
	else if (w == &s->server)
		pool_tell_all(s);
}

/* A new server beside the old one; it says STANDBY when it could go. */
static void upgrade(struct supervisor *s)
{
	int err;

	if (s->stop_us || s->next.role.state != ROLE_DOWN ||
	    s->server.role.state != ROLE_UP) {
		log_warn("supervisor", "no upgrade now", "server=%d",
			 (int)s->server.role.proc.pid);
		return;
	}
	err = rolemake_successor(&s->next.role, &s->server.role, s->conf);
	if (err) {
		log_error("supervisor", "upgrade failed", "error=\"%s\"",
			  strerror(-err));
		return;
	}
	log_info("supervisor", "upgrade", "program=%s", s->program);
	s->upgrading = true;
	supervisor_start(&s->next);
}

/* ---- time and signals
 * -----------------------------------------------------
 */

static void each(struct supervisor *s, void (*fn)(struct watch *w))
{
	fn(&s->server);
	if (s->next.role.state != ROLE_DOWN)
		fn(&s->next);
	for (size_t i = 0; i < WORKERS_MAX; i++)
		if (s->worker[i].wanted)
			fn(&s->worker[i]);
}

static void look(struct watch *w)
{
	struct supervisor *s = w->s;
	uint64_t now_us = loop_now_us(s->loop);

	if (role_hangs(&w->role, now_us)) {
		log_warn("supervisor", "hangs", "role=\"%s\" pid=%d",
			 w->role.name, (int)w->role.proc.pid);
		w->hung = true;
		proc_kill(&w->role.proc, SIGKILL);
	}
	if (!s->stop_us && w->role.state == ROLE_DOWN && w->role.retry_us &&
	    now_us >= w->role.retry_us)
		supervisor_start(w);
}

static void kill_now(struct watch *w)
{
	if (w->role.state != ROLE_DOWN)
		proc_kill(&w->role.proc, SIGKILL);
}

static uint64_t on_turn(void *arg, uint64_t now_us)
{
	struct supervisor *s = arg;

	each(s, look);
	pool_step(s);
	if (s->let_go_us && now_us >= s->let_go_us) {
		s->let_go_us = 0;
		proc_kill(&s->server.role.proc, SIGKILL);
	}
	if (s->drain_us && !s->stop_us && now_us >= s->drain_us + STOP_US)
		stop(s);
	if (s->stop_us && now_us >= s->stop_us)
		each(s, kill_now);
	return now_us + LOOK_US;
}

static void stop_role(struct watch *w)
{
	struct lifeline_msg m = {.type = LIFELINE_STOP};

	if (w->role.state != ROLE_DOWN)
		lifeline_send(w->role.proc.lifeline, &m, NULL, 0);
}

/* All end orderly, and by then. */
static void stop(struct supervisor *s)
{
	log_info("supervisor", "stopping", "pid=%d", (int)getpid());
	s->stop_us = loop_now_us(s->loop) + STOP_US;
	each(s, stop_role);
	if (!anyone_left(s))
		loop_stop(s->loop);
}

/* Meetings may end before; a server that dies meanwhile is told again. */
static void drain(struct supervisor *s)
{
	struct lifeline_msg m = {.type = LIFELINE_STOP};
	uint64_t now_us = loop_now_us(s->loop);

	if (!s->drain_us)
		s->drain_us = now_us + s->conf->server.drain_s * SECOND_US;
	if (now_us >= s->drain_us)
		return;
	m.u.drain_ms = (uint32_t)((s->drain_us - now_us) / 1000 + 1);
	supervisor_tell(s, &m, -1);
}

/* Once: as the configuration says. Twice: now. Three times: at once. */
static void on_stop(void *arg, int signo)
{
	struct supervisor *s = arg;

	(void)signo;
	if (s->stop_us && !s->status)
		each(s, kill_now);
	else if (!s->drain_us && !s->status && s->conf->server.drain_s)
		drain(s);
	else
		stop(s);
}

static void on_upgrade(void *arg, int signo)
{
	(void)signo;
	upgrade(arg);
}

static void on_reload(void *arg, int signo)
{
	struct supervisor *s = arg;
	struct lifeline_msg m = {.type = LIFELINE_RELOAD};
	char err[512];
	struct conf *fresh = conf_reload(s->conf, err, sizeof(err));

	(void)signo;
	if (fresh) {
		uint32_t before = s->conf->media.workers;

		fresh->before = s->own;
		s->conf = s->own = fresh;
		if (before != fresh->media.workers)
			pool_resize(s);
	}
	/* The server tells what is wrong. */
	supervisor_tell(s, &m, -1);
}

/* ---- set-up
 * ---------------------------------------------------------------
 */

static int init_loop(struct supervisor *s)
{
	s->loop = loop_new();
	if (!s->loop || loop_hook(s->loop, on_turn, s) ||
	    loop_signal(s->loop, SIGINT, on_stop, s) ||
	    loop_signal(s->loop, SIGTERM, on_stop, s) ||
	    loop_signal(s->loop, SIGHUP, on_reload, s) ||
	    loop_signal(s->loop, SIGUSR2, on_upgrade, s))
		return -ENOMEM;
	return 0;
}

static int init(struct supervisor *s)
{
	ssize_t n = readlink("/proc/self/exe", s->program, PATH_MAX - 1);
	int err = n > 0 ? rolemake_dirs(s->conf) : -ENOENT;

	if (!err)
		err = init_loop(s);
	if (!err)
		err = rolemake_announce(s->conf, &s->base);
	s->server.s = s;
	s->server.index = -1;
	s->next.s = s;
	s->next.index = -1;
	if (!err)
		err = rolemake_server(&s->server.role, s->conf, s->program,
				      &s->base);
	return err ? err : pool_init(s);
}

/* All sockets are there: root has done its part. */
static int become(const struct conf *conf)
{
	int err = *conf->server.user ? sandbox_become(conf->server.user) : 0;

	if (err == -ENOENT) /* warned of already */
		return 0;
	if (err)
		log_error("supervisor", "cannot become", "user=%s error=\"%s\"",
			  conf->server.user, strerror(-err));
	return err;
}

int supervisor_run(const struct conf *conf)
{
	struct supervisor *s = calloc(1, sizeof(*s));
	int status = 1;

	if (!s)
		return 1;
	s->conf = conf;
	sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
	if (!init(s) && !become(conf)) {
		/* Workers first: the server finds them all. */
		pool_start(s);
		supervisor_start(&s->server);
		status = loop_run(s->loop) ? 1 : s->status;
	}
	each(s, unwatch);
	role_fini(&s->server.role);
	role_fini(&s->next.role);
	pool_fini(s);
	loop_free(s->loop);
	conf_free(s->own);
	free(s);
	return status;
}
