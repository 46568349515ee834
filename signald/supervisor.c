#include "signald/supervisor.h"

#include "common/log.h"
#include "common/str.h"
#include "common/sys/clock.h"
#include "common/sys/loop.h"
#include "signald/role.h"
#include "signald/sockets.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SERVER_HANG_CPU_US 2000000
#define WORKERS_MAX	   64
#define LOOK_US		   100000  /* heartbeats are looked at each */
#define STOP_US		   3000000 /* roles end orderly by then */

/* A process that is no role's any more but was not reaped yet. */
struct corpse {
	struct proc proc;
	struct loop_fd *watch;
	struct supervisor *s;
};

/* What is watched about a role. */
struct watch {
	struct supervisor *s;
	struct role role;
	struct loop_fd *pidfd, *lifeline;
	int index; /* of a worker; -1: the server */
};

struct supervisor {
	const struct conf *conf;
	struct loop *loop;
	struct watch server;
	struct watch worker[WORKERS_MAX];
	size_t n_workers;
	struct corpse corpse[WORKERS_MAX];
	struct addr announce[LIFELINE_ADDRS];
	size_t n_announce;
	uint64_t stop_us; /* when patience ends; 0: running */
	int status;	  /* exit status */
};

static void start(struct watch *w);

/* ---- telling the server ---------------------------------------------------
 */

static void tell_worker(struct supervisor *s, const struct watch *w)
{
	const struct role *r = &w->role;
	struct lifeline_msg m = {.type = LIFELINE_WORKER};
	struct lifeline_worker *l = &m.u.worker;

	if (s->server.role.state == ROLE_DOWN)
		return;
	l->index = (uint32_t)w->index;
	l->generation = r->start.generation;
	l->pid = r->proc.pid;
	l->state = r->state == ROLE_UP	       ? LIFELINE_WORKER_UP
		   : r->state == ROLE_STARTING ? LIFELINE_WORKER_STARTING
					       : LIFELINE_WORKER_DEAD;
	str_copy(l->path, sizeof(l->path), r->start.bus_path);
	if (lifeline_send(s->server.role.proc.lifeline, &m, NULL, 0))
		log_warn("supervisor", "server does not listen", "worker=%d",
			 w->index);
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
	bool left = s->server.role.state != ROLE_DOWN;

	for (size_t i = 0; i < s->n_workers; i++)
		left |= s->worker[i].role.state != ROLE_DOWN;
	return left;
}

/* The role has no process any more. */
static void lost(struct watch *w)
{
	struct supervisor *s = w->s;
	struct role *r = &w->role;
	uint64_t due_us;

	unwatch(w);
	due_us = role_died(r, loop_now_us(s->loop));
	if (w->index >= 0) {
		tell_worker(s, w);
		unlink(r->start.bus_path);
	}
	if (s->stop_us) {
		if (!anyone_left(s))
			loop_stop(s->loop);
	} else if (due_us <= loop_now_us(s->loop)) {
		start(w);
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
	    !s->stop_us) {
		s->status = 1;
		s->stop_us = loop_now_us(s->loop) + STOP_US;
		raise(SIGTERM);
	}
	lost(w);
}

static void on_fatal(struct watch *w)
{
	log_warn("supervisor", "fatal signal", "role=\"%s\" pid=%d",
		 w->role.name, (int)w->role.proc.pid);
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
		tell_worker(s, w);
}

static struct watch *worker_of(struct supervisor *s,
			       const struct lifeline_worker *l)
{
	if (l->index >= s->n_workers ||
	    s->worker[l->index].role.start.generation != l->generation)
		return NULL;
	return &s->worker[l->index];
}

static void on_message(struct watch *w, const struct lifeline_msg *m)
{
	struct watch *target;

	switch (m->type) {
	case LIFELINE_READY:
		on_ready(w);
		break;
	case LIFELINE_KILL:
		target = w->index < 0 ? worker_of(w->s, &m->u.worker) : NULL;
		if (target)
			proc_kill(&target->role.proc, SIGKILL);
		break;
	case LIFELINE_LOG:
		log_set_level((enum log_level)m->u.log_level);
		for (size_t i = 0; i < w->s->n_workers; i++)
			if (w->s->worker[i].role.state != ROLE_DOWN)
				lifeline_send(
					w->s->worker[i].role.proc.lifeline, m,
					NULL, 0);
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

/* ---- births ---------------------------------------------------------------
 */

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

static void start(struct watch *w)
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
		if (r->start.generation == 1) {
			s->status = 1;
			raise(SIGTERM);
		}
		return;
	}
	w->pidfd = loop_fd_new(s->loop, r->proc.pidfd, LOOP_READ, on_pidfd, w);
	w->lifeline = loop_fd_new(s->loop, r->proc.lifeline, LOOP_READ,
				  on_lifeline, w);
	if (w->index >= 0) {
		tell_worker(s, w);
		return;
	}
	for (size_t i = 0; i < s->n_workers; i++)
		if (s->worker[i].role.start.generation)
			tell_worker(s, &s->worker[i]);
}

