/*
 * The instruments themselves: two scripted peers through the simulated
 * network, each with an ICE-lite agent in front of it that answers its
 * checks.
 */
#include <string.h>

#include "mediad/ice/icelite.h"
#include "mediad/wire/av1dd.h"
#include "mediad/wire/demux.h"
#include "tests/lib/bytes.h"
#include "tests/lib/peer.h"
#include "tests/lib/peer_media.h"
#include "tests/lib/simnet.h"
#include "tests/lib/test.h"
#include "tests/lib/vclock.h"
#include "tests/lib/vrand.h"

#define UFRAG  "serverfrag"
#define PWD    "serverpasswordserverpw"
#define START  1000000u
#define SECOND 1000000u

static const struct peer_exts exts = {.mid = 4,
				      .rid = 10,
				      .rrid = 11,
				      .abs_send_time = 2,
				      .twcc = 3,
				      .audio_level = 1};

struct side {
	struct peer *p;
	struct icelite ice; /* answers this side's checks */
	struct addr addr;
	int link;
};

struct rig {
	struct simnet *net;
	struct side side[2];
	uint64_t now_us;
};

static void side_init(struct rig *r, int i, uint64_t seed)
{
	static const uint8_t secret[ICE_SECRET_LEN] = {7};
	struct peer_conf c = {.seed = seed + (uint64_t)i,
			      .ufrag = UFRAG,
			      .pwd = PWD,
			      .n_remote = 1,
			      .dtls_server = i == 1};
	struct side *s = &r->side[i];

	ck_assert_int_eq(addr_parse(&s->addr, i ? "10.0.0.2" : "10.0.0.1", 9),
			 0);
	ck_assert_int_eq(
		addr_parse(&c.remote[0], i ? "10.0.0.1" : "10.0.0.2", 9), 0);
	c.local = s->addr;
	ck_assert_int_eq(icelite_init(&s->ice, UFRAG, PWD, secret, 30000000),
			 0);
	s->p = peer_new(&c);
}

static void rig_init(struct rig *r, uint64_t seed,
		     const struct simnet_conf *conf)
{
	memset(r, 0, sizeof(*r));
	vrand_seed(seed);
	r->now_us = START;
	vclock_set(r->now_us);
	r->net = simnet_new(seed);
	for (int i = 0; i < 2; i++) {
		side_init(r, i, seed);
		r->side[i].link = simnet_link(r->net, conf);
		peer_start(r->side[i].p, r->now_us);
	}
}

static void rig_fini(struct rig *r)
{
	peer_free(r->side[0].p);
	peer_free(r->side[1].p);
	simnet_free(r->net);
}

/* A check of side `i` is answered at once, off the network. */
static void answer(struct rig *r, int i, const uint8_t *data, size_t len)
{
	struct side *s = &r->side[i];
	struct tuple t;
	struct ice_out o;
	uint8_t out[ICE_OUT_MAX];
	struct stun m;

	memset(&t, 0, sizeof(t));
	t.local = r->side[!i].addr;
	t.remote = s->addr;
	ck_assert_int_eq(stun_parse(&m, data, len), 0);
	icelite_input(&s->ice, &m, &t, r->now_us, &o, out);
	if (o.len)
		peer_input(s->p, out, o.len, &t.remote, &t.local, r->now_us);
}

static void drain(struct rig *r, int i)
{
	uint8_t buf[2048];
	struct addr from, to;
	size_t n;

	while ((n = peer_output(r->side[i].p, buf, sizeof(buf), &from, &to))) {
		if (demux_of(buf, n) == DEMUX_STUN)
			answer(r, i, buf, n);
		else
			simnet_send(
				r->net,
				&(struct simnet_dgram){.link = r->side[i].link,
						       .from = from,
						       .to = to,
						       .data = buf,
						       .len = n},
				r->now_us);
	}
}

static uint64_t earliest(const struct rig *r)
{
	uint64_t due = simnet_deadline(r->net);

	for (int i = 0; i < 2; i++) {
		uint64_t t = peer_deadline(r->side[i].p, r->now_us);

		due = t < due ? t : due;
	}
	return due;
}

