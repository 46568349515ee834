/*
 * mediad: one media worker: `mediad -i INDEX -l FD [-p PACKETS]`, started by
 * the supervisor. This file alone joins the worker to its sockets, its loop,
 * its lifeline and its bus.
 */
#include <errno.h>
#include <getopt.h>
#include <malloc.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/str.h"
#include "common/sys/clock.h"
#include "common/sys/loop.h"
#include "common/sys/rng.h"
#include "common/sys/sandbox.h"
#include "mediad/control/control.h"
#include "mediad/control/notify.h"
#include "mediad/io/tcp.h"
#include "mediad/io/udp.h"
#include "mediad/path/pipes.h"
#include "mediad/path/worker.h"
#include "proto/chan.h"
#include "proto/lifeline.h"

#define POOL_PACKETS  32768
#define TX_SLOTS      256
#define TCP_CONNS_MAX 2000
#define MMAP_FROM     12288 /* bytes of an allocation */
#define TRIM_US	      1000000
#define CONSENT_US    30000000
#define START_MS      5000
#define LOAD_US	      1000000

struct mediad {
	char name[16];
	uint32_t index;
	int lifeline;
	uint32_t pool_packets;
	struct lifeline_start start;
	struct loop *loop;
	struct pkt_pool pool;
	struct udp *udp;
	struct tcp *tcp;
	struct chan *bus;
	struct heartbeat *beat;
	struct loop_fd *pipe[PIPE_WORKERS]; /* the eventfds */
	struct blackbox *box;
	struct recorder *recorder;
	struct worker worker;
	struct control control;
	uint64_t load_us;   /* next WORKER_LOAD */
	uint64_t trim_us;   /* not sooner */
	uint64_t forgotten; /* handshakes, at the last trim */
	uint64_t orphan_us; /* when to end without a supervisor */
	struct rx rx[RX_BATCH];
};

/* ---- bytes arrived ------------------------------------------------------ */

static void on_udp(void *arg, unsigned int ready)
{
	struct mediad *d = arg;
	uint64_t now_us = loop_now_us(d->loop);
	int n = udp_recv(d->udp, d->rx, RX_BATCH, now_us);

	(void)ready;
	if (n > 0)
		worker_input(&d->worker, d->rx, n, now_us);
}

static void on_tcp(void *arg, unsigned int ready)
{
	struct mediad *d = arg;
	uint64_t now_us = loop_now_us(d->loop);
	int n = tcp_recv(d->tcp, d->rx, RX_BATCH, now_us);

	(void)ready;
	if (n > 0)
		worker_input(&d->worker, d->rx, n, now_us);
}

static void bus_request(struct mediad *d, const struct chan_msg *m,
			uint64_t now_us)
{
	struct control *k = &d->control;
	int err = control_call(k, m->method, m->body, m->body_len, now_us);

	if (err)
		log_debug("bus", "refused", "method=%u error=%d reason=%s",
			  m->method, -err, k->reason ? k->reason : "-");
	(void)chan_reply(d->bus, m->id, err, k->reason, k->out, k->out_len);
}

static void bus_drain(struct mediad *d, uint64_t now_us)
{
	struct chan_msg m;

	while (chan_next(d->bus, now_us, &m)) {
		switch (m.kind) {
		case CHAN_UP:
			chan_ack(d->bus, control_digest(&d->control));
			notify_all(&d->control);
			log_info("bus", "server", "boot=%016llx",
				 (unsigned long long)m.boot_id);
			break;
		case CHAN_DOWN:
			log_warn("bus", "no-server", "error=%d", -m.error);
			break;
		case CHAN_REQUEST:
			bus_request(d, &m, now_us);
			break;
		default:
			break;
		}
	}
}

static void on_bus(void *arg, unsigned int ready)
{
	struct mediad *d = arg;

	(void)ready;
	bus_drain(d, loop_now_us(d->loop));
}

/* Somebody woke us: the turn reads what is in the rings. */
static void on_pipe(void *arg, unsigned int ready)
{
	const struct pipe *p = arg;
	uint64_t n;

	(void)ready;
	(void)!read(p->in_event, &n, sizeof(n));
}

static void on_ring(struct mediad *d, const struct lifeline_ring *r,
		    const int *fds, size_t n)
{
	uint32_t i = r->index[0];
	struct pipe *p;
	int err;

	if (i >= PIPE_WORKERS || n != PIPES_FDS) {
		while (n)
			close(fds[--n]);
		return;
	}
	loop_fd_free(d->pipe[i]);
	d->pipe[i] = NULL;
	err = pipes_open(&d->worker, i, r->generation[0], fds,
			 loop_now_us(d->loop));
	if (err) {
		log_error("pipe", "not opened", "worker=%u error=%d", i, -err);
		return;
	}
	p = pipes_find(&d->worker, i, r->generation[0]);
	d->pipe[i] = loop_fd_new(d->loop, p->in_event, LOOP_READ, on_pipe, p);
	log_info("pipe", "opened", "worker=%u generation=%u", i, p->generation);
}