/* ---- time and signals -----------------------------------------------------
 */

static void each(struct supervisor *s, void (*fn)(struct watch *w))
{
	fn(&s->server);
	for (size_t i = 0; i < s->n_workers; i++)
		fn(&s->worker[i]);
}

static void look(struct watch *w)
{
	struct supervisor *s = w->s;
	uint64_t now_us = loop_now_us(s->loop);

	if (role_hangs(&w->role, now_us)) {
		log_warn("supervisor", "hangs", "role=\"%s\" pid=%d",
			 w->role.name, (int)w->role.proc.pid);
		proc_kill(&w->role.proc, SIGKILL);
	}
	if (!s->stop_us && w->role.state == ROLE_DOWN && w->role.retry_us &&
	    now_us >= w->role.retry_us)
		start(w);
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

static void on_stop(void *arg, int signo)
{
	struct supervisor *s = arg;
	uint64_t now_us = loop_now_us(s->loop);

	(void)signo;
	if (s->stop_us && !s->status) { /* the second time: at once */
		each(s, kill_now);
		return;
	}
	log_info("supervisor", "stopping", "pid=%d", (int)getpid());
	s->stop_us =
		now_us + STOP_US + (uint64_t)s->conf->server.drain_s * 1000000;
	each(s, stop_role);
	if (!anyone_left(s))
		loop_stop(s->loop);
}

static void on_reload(void *arg, int signo)
{
	struct supervisor *s = arg;
	struct lifeline_msg m = {.type = LIFELINE_RELOAD};

	(void)signo;
	if (s->server.role.state != ROLE_DOWN)
		lifeline_send(s->server.role.proc.lifeline, &m, NULL, 0);
}

/* ---- set-up ---------------------------------------------------------------
 */

/* 0700, and ours; parents as needed. */
static int make_dir(const char *path)
{
	char part[512];
	struct stat st;

	if (str_copy(part, sizeof(part), path))
		return -ENAMETOOLONG;
	for (char *p = part + 1; *p; p++)
		if (*p == '/') {
			*p = '\0';
			mkdir(part, 0755);
			*p = '/';
		}
	if (mkdir(path, 0700) && errno != EEXIST)
		return -errno;
	if (stat(path, &st))
		return -errno;
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid())
		return -EPERM;
	return st.st_mode & 077 && chmod(path, 0700) ? -errno : 0;
}

static int complain(int err, const char *what, const char *which, unsigned port)
{
	log_error("supervisor", what, "which=\"%s\" port=%u error=\"%s\"",
		  which, port, strerror(-err));
	return err;
}

static void fill_start(struct supervisor *s, struct lifeline_start *st)
{
	int level = log_level_parse(s->conf->server.log_level);

	st->log_level = (uint32_t)level;
	st->log_json = s->conf->server.log_json;
	st->cpu = -1;
	st->n_announce = (uint32_t)s->n_announce;
	memcpy(st->announce, s->announce, sizeof(st->announce));
	str_copy(st->run_dir, sizeof(st->run_dir), s->conf->server.run_dir);
}

/* Adopts a socket that was made, or tells why not. */
static int give(struct role *r, enum lifeline_fd kind, int fd, const char *what,
		unsigned int port)
{
	if (fd < 0)
		return complain(fd, "cannot listen", what, port);
	return role_add_fd(r, kind, fd);
}

static int open_listeners(struct supervisor *s)
{
	const struct conf_listen *l = &s->conf->listen;
	struct role *r = &s->server.role;
	enum lifeline_fd kind = l->tls ? LIFELINE_FD_HTTPS : LIFELINE_FD_HTTP;
	char path[LIFELINE_PATH] = "";
	int err = 0;

	if (!l->address.n)
		err = give(r, kind, sockets_tcp("", (uint16_t)l->port), "*",
			   l->port);
	for (size_t i = 0; !err && i < l->address.n; i++)
		err = give(r, kind,
			   sockets_tcp(l->address.v[i], (uint16_t)l->port),
			   l->address.v[i], l->port);
	if (!err && *l->metrics_address)
		err = give(r, LIFELINE_FD_METRICS,
			   sockets_tcp(l->metrics_address,
				       (uint16_t)l->metrics_port),
			   l->metrics_address, l->metrics_port);
	str_addf(path, sizeof(path), "%s/admin", s->conf->server.run_dir);
	if (!err)
		err = give(r, LIFELINE_FD_ADMIN, sockets_unix(path), path, 0);
	return err;
}

static int init_server(struct supervisor *s)
{
	struct watch *w = &s->server;
	int err = role_init(&w->role, "server", "/proc/self/exe");

	w->s = s;
	w->index = -1;
	if (err)
		return err;
	/* A burst of joins is one long turn, and media needs no server. */
	w->role.hang_cpu_us = SERVER_HANG_CPU_US;
	role_add_arg(&w->role, "signald");
	role_add_arg(&w->role, "-x");
	role_add_arg(&w->role, "server");
	role_add_arg(&w->role, "-l");
	role_add_arg(&w->role, "3");
	if (s->conf->path) {
		role_add_arg(&w->role, "-c");
		role_add_arg(&w->role, s->conf->path);
	}
	fill_start(s, &w->role.start);
	return open_listeners(s);
}

