/*
 * Whole calls in virtual time. Bounds are what a person would notice, with
 * the margin that the seed needs; each was seen to fail with its part broken.
 */
#include "tests/lib/call.h"

#include <stdlib.h>
#include <string.h>

#include "tests/lib/test.h"

#define JOINS 100

static void ck_connected(const struct side *s)
{
	ck_assert_int_eq(peer_state(s->peer), PEER_CONNECTED);
	ck_assert_int_eq(s->dtls, MEDIA__DTLS_STATE__DTLS_CONNECTED);
	ck_assert_int_eq(s->ice, MEDIA__ICE_STATE__ICE_COMPLETED);
}

TEST_SLOW(call_connects_and_flows, 60)
{
	struct call *c = call_new(1);
	struct side *a = call_join(c, NULL);
	struct side *b = call_join(c, NULL);
	struct view *video, *audio;

	call_run(c, 2 * SECOND);
	ck_connected(a);
	ck_connected(b);
	ck_assert_str_eq(peer_srtp_profile(a->peer), "SRTP_AEAD_AES_128_GCM");
	video = call_watch(c, b, call_camera(c, a));
	audio = call_watch(c, b, call_mic(c, a));
	call_run(c, 10 * SECOND);
	ck_assert_uint_gt(call_view(video)->frames_decoded, 280);
	ck_assert_uint_gt(call_view(audio)->packets, 490);
	ck_assert_uint_eq(call_view(video)->foreign, 0);
	ck_assert_uint_eq(call_view(video)->wrong_pt, 0);
	ck_assert_uint_eq(call_view(video)->disorder, 0);
	ck_assert_uint_eq(call_view(video)->lost, 0);
	ck_assert_uint_eq(call_view(video)->pid_jumps, 0);
	ck_assert_int_eq(call_view(video)->layer, 2);
	ck_assert_uint_eq(peer_stats(b->peer)->srtp_bad, 0);
	ck_assert_uint_eq(peer_stats(b->peer)->rtcp_bad, 0);
	ck_assert_uint_eq(peer_stats(a->peer)->rtcp_bad, 0);
	ck_assert_uint_eq(peer_stats(b->peer)->unknown_ssrc, 0);
	ck_assert_uint_gt(peer_feedback(a->peer)->messages, 80);
	call_free(c);
}

/* Ten minutes, a tenth of all datagrams lost on each leg, each way. */
TEST_SLOW(call_ten_minutes_at_ten_percent_loss, 120)
{
	static const struct simnet_conf lossy = {
		.loss = 0.1, .delay_us = 15000, .jitter_us = 5000};
	struct call *c = call_new(2);
	struct side *a = call_join(c, &lossy);
	struct side *b = call_join(c, &lossy);
	struct view *video, *audio;
	struct cam *cam;

	call_run(c, 5 * SECOND);
	ck_connected(a);
	ck_connected(b);
	cam = call_single(c, a, 400000);
	video = call_watch(c, b, cam);
	audio = call_watch(c, b, call_mic(c, a));
	call_run(c, 10 * MINUTE);
	/* 18,000 frames were made, 30,000 packets of sound. */
	ck_assert_uint_gt(call_view(video)->frames_decoded, 17900);
	ck_assert_uint_gt(call_view(audio)->packets, 23000);
	ck_assert_uint_gt(call_view(video)->repaired, 3000);
	ck_assert_uint_lt(call_view(video)->gap_us_max, SECOND);
	ck_assert_uint_le(peer_send_stats(cam->send, 0)->plis, 5);
	call_free(c);
}

TEST_SLOW(call_forwards_the_preferred_layer, 60)
{
	struct call *c = call_new(3);
	struct side *a = call_join(c, NULL);
	struct side *b = call_join(c, NULL);
	struct view *v;

	call_run(c, SECOND);
	v = call_watch(c, b, call_camera(c, a));
	call_prefer(v, 0, 2);
	call_run(c, 5 * SECOND);
	ck_assert_int_eq(call_view(v)->layer, 0);
	for (int layer = 2; layer >= 0; layer--) {
		call_prefer(v, layer, 2);
		call_run(c, 3 * SECOND);
		ck_assert_int_eq(call_view(v)->layer, layer);
		ck_assert_int_eq(call_stats(v)->spatial, layer);
	}
	/* The lowest temporal layer alone: a quarter of the frames. */
	call_prefer(v, 0, 0);
	call_run(c, 3 * SECOND);
	ck_assert_uint_eq(call_view(v)->tid_max, 0);
	ck_assert_uint_eq(call_view(v)->lost, 0);
	ck_assert_uint_eq(call_view(v)->pid_jumps, 0);
	ck_assert_uint_lt(call_view(v)->gap_us_max, SECOND);
	ck_assert_uint_gt(c->events[MEDIA__EVENT__CONSUMER_LAYERS], 3);
	call_free(c);
}