/* The supervisor makes it anew. */
static void tell_broken(struct mediad *d, uint64_t now_us)
{
	struct lifeline_msg m = {.type = LIFELINE_RING};
	const struct pipe *p;

	while ((p = pipes_broken(&d->worker, now_us))) {
		m.u.ring.index[0] = p->worker;
		m.u.ring.generation[0] = p->generation;
		log_error("pipe", "broken", "worker=%u generation=%u",
			  p->worker, p->generation);
		(void)lifeline_send(d->lifeline, &m, NULL, 0);
	}
}

static void on_lifeline(void *arg, unsigned int ready)
{
	struct mediad *d = arg;
	struct lifeline_msg m;
	int fds[PROC_MAX_FDS];
	size_t n = 0;
	int got = lifeline_recv(d->lifeline, &m, fds, &n);

	(void)ready;
	if (got == 1 && m.type == LIFELINE_RING) {
		on_ring(d, &m.u.ring, fds, n);
		return;
	}
	for (size_t i = 0; got == 1 && i < n; i++)
		close(fds[i]);
	if (got == 1 && m.type == LIFELINE_STOP)
		loop_stop(d->loop);
	if (got == 1 && m.type == LIFELINE_LOG)
		log_set_level((enum log_level)m.u.log_level);
	if (got || d->orphan_us != UINT64_MAX)
		return;
	log_warn("lifeline", "orphaned", "exit_in_ms=%u", d->start.orphan_ms);
	d->orphan_us =
		loop_now_us(d->loop) + (uint64_t)d->start.orphan_ms * 1000;
}

static void on_signal(void *arg, int signo)
{
	struct mediad *d = arg;

	(void)signo;
	loop_stop(d->loop);
}

/* ---- the end of a turn -------------------------------------------------- */