static void run(struct rig *r, uint64_t for_us)
{
	uint64_t end = r->now_us + for_us;
	struct simnet_dgram d;

	for (;;) {
		for (int i = 0; i < 2; i++)
			drain(r, i);
		if (earliest(r) > end)
			break;
		if (earliest(r) > r->now_us)
			r->now_us = earliest(r);
		vclock_set(r->now_us);
		while (simnet_next(r->net, r->now_us, &d)) {
			int i = d.link == r->side[0].link ? 1 : 0;

			peer_input(r->side[i].p, d.data, d.len, &d.to, &d.from,
				   r->now_us);
		}
		for (int i = 0; i < 2; i++)
			peer_tick(r->side[i].p, r->now_us);
	}
	r->now_us = end;
	vclock_set(end);
}

static struct peer_send *camera(struct rig *r, uint32_t rate_bps)
{
	struct peer_send_conf c = {.kind = PEER_VP8,
				   .mid = "0",
				   .pt = 96,
				   .rtx_pt = 97,
				   .exts = exts,
				   .temporal = 3,
				   .n_layers = 1};

	c.layer[0] = (struct peer_layer){.ssrc = 111,
					 .rtx_ssrc = 112,
					 .rate_bps = rate_bps,
					 .width = 640,
					 .height = 360};
	return peer_send_new(r->side[0].p, &c, r->now_us);
}

static struct peer_recv *screen(struct rig *r)
{
	const struct peer_recv_conf c = {.kind = PEER_VP8,
					 .ssrc = 111,
					 .rtx_ssrc = 112,
					 .pt = 96,
					 .rtx_pt = 97,
					 .exts = exts};

	return peer_recv_new(r->side[1].p, &c);
}

TEST_SLOW(peer_connects_and_plays, 30)
{
	const struct simnet_conf link = {.delay_us = 20000};
	const struct peer_recv_stats *in;
	const struct peer_send_stats *out;
	struct peer_send *cam, *mic;
	struct peer_recv *scr, *ear;
	struct rig r;
	struct peer_send_conf mc = {.kind = PEER_OPUS,
				    .mid = "1",
				    .pt = 111,
				    .exts = exts,
				    .n_layers = 1};
	const struct peer_recv_conf ec = {
		.kind = PEER_OPUS, .ssrc = 333, .pt = 111, .exts = exts};

	rig_init(&r, 1, &link);
	cam = camera(&r, 800000);
	scr = screen(&r);
	mc.layer[0] = (struct peer_layer){.ssrc = 333, .rate_bps = 32000};
	mic = peer_send_new(r.side[0].p, &mc, r.now_us);
	ear = peer_recv_new(r.side[1].p, &ec);
	run(&r, 11 * SECOND);
	ck_assert_int_eq(peer_state(r.side[0].p), PEER_CONNECTED);
	ck_assert_int_eq(peer_state(r.side[1].p), PEER_CONNECTED);
	ck_assert_str_eq(peer_srtp_profile(r.side[0].p),
			 "SRTP_AES128_CM_SHA1_80");
	ck_assert_uint_lt(peer_stats(r.side[0].p)->connected_us,
			  START + SECOND);
	out = peer_send_stats(cam, 0);
	in = peer_recv_stats(scr);
	ck_assert_uint_ge(in->frames_decoded, 310);
	ck_assert_uint_ge(in->frames_decoded + 5, out->frames);
	ck_assert_uint_eq(in->lost + in->duplicates + in->frames_dropped, 0);
	ck_assert_uint_eq(in->foreign + in->wrong_pt + in->disorder, 0);
	ck_assert_uint_eq(in->tid_max, 2);
	ck_assert_uint_ge(out->reports, 9);
	ck_assert_uint_eq((out->rtt_us + 500) / 1000, 40);
	ck_assert_uint_ge(hist_quantile(&in->latency_us, 0.5), 18700);
	ck_assert_uint_le(hist_quantile(&in->latency_us, 0.5), 21300);
	ck_assert_int_eq(in->skew_us / 1000, 0);
	ck_assert_uint_lt(in->gap_us_max, 40000);
	ck_assert_uint_ge(peer_recv_stats(ear)->frames_decoded, 510);
	ck_assert_uint_ge(peer_send_stats(mic, 0)->packets, 510);
	ck_assert_uint_ge(peer_feedback(r.side[0].p)->messages, 190);
	ck_assert_uint_eq(peer_feedback(r.side[0].p)->missing, 0);
	ck_assert_uint_eq(peer_stats(r.side[1].p)->srtp_bad, 0);
	rig_fini(&r);
}

