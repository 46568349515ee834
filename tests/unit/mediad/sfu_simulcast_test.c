#include <string.h>

#include "mediad/rtp/recv.h"
#include "tests/lib/rig.h"
#include "tests/lib/test.h"

static const struct layers_pair top = {-1, -1};

/* Three encodings of one camera, each with clocks and numbers of its own. */
struct cam {
	struct rig *r;
	struct producer *p;
	struct rig_pkt k[3];
	bool on[3];
};

static void cam_init(struct cam *m, bool rids)
{
	struct producer_opts o;

	m->r = rig_new();
	o = rig_vp8(m->r, 3, 1);
	strcpy(o.rtp.mid, "0");
	for (int i = 0; rids && i < 3; i++) {
		o.rtp.encodings[i].ssrc = 0;
		o.rtp.encodings[i].rtx_ssrc = 0;
		o.rtp.encodings[i].rid[0] = 'r';
		o.rtp.encodings[i].rid[1] = (char)('0' + i);
	}
	m->p = rig_publish(m->r, &o);
	for (int i = 0; i < 3; i++) {
		m->k[i] = (struct rig_pkt){.stream = (uint8_t)i,
					   .seq = (uint16_t)(i * 20000 + 100),
					   .ts = (uint32_t)i * 1000000,
					   .pid = (uint16_t)(i * 1000),
					   .tl0 = (uint8_t)(i * 50),
					   .ids = rids,
					   .len = (uint16_t)(100 << i)};
		m->on[i] = true;
	}
}

/* One frame of each encoding that is on, in i + 1 packets. */
static void shoot(struct cam *m, bool key)
{
	for (int i = 0; i < 3; i++) {
		struct rig_pkt *k = &m->k[i];

		for (int n = 0; m->on[i] && n <= i; n++) {
			k->key = key;
			k->rest = n > 0;
			k->marker = n == i;
			rig_send(m->r, m->p, k);
			k->seq++;
		}
		k->pid++;
		k->tl0++;
		k->ts += 3000;
	}
	rig_run(m->r, 33333);
}

static void sender_reports(struct cam *m)
{
	for (int i = 0; i < 3; i++)
		transport_on_sr(m->r->up, m->p->streams[i].recv.ssrc,
				recv_us_to_ntp(900000000 + m->r->now_us),
				m->k[i].ts, m->r->now_us);
}

static void check_continuous(struct rig *r, uint32_t from)
{
	for (uint32_t i = from + 1; i < r->n_out; i++) {
		struct rig_out *a = rig_out(r, (int)i - 1);
		struct rig_out *b = rig_out(r, (int)i);
		int32_t dt = (int32_t)(b->ts - a->ts);

		ck_assert_uint_eq(b->seq, (uint16_t)(a->seq + 1));
		ck_assert_uint_eq(b->pid, a->pid + a->marker);
		ck_assert_uint_eq(b->tl0, (uint8_t)(a->tl0 + a->marker));
		if (a->marker) {
			ck_assert_int_ge(dt, 2900);
			ck_assert_int_le(dt, 3100);
		} else {
			ck_assert_int_eq(dt, 0);
		}
	}
}

TEST(encodings_are_learnt_by_rid)
{
	struct cam m;
	struct consumer *c;

	cam_init(&m, true);
	c = rig_subscribe(m.r, m.r->down, m.p, top);
	ck_assert(!producer_alive(m.p, 0));
	shoot(&m, true);
	ck_assert(producer_alive(m.p, 0));
	ck_assert(producer_alive(m.p, 2));
	ck_assert_uint_eq(m.p->streams[1].recv.ssrc, 0x5002);
	ck_assert_int_eq(c->layers.target.s, 2);
	for (int i = 0; i < 3; i++)
		m.k[i].ids = false;
	shoot(&m, true);
	ck_assert_int_eq(c->layers.current.s, 2);
	/* RTX is tied to its stream by the repaired RID. */
	m.k[1].rtx = true;
	m.k[1].ids = true;
	m.k[1].seq = (uint16_t)(m.k[1].seq - 1);
	ck_assert_int_eq(rig_send(m.r, m.p, &m.k[1]), RX_DUP);
	ck_assert_uint_eq(m.p->streams[1].rtx_ssrc, 0x5003);
	rig_free(m.r);
}