/* What the publisher's network loses is asked for and repaired here. */
TEST_SLOW(call_repairs_the_uplink, 60)
{
	static const struct simnet_conf lossy = {.loss = 0.05,
						 .delay_us = 10000};
	struct call *c = call_new(4);
	struct side *a = call_join(c, NULL);
	struct side *b = call_join(c, NULL);
	struct cam *cam;
	struct view *v;

	call_run(c, SECOND);
	cam = call_single(c, a, 800000);
	v = call_watch(c, b, cam);
	call_run(c, SECOND);
	call_net(a, &lossy, NULL);
	call_run(c, 30 * SECOND);
	ck_assert_uint_gt(peer_send_stats(cam->send, 0)->resent, 50);
	ck_assert_uint_gt(call_view(v)->frames_decoded, 900);
	ck_assert_uint_lt(call_view(v)->gap_us_max, SECOND / 2);
	call_free(c);
}

/* What the viewer's network loses never troubles the publisher. */
TEST_SLOW(call_repairs_the_downlink, 60)
{
	static const struct simnet_conf lossy = {.loss = 0.05,
						 .delay_us = 10000};
	struct call *c = call_new(5);
	struct side *a = call_join(c, NULL);
	struct side *b = call_join(c, NULL);
	struct cam *cam;
	struct view *v;

	call_run(c, SECOND);
	cam = call_single(c, a, 800000);
	v = call_watch(c, b, cam);
	call_run(c, SECOND);
	call_net(b, NULL, &lossy);
	call_run(c, 30 * SECOND);
	ck_assert_uint_gt(call_view(v)->repaired, 50);
	ck_assert_uint_eq(peer_send_stats(cam->send, 0)->nacked, 0);
	ck_assert_uint_gt(call_view(v)->frames_decoded, 900);
	ck_assert_uint_lt(call_view(v)->gap_us_max, SECOND / 2);
	ck_assert_uint_gt(call_stats(v)->sent->packets_retransmitted, 50);
	call_free(c);
}

static void *ask_stats(struct call *c, Media__Method method, uint64_t id,
		       const ProtobufCMessageDescriptor *d)
{
	call_ask_id(c, method, id);
	return call_answer(c, d);
}

