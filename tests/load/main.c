/*
 * chattr-load: simulated clients by the hundred against a media server that
 * speaks the media part of the signaling protocol; one JSON object of what
 * came through and what it cost. README.md tells the modes and the figures.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/sys/clock.h"
#include "common/sys/rng.h"
#include "tests/load/floor.h"
#include "tests/load/harm.h"
#include "tests/load/report.h"
#include "tests/load/usage.h"

static void die(const char *what)
{
	fprintf(stderr, "chattr-load: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* ---- the loop ---- */

static void watch(struct run *r, int op, int fd, uint32_t events, uint64_t key)
{
	struct epoll_event ev = {.events = events, .data.u64 = key};

	if (epoll_ctl(r->epoll, op, fd, &ev) && op == EPOLL_CTL_ADD)
		die("epoll_ctl");
}

/* Sockets are watched until their transport is up; then the tick serves. */
static void watch_leg(struct run *r, unsigned i, enum peer_leg which)
{
	struct leg *l = &r->peers[i].leg[which];
	bool *on = &r->watched[2 * i + which];
	bool want = l->state == LEG_ICE || l->state == LEG_DTLS;

	if (want == *on)
		return;
	watch(r, want ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, l->fd, EPOLLIN,
	      (uint64_t)i << 2 | (which + 1));
	*on = want;
}

static void signaling(struct run *r, unsigned i, uint64_t now_us)
{
	struct peer *p = &r->peers[i];
	bool wrote = p->ws.wants_write;

	if (p->state == PEER_FAILED) {
		watch(r, EPOLL_CTL_DEL, p->ws.fd, 0, 0);
		return;
	}
	peer_io(p, now_us);
	if (p->ws.fd <= 0)
		return; /* a member who will come back */
	if (p->ws.wants_write != wrote)
		watch(r, EPOLL_CTL_MOD, p->ws.fd,
		      EPOLLIN | (p->ws.wants_write ? EPOLLOUT : 0),
		      (uint64_t)i << 2);
	watch_leg(r, i, PEER_SEND);
	watch_leg(r, i, PEER_RECV);
}

static void on_event(struct run *r, uint64_t key, uint64_t now_us)
{
	unsigned i = (unsigned)(key >> 2);
	unsigned what = key & 3;

	if (!what) {
		signaling(r, i, now_us);
		return;
	}
	peer_drain(&r->peers[i], what - 1, &r->batch, now_us);
	peer_tick(&r->peers[i], now_us);
	watch_leg(r, i, what - 1);
}

static void join_next(struct run *r, uint64_t now_us)
{
	while (r->started < r->until && now_us >= r->next_join_us) {
		struct peer *p = &r->peers[r->started];

		if (!peer_start(p, now_us))
			watch(r, EPOLL_CTL_ADD, p->ws.fd, EPOLLIN | EPOLLOUT,
			      (uint64_t)r->started << 2);
		r->started++;
		r->next_join_us += r->o.every_ms * 1000;
	}
}

static void tick(struct run *r, uint64_t now_us)
{
	for (unsigned i = 0; i < r->started; i++) {
		struct peer *p = &r->peers[i];

		p->sub.latency = r->measuring ? &r->latency : NULL;
		for (int k = 0; k < 2; k++) {
			peer_drain(p, k, &r->batch, now_us);
			watch_leg(r, i, k);
		}
		peer_tick(p, now_us);
		if (peer_retry(p, now_us))
			watch(r, EPOLL_CTL_ADD, p->ws.fd, EPOLLIN | EPOLLOUT,
			      (uint64_t)i << 2);
	}
}

/* Everybody's WebSocket goes, media does not. */
static void cut_all(struct run *r, uint64_t now_us)
{
	for (unsigned i = 0; i < r->started; i++)
		if (r->peers[i].member.token)
			peer_cut(&r->peers[i], r->o.away_ms * (uint64_t)1000,
				 now_us);
}

/* Peer n of the usual order: all who only send, who do both, who receive. */
static void make_peer(struct run *r, unsigned i, unsigned room, unsigned n)
{
	unsigned k = n / r->o.rooms;
	char name[64];

	snprintf(name, sizeof(name), "load-%d-%u", getpid(), room);
	peer_init(&r->peers[i], &r->conf, name, n, k < r->o.pubs + r->o.both,
		  k >= r->o.pubs);
	r->peers[i].whole = r->o.settle_s > 0;
	/* Of a room's senders, but for the first. */
	r->peers[i].held = r->o.settle_s && k && k < r->o.pubs + r->o.both;
}