TEST(strangers_are_dropped_and_learnt_ssrcs_are_capped)
{
	struct cam m;
	struct producer_opts o;
	struct rig_pkt k = {.seq = 1};

	cam_init(&m, false);
	o = rig_vp8(m.r, 1, 1);
	k.stream = 0;
	/* A producer that exists nowhere but in the packet. */
	struct producer ghost = {.transport = m.r->up, .kind = MEDIA_VIDEO};

	ghost.rtp = o.rtp;
	ck_assert_int_eq(rig_send(m.r, &ghost, &k), RX_DROP);
	ck_assert_uint_eq(m.r->up->drops[RX_DROP_SSRC], 1);
	for (uint32_t i = 0; i < 40; i++)
		producer_bind(m.p, 0, 0x9000 + i, false, m.r->now_us);
	ck_assert_uint_le(m.r->up->ssrcs.n, 16);
	ck_assert_uint_le(m.p->n_learnt, PRODUCER_MAX_SSRCS);
	rig_free(m.r);
}

TEST(switching_up_waits_for_a_key_frame_and_is_seamless)
{
	struct cam m;
	struct consumer *c;
	uint32_t from, plis;

	cam_init(&m, false);
	c = rig_subscribe(m.r, m.r->down, m.p, (struct layers_pair){0, 0});
	shoot(&m, true);
	sender_reports(&m);
	shoot(&m, true);
	from = 0;
	ck_assert_int_eq(c->layers.current.s, 0);
	plis = m.r->n_plis;
	consumer_set_preferred(c, top, m.r->now_us);
	ck_assert_int_eq(c->layers.target.s, 2);
	shoot(&m, false);
	ck_assert_int_eq(c->layers.current.s, 0);
	ck_assert_uint_eq(m.r->n_plis, plis + 1);
	shoot(&m, true);
	ck_assert_int_eq(c->layers.current.s, 2);
	shoot(&m, false);
	consumer_set_preferred(c, (struct layers_pair){1, 0}, m.r->now_us);
	shoot(&m, false);
	ck_assert_int_eq(c->layers.current.s, 2);
	shoot(&m, true);
	ck_assert_int_eq(c->layers.current.s, 1);
	shoot(&m, false);
	check_continuous(m.r, from);
	rig_free(m.r);
}

TEST(switching_without_sender_reports_keeps_time_going)
{
	struct cam m;
	struct consumer *c;

	cam_init(&m, false);
	c = rig_subscribe(m.r, m.r->down, m.p, (struct layers_pair){0, 0});
	shoot(&m, true);
	shoot(&m, true);
	consumer_set_preferred(c, top, m.r->now_us);
	shoot(&m, true);
	shoot(&m, false);
	ck_assert_int_eq(c->layers.current.s, 2);
	check_continuous(m.r, 0);
	rig_free(m.r);
}

TEST(packets_that_overtook_their_key_frame_follow_it)
{
	struct cam m;
	struct consumer *c;
	struct rig_pkt k;
	uint32_t n;

	cam_init(&m, false);
	m.on[1] = false;
	m.on[2] = false;
	c = rig_subscribe(m.r, m.r->down, m.p, top);
	shoot(&m, true);
	shoot(&m, false);
	n = m.r->n_out;
	k = m.k[2];
	k.key = true;
	k.rest = true;
	k.seq = 7001;
	rig_send(m.r, m.p, &k); /* the stream lives from here on */
	k.seq = 7002;
	k.marker = true;
	rig_send(m.r, m.p, &k);
	ck_assert_uint_eq(m.r->n_out, n);
	k.seq = 7000;
	k.rest = false;
	k.marker = false;
	rig_send(m.r, m.p, &k);
	rig_run(m.r, 1000);
	ck_assert_int_eq(c->layers.current.s, 2);
	ck_assert_uint_eq(m.r->n_out, n + 3);
	for (int i = 0; i < 3; i++) {
		ck_assert_uint_eq(rig_out(m.r, (int)n + i)->mark, 7000 + i);
		ck_assert_uint_eq(rig_out(m.r, (int)n + i)->seq,
				  rig_out(m.r, (int)n - 1)->seq + 1 + i);
	}
	rig_free(m.r);
}