/* Each number of the statistics tells what the network did. */
TEST_SLOW(call_statistics_tell_what_happened, 60)
{
	static const struct simnet_conf lossy = {.loss = 0.1,
						 .delay_us = 10000};
	struct call *c = call_new(40);
	struct side *a = call_join(c, &lossy), *b = call_join(c, &lossy);
	struct cam *cam;
	struct view *v;
	const Media__ConsumerStats *cs;
	const Media__ProducerStats *ps;
	const Media__TransportStats *ts;
	const Media__StreamStats *s;

	call_run(c, 5 * SECOND);
	cam = call_camera(c, a);
	v = call_watch(c, b, cam);
	call_prefer(v, 1, 2);
	call_run(c, 20 * SECOND);
	cs = call_stats(v);
	ck_assert_int_eq(cs->spatial, 1);
	ck_assert_int_eq(cs->temporal, 2);
	ck_assert_uint_gt(cs->allocated, 300000);
	ck_assert_int_eq(cs->limit, MEDIA__LIMIT_REASON__LIMIT_NONE);
	s = cs->sent;
	ck_assert_uint_gt(s->packets, 500);
	ck_assert_uint_gt(s->bytes, 600000);
	ck_assert(s->bitrate > 300000 && s->bitrate < 700000);
	ck_assert_uint_gt(s->packets_lost, 10);
	ck_assert_uint_gt(s->packets_repaired, 20);
	ck_assert_uint_ge(s->packets_retransmitted, s->packets_repaired);
	ck_assert_uint_gt(s->nacks, 10);
	ck_assert_uint_ge(s->nack_packets, s->packets_retransmitted);
	ck_assert(s->rtt_us > 15000 && s->rtt_us < 60000);
	ck_assert_uint_eq(cs->n_received, 3);
	ps = ask_stats(c, MEDIA__METHOD__GET_PRODUCER_STATS, cam->id,
		       &media__producer_stats__descriptor);
	ck_assert_uint_eq(ps->n_streams, 3);
	s = ps->streams[2];
	ck_assert_uint_gt(s->packets, 2000);
	ck_assert(s->bitrate > 1000000 && s->bitrate < 2500000);
	ck_assert_uint_gt(s->packets_repaired, 100);
	ck_assert_uint_ge(s->packets_retransmitted, s->packets_repaired);
	ck_assert_uint_gt(s->nack_packets, s->packets_repaired);
	ck_assert(s->rtt_us > 15000 && s->rtt_us < 60000);
	ck_assert_uint_gt(s->layer_bitrate[0], s->bitrate / 8);
	ts = ask_stats(c, MEDIA__METHOD__GET_TRANSPORT_STATS, a->id,
		       &media__transport_stats__descriptor);
	ck_assert(ts->loss_received > 0.05 && ts->loss_received < 0.2);
	ck_assert_uint_gt(ts->rtp_bytes_received, 3000000);
	ck_assert_uint_gt(ts->rtx_bytes_received, 100000);
	ck_assert_uint_gt(ts->recv_bitrate, 1500000);
	ts = ask_stats(c, MEDIA__METHOD__GET_TRANSPORT_STATS, b->id,
		       &media__transport_stats__descriptor);
	/* Of half a second alone. */
	ck_assert(ts->loss_sent > 0 && ts->loss_sent < 0.4);
	ck_assert_uint_gt(ts->available_outgoing, 500000);
	ck_assert_uint_gt(ts->rtp_bytes_sent, 800000);
	ck_assert_uint_gt(ts->rtx_bytes_sent, 50000);
	ck_assert_uint_gt(ts->bytes_sent,
			  ts->rtp_bytes_sent + ts->rtx_bytes_sent);
	ck_assert_uint_gt(ts->bytes_received, 1000);
	call_free(c);
}

/* Many who come at once cost the publisher one key frame, not one each. */
TEST_SLOW(call_merges_key_frame_requests, 60)
{
	struct call *c = call_new(6);
	struct side *a = call_join(c, NULL);
	struct side *b[20];
	struct view *v[20];
	struct cam *cam;
	uint64_t plis;

	for (int i = 0; i < 20; i++)
		b[i] = call_join(c, NULL);
	call_run(c, 2 * SECOND);
	cam = call_single(c, a, 300000);
	call_run(c, 2 * SECOND);
	plis = peer_send_stats(cam->send, 0)->plis;
	for (int i = 0; i < 20; i++)
		v[i] = call_watch(c, b[i], cam);
	call_run(c, 2 * SECOND);
	ck_assert_uint_le(peer_send_stats(cam->send, 0)->plis - plis, 2);
	for (int i = 0; i < 20; i++)
		ck_assert_uint_gt(call_view(v[i])->frames_decoded, 45);
	call_free(c);
}

TEST_SLOW(call_pauses_and_resumes, 60)
{
	struct call *c = call_new(7);
	struct side *a = call_join(c, NULL);
	struct side *b = call_join(c, NULL);
	struct cam *cam;
	struct view *v;
	uint64_t n;

	call_run(c, SECOND);
	cam = call_single(c, a, 500000);
	v = call_watch(c, b, cam);
	call_run(c, 2 * SECOND);
	call_ask_id(c, MEDIA__METHOD__PAUSE_CONSUMER, v->id);
	call_run(c, SECOND / 10);
	n = call_view(v)->packets;
	call_run(c, 2 * SECOND);
	ck_assert_uint_eq(call_view(v)->packets, n);
	call_ask_id(c, MEDIA__METHOD__RESUME_CONSUMER, v->id);
	call_run(c, SECOND / 2);
	n = call_view(v)->frames_decoded;
	call_run(c, SECOND);
	ck_assert_uint_gt(call_view(v)->frames_decoded, n + 25);
	call_ask_id(c, MEDIA__METHOD__PAUSE_PRODUCER, cam->id);
	call_run(c, SECOND / 10);
	n = call_view(v)->packets;
	call_run(c, 2 * SECOND);
	ck_assert_uint_eq(call_view(v)->packets, n);
	call_ask_id(c, MEDIA__METHOD__RESUME_PRODUCER, cam->id);
	call_run(c, SECOND / 2);
	n = call_view(v)->frames_decoded;
	call_run(c, SECOND);
	ck_assert_uint_gt(call_view(v)->frames_decoded, n + 25);
	ck_assert_uint_eq(call_view(v)->lost, 0);
	call_free(c);
}

