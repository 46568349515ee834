/*
 * The estimate on links of all kinds. Each scenario has its bounds: how soon
 * it is right, how much of the link is used, how long packets queue.
 */
#include "tests/lib/bwesim.h"
#include "tests/lib/test.h"

/* Share of the link, in percent. */
static int share(uint32_t bps, uint32_t link)
{
	return (int)((uint64_t)bps * 100 / link);
}

#define SEEDS 3

/* What holds from five seconds after the start, in percent and ms. */
struct bound {
	int mean_lo, mean_hi; /* of the estimate, of the link */
	int low, high;	      /* it at any time */
	int used;	      /* of the link, by what arrives */
	int queue_ms;	      /* p95 */
};

static const struct bound usual = {88, 105, 75, 125, 90, 100};

static void holds(struct bwesim_conf c, const struct bound *b)
{
	for (c.seed = 1; c.seed <= SEEDS; c.seed++) {
		struct bwesim *s = bwesim_new(&c);

		bwesim_run(s, 4000);
		bwesim_run(s, 6000);
		ck_assert_int_ge(share(bwesim_max(s), c.link_bps), 90);
		ck_assert_int_ge(share(bwesim_mean(s), c.link_bps), b->mean_lo);
		bwesim_run(s, 30000);
		ck_assert_int_ge(share(bwesim_mean(s), c.link_bps), b->mean_lo);
		ck_assert_int_le(share(bwesim_mean(s), c.link_bps), b->mean_hi);
		ck_assert_int_ge(share(bwesim_min(s), c.link_bps), b->low);
		ck_assert_int_le(share(bwesim_max(s), c.link_bps), b->high);
		ck_assert_int_ge(share(bwesim_received_bps(s), c.link_bps),
				 b->used);
		ck_assert_int_le((int)bwesim_queue_ms(s, 0.95), b->queue_ms);
		bwesim_free(s);
	}
}

/* It starts with 1 Mb/s, and with a tenth of the link. */
static void steady(uint32_t link_bps)
{
	struct bwesim_conf c = {.link_bps = link_bps, .rtt_ms = 60};

	holds(c, &usual);
	c.start_bps = link_bps / 10;
	holds(c, &usual);
}

TEST(steady_link_of_300_kbps)
{
	steady(300000);
}

TEST(steady_link_of_1_mbps)
{
	steady(1000000);
}

TEST(steady_link_of_2500_kbps)
{
	steady(2500000);
}

TEST(steady_link_of_10_mbps)
{
	steady(10000000);
}

TEST(round_trips_from_20_to_300_ms)
{
	static const uint32_t links[] = {300000, 1000000, 2500000, 10000000};

	for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++)
		for (uint32_t rtt = 20; rtt <= 300; rtt += 70)
			holds((struct bwesim_conf){.link_bps = links[i],
						   .rtt_ms = rtt},
			      &usual);
}

TEST(a_demand_is_met_by_1_35_times_of_it)
{
	struct bwesim_conf c = {
		.link_bps = 10000000, .rtt_ms = 60, .demand_bps = 2000000};
	struct bwesim *s = bwesim_new(&c);

	bwesim_run(s, 5000);
	ck_assert_int_ge(share(bwesim_estimate(s), 2700000), 90);
	bwesim_run(s, 20000);
	ck_assert_int_ge(share(bwesim_min(s), 2700000), 90);
	ck_assert_int_le(share(bwesim_max(s), 2700000), 105);
	ck_assert_int_ge(share(bwesim_received_bps(s), 2000000), 97);
	bwesim_free(s);
}

