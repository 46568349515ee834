#include "tests/lib/rig.h"
#include "tests/lib/test.h"

static const struct layers_pair top = {-1, -1};

/* A frame of n packets; the caller's k is the first and is moved on. */
static void frame(struct rig *r, struct producer *p, struct rig_pkt *k, int n)
{
	for (int i = 0; i < n; i++) {
		k->rest = i > 0;
		k->marker = i == n - 1;
		rig_send(r, p, k);
		k->seq++;
	}
	k->key = false;
	k->sync = false;
	k->pid++;
	k->ts += 3000;
	r->now_us += 33333;
}

TEST(video_starts_at_a_key_frame_and_renumbers)
{
	struct rig *r = rig_new();
	struct producer_opts o = rig_vp8(r, 1, 1);
	struct producer *p = rig_publish(r, &o);
	struct consumer *c = rig_subscribe(r, r->down, p, top);
	struct rig_pkt k = {.seq = 65534, .ts = 777, .pid = 32767, .tl0 = 255};

	frame(r, p, &k, 3);
	ck_assert_uint_eq(r->n_out, 0);
	ck_assert_uint_eq(r->n_plis, 1);
	k.key = true;
	frame(r, p, &k, 2);
	k.tl0++;
	frame(r, p, &k, 1);
	ck_assert_uint_eq(r->n_out, 3);
	for (int i = 0; i < 3; i++) {
		ck_assert_uint_eq(rig_out(r, i)->seq, 1000 + i);
		ck_assert_uint_eq(rig_out(r, i)->ssrc, c->ssrc);
		ck_assert_uint_eq(rig_out(r, i)->pt, 101);
	}
	ck_assert(!rig_out(r, 0)->marker);
	ck_assert(rig_out(r, 1)->marker);
	ck_assert_uint_eq(rig_out(r, 2)->ts - rig_out(r, 1)->ts, 3000);
	ck_assert_uint_eq(rig_out(r, 2)->pid, rig_out(r, 1)->pid + 1);
	ck_assert_uint_eq((uint8_t)(rig_out(r, 2)->tl0 - rig_out(r, 1)->tl0),
			  1);
	rig_free(r);
}

TEST(one_packet_goes_to_each_viewer_with_its_own_bytes)
{
	struct rig *r = rig_new();
	struct producer_opts o = rig_vp8(r, 1, 1);
	struct producer *p = rig_publish(r, &o);
	struct consumer *a = rig_subscribe(r, r->down, p, top);
	struct consumer *b;
	struct rig_pkt k = {.seq = 1, .ts = 777, .pid = 5, .key = true};

	frame(r, p, &k, 1);
	frame(r, p, &k, 1);
	b = rig_subscribe(r, rig_transport(r), p, top);
	k.key = true;
	frame(r, p, &k, 1);
	ck_assert_uint_eq(r->n_out, 4);
	ck_assert_ptr_eq(rig_out(r, 2)->c, a);
	ck_assert_ptr_eq(rig_out(r, 3)->c, b);
	ck_assert_uint_eq(rig_out(r, 2)->seq, 1002);
	ck_assert_uint_eq(rig_out(r, 3)->seq, 1000);
	ck_assert_uint_eq(rig_out(r, 3)->mark, rig_out(r, 2)->mark);
	rig_free(r);
}

TEST(a_hole_stays_open_and_is_filled_when_the_packet_comes)
{
	struct rig *r = rig_new();
	struct producer_opts o = rig_vp8(r, 1, 1);
	struct producer *p = rig_publish(r, &o);
	struct rig_pkt k = {.seq = 10, .ts = 1, .key = true, .marker = true};

	rig_subscribe(r, r->down, p, top);
	rig_send(r, p, &k);
	k.key = false;
	k.seq = 13;
	k.pid = 3;
	rig_send(r, p, &k);
	ck_assert_uint_eq(rig_out(r, -1)->seq, 1003);
	rig_run(r, 15000);
	ck_assert_uint_eq(r->n_nacks, 2);
	ck_assert_uint_eq(r->nacked[0], 11);
	ck_assert_uint_eq(r->nacked[1], 12);
	k.seq = 12;
	k.pid = 2;
	k.rtx = true;
	ck_assert_int_eq(rig_send(r, p, &k), RX_RECOVERED);
	ck_assert_uint_eq(rig_out(r, -1)->seq, 1002);
	ck_assert_uint_eq(rig_out(r, -1)->pid, 2);
	ck_assert_int_eq(rig_send(r, p, &k), RX_DUP);
	k.rtx = false;
	k.seq = 11;
	k.pid = 1;
	ck_assert_int_eq(rig_send(r, p, &k), RX_MEDIA);
	ck_assert_uint_eq(rig_out(r, -1)->seq, 1001);
	ck_assert_uint_eq(r->n_out, 4);
	rig_free(r);
}

