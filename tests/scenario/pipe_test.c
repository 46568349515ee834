/*
 * A room on two workers: what crosses, what does not, and what becomes of it
 * when a worker or a pipe ends.
 */
#include <stdlib.h>
#include <string.h>

#include "mediad/path/inlet.h"
#include "mediad/path/pipes.h"
#include "mediad/sfu/producer.h"
#include "tests/lib/span.h"
#include "tests/lib/test.h"

static struct side *side(struct span *sp, unsigned worker)
{
	return call_join(sp->c[worker], NULL);
}

static struct pipe *pipe_of(struct span *sp, unsigned worker)
{
	return sp->c[worker]->w.pipes.by_worker[!worker];
}

/* Media packets that crossed to this worker. */
static uint64_t crossed(struct span *sp, unsigned worker)
{
	return pipe_of(sp, worker)->in.records;
}

static struct producer *producer(struct span *sp, unsigned worker,
				 const struct cam *cam)
{
	return worker_producer(&sp->c[worker]->w, cam->id);
}

static void forget(struct view *v)
{
	call_ask_id(v->side->c, MEDIA__METHOD__CLOSE_CONSUMER, v->id);
}

/* From both sides, beside one who watches at home. */
TEST(pipe_carries_video_and_sound)
{
	struct span *sp = span_new(1);
	struct side *a = side(sp, 0), *a2 = side(sp, 0), *b = side(sp, 1);
	struct cam *cam, *mic, *back;
	struct view *near, *far, *ear, *home;

	span_run(sp, SECOND);
	cam = call_single(sp->c[0], a, 800000);
	mic = call_mic(sp->c[0], a);
	back = call_single(sp->c[1], b, 500000);
	span_pipe(sp, cam);
	span_pipe(sp, mic);
	span_pipe(sp, back);
	near = call_watch(sp->c[0], a2, cam);
	far = call_watch(sp->c[1], b, cam);
	ear = call_watch(sp->c[1], b, mic);
	home = call_watch(sp->c[0], a, back);
	span_run(sp, 10 * SECOND);
	ck_assert_uint_gt(call_view(near)->frames_decoded, 280);
	ck_assert_uint_gt(call_view(far)->frames_decoded, 280);
	ck_assert_uint_gt(call_view(home)->frames_decoded, 280);
	ck_assert_uint_gt(call_view(ear)->frames_decoded, 480);
	ck_assert_uint_eq(call_view(far)->lost, 0);
	ck_assert_uint_eq(call_view(far)->foreign, 0);
	ck_assert_uint_eq(call_view(ear)->lost, 0);
	/* The other worker looks half a millisecond later. */
	ck_assert_uint_le(hist_quantile(&call_view(far)->latency_us, 0.99),
			  hist_quantile(&call_view(near)->latency_us, 0.99) +
				  2000);
	ck_assert_uint_eq(call_drops(sp->c[0]), 0);
	ck_assert_uint_eq(call_drops(sp->c[1]), 0);
	span_free(sp);
}

/* The same number crosses for one viewer and for four. */
TEST(pipe_each_packet_crosses_once)
{
	struct span *sp = span_new(2);
	struct side *a = side(sp, 0), *b[4];
	struct view *v[4];
	struct cam *cam;
	uint64_t packets, before;

	for (int i = 0; i < 4; i++)
		b[i] = side(sp, 1);
	span_run(sp, SECOND);
	cam = call_single(sp->c[0], a, 800000);
	span_pipe(sp, cam);
	for (int i = 0; i < 4; i++)
		v[i] = call_watch(sp->c[1], b[i], cam);
	span_run(sp, 2 * SECOND);
	packets = peer_send_stats(cam->send, 0)->packets;
	before = crossed(sp, 1);
	span_run(sp, 10 * SECOND);
	packets = peer_send_stats(cam->send, 0)->packets - packets;
	/* Sender reports cross, too. */
	ck_assert_uint_ge(crossed(sp, 1) - before, packets - 5);
	ck_assert_uint_le(crossed(sp, 1) - before, packets + 20);
	for (int i = 0; i < 4; i++)
		ck_assert_uint_gt(call_view(v[i])->frames_decoded, 330);
	/* Four came at once: few key frames were asked for. */
	ck_assert_uint_le(peer_send_stats(cam->send, 0)->plis, 3);
	span_free(sp);
}