TEST_SLOW(call_restarts_ice_without_a_gap, 60)
{
	struct call *c = call_new(8);
	struct side *a = call_join(c, NULL);
	struct side *b = call_join(c, NULL);
	struct view *v;

	call_run(c, SECOND);
	v = call_watch(c, b, call_single(c, a, 500000));
	call_run(c, 3 * SECOND);
	peer_recv_mark(v->recv, c->now_us);
	call_restart_ice(a);
	call_restart_ice(b);
	call_run(c, 5 * SECOND);
	ck_assert_uint_lt(call_view(v)->gap_us_max, SECOND / 10);
	ck_connected(a);
	ck_connected(b);
	/* A second restart, and the credentials before it are gone. */
	call_restart_ice(b);
	call_run(c, 2 * SECOND);
	call_restart_ice(b);
	call_run(c, 2 * SECOND);
	ck_assert_uint_lt(call_view(v)->gap_us_max, SECOND / 10);
	ck_assert_uint_le(c->w.ufrags.n, 4);
	call_free(c);
}

/* RFC 7675: media alone does not keep a path open. */
TEST_SLOW(call_ends_without_consent, 60)
{
	struct call *c = call_new(9);
	struct side *a = call_join(c, NULL);
	struct side *b = call_join(c, NULL);
	uint64_t n;

	call_run(c, SECOND);
	call_watch(c, b, call_single(c, a, 500000));
	call_watch(c, a, call_mic(c, b));
	call_run(c, 3 * SECOND);
	peer_mute_stun(b->peer, true);
	call_run(c, 25 * SECOND);
	n = b->to_peer;
	call_run(c, SECOND);
	ck_assert_uint_gt(b->to_peer, n);
	call_run(c, 10 * SECOND);
	ck_assert_int_eq(b->ice, MEDIA__ICE_STATE__ICE_DISCONNECTED);
	n = b->to_peer;
	call_run(c, 10 * SECOND);
	ck_assert_uint_eq(b->to_peer, n);
	peer_mute_stun(b->peer, false);
	call_run(c, 5 * SECOND);
	ck_assert_uint_gt(b->to_peer, n);
	call_free(c);
}

/* Another address of the same peer: back within a round trip and 100 ms. */
TEST_SLOW(call_follows_an_address, 60)
{
	struct call *c = call_new(10);
	struct side *a = call_join(c, NULL);
	struct side *b = call_join(c, NULL);
	struct view *v;
	struct addr to;

	call_run(c, SECOND);
	v = call_watch(c, b, call_single(c, a, 500000));
	call_run(c, 3 * SECOND);
	peer_recv_mark(v->recv, c->now_us);
	addr_parse(&to, "10.0.1.77", 6000);
	peer_move(b->peer, &to, c->now_us);
	call_run(c, 3 * SECOND);
	ck_assert_uint_lt(call_view(v)->gap_us_max, SECOND / 5);
	ck_connected(b);
	call_free(c);
}

TEST_SLOW(call_duplicates_and_reordering, 60)
{
	static const struct simnet_conf odd = {.dup = 0.3,
					       .reorder = 0.1,
					       .delay_us = 10000,
					       .jitter_us = 3000};
	struct call *c = call_new(11);
	struct side *a = call_join(c, &odd);
	struct side *b = call_join(c, &odd);
	struct view *v;

	call_run(c, 3 * SECOND);
	v = call_watch(c, b, call_single(c, a, 500000));
	call_run(c, 20 * SECOND);
	ck_assert_uint_gt(call_view(v)->frames_decoded, 580);
	ck_assert_uint_gt(c->w.stats.drops[DROP_SRTP_REPLAY], 100);
	ck_assert_uint_eq(call_view(v)->lost, 0);
	call_free(c);
}

/* All within three seconds, all but a few within one. */
TEST_SLOW(call_joins_over_a_bad_network, 120)
{
	static const struct simnet_conf bad = {.loss = 0.1,
					       .dup = 0.05,
					       .reorder = 0.05,
					       .delay_us = 25000,
					       .jitter_us = 25000};
	unsigned slow = 0;

	for (uint64_t seed = 1000; seed < 1000 + JOINS; seed++) {
		struct call *c = call_new(seed);
		struct side *s = call_join(c, &bad);

		call_run(c, SECOND);
		slow += peer_state(s->peer) != PEER_CONNECTED;
		call_run(c, 2 * SECOND);
		ck_connected(s);
		call_free(c);
	}
	ck_assert_uint_le(slow, JOINS / 20);
}

