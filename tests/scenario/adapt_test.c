/*
 * What a viewer sees when his network changes: layers that fit, soon, and
 * back; nobody else notices.
 */
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

TEST(call_holds_its_layer_on_a_steady_link)
{
	static const struct simnet_conf steady = {
		.rate_bps = 1200000, .queue_us = 300000, .delay_us = 20000};
	struct scene s;
	uint64_t changes;

	scene_set(&s, 23);
	call_net(s.b, NULL, &steady);
	call_run(s.c, 20 * SECOND);
	changes = s.c->events[MEDIA__EVENT__CONSUMER_LAYERS];
	call_run(s.c, 60 * SECOND);
	ck_assert_uint_le(s.c->events[MEDIA__EVENT__CONSUMER_LAYERS] - changes,
			  6);
	ck_assert_int_ge(call_view(s.here)->layer, 1);
	call_free(s.c);
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