/* A viewer's loss is his worker's matter; the sender's is repaired once. */
TEST(pipe_losses_are_repaired_at_the_nearest_hop)
{
	static const struct simnet_conf lossy = {.delay_us = 10000,
						 .loss = 0.05};
	struct span *sp = span_new(3);
	struct side *a = side(sp, 0), *b = side(sp, 1);
	const struct peer_send_stats *sent;
	struct cam *cam;
	struct view *v;

	call_net(b, NULL, &lossy);
	span_run(sp, SECOND);
	cam = call_single(sp->c[0], a, 800000);
	sent = peer_send_stats(cam->send, 0);
	span_pipe(sp, cam);
	v = call_watch(sp->c[1], b, cam);
	span_run(sp, 10 * SECOND);
	ck_assert_uint_gt(call_view(v)->repaired, 20);
	ck_assert_uint_gt(call_view(v)->frames_decoded, 280);
	ck_assert_uint_eq(sent->nacked, 0);
	call_net(b, NULL, &(struct simnet_conf){.delay_us = 10000});
	call_net(a, &(struct simnet_conf){.delay_us = 10000, .loss = 0.1},
		 NULL);
	span_run(sp, 10 * SECOND);
	ck_assert_uint_gt(sent->resent, 20);
	ck_assert_uint_gt(call_view(v)->frames_decoded, 570);
	/* Nobody over there asks the sender again. */
	ck_assert_uint_eq(nack_deadline(&producer(sp, 1, cam)->streams[0].nack),
			  UINT64_MAX);
	ck_assert_uint_eq(producer(sp, 1, cam)->streams[0].nack.took_us, 0);
	span_free(sp);
}

static uint64_t layer_in(struct span *sp, const struct cam *cam, unsigned i)
{
	return producer(sp, 1, cam)->streams[i].recv.packets;
}

/* Layers nobody there could use do not cross, nor are they sent. */
TEST(pipe_layers_cross_by_the_union_of_demand)
{
	struct span *sp = span_new(4);
	struct side *a = side(sp, 0), *a2 = side(sp, 0);
	struct side *b = side(sp, 1), *b2 = side(sp, 1);
	struct view *near, *far, *far2;
	struct cam *cam;
	uint64_t before;

	span_run(sp, SECOND);
	cam = call_camera(sp->c[0], a);
	span_pipe(sp, cam);
	near = call_watch(sp->c[0], a2, cam);
	far = call_watch(sp->c[1], b, cam);
	call_prefer(near, 0, -1);
	call_prefer(far, 0, -1);
	span_run(sp, 8 * SECOND);
	ck_assert_int_eq(cam->wanted, 0);
	ck_assert_int_eq(call_view(far)->layer, 0);
	before = layer_in(sp, cam, 1) + layer_in(sp, cam, 2);
	span_run(sp, 2 * SECOND);
	ck_assert_uint_eq(layer_in(sp, cam, 1) + layer_in(sp, cam, 2), before);
	/* One who wants all of it: the publisher is told at once. */
	far2 = call_watch(sp->c[1], b2, cam);
	span_run(sp, 10 * SECOND);
	ck_assert_int_eq(cam->wanted, 2);
	ck_assert_int_eq(call_view(far2)->layer, 2);
	ck_assert_int_eq(call_view(far)->layer, 0);
	ck_assert_int_eq(call_view(near)->layer, 0);
	/* And goes again. */
	forget(far2);
	span_run(sp, 12 * SECOND);
	ck_assert_int_eq(cam->wanted, 0);
	/* Nobody there at all: nothing crosses but what is said each second. */
	forget(far);
	span_run(sp, 8 * SECOND);
	before = crossed(sp, 1);
	span_run(sp, 2 * SECOND);
	ck_assert_uint_eq(crossed(sp, 1), before);
	ck_assert_uint_eq(call_view(near)->frozen_us, 0);
	span_free(sp);
}

/* Layer switches on the far side keep sound and picture together. */
TEST(pipe_switches_keep_time)
{
	struct span *sp = span_new(5);
	struct side *a = side(sp, 0), *b = side(sp, 1);
	struct cam *cam, *mic;
	struct view *v, *ear;

	span_run(sp, SECOND);
	cam = call_camera(sp->c[0], a);
	mic = call_mic(sp->c[0], a);
	span_pipe(sp, cam);
	span_pipe(sp, mic);
	v = call_watch(sp->c[1], b, cam);
	ear = call_watch(sp->c[1], b, mic);
	span_run(sp, 8 * SECOND);
	for (int i = 0; i < 6; i++) {
		call_prefer(v, i % 2 ? 2 : 0, -1);
		span_run(sp, 4 * SECOND);
		ck_assert_int_lt(labs((long)(call_view(v)->skew_us -
					     call_view(ear)->skew_us)),
				 20000);
	}
	ck_assert_uint_ge(call_view(v)->switches, 6);
	ck_assert_uint_eq(call_view(v)->pid_jumps, 0);
	ck_assert_uint_lt(call_view(v)->gap_us_max, 700000);
	span_free(sp);
}

