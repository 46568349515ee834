#include <string.h>

#include "mediad/rtp/nack.h"
#include "mediad/rtp/rate.h"
#include "mediad/rtp/recv.h"
#include "mediad/rtp/rtxcache.h"
#include "mediad/rtp/rtxmap.h"
#include "mediad/rtp/send.h"
#include "mediad/rtp/seq.h"
#include "tests/lib/test.h"

TEST(seq_unwraps_both_ways)
{
	struct seq s = {0};

	ck_assert_uint_eq(seq_unwrap(&s, 65534), 0x1fffe);
	ck_assert_uint_eq(seq_unwrap(&s, 1), 0x20001);
	ck_assert_uint_eq(seq_unwrap(&s, 65535), 0x1ffff);
	ck_assert_uint_eq(s.max, 0x20001);
	ck_assert_int_eq(seq_diff(2, 65535), 3);
	ck_assert(seq_newer(0, 65535));
	ck_assert(!seq_newer(5, 5));
}

TEST(rate_of_a_steady_stream)
{
	struct rate r;

	rate_init(&r);
	for (uint64_t t = 5000000; t < 8000000; t += 10000)
		rate_add(&r, 1250, t);
	ck_assert_uint_ge(rate_bps(&r, 8000000), 950000);
	ck_assert_uint_le(rate_bps(&r, 8000000), 1050000);
	ck_assert_uint_eq(rate_bps(&r, 9500000), 0);
	ck_assert_uint_eq(r.packets, 300);
}

TEST(rate_is_right_soon_after_the_start)
{
	struct rate r;

	rate_init(&r);
	for (uint64_t t = 5000000; t < 5300000; t += 10000)
		rate_add(&r, 1250, t);
	ck_assert_uint_ge(rate_bps(&r, 5300000), 900000);
	ck_assert_uint_le(rate_bps(&r, 5300000), 1100000);
}

static void feed(struct nack *n, uint16_t from, uint16_t to, uint64_t now)
{
	for (uint16_t s = from; s != (uint16_t)(to + 1); s++)
		ck_assert_int_eq(nack_on_seq(n, s, now), NACK_OK);
}

TEST(nack_waits_then_asks_then_repeats)
{
	struct nack n;
	uint16_t out[8];
	bool reset = false;

	nack_init(&n);
	feed(&n, 65530, 65533, 0);
	nack_on_seq(&n, 2, 1000); /* 65534, 65535, 0, 1 are missing */
	ck_assert_uint_eq(nack_take(&n, 50000, 10999, out, 8, &reset), 0);
	ck_assert_uint_eq(nack_deadline(&n), 11000);
	ck_assert_int_eq(nack_on_seq(&n, 0, 5000), NACK_REORDERED);
	ck_assert_uint_eq(nack_take(&n, 50000, 11000, out, 8, &reset), 3);
	ck_assert_uint_eq(out[0], 65534);
	ck_assert_uint_eq(out[1], 65535);
	ck_assert_uint_eq(out[2], 1);
	ck_assert_uint_eq(nack_take(&n, 50000, 60999, out, 8, &reset), 0);
	ck_assert_int_eq(nack_on_seq(&n, 65535, 61000), NACK_REPAIRED);
	ck_assert_uint_eq(n.took_us, 50000);
	ck_assert_uint_eq(nack_take(&n, 50000, 61000, out, 8, &reset), 2);
	ck_assert(!reset);
	nack_fini(&n);
}

TEST(nack_gives_up_after_ten_tries)
{
	struct nack n;
	uint16_t out[8];
	bool reset = false;
	uint64_t t = 0;
	int asked = 0;

	nack_init(&n);
	nack_on_seq(&n, 1, 0);
	nack_on_seq(&n, 3, 0);
	for (; !reset && t < 2000000; t += 1000)
		asked += (int)nack_take(&n, 100000, t, out, 8, &reset);
	ck_assert_int_eq(asked, NACK_TRIES);
	ck_assert(reset);
	ck_assert_uint_eq(nack_deadline(&n), UINT64_MAX);
	nack_fini(&n);
}

TEST(nack_of_too_many_resets)
{
	struct nack n;

	nack_init(&n);
	nack_on_seq(&n, 1, 0);
	ck_assert_int_eq(nack_on_seq(&n, 1002, 0), NACK_OK);
	ck_assert_int_eq(nack_on_seq(&n, 1005, 0), NACK_RESET);
	ck_assert_uint_eq(n.n, 0);
	nack_fini(&n);
}

TEST(nack_forgets_what_is_before_a_key_frame)
{
	struct nack n;

	nack_init(&n);
	nack_on_seq(&n, 1, 0);
	nack_on_seq(&n, 5, 0);
	nack_on_seq(&n, 8, 0);
	nack_on_key(&n, 5);
	ck_assert_uint_eq(n.n, 2);
	ck_assert_uint_eq(n.holes[0].seq, 6);
	nack_fini(&n);
}