/* The n-th CPU of those this process may use; -1: none. */
static int nth_cpu(const cpu_set_t *set, int n)
{
	int count = CPU_COUNT(set);

	if (!count)
		return -1;
	n %= count;
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, set) && n-- == 0)
			return cpu;
	return -1;
}

static int open_media(struct supervisor *s, struct role *r, int index)
{
	const struct conf_media *m = &s->conf->media;
	uint32_t port = m->port ? m->port + (uint32_t)index : 0;
	int udp = sockets_udp(m->address, (uint16_t)port, m->buffer_kib * 1024);
	int err = give(r, LIFELINE_FD_UDP, udp, "udp", port);
	int tcp;

	if (err || !m->tcp)
		return err;
	tcp = sockets_tcp(m->address, sockets_port(udp));
	if (tcp == -EADDRINUSE && !port)
		tcp = sockets_tcp(m->address, 0);
	return give(r, LIFELINE_FD_TCP, tcp, "tcp", port);
}

static int init_worker(struct supervisor *s, int index, const cpu_set_t *cpus)
{
	struct watch *w = &s->worker[index];
	char name[24] = "", number[12] = "";
	int err;

	str_addf(name, sizeof(name), "worker %d", index);
	str_addf(number, sizeof(number), "%d", index);
	w->s = s;
	w->index = index;
	err = role_init(&w->role, name, s->conf->media.program);
	if (err)
		return err;
	role_add_arg(&w->role, "mediad");
	role_add_arg(&w->role, "-i");
	role_add_arg(&w->role, number);
	role_add_arg(&w->role, "-l");
	role_add_arg(&w->role, "3");
	fill_start(s, &w->role.start);
	w->role.start.index = (uint32_t)index;
	if (s->conf->media.pin)
		w->role.start.cpu = nth_cpu(cpus, index);
	return open_media(s, &w->role, index);
}

static int init_announce(struct supervisor *s)
{
	const struct conf_list *l = &s->conf->media.announce;

	if (!l->n && *s->conf->media.address &&
	    !addr_parse(&s->announce[0], s->conf->media.address, 0) &&
	    !addr_is_any(&s->announce[0]))
		s->n_announce = 1;
	else if (!l->n)
		s->n_announce = sockets_own_addrs(s->announce, LIFELINE_ADDRS);
	for (size_t i = 0; i < l->n && i < LIFELINE_ADDRS; i++)
		if (addr_parse(&s->announce[s->n_announce++], l->v[i], 0))
			return complain(-EINVAL, "not an address", l->v[i], 0);
	return 0;
}

static int init_workers(struct supervisor *s)
{
	cpu_set_t cpus;
	uint32_t n = s->conf->media.workers;
	int err = 0;

	CPU_ZERO(&cpus);
	sched_getaffinity(0, sizeof(cpus), &cpus);
	if (!n)
		n = (uint32_t)CPU_COUNT(&cpus);
	if (!n || n > WORKERS_MAX)
		n = n ? WORKERS_MAX : 1;
	for (uint32_t i = 0; !err && i < n; i++) {
		err = init_worker(s, (int)i, &cpus);
		s->n_workers++;
	}
	return err;
}

static int init(struct supervisor *s)
{
	const struct conf_server *c = &s->conf->server;
	int err = make_dir(c->state_dir);

	if (err)
		return complain(err, "no state directory", c->state_dir, 0);
	err = make_dir(c->run_dir);
	if (err)
		return complain(err, "no run directory", c->run_dir, 0);
	if (access(s->conf->media.program, X_OK))
		return complain(-errno, "no mediad", s->conf->media.program, 0);
	s->loop = loop_new();
	if (!s->loop || loop_hook(s->loop, on_turn, s) ||
	    loop_signal(s->loop, SIGINT, on_stop, s) ||
	    loop_signal(s->loop, SIGTERM, on_stop, s) ||
	    loop_signal(s->loop, SIGHUP, on_reload, s))
		return complain(-ENOMEM, "no loop", "", 0);
	err = init_announce(s);
	if (!err)
		err = init_server(s);
	return err ? err : init_workers(s);
}

int supervisor_run(const struct conf *conf)
{
	struct supervisor *s = calloc(1, sizeof(*s));
	int status = 1;

	if (!s)
		return 1;
	s->conf = conf;
	sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
	if (!init(s)) {
		/* Workers first: the server finds them all. */
		for (size_t i = 0; i < s->n_workers; i++)
			start(&s->worker[i]);
		start(&s->server);
		status = loop_run(s->loop) ? 1 : s->status;
	}
	each(s, unwatch);
	role_fini(&s->server.role);
	for (size_t i = 0; i < s->n_workers; i++)
		role_fini(&s->worker[i].role);
	loop_free(s->loop);
	free(s);
	return status;
}