/* Spatial layers in one stream are taken apart on the far side. */
TEST(pipe_carries_svc)
{
	static const enum peer_kind kinds[] = {PEER_VP9, PEER_AV1};

	for (unsigned i = 0; i < 2; i++) {
		struct span *sp = span_new(6 + i);
		struct side *a = side(sp, 0), *b = side(sp, 1);
		struct view *low, *high;
		struct cam *cam;

		span_run(sp, SECOND);
		cam = call_layers(sp->c[0], a, kinds[i]);
		span_pipe(sp, cam);
		high = call_watch(sp->c[1], b, cam);
		span_run(sp, 6 * SECOND);
		low = call_watch(sp->c[1], side(sp, 1), cam);
		call_prefer(low, 0, -1);
		span_run(sp, 6 * SECOND);
		ck_assert_int_eq(call_view(high)->layer, 2);
		ck_assert_int_eq(call_view(low)->layer, 0);
		ck_assert_uint_gt(call_view(high)->frames_decoded, 300);
		ck_assert_uint_gt(call_view(low)->frames_decoded, 100);
		span_free(sp);
	}
}

/* The server pauses both; the voice is heard of where it is not sent to. */
TEST(pipe_pause_and_speakers)
{
	struct span *sp = span_new(8);
	struct side *a = side(sp, 0), *b = side(sp, 1);
	struct cam *cam, *mic;
	struct view *v;
	uint64_t before;

	span_run(sp, SECOND);
	cam = call_single(sp->c[0], a, 500000);
	mic = call_mic(sp->c[1], b);
	span_pipe(sp, cam);
	span_pipe(sp, mic);
	v = call_watch(sp->c[1], b, cam);
	span_run(sp, 3 * SECOND);
	/* Nobody listens on the first worker, yet it knows who speaks. */
	ck_assert_uint_eq(sp->c[0]->speaker, sp->c[1]->first_peer + b->index);
	for (int i = 0; i < 2; i++)
		call_ask_id(sp->c[i], MEDIA__METHOD__PAUSE_PRODUCER, cam->id);
	span_run(sp, SECOND);
	before = call_view(v)->packets;
	span_run(sp, 3 * SECOND);
	ck_assert_uint_eq(call_view(v)->packets, before);
	for (int i = 0; i < 2; i++)
		call_ask_id(sp->c[i], MEDIA__METHOD__RESUME_PRODUCER, cam->id);
	span_run(sp, 3 * SECOND);
	ck_assert_uint_gt(call_view(v)->frames_decoded, 140);
	for (int i = 0; i < 2; i++)
		call_ask_id(sp->c[i], MEDIA__METHOD__CLOSE_PRODUCER, cam->id);
	span_run(sp, SECOND);
	ck_assert_ptr_null(producer(sp, 1, cam));
	ck_assert_uint_eq(sp->c[1]->w.pipes.standins.n, 0);
	span_free(sp);
}

/* What the other writes into a ring ends that ring, and nothing else. */
TEST(pipe_a_broken_ring_is_made_anew)
{
	struct span *sp = span_new(9);
	struct side *a = side(sp, 0), *a2 = side(sp, 0), *b = side(sp, 1);
	struct view *near, *far;
	struct cam *cam;
	uint32_t bad = UINT32_MAX;

	span_run(sp, SECOND);
	cam = call_single(sp->c[0], a, 500000);
	span_pipe(sp, cam);
	near = call_watch(sp->c[0], a2, cam);
	far = call_watch(sp->c[1], b, cam);
	span_run(sp, 5 * SECOND);
	/* The writer's index, first in the memory. */
	memcpy(pipe_of(sp, 1)->in.ctl, &bad, sizeof(bad));
	call_run(sp->c[1], 500);
	ck_assert_ptr_nonnull(pipes_broken(&sp->c[1]->w, sp->c[1]->now_us));
	ck_assert_ptr_null(pipes_broken(&sp->c[1]->w, sp->c[1]->now_us));
	ck_assert_uint_eq(sp->c[1]->w.stats.drops[DROP_PIPE_BROKEN], 1);
	span_run(sp, 2 * SECOND);
	span_join(sp);
	peer_recv_mark(far->recv, sp->c[1]->now_us);
	span_run(sp, 5 * SECOND);
	ck_assert_uint_gt(call_view(far)->frames_decoded, 270);
	ck_assert_uint_lt(call_view(near)->gap_us_max, 100000);
	span_free(sp);
}