/* One leaves; somebody new comes in its place. */
static void churn(struct run *r, uint64_t now_us)
{
	struct peer *p;

	if (!r->measuring || now_us < r->churn_us || !r->o.churn_ms)
		return;
	r->churn_us = now_us + r->o.churn_ms * (uint64_t)1000;
	/* Those who only receive: senders come first. */
	if (r->churned < r->o.rooms * (r->o.pubs + r->o.both))
		r->churned = r->o.rooms * (r->o.pubs + r->o.both);
	p = &r->peers[r->churned];
	if (p->state == PEER_READY) {
		for (int k = 0; k < 2; k++)
			r->watched[2 * r->churned + (unsigned)k] = false;
		peer_again(p);
		r->left++;
		if (!peer_start(p, now_us))
			watch(r, EPOLL_CTL_ADD, p->ws.fd, EPOLLIN | EPOLLOUT,
			      (uint64_t)r->churned << 2);
	}
	if (++r->churned >= r->n)
		r->churned = 0;
}

static uint64_t publish(struct run *r, uint64_t now_us)
{
	uint64_t due = UINT64_MAX;

	for (unsigned i = 0; i < r->started; i++) {
		struct pub *p = &r->peers[i].pub;
		uint64_t d;

		if (!p->n)
			continue;
		if (pub_deadline(p) <= now_us)
			pub_tick(p, now_us);
		d = pub_deadline(p);
		due = d < due ? d : due;
	}
	return due;
}

static void turn(struct run *r)
{
	struct epoll_event ev[64];
	uint64_t now = clock_us();
	uint64_t due = publish(r, now);
	struct timespec wait = {0};
	int n;

	if (r->tick_us < due)
		due = r->tick_us;
	if (r->started < r->until && r->next_join_us < due)
		due = r->next_join_us;
	now = clock_us();
	if (due > now)
		wait.tv_nsec = (long)(due - now) * 1000;
	if (wait.tv_nsec > (long)r->o.tick_ms * 1000000)
		wait.tv_nsec = (long)r->o.tick_ms * 1000000;
	n = epoll_pwait2(r->epoll, ev, 64, &wait, NULL);
	now = clock_us();
	for (int i = 0; i < n; i++)
		on_event(r, ev[i].data.u64, now);
	join_next(r, now);
	if (now < r->tick_us)
		return;
	if (r->tick_us && now - r->tick_us > r->late_us)
		r->late_us = now - r->tick_us;
	r->tick_us = now + r->o.tick_ms * 1000;
	tick(r, now);
	if (r->measuring)
		harm_tick(r, now);
	churn(r, now);
}

static volatile sig_atomic_t stopped;

static void on_term(int signo)
{
	(void)signo;
	stopped = 1;
}

/* SIGTERM ends the measurement early: the report is still made. */
static void turns_until(struct run *r, uint64_t until_us)
{
	while (clock_us() < until_us && !stopped)
		turn(r);
}

/* Its transports are up; media may be still to come. */
static bool connected(const struct peer *p)
{
	return p->state == PEER_READY || p->state == PEER_FAILED ||
	       (p->joined && p->leg[PEER_RECV].state == LEG_UP &&
		(!p->whole || p->leg[PEER_SEND].state == LEG_UP));
}

static bool all_in(const struct run *r, bool with_media)
{
	for (unsigned i = 0; i < r->until; i++) {
		enum peer_state s = r->peers[i].state;

		if (with_media ? s != PEER_READY && s != PEER_FAILED
			       : !connected(&r->peers[i]))
			return false;
	}
	return true;
}

/* The first `until` peers come in. */
static void join(struct run *r, unsigned until, bool with_media)
{
	uint64_t limit = clock_us() + r->o.join_s * (uint64_t)1000000;

	r->next_join_us = clock_us();
	limit += (uint64_t)(until - r->until) * r->o.every_ms * 1000;
	r->until = until;
	while (clock_us() < limit) {
		turns_until(r, clock_us() + 50000);
		if (r->started == r->until && all_in(r, with_media))
			return;
	}
}

/* ---- set-up ---- */

/*
 * Senders of all rooms first, so that receivers find media; the other way
 * round to tell memory apart; room by room up to the limit.
 */
static void make_peers(struct run *r)
{
	const struct options *o = &r->o;
	unsigned senders = o->rooms * (o->pubs + o->both);
	unsigned per_room = o->pubs + o->both + o->subs;
	unsigned n;

	r->n = o->rooms * per_room;
	r->peers = calloc(r->n ? r->n : 1, sizeof(*r->peers));
	r->watched = calloc(2 * (size_t)r->n + 1, sizeof(*r->watched));
	if (!r->peers || !r->watched)
		die("calloc");
	for (unsigned i = 0; i < r->n; i++) {
		n = o->settle_s ? (i + senders) % r->n : i;
		if (o->ramp)
			n = i % per_room * o->rooms + i / per_room;
		make_peer(r, i, n % o->rooms, n);
	}
}

