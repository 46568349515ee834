/*
 * A room on two workers: what crosses, what does not, and what becomes of it
 * when a worker or a pipe ends.
 */
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

/* A video of one layer and a microphone, watched from both sides. */
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
	ck_assert_uint_eq(call_drops(sp->c[0]), 0);
	ck_assert_uint_eq(call_drops(sp->c[1]), 0);
	ck_assert_uint_gt(pipe_of(sp, 1)->in.records, 1000);
	span_free(sp);
}