TEST_SLOW(peer_repairs_loss, 60)
{
	const struct simnet_conf link = {.delay_us = 20000,
					 .jitter_us = 5000,
					 .loss = 0.1,
					 .dup = 0.02,
					 .reorder = 0.02};
	const struct peer_recv_stats *in;
	const struct peer_send_stats *out;
	struct peer_send *cam;
	struct peer_recv *scr;
	struct rig r;

	rig_init(&r, 2, &link);
	cam = camera(&r, 1500000);
	scr = screen(&r);
	run(&r, 60 * SECOND);
	in = peer_recv_stats(scr);
	out = peer_send_stats(cam, 0);
	ck_assert_uint_ge(in->repaired, in->packets / 15);
	ck_assert_uint_le(in->lost, in->packets / 1000);
	ck_assert_uint_ge(in->frames_decoded, out->frames * 98 / 100);
	ck_assert_uint_ge(out->nacked, in->repaired);
	ck_assert_uint_gt(in->duplicates, 0);
	ck_assert_uint_gt(peer_feedback(r.side[0].p)->missing, 500);
	rig_fini(&r);
}

TEST(peer_asks_for_key_frames_when_lost)
{
	const struct simnet_conf good = {.delay_us = 20000};
	const struct simnet_conf dead = {.loss = 1};
	const struct peer_recv_stats *in;
	struct peer_send *cam;
	struct peer_recv *scr;
	struct rig r;

	rig_init(&r, 3, &good);
	cam = camera(&r, 800000);
	scr = screen(&r);
	run(&r, 5 * SECOND);
	simnet_set(r.net, r.side[0].link, &dead);
	run(&r, 8 * SECOND);
	simnet_set(r.net, r.side[0].link, &good);
	run(&r, 5 * SECOND);
	in = peer_recv_stats(scr);
	ck_assert_uint_ge(in->plis, 1);
	ck_assert_uint_ge(peer_send_stats(cam, 0)->plis, 1);
	ck_assert_uint_ge(in->keys, 2);
	ck_assert_uint_ge(in->gap_us_max, 7 * SECOND);
	ck_assert_uint_lt(r.now_us - in->last_frame_us, 100000);
	rig_fini(&r);
}

/* The same seed is the same run to the last packet. */
TEST_SLOW(peer_replays_from_its_seed, 30)
{
	const struct simnet_conf link = {
		.delay_us = 20000, .jitter_us = 9000, .loss = 0.2, .burst = 3};
	uint64_t sum[2][4];

	for (int k = 0; k < 2; k++) {
		struct peer_recv *scr;
		struct rig r;

		rig_init(&r, 9, &link);
		camera(&r, 1000000);
		scr = screen(&r);
		run(&r, 10 * SECOND);
		sum[k][0] = peer_stats(r.side[1].p)->in_bytes;
		sum[k][1] = peer_recv_stats(scr)->packets;
		sum[k][2] = peer_recv_stats(scr)->frames_decoded;
		sum[k][3] = peer_recv_stats(scr)->nacks;
		rig_fini(&r);
	}
	ck_assert_mem_eq(sum[0], sum[1], sizeof(sum[0]));
	ck_assert_uint_gt(sum[0][1], 500);
}

/* Every kind of video, three layers where it has them, over a bad link. */
static void play(enum peer_kind kind, double loss)
{
	const struct simnet_conf link = {.delay_us = 20000, .loss = loss};
	struct peer_send_conf c = {.kind = kind,
				   .mid = "0",
				   .pt = 96,
				   .rtx_pt = 97,
				   .exts = exts,
				   .temporal = kind == PEER_H264 ? 1 : 3,
				   .n_layers = kind >= PEER_VP9 ? 3 : 1};
	struct peer_recv_conf in = {.kind = kind,
				    .ssrc = 111,
				    .rtx_ssrc = 112,
				    .pt = 96,
				    .rtx_pt = 97,
				    .exts = exts};
	const struct peer_recv_stats *st;
	struct peer_send *cam;
	struct rig r;

	rig_init(&r, 20 + (uint64_t)kind, &link);
	for (size_t i = 0; i < 3; i++)
		c.layer[i] = (struct peer_layer){.ssrc = 111,
						 .rtx_ssrc = 112,
						 .rate_bps = 200000u << i,
						 .width = 320u << i,
						 .height = 180u << i};
	c.exts.dd = 13;
	cam = peer_send_new(r.side[0].p, &c, r.now_us);
	st = peer_recv_stats(peer_recv_new(r.side[1].p, &in));
	run(&r, 10 * SECOND);
	ck_assert_uint_ge(
		st->frames_decoded,
		peer_send_stats(cam, 0)->frames * (loss ? 9 : 10) / 10 - 4);
	ck_assert_int_eq(st->layer, kind >= PEER_VP9 ? 2 : 0);
	ck_assert_uint_eq(st->tid_max, kind == PEER_H264 ? 0 : 2);
	ck_assert_uint_eq(st->foreign + st->disorder, 0);
	ck_assert_uint_eq(st->pid_jumps, 0);
	if (!loss)
		ck_assert_uint_eq(st->frames_dropped + st->plis, 0);
	rig_fini(&r);
}