/* They are in the store already, and will be offered next. */
TEST(packets_of_a_key_frame_that_are_due_are_not_taken_ahead)
{
	const struct media *m[2];
	struct cam cam;
	struct consumer *c;
	struct rig_pkt k;
	struct fwd f;
	uint32_t n;

	cam_init(&cam, false);
	cam.on[1] = false;
	cam.on[2] = false;
	c = rig_subscribe(cam.r, cam.r->down, cam.p, top);
	shoot(&cam, true);
	shoot(&cam, false);
	k = cam.k[2];
	k.key = true;
	k.rest = true;
	for (int i = 0; i < 2; i++) {
		struct media *x;

		k.seq = (uint16_t)(7001 + i);
		rig_send(cam.r, cam.p, &k);
		x = rtxcache_get(&cam.p->streams[2].store, k.seq);
		x->flags |= MEDIA_DUE;
		m[i] = x;
	}
	n = cam.r->n_out;
	k.seq = 7000;
	k.rest = false;
	rig_send(cam.r, cam.p, &k);
	rig_run(cam.r, 1000);
	ck_assert_uint_eq(cam.r->n_out, n + 1);
	ck_assert(!c->lagging);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(fwd_accept(c, m[i], cam.r->now_us, &f),
				 FWD_SEND);
		ck_assert_uint_eq(f.seq, rig_out(cam.r, -1)->seq + 1 + i);
	}
	rig_free(cam.r);
}

TEST(late_packets_of_the_old_layer_fill_their_places)
{
	struct cam m;
	struct rig_pkt lost;
	struct consumer *c;
	uint16_t seq;

	cam_init(&m, false);
	c = rig_subscribe(m.r, m.r->down, m.p, (struct layers_pair){0, 0});
	shoot(&m, true);
	lost = m.k[0];
	lost.marker = true;
	m.k[0].seq++;
	m.k[0].ts += 3000;
	m.k[0].pid++;
	seq = rig_out(m.r, -1)->seq;
	shoot(&m, false);
	ck_assert_uint_eq(rig_out(m.r, -1)->seq, seq + 2);
	consumer_set_preferred(c, top, m.r->now_us);
	shoot(&m, true);
	ck_assert_int_eq(c->layers.current.s, 2);
	rig_send(m.r, m.p, &lost);
	ck_assert_uint_eq(rig_out(m.r, -1)->seq, seq + 1);
	ck_assert_uint_eq(rig_out(m.r, -1)->mark, lost.seq);
	/* And it is found again for a NACK. */
	ck_assert_int_eq(rig_nack(m.r, c, (uint16_t)(seq + 1)), FWD_SEND);
	ck_assert_uint_eq(rig_out(m.r, -1)->mark, lost.seq);
	rig_free(m.r);
}

TEST(a_dead_layer_is_left_for_a_live_one)
{
	struct cam m;
	struct consumer *c;

	cam_init(&m, false);
	c = rig_subscribe(m.r, m.r->down, m.p, top);
	shoot(&m, true);
	shoot(&m, true);
	ck_assert_int_eq(c->layers.current.s, 2);
	m.on[2] = false;
	for (int i = 0; i < 75; i++)
		shoot(&m, i % 10 == 0);
	ck_assert_int_eq(c->layers.current.s, 1);
	m.on[2] = true;
	for (int i = 0; i < 20; i++)
		shoot(&m, i % 10 == 0);
	ck_assert_int_eq(c->layers.current.s, 2);
	rig_free(m.r);
}

