/*
 * chattr-load: simulated clients by the hundred against a media server that
 * speaks the media part of the signaling protocol; one JSON object of what
 * came through and what it cost. README.md tells the modes and the figures.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/hist.h"
#include "common/sys/clock.h"
#include "common/sys/rng.h"
#include "tests/load/floor.h"
#include "tests/load/peer.h"
#include "tests/load/usage.h"

#define TICK_US	 5000
#define PIDS_MAX 16

struct options {
	const char *name;
	unsigned rooms;
	unsigned pubs;	   /* a room: who only sends */
	unsigned subs;	   /* a room: who only receives */
	unsigned both;	   /* a room: who does both */
	unsigned every_ms; /* between two joins */
	unsigned warm_s;
	unsigned secs;
	unsigned join_s; /* all must be in after that time */
	int cpu;
	int server_cpu;
	bool spin;
	bool floor;
	const char *backend;
	pid_t pids[PIDS_MAX];
	int n_pids;
	uint16_t port; /* of signaling */
	const char *host;
	struct pub_conf pub;
	uint32_t sample;
};

/* What is read at both ends of the measurement. */
struct reading {
	uint64_t at_us;
	uint64_t cpu_ns[PIDS_MAX];
	uint64_t own_ns;
	uint64_t sent; /* by publishers */
	uint64_t server_drops;
	uint64_t own_drops;
	struct sub_count got;
};

struct run {
	struct options o;
	struct peer_conf conf;
	struct leg_env env;
	struct peer *peers;
	unsigned n;
	unsigned started;
	int epoll;
	uint64_t tick_us;
	uint64_t next_join_us;
	struct leg_batch batch;
	struct hist latency;
	bool measuring;
	bool *watched; /* by peer and leg: its socket is in the epoll */
};

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
	while (r->started < r->n && now_us >= r->next_join_us) {
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
	}
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
	if (r->started < r->n && r->next_join_us < due)
		due = r->next_join_us;
	now = clock_us();
	if (due > now)
		wait.tv_nsec = (long)(due - now) * 1000;
	if (wait.tv_nsec > TICK_US * 1000)
		wait.tv_nsec = TICK_US * 1000;
	n = epoll_pwait2(r->epoll, ev, 64, &wait, NULL);
	now = clock_us();
	for (int i = 0; i < n; i++)
		on_event(r, ev[i].data.u64, now);
	join_next(r, now);
	if (now < r->tick_us)
		return;
	r->tick_us = now + TICK_US;
	tick(r, now);
}

static void turns_until(struct run *r, uint64_t until_us)
{
	while (clock_us() < until_us)
		turn(r);
}

static unsigned count_state(const struct run *r, enum peer_state s)
{
	unsigned n = 0;

	for (unsigned i = 0; i < r->n; i++)
		n += r->peers[i].state == s;
	return n;
}

static void join_all(struct run *r)
{
	uint64_t start = clock_us();
	uint64_t limit = start + r->o.join_s * (uint64_t)1000000;

	r->next_join_us = start;
	limit += (uint64_t)r->n * r->o.every_ms * 1000;
	while (clock_us() < limit) {
		uint64_t check = clock_us() + 50000;

		turns_until(r, check);
		if (count_state(r, PEER_READY) + count_state(r, PEER_FAILED) ==
		    r->n)
			return;
	}
}

/* ---- the figures ---- */

