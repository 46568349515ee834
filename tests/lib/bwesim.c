#include "tests/lib/bwesim.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/hist.h"
#include "mediad/bwe/arrival.h"
#include "mediad/bwe/bwe.h"
#include "mediad/bwe/pacer.h"
#include "mediad/wire/rtcp.h"

#define PACKET	 1200
#define PAD	 300
#define FRAME_US 33333
#define STEP_US	 500
#define QUEUED	 4096

enum flow { FLOW_OURS, FLOW_GREEDY, FLOW_REPORT, FLOW_ACK };

/* What a datagram carries in the simulation. */
struct cargo {
	uint64_t sent_us;
	uint16_t seq;
	uint8_t flow;
};

struct bwesim {
	struct bwesim_conf c;
	struct simnet *net;
	int there, back;
	struct bwe *bwe;
	struct pacer pacer;
	struct arrival arrival;
	uint64_t now_us, frame_us;
	uint32_t queue[QUEUED]; /* sizes of packets that wait for the pacer */
	uint32_t q_head, q_tail;
	struct hist delay;
	uint64_t received, run_us;
	uint32_t min, max;
	double sum;
	uint64_t steps;
	/* the greedy flow: a window, halved on loss */
	double window;
	uint32_t flying;
	uint16_t g_sent, g_acked;
	uint64_t g_cut_us;
};

static void set_link(struct bwesim *s)
{
	struct simnet_conf f = {.loss = s->c.loss,
				.burst = s->c.burst,
				.delay_us = s->c.rtt_ms * 500ull,
				.rate_bps = s->c.link_bps,
				.queue_us = s->c.queue_ms * 1000ull};

	simnet_set(s->net, s->there, &f);
}

struct bwesim *bwesim_new(const struct bwesim_conf *c)
{
	struct bwesim *s = calloc(1, sizeof(*s));
	struct simnet_conf back = {.delay_us = c->rtt_ms * 500ull};

	assert(s);
	s->c = *c;
	s->now_us = 1000000;
	s->net = simnet_new(c->seed ? c->seed : 1);
	s->there = simnet_link(s->net, &back);
	s->back = simnet_link(s->net, &back);
	set_link(s);
	s->bwe = bwe_new(c->start_bps ? c->start_bps : 1000000, 100, s->now_us);
	arrival_init(&s->arrival);
	pacer_init(&s->pacer, s->now_us);
	s->frame_us = s->now_us;
	s->window = 4;
	return s;
}

void bwesim_free(struct bwesim *s)
{
	bwe_free(s->bwe);
	arrival_fini(&s->arrival);
	simnet_free(s->net);
	free(s);
}

void bwesim_rate(struct bwesim *s, uint32_t link_bps)
{
	s->c.link_bps = link_bps;
	set_link(s);
}

static void put_on(struct bwesim *s, enum flow flow, uint16_t seq, uint32_t len)
{
	uint8_t buf[PACKET];
	struct cargo g = {.sent_us = s->now_us, .seq = seq, .flow = flow};

	memset(buf, 0, sizeof(buf));
	memcpy(buf, &g, sizeof(g));
	simnet_send(s->net,
		    &(struct simnet_dgram){
			    .link = s->there, .data = buf, .len = len},
		    s->now_us);
}

static void ours(struct bwesim *s, uint32_t len, enum sentlog_kind kind)
{
	uint16_t seq = bwe_next_seq(s->bwe);

	bwe_on_sent(s->bwe, (uint16_t)len, kind, s->now_us);
	pacer_book(&s->pacer, len);
	put_on(s, FLOW_OURS, seq, len);
}

static void shoot(struct bwesim *s)
{
	uint32_t demand = s->c.demand_bps ? s->c.demand_bps : 20000000;
	uint32_t est = bwe_pace(s->bwe);
	uint32_t rate = est < demand ? est : demand;
	uint32_t left = (uint32_t)((uint64_t)rate * FRAME_US / 8 / 1000000);

	s->frame_us += FRAME_US;
	while (left) {
		uint32_t len = left < PACKET ? left : PACKET;

		if (len < 60)
			len = 60;
		s->queue[s->q_head++ % QUEUED] = len;
		left -= left < len ? left : len;
	}
}