TEST(an_unfinished_frame_leaves_a_number_free)
{
	struct cam m;
	struct consumer *c;
	struct rig_pkt k;
	uint16_t seq;

	cam_init(&m, false);
	m.on[0] = m.on[1] = false;
	c = rig_subscribe(m.r, m.r->down, m.p, top);
	shoot(&m, true);
	k = m.k[2];
	k.marker = false;
	k.rest = false;
	rig_send(m.r, m.p, &k);
	seq = rig_out(m.r, -1)->seq;
	consumer_pause(c, m.r->now_us);
	consumer_resume(c, m.r->now_us);
	k.seq = (uint16_t)(k.seq + 3);
	k.key = true;
	rig_send(m.r, m.p, &k);
	ck_assert_uint_eq(rig_out(m.r, -1)->seq, seq + 2);
	/* Asked for, it is padding; once. */
	ck_assert_int_eq(rig_nack(m.r, c, (uint16_t)(seq + 1)), FWD_SEND);
	ck_assert(rig_out(m.r, -1)->empty);
	ck_assert_int_eq(rig_nack(m.r, c, (uint16_t)(seq + 1)), FWD_SKIP);
	rig_free(m.r);
}

TEST(feedback_tells_the_sender_when_its_packets_came)
{
	struct cam m;

	cam_init(&m, false);
	for (int i = 0; i < 30; i++) {
		m.k[0].twcc = (uint16_t)(i + 1);
		m.on[1] = m.on[2] = false;
		shoot(&m, false);
	}
	ck_assert_uint_ge(m.r->n_twcc, 7);
	ck_assert_uint_le(m.r->n_twcc, 11);
	ck_assert_uint_eq(m.r->n_rrs, 0);
	rig_run(m.r, 1000000);
	ck_assert_uint_ge(m.r->n_rrs, 1);
	rig_free(m.r);
}

/* Audio and video of one sender, shot at the same time. */
TEST(sender_reports_keep_audio_and_video_together)
{
	struct cam m;
	struct producer_opts o;
	struct producer *a;
	struct consumer *cv, *ca;
	struct rig_pkt k = {.seq = 1, .ts = 480000};
	double v_at, a_at;

	cam_init(&m, false);
	o = rig_opus(m.r);
	a = rig_publish(m.r, &o);
	cv = rig_subscribe(m.r, m.r->down, m.p, top);
	rig_send(m.r, a, &k);
	shoot(&m, true);
	sender_reports(&m);
	transport_on_sr(m.r->up, a->streams[0].recv.ssrc,
			recv_us_to_ntp(900000000 + m.r->now_us), 480000 + 1600,
			m.r->now_us);
	/* Its report comes late: that must not show. */
	shoot(&m, true);
	rig_run(m.r, 40000);
	transport_want_sr(m.r->down, cv, m.r->now_us);
	rig_run(m.r, 1000);
	v_at = (double)m.r->sr_ntp / 4294967296.0 -
	       (int32_t)(m.r->sr_ts - rig_out(m.r, -1)->ts) / 90000.0;
	ca = rig_subscribe(m.r, rig_transport(m.r), a, top);
	k.seq = 5;
	k.ts = 480000 + 960;
	rig_send(m.r, a, &k);
	transport_want_sr(ca->transport, ca, m.r->now_us);
	rig_run(m.r, 1000);
	a_at = (double)m.r->sr_ntp / 4294967296.0 -
	       (int32_t)(m.r->sr_ts - rig_out(m.r, -1)->ts) / 48000.0;
	/* The frame is 3000 ticks (33.3 ms) behind the first, the sound 20. */
	ck_assert_double_lt(v_at - a_at - (0.033333 - 0.020), 0.002);
	ck_assert_double_gt(v_at - a_at - (0.033333 - 0.020), -0.002);
	rig_free(m.r);
}