static void read_all(struct run *r, struct reading *x)
{
	memset(x, 0, sizeof(*x));
	x->at_us = clock_us();
	for (int i = 0; i < r->o.n_pids; i++)
		x->cpu_ns[i] = usage_cpu_ns(r->o.pids[i]);
	x->own_ns = usage_cpu_ns(getpid());
	for (unsigned i = 0; i < r->n; i++) {
		const struct peer *p = &r->peers[i];
		const struct sub_count *c = &p->count;

		for (int k = 0; k < p->pub.n; k++)
			x->sent += p->pub.s[k].packets;
		x->own_drops += p->leg[0].drops + p->leg[1].drops;
		x->got.expected += c->expected;
		x->got.received += c->received;
		x->got.repaired += c->repaired;
		x->got.twice += c->twice;
		x->got.bytes += c->bytes;
		x->got.sampled += c->sampled;
		x->got.bad += c->bad;
		x->got.nacked += c->nacked;
		if (p->leg[PEER_RECV].state && !x->server_drops)
			x->server_drops = usage_udp_drops(
				p->leg[PEER_RECV].remote.addr.port);
	}
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

/* From the WebSocket's first packet to the first packet of media. */
static json_t *join_times(const struct run *r)
{
	double *ms = calloc(r->n + 1, sizeof(*ms));
	unsigned n = 0;
	json_t *j;

	if (!ms)
		die("calloc");
	for (unsigned i = 0; i < r->n; i++)
		if (r->peers[i].sub.first_us)
			ms[n++] = (double)(r->peers[i].sub.first_us -
					   r->peers[i].start_us) /
				  1000;
	qsort(ms, n, sizeof(*ms), by_value);
	j = json_pack("{s:i,s:f,s:f,s:f}", "n", (int)n, "p50",
		      n ? ms[n / 2] : 0.0, "p95", n ? ms[n * 95 / 100] : 0.0,
		      "max", n ? ms[n - 1] : 0.0);
	free(ms);
	return j;
}

static json_t *failures(const struct run *r)
{
	json_t *j = json_object();

	for (unsigned i = 0; i < r->n; i++) {
		const struct peer *p = &r->peers[i];
		const char *why = p->why;
		json_int_t n;

		if (p->state == PEER_READY)
			continue;
		if (!why)
			why = !p->joined ? "signaling stood still"
			      : p->receives && p->leg[PEER_RECV].state != LEG_UP
				      ? "no transport"
				      : "no media";
		n = json_integer_value(json_object_get(j, why));
		json_object_set_new(j, why, json_integer(n + 1));
	}
	return j;
}

static json_t *servers(const struct run *r, const struct reading *a,
		       const struct reading *b, double secs, double *cpu_s)
{
	json_t *list = json_array();

	*cpu_s = 0;
	for (int i = 0; i < r->o.n_pids; i++) {
		double s = (double)(b->cpu_ns[i] - a->cpu_ns[i]) / 1e9;

		*cpu_s += s;
		json_array_append_new(
			list,
			json_pack("{s:i,s:f,s:I}", "pid", (int)r->o.pids[i],
				  "cores", s / secs, "rss",
				  (json_int_t)usage_rss_bytes(r->o.pids[i])));
	}
	return list;
}

static json_t *latencies(const struct hist *h)
{
	return json_pack("{s:I,s:I,s:I,s:I,s:I}", "n", (json_int_t)h->n, "p50",
			 (json_int_t)hist_quantile(h, 0.5), "p99",
			 (json_int_t)hist_quantile(h, 0.99), "p999",
			 (json_int_t)hist_quantile(h, 0.999), "max",
			 (json_int_t)h->max);
}

static void report(struct run *r, const struct reading *a,
		   const struct reading *b)
{
	double secs = (double)(b->at_us - a->at_us) / 1e6;
	double own = (double)(b->own_ns - a->own_ns) / 1e9 / secs;
	uint64_t expected = b->got.expected - a->got.expected;
	uint64_t received = b->got.received - a->got.received;
	double cpu_s;
	json_t *pids = servers(r, a, b, secs, &cpu_s);
	json_t *j;

	j = json_pack("{s:s,s:i,s:i,s:f,s:f,s:f,s:f,s:o,s:o,s:o}", "name",
		      r->o.name, "peers", (int)r->n, "ready",
		      (int)count_state(r, PEER_READY), "seconds", secs,
		      "offered_pps", (double)(b->sent - a->sent) / secs,
		      "delivered_pps", (double)received / secs, "loss",
		      expected > received
			      ? (double)(expected - received) / (double)expected
			      : 0.0,
		      "latency_us", latencies(&r->latency), "join_ms",
		      join_times(r), "failures", failures(r));
	json_object_update_new(
		j,
		json_pack("{s:I,s:I,s:I,s:I,s:I}", "sampled",
			  (json_int_t)(b->got.sampled - a->got.sampled), "bad",
			  (json_int_t)(b->got.bad - a->got.bad), "repaired",
			  (json_int_t)(b->got.repaired - a->got.repaired),
			  "nacked", (json_int_t)(b->got.nacked - a->got.nacked),
			  "server_drops",
			  (json_int_t)(b->server_drops - a->server_drops)));
	json_object_update_new(
		j, json_pack("{s:o,s:f,s:f,s:{s:f,s:I,s:b}}", "servers", pids,
			     "cpu_s", cpu_s, "packets_per_cpu_second",
			     cpu_s > 0 ? (double)received / cpu_s : 0.0,
			     "generator", "cores", own, "drops",
			     (json_int_t)(b->own_drops - a->own_drops),
			     "bottleneck", own > 0.9));
	json_dumpf(j, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
	printf("\n");
	json_decref(j);
}

/* ---- options ---- */

static const struct option longopts[] = {
	{"name", required_argument, NULL, 'n'},
	{"url", required_argument, NULL, 'u'},
	{"rooms", required_argument, NULL, 'r'},
	{"pubs", required_argument, NULL, 'p'},
	{"subs", required_argument, NULL, 's'},
	{"both", required_argument, NULL, 'b'},
	{"every-ms", required_argument, NULL, 'e'},
	{"warm", required_argument, NULL, 'w'},
	{"secs", required_argument, NULL, 't'},
	{"join-secs", required_argument, NULL, 'j'},
	{"video-bps", required_argument, NULL, 'v'},
	{"layers", required_argument, NULL, 'l'},
	{"audio-bps", required_argument, NULL, 'a'},
	{"fps", required_argument, NULL, 'f'},
	{"payload", required_argument, NULL, 'y'},
	{"sample", required_argument, NULL, 'k'},
	{"pid", required_argument, NULL, 'P'},
	{"cpu", required_argument, NULL, 'c'},
	{"server-cpu", required_argument, NULL, 'C'},
	{"spin", no_argument, NULL, 'S'},
	{"floor", no_argument, NULL, 'F'},
	{"backend", required_argument, NULL, 'B'},
	{NULL, 0, NULL, 0},
};

static const char usage[] =
	"usage: chattr-load --url HOST:PORT [--name NAME] [--pid PID ...]\n"
	"  [--rooms N] [--pubs N] [--subs N] [--both N]   clients, a room\n"
	"  [--video-bps N] [--layers 1|3] [--fps N] [--audio-bps N]\n"
	"  [--payload BYTES] [--sample K] [--every-ms N] [--join-secs N]\n"
	"  [--warm S] [--secs S] [--cpu N] [--server-cpu N] [--spin]\n"
	"chattr-load --floor [--backend mb|evp] ...      no server: the "
	"floor\n";

static unsigned *number_option(struct options *o, int c)
{
	switch (c) {
	case 'r':
		return &o->rooms;
	case 'p':
		return &o->pubs;
	case 's':
		return &o->subs;
	case 'b':
		return &o->both;
	case 'e':
		return &o->every_ms;
	case 'w':
		return &o->warm_s;
	case 't':
		return &o->secs;
	case 'j':
		return &o->join_s;
	case 'v':
		return &o->pub.video_bps;
	case 'l':
		return &o->pub.layers;
	case 'a':
		return &o->pub.audio_bps;
	case 'f':
		return &o->pub.fps;
	case 'y':
		return &o->pub.payload;
	case 'k':
		return &o->sample;
	default:
		return NULL;
	}
}

static int option(struct options *o, int c, char *arg)
{
	unsigned *number = number_option(o, c);
	char *colon;

	if (number) {
		*number = (unsigned)strtoul(arg, NULL, 10);
		return 0;
	}
	switch (c) {
	case 'n':
		o->name = arg;
		return 0;
	case 'u':
		colon = strrchr(arg, ':');
		if (!colon)
			return -1;
		*colon = '\0';
		o->host = arg;
		o->port = (uint16_t)strtoul(colon + 1, NULL, 10);
		return 0;
	case 'P':
		if (o->n_pids < PIDS_MAX)
			o->pids[o->n_pids++] = (pid_t)strtol(arg, NULL, 10);
		return 0;
	case 'c':
		o->cpu = (int)strtol(arg, NULL, 10);
		return 0;
	case 'C':
		o->server_cpu = (int)strtol(arg, NULL, 10);
		return 0;
	case 'S':
		o->spin = true;
		return 0;
	case 'F':
		o->floor = true;
		return 0;
	case 'B':
		o->backend = arg;
		return 0;
	default:
		return -1;
	}
}

static int parse_options(struct options *o, int argc, char **argv)
{
	int c;

	*o = (struct options){.name = "load",
			      .rooms = 1,
			      .every_ms = 20,
			      .warm_s = 3,
			      .secs = 10,
			      .join_s = 20,
			      .cpu = -1,
			      .server_cpu = -1,
			      .sample = 16};
	o->pub = (struct pub_conf){
		.video_bps = 2500000, .layers = 1, .fps = 30, .payload = 1160};
	while ((c = getopt_long(argc, argv, "", longopts, NULL)) != -1)
		if (option(o, c, optarg))
			return -1;
	if ((!o->host && !o->floor) || o->pub.payload > 1300 || !o->pub.fps ||
	    o->pub.fps > 100 || (o->pub.layers != 1 && o->pub.layers != 3))
		return -1;
	return 0;
}

/* ---- set-up ---- */

static void make_peers(struct run *r)
{
	const struct options *o = &r->o;
	unsigned per_room = o->pubs + o->both + o->subs;
	unsigned n = 0;
	char room[64];

	r->n = o->rooms * per_room;
	r->peers = calloc(r->n ? r->n : 1, sizeof(*r->peers));
	r->watched = calloc(2 * (size_t)r->n + 1, sizeof(*r->watched));
	if (!r->peers || !r->watched)
		die("calloc");
	/* Senders of all rooms first, so that receivers find media. */
	for (unsigned k = 0; k < per_room; k++) {
		bool only_sub = k >= o->pubs + o->both;

		for (unsigned i = 0; i < o->rooms; i++, n++) {
			snprintf(room, sizeof(room), "load-%d-%u", getpid(), i);
			peer_init(&r->peers[n], &r->conf, room, n, !only_sub,
				  k >= o->pubs);
		}
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
				     .sample = r->o.sample};
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

static int run_floor(const struct options *o)
{
	struct floor_conf c = {.name = o->name,
			       .pubs = o->rooms * o->pubs,
			       .subs = o->subs,
			       .secs = o->secs,
			       .cpu = o->server_cpu,
			       .backend = o->backend,
			       .pub = o->pub};

	return floor_run(&c);
}

int main(int argc, char **argv)
{
	static struct run r;
	struct reading a;
	struct reading b;

	if (parse_options(&r.o, argc, argv)) {
		fputs(usage, stderr);
		return 2;
	}
	if (rng_setup())
		die("rng_setup");
	if (r.o.cpu >= 0 && usage_pin(getpid(), r.o.cpu))
		die("--cpu");
	if (r.o.spin)
		usage_spin();
	if (r.o.floor)
		return run_floor(&r.o);
	setup(&r);
	join_all(&r);
	turns_until(&r, clock_us() + r.o.warm_s * (uint64_t)1000000);
	r.measuring = true;
	read_all(&r, &a);
	turns_until(&r, clock_us() + r.o.secs * (uint64_t)1000000);
	read_all(&r, &b);
	report(&r, &a, &b);
	for (unsigned i = 0; i < r.n; i++)
		peer_free(&r.peers[i]);
	return count_state(&r, PEER_FAILED) ? 1 : 0;
}