static void setup(struct run *r)
{
	struct rlimit lim;
	struct addr a;

	if (leg_env_init(&r->env))
		die("setup");
	if (getrlimit(RLIMIT_NOFILE, &lim) == 0) {
		lim.rlim_cur = lim.rlim_max;
		setrlimit(RLIMIT_NOFILE, &lim);
	}
	if (addr_parse(&a,
		       strcmp(r->o.host, "localhost") ? r->o.host : "127.0.0.1",
		       r->o.port))
		die("--url");
	r->conf = (struct peer_conf){.server = a,
				     .host = r->o.host,
				     .env = &r->env,
				     .pub = r->o.pub,
				     .sample = r->o.sample,
				     .members = r->o.members};
	r->conf.tls = SSL_CTX_new(TLS_client_method());
	r->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (!r->conf.tls || r->epoll < 0)
		die("setup");
	for (int i = 0; r->o.server_cpu >= 0 && i < r->o.n_pids; i++)
		if (usage_pin(r->o.pids[i], r->o.server_cpu))
			die("--server-cpu");
	hist_init(&r->latency);
	make_peers(r);
}

static void measure_floor(struct run *r)
{
	const struct options *o = &r->o;
	struct floor_conf c = {.pubs = o->rooms * o->pubs,
			       .subs = o->subs,
			       .secs = o->secs < 5 ? o->secs : 5,
			       .cpu = o->server_cpu,
			       .backend = o->backend,
			       .pub = o->pub};

	hist_init(&r->floor_latency);
	r->floor = floor_run(&c, &r->floor_latency);
	if (!o->host)
		printf("{\"name\":\"%s\",\"floor\":%.0f}\n", o->name, r->floor);
}

static void measure(struct run *r)
{
	struct reading a;
	struct reading b;

	turns_until(r, clock_us() + r->o.warm_s * (uint64_t)1000000);
	hist_init(&r->latency);
	r->measuring = true;
	report_read(r, &a);
	report_begin(r);
	harm_begin(r, a.at_us);
	if (r->o.away_ms)
		cut_all(r, clock_us());
	turns_until(r, clock_us() + r->o.secs * (uint64_t)1000000);
	report_read(r, &b);
	r->measuring = false;
	report_print(r, &a, &b);
}

/*
 * All come, and one sender a room sends; when the handshakes are forgotten,
 * the other senders begin: whoever takes memory then is a consumer.
 */
static void settle(struct run *r)
{
	unsigned all = r->o.rooms * r->o.subs * r->o.pubs;
	uint64_t limit;

	join(r, r->o.rooms * r->o.subs, false);
	join(r, r->n, true);
	turns_until(r, clock_us() + r->o.settle_s * (uint64_t)1000000);
	report_memory(r, &r->settled);
	for (unsigned i = 0; i < r->n; i++)
		peer_release(&r->peers[i], clock_us());
	limit = clock_us() + r->o.join_s * (uint64_t)1000000;
	while (report_consumers(r) < all && clock_us() < limit && !stopped)
		turns_until(r, clock_us() + 50000);
}

static void run_all(struct run *r)
{
	unsigned per_room = r->o.pubs + r->o.both + r->o.subs;

	report_memory(r, &r->before);
	for (unsigned i = 1; r->o.ramp && i < r->o.rooms; i++) {
		join(r, i * per_room, true);
		measure(r);
		if (r->full)
			return;
	}
	if (r->o.settle_s)
		settle(r);
	else
		join(r, r->n, true);
	measure(r);
}

int main(int argc, char **argv)
{
	static struct run r;

	if (options_parse(&r.o, argc, argv)) {
		fputs(options_usage(), stderr);
		return 2;
	}
	if (rng_setup())
		die("rng_setup");
	if (r.o.cpu >= 0 && usage_pin(getpid(), r.o.cpu))
		die("--cpu");
	if (r.o.spin)
		usage_spin();
	if (r.o.floor)
		measure_floor(&r);
	if (!r.o.host)
		return r.floor > 0 ? 0 : 1;
	sigaction(SIGTERM, &(struct sigaction){.sa_handler = on_term}, NULL);
	setup(&r);
	run_all(&r);
	for (unsigned i = 0; i < r.n; i++)
		peer_free(&r.peers[i]);
	return report_count(&r, PEER_FAILED) ? 1 : 0;
}