TEST_SLOW(call_tells_who_speaks, 60)
{
	struct call *c = call_new(12);
	struct side *a = call_join(c, NULL);
	struct side *b = call_join(c, NULL);
	struct cam *mic;

	call_run(c, SECOND);
	mic = call_mic(c, a);
	peer_send_level(mic->send, 127);
	call_watch(c, b, mic);
	call_run(c, 3 * SECOND);
	ck_assert_uint_eq(c->events[MEDIA__EVENT__ACTIVE_SPEAKER], 0);
	peer_send_level(mic->send, 20);
	call_run(c, 2 * SECOND);
	ck_assert_uint_eq(c->events[MEDIA__EVENT__ACTIVE_SPEAKER], 1);
	peer_send_level(mic->send, 127);
	call_run(c, 5 * SECOND);
	ck_assert_uint_eq(c->events[MEDIA__EVENT__ACTIVE_SPEAKER], 2);
	call_free(c);
}

/* Everything is told, in pages, and a leaver takes all of his along. */
TEST_SLOW(call_dump_and_leave, 60)
{
	struct call *c = call_new(13);
	struct side *a = call_join(c, NULL);
	struct side *b = call_join(c, NULL);
	Media__DumpPage page = MEDIA__DUMP_PAGE__INIT;
	Media__Dump *dump;

	call_run(c, SECOND);
	call_watch(c, b, call_camera(c, a));
	call_watch(c, b, call_mic(c, a));
	call_watch(c, a, call_mic(c, b));
	call_ask(c, MEDIA__METHOD__DUMP, &page.base);
	dump = call_answer(c, &media__dump__descriptor);
	ck_assert_uint_eq(dump->n_objects, 1 + 2 + 3 + 3);
	ck_assert(!dump->has_next);
	call_leave(a);
	call_run(c, SECOND);
	call_ask(c, MEDIA__METHOD__DUMP, &page.base);
	dump = call_answer(c, &media__dump__descriptor);
	ck_assert_uint_eq(dump->n_objects, 1 + 1 + 1);
	ck_assert_uint_eq(c->w.tuples.n, 1);
	call_ask_id(c, MEDIA__METHOD__CLOSE_ROUTER, c->router_id);
	call_run(c, SECOND);
	ck_assert_uint_eq(c->w.links.n, 0);
	ck_assert_uint_eq(c->w.ufrags.n, 0);
	ck_assert_uint_eq(c->w.timers.n, 0);
	call_free(c);
}

/* A repeated request creates nothing twice and fails nothing. */
TEST_SLOW(call_requests_are_idempotent, 60)
{
	struct call *c = call_new(14);
	struct side *a = call_join(c, NULL);
	Media__CreateTransport t = MEDIA__CREATE_TRANSPORT__INIT;
	Media__CreateRouter r = MEDIA__CREATE_ROUTER__INIT;
	Media__TransportInfo *info;
	char ufrag[32];

	t.id = a->id;
	t.router_id = c->router_id;
	t.peer_id = 1;
	r.id = c->router_id;
	call_ask(c, MEDIA__METHOD__CREATE_ROUTER, &r.base);
	call_ask(c, MEDIA__METHOD__CREATE_TRANSPORT, &t.base);
	info = call_answer(c, &media__transport_info__descriptor);
	strcpy(ufrag, info->ice->username_fragment);
	call_ask(c, MEDIA__METHOD__CREATE_TRANSPORT, &t.base);
	info = call_answer(c, &media__transport_info__descriptor);
	ck_assert_str_eq(ufrag, info->ice->username_fragment);
	call_ask_id(c, MEDIA__METHOD__CLOSE_TRANSPORT, a->id);
	call_ask_id(c, MEDIA__METHOD__CLOSE_TRANSPORT, a->id);
	call_ask_id(c, MEDIA__METHOD__CLOSE_PRODUCER, 4711);
	t.router_id = 4711;
	ck_assert_int_lt(call_try(c, MEDIA__METHOD__CREATE_TRANSPORT, &t.base),
			 0);
	ck_assert_str_eq(c->k.reason, "no-router");
	ck_assert_int_lt(call_try(c, (Media__Method)9999, &r.base), 0);
	call_free(c);
}