static void pace(struct bwesim *s)
{
	uint32_t pad;

	pacer_set(&s->pacer, bwe_pace(s->bwe));
	while (s->q_tail != s->q_head && pacer_ready(&s->pacer, s->now_us))
		ours(s, s->queue[s->q_tail++ % QUEUED], SENTLOG_MEDIA);
	for (pad = bwe_probe(s->bwe, s->now_us); pad >= PAD;
	     pad = bwe_probe(s->bwe, s->now_us))
		ours(s, PAD, SENTLOG_PADDING);
}

static void greedy(struct bwesim *s)
{
	while (s->c.greedy && s->flying < (uint32_t)s->window) {
		put_on(s, FLOW_GREEDY, s->g_sent++, PACKET);
		s->flying++;
	}
}

/* The receiver of the greedy flow acknowledges each packet. */
static void on_ack(struct bwesim *s, uint16_t seq)
{
	uint16_t gap = (uint16_t)(seq - s->g_acked);

	s->flying -= s->flying < gap ? s->flying : gap;
	s->g_acked = seq;
	s->window += 1 / s->window;
	if (gap > 1 && s->now_us > s->g_cut_us + 200000) {
		s->window = s->window / 2 < 2 ? 2 : s->window / 2;
		s->g_cut_us = s->now_us;
	}
}

static void on_report(struct bwesim *s, const uint8_t *data, size_t len)
{
	struct rd r = rd_of(data, len);
	struct rtcp p;

	while (rtcp_next(&r, &p))
		bwe_on_feedback(s->bwe, &p, s->now_us);
}

static void on_arrival(struct bwesim *s, const struct simnet_dgram *d)
{
	struct cargo g;

	memcpy(&g, d->data, sizeof(g));
	if (g.flow == FLOW_GREEDY) {
		simnet_send(s->net,
			    &(struct simnet_dgram){.link = s->back,
						   .data = d->data,
						   .len = 60},
			    d->due_us);
		return;
	}
	s->received += d->len;
	hist_add(&s->delay, d->due_us - g.sent_us - s->c.rtt_ms * 500ull);
	arrival_on_packet(&s->arrival, g.seq, 1, d->due_us, s->now_us);
}

static void deliver(struct bwesim *s)
{
	struct simnet_dgram d;

	while (simnet_next(s->net, s->now_us, &d)) {
		struct cargo g;

		if (d.link == s->there) {
			on_arrival(s, &d);
			continue;
		}
		memcpy(&g, d.data, sizeof(g));
		if (d.len == 60 && g.flow == FLOW_GREEDY)
			on_ack(s, (uint16_t)(g.seq + 1));
		else
			on_report(s, d.data, d.len);
	}
}

static void step(struct bwesim *s)
{
	uint8_t buf[1200];
	size_t n;

	deliver(s);
	while ((n = arrival_build(&s->arrival, 7, s->now_us, buf, sizeof(buf))))
		simnet_send(s->net,
			    &(struct simnet_dgram){
				    .link = s->back, .data = buf, .len = n},
			    s->now_us);
	bwe_set_desired(s->bwe, s->c.demand_bps ? s->c.demand_bps : 20000000);
	bwe_tick(s->bwe, s->now_us);
	if (s->frame_us <= s->now_us)
		shoot(s);
	pace(s);
	greedy(s);
	if (bwe_estimate(s->bwe) < s->min)
		s->min = bwe_estimate(s->bwe);
	if (bwe_estimate(s->bwe) > s->max)
		s->max = bwe_estimate(s->bwe);
	s->sum += bwe_estimate(s->bwe);
	s->steps++;
}

void bwesim_run(struct bwesim *s, uint32_t ms)
{
	uint64_t end = s->now_us + ms * 1000ull;

	hist_init(&s->delay);
	s->received = 0;
	s->run_us = ms * 1000ull;
	s->min = UINT32_MAX;
	s->max = 0;
	s->sum = 0;
	s->steps = 0;
	for (; s->now_us < end; s->now_us += STEP_US)
		step(s);
}

uint32_t bwesim_estimate(const struct bwesim *s)
{
	return bwe_estimate(s->bwe);
}

uint32_t bwesim_received_bps(const struct bwesim *s)
{
	return (uint32_t)(s->received * 8 * 1000000 / s->run_us);
}

double bwesim_queue_ms(const struct bwesim *s, double quantile)
{
	return (double)hist_quantile(&s->delay, quantile) / 1000;
}

uint32_t bwesim_min(const struct bwesim *s)
{
	return s->min;
}

uint32_t bwesim_max(const struct bwesim *s)
{
	return s->max;
}

uint32_t bwesim_mean(const struct bwesim *s)
{
	return (uint32_t)(s->sum / (double)s->steps);
}
