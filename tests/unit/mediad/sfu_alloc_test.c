#include <string.h>

#include "mediad/bwe/bwe.h"
#include "tests/lib/rig.h"
#include "tests/lib/test.h"

static const struct layers_pair top = {-1, -1};

/* A camera of three encodings: about 80, 320 and 1280 kb/s. */
struct cam {
	struct producer *p;
	struct rig_pkt k[3];
};

static void cam_init(struct cam *m, struct rig *r)
{
	struct producer_opts o = rig_vp8(r, 3, 1);

	o.peer_id = r->ids;
	m->p = rig_publish(r, &o);
	for (int i = 0; i < 3; i++)
		m->k[i] = (struct rig_pkt){.stream = (uint8_t)i,
					   .seq = (uint16_t)(i * 999),
					   .marker = true};
}

static void shoot(struct rig *r, struct cam *m, int n, int frames)
{
	for (int f = 0; f < frames; f++) {
		for (int c = 0; c < n; c++)
			for (int i = 0; i < 3; i++) {
				struct rig_pkt *k = &m[c].k[i];

				for (int x = 0; x < 1 << (2 * i) >> 1 || !x;
				     x++) {
					k->key = f % 15 == 0;
					k->rest = x > 0;
					k->marker = x + 1 >= 1 << (2 * i) >> 1;
					k->len = i ? 640 : 320;
					rig_send(r, m[c].p, k);
					k->seq++;
				}
				k->ts += 3000;
				k->pid++;
			}
		rig_run(r, 33333);
	}
}

/* REMB stands for the estimate: no feedback comes on the bench. */
static void estimate(struct rig *r, uint32_t bps)
{
	transport_on_remb(r->down, bps, r->now_us);
}

TEST(layers_follow_the_estimate_and_the_limit_is_told)
{
	struct rig *r = rig_new();
	struct consumer *c;
	struct cam m;

	r->estimate = true;
	cam_init(&m, r);
	c = rig_subscribe(r, r->down, m.p, top);
	estimate(r, 5000000);
	shoot(r, &m, 1, 60);
	ck_assert_int_eq(c->layers.current.s, 2);
	ck_assert_int_eq(c->limit, CONSUMER_LIMIT_NONE);
	estimate(r, 600000);
	shoot(r, &m, 1, 30);
	ck_assert_int_eq(c->layers.current.s, 1);
	ck_assert_int_eq(c->limit, CONSUMER_LIMIT_NETWORK);
	estimate(r, 40000);
	shoot(r, &m, 1, 15);
	ck_assert_int_eq(c->layers.target.s, 0);
	shoot(r, &m, 1, 60);
	ck_assert_int_eq(c->layers.target.s, -1);
	ck_assert_int_eq(c->layers.current.s, -1);
	ck_assert(!c->flowing);
	estimate(r, 5000000);
	shoot(r, &m, 1, 300);
	ck_assert_int_eq(c->layers.current.s, 2);
	ck_assert_int_eq(c->limit, CONSUMER_LIMIT_NONE);
	rig_free(r);
}

TEST(the_pinned_one_and_the_larger_tile_come_first)
{
	struct rig *r = rig_new();
	struct consumer *c[3];
	struct cam m[3];

	r->estimate = true;
	for (int i = 0; i < 3; i++) {
		cam_init(&m[i], r);
		m[i].p->peer_id = (uint64_t)i + 1;
		c[i] = rig_subscribe(r, r->down, m[i].p, top);
	}
	estimate(r, 560000);
	consumer_set_viewport(c[1], 1280, 720, true, r->now_us);
	shoot(r, m, 3, 60);
	ck_assert_int_eq(c[1]->layers.current.s, 1);
	ck_assert_int_eq(c[0]->layers.current.s, 0);
	ck_assert_int_eq(c[2]->layers.current.s, 0);
	transport_set_speakers(r->down, 3, NULL, 0, r->now_us);
	shoot(r, m, 3, 200);
	ck_assert_int_eq(c[2]->layers.current.s, 1);
	rig_free(r);
}