static void tell(struct mediad *d, uint64_t now_us)
{
	struct control *k = &d->control;
	uint32_t event;

	if (!chan_is_up(d->bus))
		return;
	while (notify_next(k, now_us, &event))
		(void)chan_notify(d->bus, event, k->out, k->out_len);
	if (now_us < d->load_us)
		return;
	d->load_us = now_us + LOAD_US;
	if (!control_call(k, MEDIA__METHOD__GET_WORKER_STATS, NULL, 0, now_us))
		(void)chan_notify(d->bus, MEDIA__EVENT__WORKER_LOAD, k->out,
				  k->out_len);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/*
 * Handshakes leave holes between what lives on: their pages go back to the
 * system, seldom enough to cost nothing.
 */
static void trim(struct mediad *d, uint64_t now_us)
{
	uint64_t n = dtls_ctx_forgotten(d->worker.dtls);

	if (n == d->forgotten || now_us < d->trim_us)
		return;
	(void)malloc_trim(0);
	d->forgotten = n;
	d->trim_us = now_us + TRIM_US;
}

static uint64_t turn(void *arg, uint64_t now_us)
{
	struct mediad *d = arg;
	uint64_t due = now_us + LIFELINE_BEAT_US / 2;
	bool more;

	if (chan_deadline(d->bus) <= now_us)
		bus_drain(d, now_us);
	if (tcp_deadline(d->tcp) <= now_us)
		tcp_tick(d->tcp, now_us);
	more = pipes_drain(&d->worker, now_us);
	worker_turn(&d->worker, now_us);
	tell(d, now_us);
	tell_broken(d, now_us);
	trim(d, now_us);
	if (now_us >= d->orphan_us)
		loop_stop(d->loop);
	atomic_store_explicit(&d->beat->beat_us, now_us, memory_order_relaxed);
	atomic_fetch_add_explicit(&d->beat->turns, 1, memory_order_relaxed);
	due = earlier(due, chan_deadline(d->bus));
	due = earlier(due, tcp_deadline(d->tcp));
	if (!pipes_sleep(&d->worker) || more)
		due = now_us;
	return earlier(due, worker_deadline(&d->worker));
}

/* ---- start -------------------------------------------------------------- */

static int options(struct mediad *d, int argc, char **argv)
{
	uint64_t v;
	int opt;

	while ((opt = getopt(argc, argv, "i:l:p:")) != -1) {
		if (opt == '?' || str_u64(optarg, INT32_MAX, &v))
			return -EINVAL;
		if (opt == 'i')
			d->index = (uint32_t)v;
		if (opt == 'l')
			d->lifeline = (int)v;
		if (opt == 'p')
			d->pool_packets = (uint32_t)v;
	}
	return optind == argc && d->lifeline >= 0 ? 0 : -EINVAL;
}

/* Takes the descriptors of START over. */
static int adopt(struct mediad *d, const int *fds)
{
	for (uint32_t i = 0; i < d->start.n_fds; i++) {
		if (d->start.fd[i] == LIFELINE_FD_UDP)
			d->udp = udp_adopt(fds[i], &d->pool);
		else if (d->start.fd[i] == LIFELINE_FD_TCP)
			d->tcp = tcp_new(fds[i], &d->pool, TCP_CONNS_MAX);
		else if (d->start.fd[i] == LIFELINE_FD_HEARTBEAT)
			d->beat = lifeline_heartbeat(fds[i]);
		else if (d->start.fd[i] == LIFELINE_FD_BLACKBOX)
			d->box = lifeline_blackbox(fds[i]);
		else if (d->start.fd[i] == LIFELINE_FD_RECORDER)
			d->recorder = lifeline_recorder(fds[i], true);
	}
	return d->udp && d->tcp && d->beat ? 0 : -EBADF;
}

static int start_worker(struct mediad *d, uint64_t now_us)
{
	struct worker_conf conf = {
		.slots = TX_SLOTS,
		.consent_us = CONSENT_US,
		.udp_fd = udp_fd(d->udp),
		.tcp = d->tcp,
		.box = d->box,
		.recorder = d->recorder,
		.udp_port = udp_port(d->udp),
		.tcp_port = tcp_port(d->tcp),
		.n_announce = d->start.n_announce,
	};
	int err;

	memcpy(conf.announce, d->start.announce, sizeof(d->start.announce));
	err = worker_init(&d->worker, &conf, &d->pool, now_us);
	return err ? err : control_init(&d->control, &d->worker);
}

static int start_bus(struct mediad *d, uint64_t now_us)
{
	struct chan_conf conf = {
		.role = CHAN_WORKER,
		.path = d->start.bus_path,
		.boot_id = rng_id(),
		.generation = d->start.generation,
	};

	return chan_new(&d->bus, &conf, now_us);
}

static int watch(struct mediad *d)
{
	struct loop *l = d->loop;
	int err = loop_hook(l, turn, d);

	if (!err)
		err = loop_signal(l, SIGTERM, on_signal, d);
	if (err)
		return err;
	if (!loop_fd_new(l, udp_fd(d->udp), LOOP_READ, on_udp, d) ||
	    !loop_fd_new(l, tcp_fd(d->tcp), LOOP_READ, on_tcp, d) ||
	    !loop_fd_new(l, chan_fd(d->bus), LOOP_READ, on_bus, d) ||
	    !loop_fd_new(l, d->lifeline, LOOP_READ, on_lifeline, d))
		return -ENOMEM;
	return 0;
}

/* After nanomsg's thread exists, so that it may run elsewhere. */
static void pin(const struct mediad *d)
{
	cpu_set_t set;

	if (d->start.cpu < 0 || d->start.cpu >= CPU_SETSIZE)
		return;
	CPU_ZERO(&set);
	CPU_SET(d->start.cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		log_warn("start", "not-pinned", "cpu=%d error=%d", d->start.cpu,
			 errno);
}

static int start(struct mediad *d)
{
	struct lifeline_msg m = {.type = LIFELINE_READY};
	struct lifeline_msg first;
	int fds[PROC_MAX_FDS];
	uint64_t now_us = clock_us();
	int err;

	err = lifeline_wait_start(d->lifeline, &first, fds, START_MS);
	if (err)
		return err;
	d->start = first.u.start;
	log_setup(d->name, (enum log_level)d->start.log_level,
		  d->start.log_json);
	lifeline_on_fatal(d->lifeline);
	err = sandbox_drop();
	if (err)
		return err;
	err = pkt_pool_init(&d->pool, d->pool_packets);
	if (!err)
		err = adopt(d, fds);
	if (!err)
		err = start_worker(d, now_us);
	if (!err)
		err = start_bus(d, now_us);
	if (!err)
		err = watch(d);
	if (err)
		return err;
	pin(d);
	err = sandbox_enter(SANDBOX_MEDIAD, NULL, 0);
	if (err)
		return err;
	return lifeline_send(d->lifeline, &m, NULL, 0);
}

int main(int argc, char **argv)
{
	static struct mediad d = {.lifeline = -1,
				  .pool_packets = POOL_PACKETS,
				  .orphan_us = UINT64_MAX};
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	int err;

	if (options(&d, argc, argv)) {
		fprintf(stderr, "usage: mediad -i INDEX -l FD [-p PACKETS]\n");
		return 2;
	}
	/* What a handshake needed goes back to the system after it. */
	(void)mallopt(M_MMAP_THRESHOLD, MMAP_FROM);
	/* ... which asks first what is left at the heap's end: be it little. */
	(void)mallopt(M_TOP_PAD, 0);
	snprintf(d.name, sizeof(d.name), "mediad-%u", d.index);
	log_setup(d.name, LOG_INFO, false);
	sigaction(SIGPIPE, &ignore, NULL);
	d.loop = loop_new();
	err = d.loop ? rng_setup() : -ENOMEM;
	if (!err)
		err = start(&d);
	if (err) {
		log_error("start", "failed", "error=%s", strerror(-err));
		return 1;
	}
	log_info("start", "ready", "udp=%u tcp=%u srtp=%s pool=%u",
		 udp_port(d.udp), tcp_port(d.tcp),
		 srtp_env_backend(d.worker.srtp), d.pool.n);
	err = loop_run(d.loop);
	chan_free(d.bus);
	log_info("end", "stopped", "error=%d", -err);
	return err ? 1 : 0;
}