static struct pkt_pool pool;

static struct media media_of(uint16_t seq, uint64_t at)
{
	struct media m = {.seq = seq};

	m.pkt = pkt_get(&pool);
	m.pkt->recv_us = at;
	return m;
}

static bool put(struct rtxcache *c, uint16_t seq, uint64_t at)
{
	struct media m = media_of(seq, at);
	bool ok = rtxcache_put(c, &m);

	pkt_put(m.pkt);
	return ok;
}

TEST(rtxcache_keeps_finds_and_gives_up)
{
	struct rtxcache c;

	pkt_pool_init(&pool, 300);
	ck_assert_int_eq(rtxcache_init(&c, 64), 0);
	ck_assert(put(&c, 65500, 1000));
	ck_assert(!put(&c, 65500, 1000));
	for (int i = 1; i < 64; i++)
		ck_assert(put(&c, (uint16_t)(65500 + i), 1000));
	ck_assert_ptr_nonnull(rtxcache_get(&c, 65500));
	ck_assert(put(&c, (uint16_t)(65500 + 64), 2000));
	ck_assert_ptr_null(rtxcache_get(&c, 65500));
	ck_assert_ptr_nonnull(rtxcache_get(&c, 65501));
	ck_assert(!put(&c, 65500, 2000));
	/* It was too small for the time it should hold: it grows. */
	rtxcache_tick(&c, 3000);
	ck_assert_uint_eq(c.cap, 128);
	ck_assert_ptr_nonnull(rtxcache_get(&c, 65501));
	ck_assert_ptr_nonnull(rtxcache_get(&c, 28));
	rtxcache_tick(&c, 1500 + RTXCACHE_KEEP_US);
	ck_assert_ptr_null(rtxcache_get(&c, 27));
	ck_assert_ptr_nonnull(rtxcache_get(&c, 28));
	/* What was given up does not come back as new. */
	ck_assert(!put(&c, 65510, 1600 + RTXCACHE_KEEP_US));
	rtxcache_fini(&c);
	ck_assert_uint_eq(pool.used, 0);
}

TEST(rtxmap_finds_by_outgoing_number)
{
	struct rtxmap m;

	ck_assert_int_eq(rtxmap_init(&m, 100, 65500), 0);
	ck_assert_ptr_null(rtxmap_get(&m, 65499));
	for (int i = 0; i < 250; i++)
		rtxmap_push(&m)->in_seq = (uint16_t)i;
	ck_assert_uint_eq(m.head, (uint16_t)(65500 + 249));
	for (int i = 150; i < 250; i++)
		ck_assert_uint_eq(rtxmap_get(&m, (uint16_t)(65500 + i))->in_seq,
				  i);
	ck_assert_ptr_null(rtxmap_get(&m, (uint16_t)(65500 + 149)));
	ck_assert_ptr_null(rtxmap_get(&m, (uint16_t)(65500 + 250)));
	ck_assert_int_eq(rtxmap_resize(&m, 64), 0);
	for (int i = 186; i < 250; i++)
		ck_assert_uint_eq(rtxmap_get(&m, (uint16_t)(65500 + i))->in_seq,
				  i);
	ck_assert_int_eq(rtxmap_resize(&m, 192), 0);
	rtxmap_push(&m)->in_seq = 250;
	ck_assert_uint_eq(rtxmap_get(&m, (uint16_t)(65500 + 249))->in_seq, 249);
	rtxmap_rewind(&m, (uint16_t)(65500 + 247));
	ck_assert_uint_eq(m.head, (uint16_t)(65500 + 247));
	ck_assert_uint_eq(rtxmap_get(&m, m.head)->in_seq, 247);
	ck_assert_ptr_null(rtxmap_get(&m, (uint16_t)(m.head + 1)));
	rtxmap_fini(&m);
}

TEST(recv_reports_loss_and_jitter)
{
	struct recv s;
	struct recv_report r;
	struct media m = {.sid = 0};

	recv_init(&s, 5, 90000);
	for (int i = 0; i < 100; i++) {
		if (i % 10 == 5)
			continue;
		ck_assert_int_eq(recv_input(&s, (uint16_t)(65500 + i),
					    (uint32_t)i * 900,
					    (uint64_t)i * 10000 + 1000),
				 RECV_NEW);
		recv_count(&s, &m, 1000, (uint64_t)i * 10000);
	}
	recv_on_sr(&s, recv_us_to_ntp(77000000), 900, 900000);
	recv_report(&s, 1000000, &r);
	ck_assert_uint_eq(r.ext_max, 65500 + 99);
	ck_assert_int_eq(r.lost, 10);
	ck_assert_uint_eq(r.fraction_lost, 25);
	ck_assert_uint_eq(r.jitter, 0);
	ck_assert_uint_eq(r.dlsr, 6553);
	recv_report(&s, 1000000, &r);
	ck_assert_uint_eq(r.fraction_lost, 0);
	ck_assert_int_eq(r.lost, 10);
}