TEST(a_hidden_tile_costs_nothing_and_is_not_wanted)
{
	struct rig *r = rig_new();
	struct consumer *c;
	uint16_t bits;
	struct note *n;
	bool told = false;
	struct cam m;
	uint32_t out;

	cam_init(&m, r);
	c = rig_subscribe(r, r->down, m.p, top);
	shoot(r, &m, 1, 30);
	ck_assert_int_eq(m.p->wanted, 127);
	consumer_set_viewport(c, 0, 0, false, r->now_us);
	out = r->n_out;
	shoot(r, &m, 1, 60);
	ck_assert_uint_eq(r->n_out, out);
	ck_assert_int_ne(m.p->wanted, -1);
	shoot(r, &m, 1, 120);
	ck_assert_int_eq(m.p->wanted, -1);
	while ((n = turn_noted(&r->turn, &bits)))
		told |= n->noun == NOTE_PRODUCER && bits & NOTE_WANTED;
	ck_assert(told);
	/* Wanted again, it is told at once. */
	consumer_set_viewport(c, 100, 60, true, r->now_us);
	ck_assert_int_eq(m.p->wanted, 0);
	consumer_set_viewport(c, 1280, 720, true, r->now_us);
	ck_assert_int_eq(m.p->wanted, 2);
	rig_free(r);
}

/* A key frame of 60 packets over 1 Mb/s leaves spread out and in order. */
TEST(a_large_key_frame_is_paced)
{
	struct rig *r = rig_new();
	struct producer_opts o = rig_vp8(r, 1, 1);
	struct producer *p;
	struct rig_pkt k = {.seq = 1, .key = true, .len = 1100};
	uint32_t first;

	r->estimate = true;
	p = rig_publish(r, &o);
	rig_subscribe(r, r->down, p, top);
	estimate(r, 1000000);
	rig_run(r, 300000);
	for (int i = 0; i < 60; i++, k.seq++) {
		k.rest = i > 0;
		k.marker = i == 59;
		rig_send(r, p, &k);
	}
	first = r->n_out;
	ck_assert_uint_ge(first, 2);
	ck_assert_uint_le(first, 10);
	rig_run(r, 120000);
	ck_assert_uint_ge(r->n_out, 20);
	ck_assert_uint_le(r->n_out, 50);
	rig_run(r, 300000);
	ck_assert_uint_eq(r->n_out, 60);
	for (int i = 1; i < 60; i++) {
		ck_assert_uint_eq(rig_out(r, i)->seq,
				  rig_out(r, i - 1)->seq + 1);
		ck_assert_uint_eq(rig_out(r, i)->twcc,
				  (uint16_t)(rig_out(r, i - 1)->twcc + 1));
	}
	rig_free(r);
}

TEST(what_waits_too_long_is_dropped_without_holes)
{
	struct rig *r = rig_new();
	struct producer_opts o = rig_vp8(r, 1, 1);
	struct producer *p;
	struct consumer *c;
	struct rig_pkt k = {.seq = 1, .key = true, .len = 1100};
	uint32_t plis;

	r->estimate = true;
	p = rig_publish(r, &o);
	c = rig_subscribe(r, r->down, p, top);
	estimate(r, 120000);
	rig_run(r, 300000);
	for (int i = 0; i < 250; i++, k.seq++) {
		k.rest = i > 0;
		k.marker = i == 249;
		rig_send(r, p, &k);
	}
	plis = r->n_plis;
	rig_run(r, 3000000);
	ck_assert_uint_gt(c->lagged, 10);
	ck_assert_uint_gt(r->n_plis,
			  plis); /* It is more than the link takes: off, until
				    there is more again. */
	ck_assert_int_eq(c->layers.target.s, -1);
	estimate(r, 5000000);
	rig_run(r, 6000000);
	k.rest = false;
	k.marker = true;
	rig_send(r, p, &k);
	rig_run(r, 100000);
	for (uint32_t i = 1; i < r->n_out; i++)
		ck_assert_uint_le((uint16_t)(rig_out(r, (int)i)->seq -
					     rig_out(r, (int)i - 1)->seq),
				  2);
	ck_assert_uint_eq(rig_out(r, -1)->mark, k.seq);
	rig_free(r);
}
