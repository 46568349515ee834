#include "tests/load/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/sys/clock.h"
#include "tests/load/usage.h"

unsigned report_count(const struct run *r, enum peer_state s)
{
	unsigned n = 0;

	for (unsigned i = 0; i < r->n; i++)
		n += r->peers[i].state == s;
	return n;
}

void report_read(struct run *r, struct reading *x)
{
	memset(x, 0, sizeof(*x));
	x->at_us = clock_us();
	for (int i = 0; i < r->o.n_pids; i++) {
		x->cpu_ns[i] = usage_cpu_ns(r->o.pids[i]);
		x->rss[i] = usage_rss_bytes(r->o.pids[i]);
	}
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

unsigned report_consumers(const struct run *r)
{
	unsigned n = 0;

	for (unsigned i = 0; i < r->started; i++)
		n += (unsigned)r->peers[i].sub.n;
	return n;
}

void report_memory(const struct run *r, struct memory *m)
{
	*m = (struct memory){.peers = r->started};
	for (int i = 0; i < r->o.n_pids; i++)
		m->workers += usage_rss_bytes(r->o.pids[i]);
	m->all = m->workers;
	for (int i = 0; i < r->o.n_also; i++)
		m->all += usage_rss_bytes(r->o.also[i]);
	m->consumers = report_consumers(r);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

/* From the WebSocket's first packet to the first packet of media. */
static double *join_times(const struct run *r, unsigned *n)
{
	double *ms = calloc(r->n + 1, sizeof(*ms));

	if (!ms)
		abort();
	*n = 0;
	for (unsigned i = 0; i < r->n; i++)
		if (r->peers[i].sub.first_us)
			ms[(*n)++] = (double)(r->peers[i].sub.first_us -
					      r->peers[i].start_us) /
				     1000;
	qsort(ms, *n, sizeof(*ms), by_value);
	return ms;
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

/* What the figures are made of, once. */
struct sums {
	double secs;
	double cpu_s;
	double own_cores;
	double offered_pps;
	double delivered_pps;
	double loss;
	double per_cpu_s;
	double join_p50_ms;
	double join_p95_ms;
	double join_max_ms;
	double rss_per_subscriber; /* peer and consumers in one */
	double rss_per_peer;
	double rss_per_consumer;
	bool parts; /* the two above were measured */
	uint64_t rss;
	unsigned consumers;
};

static double share(uint64_t after, uint64_t before, unsigned n)
{
	return n ? ((double)after - (double)before) / n : 0;
}

/*
 * Under --settle only consumers came after `settled`. A peer is a receiver
 * with both its transports and a consumer; its share of the few senders is
 * counted against it.
 */
static void memory_of(const struct run *r, struct sums *s)
{
	const struct memory *a = &r->before;
	const struct memory *b = &r->settled;
	unsigned receivers = r->o.rooms * r->o.subs;
	struct memory c;

	report_memory(r, &c);
	s->rss = c.workers;
	s->consumers = c.consumers;
	s->rss_per_subscriber = share(c.workers, a->workers, c.consumers);
	s->parts = receivers && b->peers && c.consumers > b->consumers &&
		   c.consumers == receivers * r->o.pubs &&
		   report_count(r, PEER_READY) == r->n;
	if (!s->parts)
		return;
	s->rss_per_peer = share(b->all, a->all, receivers);
	s->rss_per_consumer =
		share(c.workers, b->workers, c.consumers - b->consumers);
}

static void sum_up(const struct run *r, const struct reading *a,
		   const struct reading *b, struct sums *s)
{
	uint64_t expected = b->got.expected - a->got.expected;
	uint64_t received = b->got.received - a->got.received;
	unsigned n;
	double *ms = join_times(r, &n);

	memset(s, 0, sizeof(*s));
	s->secs = (double)(b->at_us - a->at_us) / 1e6;
	for (int i = 0; i < r->o.n_pids; i++)
		s->cpu_s += (double)(b->cpu_ns[i] - a->cpu_ns[i]) / 1e9;
	s->own_cores = (double)(b->own_ns - a->own_ns) / 1e9 / s->secs;
	s->offered_pps = (double)(b->sent - a->sent) / s->secs;
	s->delivered_pps = (double)received / s->secs;
	if (expected > received)
		s->loss = (double)(expected - received) / (double)expected;
	s->per_cpu_s = s->cpu_s > 0 ? (double)received / s->cpu_s : 0;
	s->join_p50_ms = n ? ms[n / 2] : 0;
	s->join_p95_ms = n ? ms[n * 95 / 100] : 0;
	s->join_max_ms = n ? ms[n - 1] : 0;
	free(ms);
	memory_of(r, s);
}

static void line(FILE *f, const struct run *r, const char *what, double value,
		 const char *unit)
{
	fprintf(f, "{\"name\":\"%s.%s\",\"value\":%.6g,\"unit\":\"%s\"}\n",
		r->o.name, what, value, unit);
}

static void lines(const struct run *r, const struct reading *a,
		  const struct reading *b, const struct sums *s)
{
	FILE *f = fopen(r->o.lines, "ae");

	if (!f)
		return;
	line(f, r, "packets_per_cpu_second", s->per_cpu_s, "1/s");
	if (r->floor > 0 && s->per_cpu_s > 0) {
		line(f, r, "floor", r->floor, "1/s");
		line(f, r, "floor_ratio", r->floor / s->per_cpu_s, "1");
		line(f, r, "floor_latency_p999_us",
		     (double)hist_quantile(&r->floor_latency, 0.999), "us");
	}
	line(f, r, "delivered_pps", s->delivered_pps, "1/s");
	line(f, r, "loss", s->loss, "1");
	line(f, r, "server_drops", (double)(b->server_drops - a->server_drops),
	     "1");
	line(f, r, "latency_p50_us", (double)hist_quantile(&r->latency, 0.5),
	     "us");
	line(f, r, "latency_p99_us", (double)hist_quantile(&r->latency, 0.99),
	     "us");
	line(f, r, "latency_p999_us", (double)hist_quantile(&r->latency, 0.999),
	     "us");
	line(f, r, "cores", s->cpu_s / s->secs, "1");
	line(f, r, "rss_per_subscriber", s->rss_per_subscriber, "bytes");
	if (s->parts) {
		line(f, r, "rss_per_peer", s->rss_per_peer, "bytes");
		line(f, r, "rss_per_consumer", s->rss_per_consumer, "bytes");
	}
	line(f, r, "join_p95_ms", s->join_p95_ms, "ms");
	line(f, r, "ready",
	     r->n ? (double)report_count(r, PEER_READY) / r->n : 0, "1");
	line(f, r, "generator_cores", s->own_cores, "1");
	line(f, r, "generator_drops", (double)(b->own_drops - a->own_drops),
	     "1");
	fclose(f);
}

static json_t *latencies(const struct hist *h)
{
	return json_pack("{s:I,s:I,s:I,s:I,s:I}", "n", (json_int_t)h->n, "p50",
			 (json_int_t)hist_quantile(h, 0.5), "p99",
			 (json_int_t)hist_quantile(h, 0.99), "p999",
			 (json_int_t)hist_quantile(h, 0.999), "max",
			 (json_int_t)h->max);
}

static json_t *counts(const struct reading *a, const struct reading *b)
{
	return json_pack(
		"{s:I,s:I,s:I,s:I,s:I,s:I}", "sampled",
		(json_int_t)(b->got.sampled - a->got.sampled), "bad",
		(json_int_t)(b->got.bad - a->got.bad), "repaired",
		(json_int_t)(b->got.repaired - a->got.repaired), "nacked",
		(json_int_t)(b->got.nacked - a->got.nacked), "server_drops",
		(json_int_t)(b->server_drops - a->server_drops),
		"generator_drops", (json_int_t)(b->own_drops - a->own_drops));
}

void report_begin(struct run *r)
{
	for (unsigned i = 0; i < r->n; i++)
		for (int k = 0; k < r->peers[i].sub.n; k++)
			r->peers[i].sub.s[k]->gap_us = 0;
}

static uint64_t longest_gap(const struct run *r)
{
	uint64_t us = 0;

	for (unsigned i = 0; i < r->n; i++)
		for (int k = 0; k < r->peers[i].sub.n; k++) {
			uint64_t gap = r->peers[i].sub.s[k]->gap_us;

			us = gap > us ? gap : us;
		}
	return us;
}

/* When the last packet of media came, in microseconds since 1970. */
static uint64_t last_packet(const struct run *r)
{
	uint64_t us = 0;

	for (unsigned i = 0; i < r->n; i++)
		for (int k = 0; k < r->peers[i].sub.n; k++) {
			uint64_t at = r->peers[i].sub.s[k]->last_wall_us;

			us = at > us ? at : us;
		}
	return us;
}

static json_int_t rebuilds(const struct run *r)
{
	json_int_t n = 0;

	for (unsigned i = 0; i < r->n; i++)
		n += r->peers[i].rebuilds;
	return n;
}

/* How those came back whose WebSocket had ended. */
static json_t *members(const struct run *r)
{
	struct member sum = {0};

	for (unsigned i = 0; i < r->n; i++) {
		const struct member *m = &r->peers[i].member;

		sum.breaks += m->breaks;
		sum.resumes += m->resumes;
		sum.lost += m->lost;
		sum.replayed += m->replayed;
		sum.disorder += m->disorder;
		if (m->worst_us > sum.worst_us)
			sum.worst_us = m->worst_us;
	}
	return json_pack("{s:i,s:i,s:i,s:i,s:i,s:f}", "breaks", (int)sum.breaks,
			 "resumes", (int)sum.resumes, "lost", (int)sum.lost,
			 "replayed", (int)sum.replayed, "disorder",
			 (int)sum.disorder, "worst_ms",
			 (double)sum.worst_us / 1000);
}

void report_print(struct run *r, const struct reading *a,
		  const struct reading *b)
{
	struct sums s;
	json_t *j;

	sum_up(r, a, b, &s);
	r->full = s.own_cores > 0.9 || s.cpu_s / s.secs > 0.9 * r->o.n_pids;
	j = json_pack(
		"{s:s,s:i,s:i,s:i,s:f,s:f,s:f,s:f,s:o,s:o}", "name", r->o.name,
		"peers", (int)r->n, "ready", (int)report_count(r, PEER_READY),
		"consumers", (int)s.consumers, "seconds", s.secs, "offered_pps",
		s.offered_pps, "delivered_pps", s.delivered_pps, "loss", s.loss,
		"latency_us", latencies(&r->latency), "failures", failures(r));
	json_object_update_new(j, counts(a, b));
	json_object_update_new(
		j,
		json_pack("{s:{s:f,s:f,s:f},s:f,s:f,s:f,s:f,s:I,s:f,s:b}",
			  "join_ms", "p50", s.join_p50_ms, "p95", s.join_p95_ms,
			  "max", s.join_max_ms, "cores", s.cpu_s / s.secs,
			  "packets_per_cpu_second", s.per_cpu_s, "floor",
			  r->floor, "rss_per_subscriber", s.rss_per_subscriber,
			  "rss", (json_int_t)s.rss, "generator_cores",
			  s.own_cores, "bottleneck", s.own_cores > 0.9));
	if (s.parts)
		json_object_update_new(j, json_pack("{s:f,s:f}", "rss_per_peer",
						    s.rss_per_peer,
						    "rss_per_consumer",
						    s.rss_per_consumer));
	json_object_set_new(j, "gap_ms",
			    json_real((double)longest_gap(r) / 1000));
	json_object_set_new(j, "last_packet_ms",
			    json_integer((json_int_t)(last_packet(r) / 1000)));
	json_object_set_new(j, "rebuilds", json_integer(rebuilds(r)));
	json_object_set_new(j, "left", json_integer(r->left));
	if (r->o.members)
		json_object_set_new(j, "members", members(r));
	json_dumpf(j, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
	printf("\n");
	json_decref(j);
	if (r->o.lines)
		lines(r, a, b, &s);
}