TEST_SLOW(peer_plays_every_codec, 30)
{
	for (enum peer_kind k = PEER_VP8; k <= PEER_AV1; k++) {
		play(k, 0);
		play(k, 0.05);
	}
}

/* The descriptors that the peer makes are read as they were meant. */
TEST(peer_dependency_descriptors)
{
	static struct av1dd_structure st;
	uint8_t buf[PEER_DD_MAX];
	struct peer_unit u = {.kind = PEER_AV1,
			      .n_layers = 3,
			      .temporal = 3,
			      .key = true,
			      .count = 1,
			      .width = 1280,
			      .height = 720};
	struct av1dd d;

	ck_assert_int_eq(av1dd_parse(&d, &st, buf, peer_dd_write(&u, buf)), 0);
	ck_assert(d.has_structure && d.start && d.end && d.n_fdiffs == 0);
	ck_assert(st.n_templates == 15 && st.n_targets == 9);
	ck_assert(st.n_chains == 3 && st.max_sid == 2 && st.max_tid == 2);
	ck_assert(st.width[2] == 1280 && st.width[0] == 320);
	ck_assert(st.target_chain[0] == 0 && st.target_chain[8] == 2);
	u.layer = 2;
	ck_assert_int_eq(av1dd_parse(&d, &st, buf, peer_dd_write(&u, buf)), 0);
	ck_assert(d.sid == 2 && d.fdiff[0] == 1 && d.dti[8] == AV1DD_SWITCH);
	ck_assert(d.dti[5] == AV1DD_NOT_PRESENT && d.chain_fdiff[0] == 2);
	u.key = false;
	u.frame = 3;
	u.tid = 2;
	u.place = 3;
	ck_assert_int_eq(av1dd_parse(&d, &st, buf, peer_dd_write(&u, buf)), 0);
	ck_assert(d.frame == 11 && d.tid == 2 && d.sid == 2);
	ck_assert(d.fdiff[0] == 3 && d.chain_fdiff[2] == 9);
	ck_assert(d.dti[8] == AV1DD_DISCARDABLE);
	ck_assert(d.dti[7] == AV1DD_NOT_PRESENT);
}

TEST(simnet_keeps_its_figures)
{
	const struct simnet_conf conf = {.loss = 0.1,
					 .burst = 4,
					 .delay_us = 50000,
					 .rate_bps = 1000000,
					 .queue_us = 100000};
	struct simnet *net = simnet_new(5);
	int link = simnet_link(net, &conf);
	const struct simnet_stats *st = simnet_stats(net, link);
	uint8_t data[1250] = {0};
	struct simnet_dgram d;
	uint64_t last = 0;

	/* 1.25 Mb/s into 1 Mb/s for 100 s. */
	for (uint64_t t = 0; t < 100 * SECOND; t += 8000) {
		simnet_send(net,
			    &(struct simnet_dgram){.link = link,
						   .data = data,
						   .len = sizeof(data)},
			    t);
		while (simnet_next(net, t, &d)) {
			ck_assert_uint_ge(d.due_us, last);
			ck_assert_uint_ge(d.due_us, d.sent_us + 50000);
			ck_assert_uint_le(d.due_us, d.sent_us + 160000);
			last = d.due_us;
		}
	}
	ck_assert_uint_gt(st->lost, st->sent * 7 / 100);
	ck_assert_uint_lt(st->lost, st->sent * 13 / 100);
	ck_assert_uint_gt(st->dropped, 0);
	ck_assert_uint_gt(st->bytes * 8 / 100, 980000);
	ck_assert_uint_le(st->bytes * 8 / 100, 1000000);
	simnet_free(net);
}