TEST(a_nack_is_answered_from_the_store_by_rtx)
{
	struct rig *r = rig_new();
	struct producer_opts o = rig_vp8(r, 1, 1);
	struct producer *p = rig_publish(r, &o);
	struct consumer *c = rig_subscribe(r, r->down, p, top);
	struct rig_pkt k = {.seq = 10, .ts = 1, .key = true, .pid = 9};
	struct rig_out first;

	frame(r, p, &k, 2);
	frame(r, p, &k, 2);
	first = *rig_out(r, 2);
	ck_assert_int_eq(rig_nack(r, c, 1002), FWD_SEND);
	ck_assert(rig_out(r, -1)->rtx);
	ck_assert_uint_eq(rig_out(r, -1)->osn, 1002);
	ck_assert_uint_eq(rig_out(r, -1)->seq, 20000);
	ck_assert_uint_eq(rig_out(r, -1)->ssrc, c->rtx_ssrc);
	ck_assert_uint_eq(rig_out(r, -1)->pt, 102);
	ck_assert_uint_eq(rig_out(r, -1)->ts, first.ts);
	ck_assert_uint_eq(rig_out(r, -1)->pid, first.pid);
	ck_assert_uint_eq(rig_out(r, -1)->mark, first.mark);
	/* Not again before a round trip. */
	ck_assert_int_eq(rig_nack(r, c, 1002), FWD_SKIP);
	ck_assert_int_eq(rig_nack(r, c, 1004), FWD_SKIP);
	ck_assert_int_eq(rig_nack(r, c, 999), FWD_SKIP);
	rig_run(r, 2000000);
	ck_assert_int_eq(rig_nack(r, c, 1002), FWD_SKIP);
	rig_free(r);
}

TEST(temporal_layers_are_left_out_without_a_gap)
{
	struct rig *r = rig_new();
	struct producer_opts o = rig_vp8(r, 1, 3);
	struct producer *p = rig_publish(r, &o);
	struct rig_pkt k = {.seq = 100, .ts = 1, .key = true};
	static const uint8_t tids[4] = {0, 2, 1, 2};
	uint16_t seq, pid;

	rig_subscribe(r, r->down, p, (struct layers_pair){-1, 1});
	for (int i = 0; i < 40; i++) {
		k.tid = tids[i % 4];
		k.tl0 = (uint8_t)(i / 4);
		k.sync = true;
		frame(r, p, &k, 3);
	}
	ck_assert_uint_eq(r->n_out, 60);
	seq = rig_out(r, 0)->seq;
	pid = rig_out(r, 0)->pid;
	for (int i = 0; i < 60; i++) {
		ck_assert_uint_eq(rig_out(r, i)->seq, seq + i);
		ck_assert_uint_eq(rig_out(r, i)->pid, pid + i / 3);
		ck_assert_uint_eq(rig_out(r, i)->tl0, i / 6);
	}
	rig_free(r);
}

/*
 * A frame of a layer that is left out, missed and late: a number and a
 * picture id were kept for it, and a receiver waits for both.
 */
