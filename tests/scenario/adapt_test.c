/*
 * What a viewer sees when his network changes: layers that fit, soon, and
 * back; nobody else notices.
 */
#include "mediad/bwe/bwe.h"
#include "mediad/path/link.h"
#include "mediad/sfu/producer.h"
#include "mediad/sfu/transport.h"
#include "tests/lib/bytes.h"
#include "tests/lib/call.h"
#include "tests/lib/test.h"

static const struct simnet_conf narrow = {
	.rate_bps = 600000, .queue_us = 200000, .delay_us = 10000};
static const struct simnet_conf wide = {.delay_us = 10000};

struct scene {
	struct call *c;
	struct side *a, *b, *d;
	struct cam *cam;
	struct view *here, *there;
};

static void scene_set(struct scene *s, uint64_t seed)
{
	s->c = call_new(seed);
	s->a = call_join(s->c, NULL);
	s->b = call_join(s->c, NULL);
	s->d = call_join(s->c, NULL);
	call_run(s->c, SECOND);
	s->cam = call_camera(s->c, s->a);
	s->here = call_watch(s->c, s->b, s->cam);
	s->there = call_watch(s->c, s->d, s->cam);
}

TEST(call_starts_at_the_top_within_three_seconds)
{
	struct scene s;

	scene_set(&s, 21);
	call_run(s.c, 3 * SECOND);
	ck_assert_int_eq(call_view(s.here)->layer, 2);
	ck_assert_uint_lt(call_view(s.here)->gap_us_max, SECOND);
	call_free(s.c);
}

TEST(call_goes_to_a_layer_that_fits_and_comes_back)
{
	struct scene s;
	uint64_t frames;

	scene_set(&s, 22);
	call_run(s.c, 10 * SECOND);
	ck_assert_int_eq(call_view(s.here)->layer, 2);
	call_net(s.b, NULL, &narrow);
	call_run(s.c, 3 * SECOND);
	ck_assert_int_le(call_view(s.here)->layer, 1);
	frames = call_view(s.here)->frames_decoded;
	call_run(s.c, 20 * SECOND);
	ck_assert_uint_gt(call_view(s.here)->frames_decoded - frames, 250);
	ck_assert_uint_lt(call_view(s.here)->gap_us_max, 1500000);
	call_net(s.b, NULL, &wide);
	call_run(s.c, 10 * SECOND);
	ck_assert_int_eq(call_view(s.here)->layer, 2);
	/* The other viewer notices nothing. */
	ck_assert_uint_eq(call_view(s.there)->lost, 0);
	ck_assert_uint_lt(call_view(s.there)->gap_us_max, SECOND / 2);
	ck_assert_int_eq(call_view(s.there)->layer, 2);
	call_free(s.c);
}

/* An encoder's rate is never steady. */
static void waver(struct cam *cam, struct rand *rng)
{
	static const uint32_t rate[] = {250000, 700000, 2500000};

	for (size_t i = 0; i < 3; i++)
		peer_send_rate(cam->send, i,
			       rate[i] / 100 * (70 + rand_below(rng, 60)));
}

/* How long until the picture is on the top layer, or is not. */
static uint64_t until_top(struct scene *s, bool top, struct rand *rng)
{
	uint64_t from = s->c->now_us;

	do {
		if ((s->c->now_us - from) / (SECOND / 10) % 3 == 0)
			waver(s->cam, rng);
		call_run(s->c, SECOND / 10);
	} while ((call_view(s->here)->layer == 2) != top &&
		 s->c->now_us < from + MINUTE);
	return s->c->now_us - from;
}

/*
 * 10 Mb/s, then 0.6 for so long, then 10 again, with jitter and with reports
 * that come late, as a busy machine's: down within 3 s, up within 10.
 */
static void for_a_while(uint32_t secs, uint64_t late_us, uint64_t seed)
{
	const struct simnet_conf fast = {.rate_bps = 10000000,
					 .queue_us = 200000,
					 .delay_us = 5000,
					 .jitter_us = 10000};
	struct simnet_conf slow = fast;
	struct rand rng = {seed};
	struct scene s;

	slow.rate_bps = 600000;
	scene_set(&s, seed);
	call_net(s.b, NULL, &fast);
	peer_slow_feedback(s.b->peer, late_us);
	call_run(s.c, 15 * SECOND);
	ck_assert_int_eq(call_view(s.here)->layer, 2);
	call_net(s.b, NULL, &slow);
	ck_assert_uint_le(until_top(&s, false, &rng), 3 * SECOND);
	for (uint32_t i = 0; i < secs; i++) {
		waver(s.cam, &rng);
		call_run(s.c, SECOND);
	}
	call_net(s.b, NULL, &fast);
	ck_assert_uint_le(until_top(&s, true, &rng), 10 * SECOND);
	call_free(s.c);
}

TEST_SLOW(call_is_back_at_the_top_soon_after_a_limit, 60)
{
	for (uint32_t i = 0; i < 6; i++) {
		for_a_while(14 + i * 2, 0, 40 + i);
		for_a_while(14 + i * 2, 500000, 50 + i);
	}
}

/* What the next better set of layers takes; UINT32_MAX: there is none. */
static uint32_t next_rung_bps(const struct consumer *c)
{
	const struct stream *streams = c->producer->streams;
	struct layers_pair cap = c->layers.cap;

	for (int s = cap.s; s < c->layers.n_s; s++)
		for (int t = s == cap.s ? cap.t : 0; t < c->layers.n_t; t++)
			if (streams[s].upto_bps[0][t] / 105 >
			    c->allocated_bps / 100)
				return streams[s].upto_bps[0][t];
	return UINT32_MAX;
}