/* A worker dies: the peers of the other see nothing, the next one joins in. */
TEST(pipe_a_dead_worker_leaves_the_other_alone)
{
	struct span *sp = span_new(10);
	struct side *a = side(sp, 0), *a2 = side(sp, 0), *b = side(sp, 1);
	struct view *near, *far;
	struct cam *cam;

	span_run(sp, SECOND);
	cam = call_single(sp->c[0], a, 500000);
	span_pipe(sp, cam);
	near = call_watch(sp->c[0], a2, cam);
	call_watch(sp->c[1], b, cam);
	span_run(sp, 5 * SECOND);
	span_kill(sp);
	span_run(sp, SECOND);
	/* The server makes the pipe and the stand-in again. */
	span_join(sp);
	b = side(sp, 1);
	span_run(sp, SECOND);
	span_pipe(sp, cam);
	far = call_watch(sp->c[1], b, cam);
	span_run(sp, 5 * SECOND);
	ck_assert_uint_gt(call_view(far)->frames_decoded, 140);
	ck_assert_uint_gt(call_view(near)->frames_decoded, 340);
	ck_assert_uint_lt(call_view(near)->gap_us_max, 100000);
	span_free(sp);
}

/* A stand-in that nobody asked for, or no longer: the sender is told off. */
TEST(pipe_strangers_are_told_off)
{
	struct span *sp = span_new(11);
	struct side *a = side(sp, 0);
	Media__PipeProducer out = MEDIA__PIPE_PRODUCER__INIT;
	struct cam *mic;
	uint64_t before;

	span_run(sp, SECOND);
	mic = call_mic(sp->c[0], a);
	out.id = mic->id;
	out.worker = 1;
	out.generation = 1;
	call_ask(sp->c[0], MEDIA__METHOD__PIPE_PRODUCER, &out.base);
	span_run(sp, SECOND);
	ck_assert_uint_gt(sp->c[1]->w.stats.drops[DROP_PIPE_STRANGE], 0);
	before = crossed(sp, 1);
	span_run(sp, 2 * SECOND);
	ck_assert_uint_eq(crossed(sp, 1), before);
	/* It is made after all, and hears. */
	span_pipe(sp, mic);
	span_run(sp, 3 * SECOND);
	ck_assert_uint_gt(crossed(sp, 1), before + 100);
	call_ask(sp->c[0], MEDIA__METHOD__UNPIPE_PRODUCER, &out.base);
	before = crossed(sp, 1);
	span_run(sp, SECOND);
	ck_assert_uint_le(crossed(sp, 1), before + 1);
	span_free(sp);
}

/* A publisher moves to the worker of his viewer, who keeps his consumer. */
TEST(pipe_a_publisher_comes_over)
{
	struct span *sp = span_new(12);
	struct side *a = side(sp, 0), *b = side(sp, 1), *c;
	struct cam *cam, *same;
	struct view *v;
	uint64_t before;

	span_run(sp, SECOND);
	cam = call_single(sp->c[0], a, 500000);
	span_pipe(sp, cam);
	v = call_watch(sp->c[1], b, cam);
	span_run(sp, 4 * SECOND);
	before = call_view(v)->frames_decoded;
	ck_assert_uint_gt(before, 100);
	/* The next one made there has the id of this one. */
	c = side(sp, 1);
	span_run(sp, SECOND);
	sp->c[1]->next_id = cam->id;
	peer_recv_mark(v->recv, sp->c[1]->now_us);
	same = call_single(sp->c[1], c, 500000);
	ck_assert_uint_eq(same->id, cam->id);
	sp->c[1]->next_id += 1000000;
	span_run(sp, 4 * SECOND);
	ck_assert_uint_eq(sp->c[1]->w.pipes.standins.n, 0);
	ck_assert_uint_gt(call_view(v)->frames_decoded, before + 100);
	ck_assert_uint_lt(call_view(v)->gap_us_max, 1000000);
	span_free(sp);
}