TEST(a_late_frame_fills_its_number_and_its_picture_id)
{
	struct rig *r = rig_new();
	struct producer_opts o = rig_vp8(r, 1, 3);
	struct producer *p = rig_publish(r, &o);
	struct rig_pkt k = {.seq = 100, .ts = 1, .key = true};
	struct rig_pkt late;

	rig_subscribe(r, r->down, p, (struct layers_pair){-1, 1});
	k.sync = true;
	frame(r, p, &k, 1);
	late = k;
	late.tid = 2;
	late.key = false;
	late.marker = true;
	k.seq++;
	k.pid++;
	k.ts += 3000;
	k.key = false;
	k.tid = 1;
	frame(r, p, &k, 1);
	ck_assert_uint_eq(r->n_out, 2);
	rig_send(r, p, &late);
	ck_assert_uint_eq(r->n_out, 3);
	ck_assert(!rig_out(r, 2)->empty);
	ck_assert_uint_eq(rig_out(r, 2)->seq, rig_out(r, 0)->seq + 1);
	ck_assert_uint_eq(rig_out(r, 2)->pid, rig_out(r, 0)->pid + 1);
	ck_assert_uint_eq(rig_out(r, 1)->pid, rig_out(r, 0)->pid + 2);
	/* Of a frame that was left out for the rest, only the number is. */
	late = k;
	late.tid = 2;
	k.tid = 2;
	k.seq++;
	k.rest = true;
	k.marker = true;
	rig_send(r, p, &k);
	k.seq++;
	k.pid++;
	k.ts += 3000;
	k.tid = 1;
	k.rest = false;
	frame(r, p, &k, 1);
	ck_assert_uint_eq(r->n_out, 4);
	rig_send(r, p, &late);
	ck_assert_uint_eq(r->n_out, 5);
	ck_assert(rig_out(r, 4)->empty);
	rig_free(r);
}

TEST(going_up_a_temporal_layer_waits_for_a_sync_frame)
{
	struct rig *r = rig_new();
	struct producer_opts o = rig_vp8(r, 1, 2);
	struct producer *p = rig_publish(r, &o);
	struct consumer *c =
		rig_subscribe(r, r->down, p, (struct layers_pair){-1, 0});
	struct rig_pkt k = {.seq = 100, .ts = 1, .key = true};

	frame(r, p, &k, 1);
	k.tid = 1;
	frame(r, p, &k, 1);
	ck_assert_uint_eq(r->n_out, 1);
	consumer_set_preferred(c, (struct layers_pair){0, 1}, r->now_us);
	frame(r, p, &k, 1);
	ck_assert_uint_eq(r->n_out, 1);
	k.sync = true;
	frame(r, p, &k, 1);
	ck_assert_uint_eq(r->n_out, 2);
	frame(r, p, &k, 1);
	ck_assert_uint_eq(r->n_out, 3);
	ck_assert_uint_eq(rig_out(r, 2)->pid, rig_out(r, 0)->pid + 2);
	ck_assert_int_eq(c->layers.current.t, 1);
	rig_free(r);
}

TEST(padding_on_the_media_ssrc_leaves_no_gap)
{
	struct rig *r = rig_new();
	struct producer_opts o = rig_vp8(r, 1, 1);
	struct producer *p = rig_publish(r, &o);
	struct rig_pkt k = {.seq = 100, .ts = 1, .key = true};

	rig_subscribe(r, r->down, p, top);
	frame(r, p, &k, 1);
	k.padding = true;
	frame(r, p, &k, 2);
	k.padding = false;
	frame(r, p, &k, 1);
	ck_assert_uint_eq(r->n_out, 2);
	ck_assert_uint_eq(rig_out(r, 1)->seq, 1001);
	rig_free(r);
}

TEST(pause_and_resume_of_a_consumer)
{
	struct rig *r = rig_new();
	struct producer_opts o = rig_vp8(r, 1, 1);
	struct producer *p = rig_publish(r, &o);
	struct consumer *c = rig_subscribe(r, r->down, p, top);
	struct rig_pkt k = {.seq = 100, .ts = 1, .key = true};
	uint32_t plis;

	frame(r, p, &k, 1);
	consumer_pause(c, r->now_us);
	for (int i = 0; i < 30; i++)
		frame(r, p, &k, 1);
	ck_assert_uint_eq(r->n_out, 1);
	plis = r->n_plis;
	consumer_resume(c, r->now_us);
	rig_run(r, 1000);
	ck_assert_uint_eq(r->n_plis, plis + 1);
	frame(r, p, &k, 1);
	ck_assert_uint_eq(r->n_out, 1);
	k.key = true;
	frame(r, p, &k, 1);
	frame(r, p, &k, 1);
	ck_assert_uint_eq(r->n_out, 3);
	ck_assert_uint_eq(rig_out(r, 1)->seq, 1001);
	ck_assert_uint_eq(rig_out(r, 1)->pid, rig_out(r, 0)->pid + 1);
	/* The time that passed is in the time stamps. */
	ck_assert_uint_eq(rig_out(r, 1)->ts - rig_out(r, 0)->ts, 32 * 3000);
	rig_free(r);
}