/*
 * On a steady link: at most a change in ten seconds, no freeze, the estimate
 * near the link, and the best set of layers that fits 95 % of it.
 */
static void on_a_steady_link(uint32_t bps, uint64_t seed)
{
	const struct simnet_conf steady = {
		.rate_bps = bps, .queue_us = 200000, .delay_us = 20000};
	const struct peer_recv_stats *v;
	const struct consumer *c;
	const struct link *l;
	uint64_t switches, wrong = 0;
	struct scene s;

	scene_set(&s, seed);
	call_watch(s.c, s.b, call_mic(s.c, s.a));
	call_net(s.b, NULL, &steady);
	call_run(s.c, 20 * SECOND);
	l = idmap_get(&s.c->w.links, s.b->id);
	c = worker_consumer(&s.c->w, s.here->id);
	v = call_view(s.here);
	switches = v->switches;
	peer_recv_mark(s.here->recv, s.c->now_us);
	for (int i = 0; i < 60; i++) {
		call_run(s.c, SECOND);
		wrong += next_rung_bps(c) < bwe_estimate(l->t->bwe) / 100 * 95;
	}
	ck_assert_uint_le(v->switches - switches, 6);
	ck_assert_uint_lt(v->frozen_us, 300000);
	ck_assert_uint_lt(hist_quantile(&v->latency_us, 0.95), 120000);
	ck_assert_uint_ge(bwe_estimate(l->t->bwe), bps / 100 * 65);
	/* While a layer that did not hold is held back it may be so. */
	ck_assert_uint_le(wrong, 30);
	call_free(s.c);
}

TEST_SLOW(call_holds_the_best_layers_of_a_steady_link, 60)
{
	for (uint32_t bps = 300000; bps <= 2700000; bps += 150000)
		on_a_steady_link(bps, 23);
}

/*
 * Both sides' networks lose so much each way, RTT 40 ms: what share of a
 * minute, in thousandths, the picture stood still for more than 200 ms.
 */
static uint64_t frozen_at(double loss, uint64_t seed)
{
	const struct simnet_conf lossy = {.loss = loss, .delay_us = 20000};
	const struct peer_recv_stats *v;
	struct scene s;
	uint64_t frozen;

	scene_set(&s, seed);
	call_run(s.c, 5 * SECOND);
	call_net(s.a, &lossy, &lossy);
	call_net(s.b, &lossy, &lossy);
	call_run(s.c, SECOND);
	v = call_view(s.here);
	peer_recv_mark(s.here->recv, s.c->now_us);
	call_run(s.c, MINUTE);
	frozen = v->frozen_us;
	ck_assert_int_eq(v->layer, 2);
	call_free(s.c);
	return frozen * 1000 / MINUTE;
}

TEST_SLOW(call_plays_on_through_random_loss, 60)
{
	for (uint64_t seed = 60; seed < 64; seed++) {
		ck_assert_uint_le(frozen_at(0.05, seed), 5);
		ck_assert_uint_le(frozen_at(0.15, seed), 30);
	}
}

/* What the publisher's network loses is not the viewers' fault. */
TEST(call_lossy_uplink_keeps_the_viewers_estimates)
{
	static const struct simnet_conf lossy = {.loss = 0.1,
						 .delay_us = 10000};
	struct scene s;

	scene_set(&s, 24);
	call_run(s.c, 5 * SECOND);
	call_net(s.a, &lossy, NULL);
	call_run(s.c, 20 * SECOND);
	ck_assert_int_eq(call_view(s.here)->layer, 2);
	ck_assert_int_eq(call_view(s.there)->layer, 2);
	call_free(s.c);
}

/* A viewer who knows REMB alone: the layers are those that fit it. */
TEST(call_remb_alone_chooses_the_layers)
{
	const struct link *l;
	struct view *v;
	struct scene s;
	struct side *e;
	uint64_t bytes;

	scene_set(&s, 25);
	e = call_join(s.c, NULL);
	call_run(s.c, SECOND);
	v = call_watch_remb(s.c, e, s.cam);
	peer_remb(e->peer, 5000000);
	call_run(s.c, 8 * SECOND);
	l = idmap_get(&s.c->w.links, e->id);
	ck_assert_ptr_nonnull(l->t->bwe);
	ck_assert_int_eq(call_view(v)->layer, 2);
	ck_assert_uint_lt(call_view(v)->gap_us_max, SECOND);
	peer_remb(e->peer, 700000);
	call_run(s.c, 3 * SECOND);
	ck_assert_int_eq(call_view(v)->layer, 1);
	bytes = e->to_peer_bytes;
	call_run(s.c, 10 * SECOND);
	ck_assert_uint_lt((e->to_peer_bytes - bytes) * 8 / 10, 700000);
	ck_assert_int_eq(call_view(v)->layer, 1);
	peer_remb(e->peer, 5000000);
	call_run(s.c, 10 * SECOND);
	ck_assert_int_eq(call_view(v)->layer, 2);
	/* Nobody else's estimate is his. */
	ck_assert_int_eq(call_view(s.here)->layer, 2);
	ck_assert_uint_eq(call_view(s.here)->lost, 0);
	call_free(s.c);
}

/* Though it is due in the same turn. */
TEST(call_tells_each_publisher_that_nobody_watches)
{
	struct call *c = call_new(26);
	struct cam *cams[8];

	for (int i = 0; i < 8; i++)
		cams[i] = call_camera(c, call_join(c, NULL));
	call_run(c, 4 * SECOND);
	for (int i = 0; i < 8; i++)
		ck_assert_int_eq(cams[i]->wanted, 99);
	call_run(c, 4 * SECOND);
	for (int i = 0; i < 8; i++)
		ck_assert_int_eq(cams[i]->wanted, -1);
	call_free(c);
}
