/* Networks that go away and come back. */
#include "tests/lib/call.h"
#include "tests/lib/test.h"

static const struct simnet_conf dead = {.loss = 1.0, .delay_us = 10000};
static const struct simnet_conf alive = {.delay_us = 10000};

/* The time from the return of the path to the first new picture. */
static uint64_t back_after(uint64_t seed, uint64_t outage_us, bool publisher)
{
	struct call *c = call_new(seed);
	struct side *a = call_join(c, NULL);
	struct side *b = call_join(c, NULL);
	struct side *s = publisher ? a : b;
	struct view *v;
	uint64_t frames, from;

	call_run(c, SECOND);
	v = call_watch(c, b, call_camera(c, a));
	call_run(c, 3 * SECOND);
	call_net(s, &dead, &dead);
	call_run(c, outage_us);
	call_net(s, &alive, &alive);
	frames = call_view(v)->frames_decoded;
	from = c->now_us;
	while (call_view(v)->frames_decoded < frames + 3 &&
	       c->now_us < from + 10 * SECOND)
		call_run(c, SECOND / 100);
	from = c->now_us - from;
	call_run(c, 2 * SECOND);
	ck_assert_uint_gt(call_view(v)->frames_decoded, frames + 40);
	call_free(c);
	return from;
}

TEST_SLOW(recover_viewer_without_network, 60)
{
	ck_assert_uint_le(back_after(21, SECOND / 2, false), 300000);
	ck_assert_uint_le(back_after(22, 3 * SECOND, false), 300000);
}

TEST_SLOW(recover_publisher_without_network, 60)
{
	ck_assert_uint_le(back_after(23, SECOND / 2, true), 300000);
	ck_assert_uint_le(back_after(24, 3 * SECOND, true), 300000);
}

/* A publisher moves, a viewer moves, both at once. */
TEST_SLOW(recover_addresses_change, 60)
{
	struct call *c = call_new(25);
	struct side *a = call_join(c, NULL);
	struct side *b = call_join(c, NULL);
	struct addr to;
	struct view *v;

	call_run(c, SECOND);
	v = call_watch(c, b, call_single(c, a, 500000));
	call_run(c, 2 * SECOND);
	for (uint16_t i = 0; i < 12; i++) {
		peer_recv_mark(v->recv, c->now_us);
		if (i % 3 != 1) {
			addr_parse(&to, "10.0.0.1", (uint16_t)(6000 + i));
			peer_move(a->peer, &to, c->now_us);
		}
		if (i % 3 != 0) {
			addr_parse(&to, "10.0.1.1", (uint16_t)(7000 + i));
			peer_move(b->peer, &to, c->now_us);
		}
		call_run(c, 2 * SECOND);
		/* 20 ms of round trip and 100 ms, for either. */
		ck_assert_uint_lt(call_view(v)->gap_us_max, 240000);
	}
	/* No more paths than ICE keeps. */
	ck_assert_uint_le(c->w.tuples.n, 16);
	call_free(c);
}

TEST_SLOW(recover_tcp_carries_a_call, 60)
{
	struct call *c = call_new(26);
	struct side *a = call_join_tcp(c);
	struct side *b = call_join_tcp(c);
	struct view *v;

	call_run(c, 2 * SECOND);
	ck_assert_int_eq(peer_state(a->peer), PEER_CONNECTED);
	v = call_watch(c, b, call_camera(c, a));
	call_run(c, 5 * SECOND);
	ck_assert_uint_gt(call_view(v)->frames_decoded, 130);
	ck_assert_uint_eq(call_view(v)->lost, 0);
	call_free(c);
}

/* A TCP connection that ends takes its path along. */
TEST_SLOW(recover_tcp_connection_ends, 60)
{
	struct call *c = call_new(27);
	struct side *a = call_join_tcp(c);
	struct rx rx = {.local = c->server, .conn = a->conn};

	call_run(c, 2 * SECOND);
	ck_assert_uint_eq(c->w.tuples.n, 1);
	addr_parse(&rx.remote, "10.0.0.1", 5000);
	worker_input(&c->w, &rx, 1, c->now_us);
	ck_assert_uint_eq(c->w.tuples.n, 0);
	call_run(c, SECOND / 2);
	call_free(c);
}
