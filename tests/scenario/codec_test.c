/* Codecs other than VP8, from datagram to datagram. */
#include "tests/lib/call.h"
#include "tests/lib/test.h"

struct show {
	struct call *c;
	struct side *a, *b;
	struct cam *cam;
	struct view *v;
};

static void show_init(struct show *s, uint64_t seed, enum peer_kind kind)
{
	s->c = call_new(seed);
	s->a = call_join(s->c, NULL);
	s->b = call_join(s->c, NULL);
	call_run(s->c, SECOND);
	s->cam = call_layers(s->c, s->a, kind);
	s->v = call_watch(s->c, s->b, s->cam);
}

/* What no rewriting may ever do. */
static void assert_clean(const struct peer_recv_stats *st)
{
	ck_assert_uint_eq(st->foreign, 0);
	ck_assert_uint_eq(st->wrong_pt, 0);
	ck_assert_uint_eq(st->disorder, 0);
	ck_assert_uint_eq(st->pid_jumps, 0);
}

/* The top arrives, a lower layer when it is asked for, the top again. */
static void switches(enum peer_kind kind, uint64_t seed)
{
	const struct peer_recv_stats *st;
	uint64_t frames;
	struct show s;

	show_init(&s, seed, kind);
	st = call_view(s.v);
	call_run(s.c, 15 * SECOND);
	ck_assert_int_eq(st->layer, 2);
	ck_assert_uint_ge(st->frames_decoded, 400);
	for (int layer = 0; layer < 3; layer++) {
		call_prefer(s.v, layer, 2);
		call_run(s.c, 5 * SECOND);
		ck_assert_int_eq(st->layer, layer);
		frames = st->frames_decoded;
		call_run(s.c, 5 * SECOND);
		ck_assert_uint_ge(st->frames_decoded, frames + 145);
		ck_assert_uint_lt(s.c->now_us - st->last_frame_us, 100000);
	}
	assert_clean(st);
	ck_assert_uint_eq(st->lost, 0);
	call_free(s.c);
}

TEST_SLOW(codec_h264_simulcast_switches, 60)
{
	switches(PEER_H264, 41);
}

TEST_SLOW(codec_vp9_svc_switches, 60)
{
	switches(PEER_VP9, 42);
}

TEST_SLOW(codec_av1_svc_switches, 60)
{
	switches(PEER_AV1, 43);
}

/* Temporal layers inside SVC: a quarter, a half, all of the pictures. */
static void thins(enum peer_kind kind, uint64_t seed)
{
	static const uint32_t low[] = {70, 140, 290}, high[] = {80, 160, 310};
	const struct peer_recv_stats *st;
	struct show s;

	show_init(&s, seed, kind);
	st = call_view(s.v);
	call_run(s.c, 12 * SECOND);
	for (int tid = 0; tid < 3; tid++) {
		uint64_t frames;

		call_prefer(s.v, 1, tid);
		call_run(s.c, 5 * SECOND);
		frames = st->frames_decoded;
		call_run(s.c, 10 * SECOND);
		ck_assert_uint_ge(st->frames_decoded - frames, low[tid]);
		ck_assert_uint_le(st->frames_decoded - frames, high[tid]);
		ck_assert_int_eq(st->layer, 1);
	}
	assert_clean(st);
	call_free(s.c);
}

TEST_SLOW(codec_vp9_svc_thins_in_time, 60)
{
	thins(PEER_VP9, 44);
}

TEST_SLOW(codec_av1_svc_thins_in_time, 60)
{
	thins(PEER_AV1, 45);
}

TEST_SLOW(codec_all_survive_loss, 60)
{
	static const struct simnet_conf bad = {.loss = 0.05, .delay_us = 20000};

	for (enum peer_kind k = PEER_H264; k <= PEER_AV1; k++) {
		const struct peer_recv_stats *st;
		struct show s;

		show_init(&s, 46 + (uint64_t)k, k);
		call_net(s.a, &bad, NULL);
		call_net(s.b, NULL, &bad);
		call_run(s.c, 20 * SECOND);
		st = call_view(s.v);
		ck_assert_uint_ge(st->frames_decoded, 500);
		ck_assert_uint_eq(st->foreign + st->wrong_pt, 0);
		ck_assert_uint_eq(st->pid_jumps, 0);
		/* A hole from before a switch is filled by today's layers. */
		ck_assert_uint_le(st->disorder, st->switches);
		call_free(s.c);
	}
}