/* 10, then 1, then 5 Mb/s, over a queue of a second. */
TEST(a_step_down_tenfold_drains_within_two_seconds)
{
	struct bwesim_conf c = {
		.link_bps = 10000000, .rtt_ms = 60, .queue_ms = 1000};

	for (c.seed = 1; c.seed <= SEEDS; c.seed++) {
		struct bwesim *s = bwesim_new(&c);

		bwesim_run(s, 10000);
		bwesim_rate(s, 1000000);
		bwesim_run(s, 2000);
		bwesim_run(s, 3000);
		ck_assert_int_le((int)bwesim_queue_ms(s, 0.95), 100);
		ck_assert_int_ge(share(bwesim_received_bps(s), 1000000), 85);
		bwesim_run(s, 5000);
		ck_assert_int_ge(share(bwesim_received_bps(s), 1000000), 90);
		bwesim_rate(s, 5000000);
		bwesim_run(s, 5000);
		ck_assert_int_ge(share(bwesim_max(s), 5000000), 90);
		bwesim_run(s, 10000);
		ck_assert_int_ge(share(bwesim_received_bps(s), 5000000), 90);
		ck_assert_int_le((int)bwesim_queue_ms(s, 0.95), 100);
		bwesim_free(s);
	}
}

/*
 * What is lost cannot arrive: of the share of the link that is used the loss
 * is taken off. 5 % of random loss costs no more than 15 % with that.
 */
TEST(random_loss_of_0_to_10_percent_costs_little)
{
	static const struct {
		double loss;
		struct bound b;
	} rows[] = {
		{0.00, {88, 105, 75, 125, 90, 100}},
		{0.01, {88, 105, 75, 125, 90, 100}},
		{0.02, {88, 105, 75, 125, 90, 100}},
		{0.05, {88, 110, 65, 130, 85, 100}},
		{0.10, {85, 125, 50, 160, 80, 110}},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		for (uint32_t link = 1000000; link <= 2500000; link += 1500000)
			holds((struct bwesim_conf){.link_bps = link,
						   .rtt_ms = 60,
						   .loss = rows[i].loss},
			      &rows[i].b);
}

TEST(bursty_loss_up_to_10_percent_costs_little)
{
	static const struct {
		double loss;
		struct bound b;
	} rows[] = {
		{0.01, {88, 105, 65, 130, 90, 100}},
		{0.02, {85, 110, 60, 140, 85, 100}},
		{0.05, {50, 110, 40, 130, 85, 100}},
		{0.10, {50, 110, 30, 135, 75, 100}},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		holds((struct bwesim_conf){.link_bps = 2500000,
					   .rtt_ms = 60,
					   .loss = rows[i].loss,
					   .burst = 4},
		      &rows[i].b);
}

TEST(a_bottleneck_with_a_queue_of_a_second_stays_short)
{
	for (uint32_t link = 1000000; link <= 2500000; link += 1500000)
		holds((struct bwesim_conf){.link_bps = link,
					   .rtt_ms = 60,
					   .queue_ms = 1000},
		      &usual);
}

/* A flow that only loss stops leaves us a quarter, and gets its own share. */
TEST(a_greedy_flow_does_not_starve_us)
{
	struct bwesim_conf c = {
		.link_bps = 5000000, .rtt_ms = 60, .greedy = true};

	for (c.seed = 1; c.seed <= SEEDS; c.seed++) {
		struct bwesim *s = bwesim_new(&c);

		bwesim_run(s, 10000);
		bwesim_run(s, 60000);
		ck_assert_int_ge(share(bwesim_received_bps(s), 5000000), 25);
		ck_assert_int_le(share(bwesim_received_bps(s), 5000000), 75);
		bwesim_free(s);
	}
}

TEST(from_starvation_it_is_back_within_ten_seconds)
{
	struct bwesim_conf c = {.link_bps = 2500000, .rtt_ms = 60};
	struct bwesim *s = bwesim_new(&c);

	bwesim_run(s, 5000);
	bwesim_rate(s, 50000);
	bwesim_run(s, 10000);
	ck_assert_int_le((int)bwesim_estimate(s), 100000);
	bwesim_rate(s, 2500000);
	bwesim_run(s, 10000);
	ck_assert_int_ge(share(bwesim_estimate(s), 2500000), 80);
	bwesim_free(s);
}
