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

static void steady(struct bwesim_conf c, int within_s, int used, int queue_ms)
{
	struct bwesim *s = bwesim_new(&c);

	bwesim_run(s, (uint32_t)within_s * 1000);
	ck_assert_int_ge(share(bwesim_max(s), c.link_bps), 90);
	bwesim_run(s, 30000);
	ck_assert_int_ge(share(bwesim_received_bps(s), c.link_bps), used);
	ck_assert_int_le((int)bwesim_queue_ms(s, 0.95), queue_ms);
	ck_assert_int_ge(share(bwesim_min(s), c.link_bps), 70);
	ck_assert_int_le(share(bwesim_max(s), c.link_bps), 125);
	bwesim_free(s);
}

TEST(steady_link_of_300_kbps)
{
	steady((struct bwesim_conf){.link_bps = 300000, .rtt_ms = 60}, 5, 90,
	       100);
}

TEST(steady_link_of_1_mbps)
{
	steady((struct bwesim_conf){.link_bps = 1000000, .rtt_ms = 60}, 5, 90,
	       100);
}

TEST(steady_link_of_2500_kbps)
{
	steady((struct bwesim_conf){.link_bps = 2500000, .rtt_ms = 60}, 5, 90,
	       100);
}

TEST(steady_link_of_10_mbps)
{
	steady((struct bwesim_conf){.link_bps = 10000000, .rtt_ms = 60}, 5, 90,
	       100);
}

TEST(round_trips_from_20_to_300_ms)
{
	for (uint32_t rtt = 20; rtt <= 300; rtt += 70)
		steady((struct bwesim_conf){.link_bps = 2500000, .rtt_ms = rtt},
		       5, 88, 120);
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

TEST(a_step_down_tenfold_drains_within_two_seconds)
{
	struct bwesim_conf c = {
		.link_bps = 10000000, .rtt_ms = 60, .queue_ms = 1000};
	struct bwesim *s = bwesim_new(&c);

	bwesim_run(s, 10000);
	bwesim_rate(s, 1000000);
	bwesim_run(s, 2000);
	bwesim_run(s, 3000);
	ck_assert_int_le((int)bwesim_queue_ms(s, 0.95), 100);
	ck_assert_int_ge(share(bwesim_received_bps(s), 1000000), 85);
	/* And up again. */
	bwesim_run(s, 5000);
	bwesim_rate(s, 5000000);
	bwesim_run(s, 8000);
	ck_assert_int_ge(share(bwesim_estimate(s), 5000000), 80);
	bwesim_run(s, 10000);
	ck_assert_int_ge(share(bwesim_received_bps(s), 5000000), 88);
	bwesim_free(s);
}

TEST(random_loss_of_5_percent_costs_little)
{
	struct bwesim_conf c = {
		.link_bps = 2500000, .rtt_ms = 60, .loss = 0.05};
	struct bwesim *s = bwesim_new(&c);

	bwesim_run(s, 5000);
	bwesim_run(s, 30000);
	/* 5 % of it never arrives: 85 % of the link's rate. */
	ck_assert_int_ge(share(bwesim_received_bps(s), 2500000), 85);
	ck_assert_int_le((int)bwesim_queue_ms(s, 0.95), 110);
	bwesim_free(s);
}

TEST(loss_of_10_percent_in_bursts_does_not_starve)
{
	struct bwesim_conf c = {
		.link_bps = 2500000, .rtt_ms = 60, .loss = 0.1, .burst = 4};
	struct bwesim *s = bwesim_new(&c);

	bwesim_run(s, 20000);
	bwesim_run(s, 30000);
	ck_assert_int_ge(share(bwesim_received_bps(s), 2500000), 50);
	bwesim_free(s);
}

TEST(a_bottleneck_with_a_queue_of_a_second_stays_short)
{
	steady((struct bwesim_conf){.link_bps = 2500000,
				    .rtt_ms = 60,
				    .queue_ms = 1000},
	       5, 90, 100);
}

TEST(a_greedy_flow_does_not_starve_us)
{
	struct bwesim_conf c = {
		.link_bps = 5000000, .rtt_ms = 60, .greedy = true};
	struct bwesim *s = bwesim_new(&c);

	bwesim_run(s, 10000);
	bwesim_run(s, 30000);
	ck_assert_int_ge(share(bwesim_received_bps(s), 5000000), 15);
	bwesim_free(s);
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