TEST(audio_flows_at_once_and_over_a_pause_of_its_producer)
{
	struct rig *r = rig_new();
	struct producer_opts o = rig_opus(r);
	struct producer *p = rig_publish(r, &o);
	struct consumer *c = rig_subscribe(r, r->down, p, top);
	struct rig_pkt k = {.seq = 65530, .ts = 99, .level = 30};

	for (int i = 0; i < 20; i++, k.seq++, k.ts += 960) {
		if (i == 8)
			producer_pause(p, r->now_us);
		if (i == 12)
			producer_resume(p, r->now_us);
		rig_send(r, p, &k);
		rig_run(r, 20000);
	}
	ck_assert_uint_eq(r->n_out, 16);
	for (int i = 0; i < 16; i++)
		ck_assert_uint_eq(rig_out(r, i)->seq, 1000 + i);
	ck_assert_uint_eq(rig_out(r, 8)->ts - rig_out(r, 7)->ts, 960 * 5);
	ck_assert_uint_eq(rig_out(r, 0)->ts, 5000);
	ck_assert_uint_eq(rig_out(r, 0)->pt, 100);
	/* Without RTX the same packet goes out once more. */
	ck_assert_int_eq(rig_nack(r, c, 1015), FWD_SEND);
	ck_assert_uint_eq(rig_out(r, -1)->seq, 1015);
	ck_assert_uint_eq(r->n_plis, 0);
	rig_free(r);
}

TEST(key_frame_requests_of_many_viewers_are_merged)
{
	struct rig *r = rig_new();
	struct producer_opts o = rig_vp8(r, 1, 1);
	struct producer *p = rig_publish(r, &o);
	struct consumer *c[50];
	struct rig_pkt k = {.seq = 100, .ts = 1, .key = true};
	uint32_t before;

	for (int i = 0; i < 50; i++)
		c[i] = rig_subscribe(r, rig_transport(r), p, top);
	frame(r, p, &k, 1);
	rig_run(r, 1000000);
	before = r->n_plis;
	for (int ms = 0; ms < 400; ms += 10) {
		for (int i = 0; i < 50; i++)
			consumer_on_pli(c[i], r->now_us);
		rig_run(r, 10000);
	}
	ck_assert_uint_eq(r->n_plis - before, 1);
	/* None came: it is repeated. */
	rig_run(r, 1000000);
	ck_assert_uint_eq(r->n_plis - before, 2);
	k.key = true;
	frame(r, p, &k, 1);
	before = r->n_plis;
	rig_run(r, 3000000);
	ck_assert_uint_eq(r->n_plis, before);
	rig_free(r);
}

TEST(closing_from_any_side_leaves_nothing)
{
	struct rig *r = rig_new();
	struct producer_opts o = rig_vp8(r, 3, 3);
	struct producer *p = rig_publish(r, &o);
	struct transport *t = rig_transport(r);
	struct rig_pkt k = {.seq = 100, .ts = 1, .key = true};
	struct consumer *c = rig_subscribe(r, r->down, p, top);

	rig_subscribe(r, t, p, top);
	frame(r, p, &k, 2);
	transport_free(t);
	ck_assert_uint_eq(p->n_consumers, 1);
	consumer_free(c);
	ck_assert_uint_eq(p->n_consumers, 0);
	rig_subscribe(r, r->down, p, top);
	frame(r, p, &k, 2);
	producer_free(p);
	ck_assert_uint_eq(r->down->n_consumers, 0);
	ck_assert_uint_eq(r->router->producers.n, 0);
	ck_assert_uint_eq(r->router->consumers.n, 0);
	rig_free(r);
}