TEST(recv_follows_a_jump_only_when_seen_twice)
{
	struct recv s;

	recv_init(&s, 5, 90000);
	recv_input(&s, 10, 0, 1000);
	ck_assert_int_eq(recv_input(&s, 30000, 0, 2000), RECV_STRAY);
	ck_assert_int_eq(recv_input(&s, 11, 0, 3000), RECV_NEW);
	ck_assert_int_eq(recv_input(&s, 30001, 0, 4000), RECV_JUMP);
	ck_assert_int_eq(recv_input(&s, 30002, 0, 5000), RECV_NEW);
	ck_assert_int_eq(recv_input(&s, 30001, 0, 6000), RECV_OLD);
}

TEST(recv_maps_time_stamps_to_the_senders_clock)
{
	struct recv s;
	uint64_t wall;
	uint32_t ts;

	recv_init(&s, 5, 90000);
	ck_assert(!recv_ts_to_wall(&s, 0, &wall));
	recv_on_sr(&s, recv_us_to_ntp(50000000), 4294960000u, 0);
	ck_assert(recv_ts_to_wall(&s, 4294960000u + 90000, &wall));
	ck_assert_uint_ge(wall, 50999998);
	ck_assert_uint_le(wall, 51000000);
	ck_assert(recv_wall_to_ts(&s, 49000000, &ts));
	ck_assert_int_le(seq_ts_diff(ts, 4294960000u - 90000), 1);
}

static uint8_t score_at_loss(int percent)
{
	struct recv s;
	struct media m = {.sid = 0};
	uint64_t t = 1000;

	recv_init(&s, 5, 90000);
	for (int sec = 0; sec < 30; sec++) {
		for (int i = 0; i < 100; i++, t += 10000) {
			if (i < percent)
				continue;
			recv_input(&s, (uint16_t)(sec * 100 + i), 0, t);
			recv_count(&s, &m, 100, t);
		}
		recv_update_score(&s, 0, t);
	}
	return s.score;
}

TEST(recv_score_falls_with_loss)
{
	ck_assert_uint_eq(score_at_loss(0), 10);
	ck_assert_uint_le(score_at_loss(10), 7);
	ck_assert_uint_ge(score_at_loss(10), 5);
	ck_assert_uint_le(score_at_loss(40), 1);
}

TEST(recv_score_is_zero_after_silence)
{
	struct recv s;
	struct media m = {.sid = 0};

	recv_init(&s, 5, 90000);
	recv_input(&s, 1, 0, 1000);
	recv_count(&s, &m, 100, 1000);
	ck_assert(!recv_update_score(&s, 1500000, 1000000));
	ck_assert_uint_eq(s.score, 10);
	ck_assert(recv_update_score(&s, 1500000, 2000000));
	ck_assert_uint_eq(s.score, 0);
	ck_assert(s.inactive);
	recv_input(&s, 2, 0, 2100000);
	recv_count(&s, &m, 100, 2100000);
	ck_assert(recv_update_score(&s, 1500000, 2200000));
	ck_assert_uint_eq(s.score, 10);
}

TEST(send_reads_the_round_trip_out_of_reports)
{
	struct send s;
	struct send_sr sr;
	struct send_rr rr = {.fraction_lost = 12, .lost = 3};

	send_init(&s, 90000);
	ck_assert(!send_sr(&s, 1000000, &sr));
	send_on_packet(&s, 1000, 500, 1000000);
	ck_assert(send_sr(&s, 1100000, &sr));
	ck_assert_uint_eq(sr.ts, 1000 + 9000);
	ck_assert_uint_eq(sr.octets, 500);
	rr.lsr = (uint32_t)(sr.ntp >> 16);
	rr.dlsr = 65536 / 10;
	ck_assert(send_on_rr(&s, &rr, 1100000 + 100000 + 40000));
	ck_assert_uint_ge(s.rtt_us, 39900);
	ck_assert_uint_le(s.rtt_us, 40100);
}

TEST(send_caps_retransmissions_at_half_the_media)
{
	struct send s;
	uint32_t again = 0;

	send_init(&s, 90000);
	while (send_rtx_ok(&s, 1000))
		again++;
	ck_assert_uint_eq(again, 20);
	again = 0;
	for (int i = 0; i < 1000; i++) {
		send_on_packet(&s, 0, 1000, 1000000);
		for (int k = 0; k < 5; k++)
			again += send_rtx_ok(&s, 1000);
	}
	ck_assert_uint_ge(again, 499);
	ck_assert_uint_le(again, 501);
}
