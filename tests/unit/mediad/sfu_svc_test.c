#include <string.h>

#include "common/wr.h"
#include "mediad/sfu/consumer.h"
#include "mediad/sfu/producer.h"
#include "mediad/sfu/rewrite.h"
#include "mediad/wire/rtp.h"
#include "tests/lib/record.h"
#include "tests/lib/rig.h"
#include "tests/lib/test.h"

/* A VP9 stream of three spatial layers, fed past the RTP parser's builder. */
struct svc {
	struct rig *r;
	struct producer *p;
	struct consumer *c;
	uint16_t seq, pid;
	uint32_t ts;
};

static void svc_init(struct svc *s, struct layers_pair pref)
{
	struct producer_opts o;

	memset(s, 0, sizeof(*s));
	s->r = rig_new();
	o = rig_vp8(s->r, 1, 3);
	o.type = PRODUCER_SVC;
	o.rtp.codecs[0].codec = CODEC_VP9;
	o.rtp.encodings[0].spatial = 3;
	s->p = rig_publish(s->r, &o);
	s->c = rig_subscribe(s->r, s->r->down, s->p, pref);
	s->seq = 65530;
}

/* One layer frame of one packet: what went out, or NULL. */
static const struct fwd *layer(struct svc *s, uint8_t sid, uint8_t tid,
			       bool key, bool last, struct fwd *f)
{
	struct pkt *pkt = pkt_get(&s->r->pool);
	struct wr w = wr_of(pkt->data, PKT_CAP);
	enum fwd_verdict v = FWD_SKIP;
	struct rtp_rx rx;

	wr_u8(&w, 0x80);
	wr_u8(&w, (uint8_t)((last ? 0x80 : 0) | 96));
	wr_u16(&w, s->seq++);
	wr_u32(&w, s->ts);
	wr_u32(&w, s->p->rtp.encodings[0].ssrc);
	/* I, P, L, F=0, B, E; 15-bit picture id; layers; TL0PICIDX. */
	wr_u8(&w, (uint8_t)(0x80 | (key ? 0 : 0x40) | 0x20 | 0x0c));
	wr_u16(&w, (uint16_t)(0x8000 | s->pid));
	wr_u8(&w, (uint8_t)(tid << 5 | 0x10 | sid << 1 | (sid ? 1 : 0)));
	wr_u8(&w, 0);
	wr_zero(&w, 50);
	pkt->len = (uint32_t)wr_len(&w);
	pkt->recv_us = s->r->now_us;
	if (transport_input(s->r->up, pkt, s->r->now_us, &rx) == RX_MEDIA)
		v = fwd_accept(s->c, rx.media, s->r->now_us, f);
	pkt_put(pkt);
	return v == FWD_SEND ? f : NULL;
}

/* A picture of three layers: how many went out; *f is the last of them. */
static int picture(struct svc *s, uint8_t tid, bool key, struct fwd *f)
{
	struct fwd one;
	int n = 0;

	for (uint8_t sid = 0; sid < 3; sid++)
		if (layer(s, sid, tid, key, sid == 2, &one)) {
			*f = one;
			n++;
		}
	s->pid++;
	s->ts += 3000;
	rig_run(s->r, 33333);
	return n;
}

TEST(svc_forwards_layers_up_to_the_target_and_marks_the_last)
{
	struct layers_pair mid = {1, 2};
	struct svc s;
	struct fwd f;
	uint16_t seq;

	svc_init(&s, mid);
	ck_assert_int_eq(picture(&s, 0, true, &f), 2);
	seq = f.seq;
	for (int i = 1; i < 10; i++) {
		ck_assert_int_eq(picture(&s, 0, false, &f), 2);
		/* Without a gap, marked where the picture ends for him. */
		ck_assert_uint_eq(f.seq, (uint16_t)(seq + 2 * i));
		ck_assert(f.flags & FWD_MARKER);
	}
	rig_free(s.r);
}

TEST(svc_goes_up_at_a_key_picture_and_down_at_any)
{
	struct layers_pair low = {0, 2}, top = {2, 2};
	struct svc s;
	struct fwd f;
	uint32_t plis;

	svc_init(&s, low);
	ck_assert_int_eq(picture(&s, 0, true, &f), 1);
	rig_run(s.r, 600000);
	plis = s.r->n_plis;
	consumer_set_preferred(s.c, top, s.r->now_us);
	ck_assert_int_eq(picture(&s, 0, false, &f), 1);
	ck_assert_uint_gt(s.r->n_plis, plis);
	ck_assert_int_eq(picture(&s, 0, true, &f), 3);
	ck_assert_int_eq(s.c->layers.current.s, 2);
	consumer_set_preferred(s.c, low, s.r->now_us);
	ck_assert_int_eq(picture(&s, 0, false, &f), 1);
	ck_assert(f.flags & FWD_MARKER);
	rig_free(s.r);
}

#define AV1_PT 45
#define DD_IN  13 /* the extension's id in the recording */

/* A recording's packet through the SFU; the header it leaves with. */
static bool recorded(struct svc *s, const struct record *r, struct rtp *h,
		     uint8_t *out)
{
	struct pkt *pkt = pkt_get(&s->r->pool);
	bool sent = false;
	struct rewrite rw;
	struct rtp_rx rx;
	struct fwd f;

	memcpy(pkt->data, r->data, r->len);
	pkt->len = (uint32_t)r->len;
	pkt->recv_us = s->r->now_us;
	if (transport_input(s->r->up, pkt, s->r->now_us, &rx) == RX_MEDIA &&
	    fwd_accept(s->c, rx.media, s->r->now_us, &f) == FWD_SEND) {
		size_t n =
			rewrite_begin(&rw, &f, s->r->down, out, s->r->now_us);

		memcpy(out + n, rw.payload, rw.len);
		rewrite_end(&rw);
		ck_assert_uint_le(n, REWRITE_HDR_MAX);
		ck_assert_int_eq(rtp_parse(h, out, n + rw.len), 0);
		sent = true;
	}
	pkt_put(pkt);
	return sent;
}

static void av1_init(struct svc *s, struct record *r)
{
	struct producer_opts o;
	struct rtp h;

	record_open(r, "chromium-av1-l3t3");
	do {
		ck_assert(record_next(r));
		ck_assert_int_eq(rtp_parse(&h, r->data, r->len), 0);
	} while (h.pt != AV1_PT);
	memset(s, 0, sizeof(*s));
	s->r = rig_new();
	o = rig_vp8(s->r, 1, 3);
	o.type = PRODUCER_SVC;
	o.rtp.codecs[0].codec = CODEC_AV1;
	o.rtp.codecs[0].pt = AV1_PT;
	o.rtp.ext[EXT_DD] = DD_IN;
	o.rtp.encodings[0].spatial = 3;
	o.rtp.encodings[0].ssrc = h.ssrc;
	s->p = rig_publish(s->r, &o);
	s->c = rig_subscribe(s->r, s->r->down, s->p,
			     (struct layers_pair){2, 2});
	s->c->ext[EXT_DD] = EXT_DD;
}

TEST(svc_av1_dependency_descriptors_go_on_as_they_came)
{
	uint8_t out[2000];
	unsigned sent = 0, structures = 0;
	struct record r;
	struct svc s;
	struct rtp h, in;

	av1_init(&s, &r);
	do {
		const uint8_t *was, *is, *mid;
		size_t had = 0, has = 0, n = 0;

		ck_assert_int_eq(rtp_parse(&in, r.data, r.len), 0);
		if (!recorded(&s, &r, &h, out))
			continue;
		was = rtp_ext(&in, r.data, DD_IN, &had);
		is = rtp_ext(&h, out, EXT_DD, &has);
		mid = rtp_ext(&h, out, EXT_MID, &n);
		ck_assert_ptr_nonnull(was);
		ck_assert_ptr_nonnull(is);
		ck_assert_uint_eq(has, had);
		ck_assert_int_eq(memcmp(is, was, had), 0);
		/* In either form the others are where they belong. */
		ck_assert_uint_eq(n, 1);
		ck_assert_int_eq(*mid, '3');
		structures += had > 16;
		sent++;
	} while (record_next(&r));
	ck_assert_uint_gt(sent, 100);
	ck_assert_uint_ge(structures, 1);
	record_close(&r);
	rig_free(s.r);
}

#define VP8_PT 120

static const char *const rids[] = {"r0", "r1", "r2"};

/* Firefox' three encodings, a viewer of one of them up to a temporal layer. */
static void vp8_init(struct svc *s, struct record *r, int8_t t)
{
	struct producer_opts o;

	record_open(r, "firefox-vp8-dd");
	memset(s, 0, sizeof(*s));
	s->r = rig_new();
	o = rig_vp8(s->r, 3, 2);
	o.rtp.codecs[0].pt = VP8_PT;
	o.rtp.ext[EXT_MID] = record_ext(r, ":sdes:mid");
	o.rtp.ext[EXT_RID] = record_ext(r, ":sdes:rtp-stream-id");
	o.rtp.ext[EXT_RRID] = 0;
	o.rtp.ext[EXT_TWCC] = 0;
	o.rtp.ext[EXT_DD] = record_ext(r, "#dependency-descriptor-rtp-header-"
					  "extension");
	strcpy(o.rtp.mid, "0");
	for (unsigned i = 0; i < 3; i++) {
		o.rtp.encodings[i].ssrc = 0;
		strcpy(o.rtp.encodings[i].rid, rids[i]);
	}
	s->p = rig_publish(s->r, &o);
	s->c = rig_subscribe(s->r, s->r->down, s->p,
			     (struct layers_pair){0, t});
	s->c->ext[EXT_DD] = EXT_DD;
}

/* How many packets of the lowest encoding a viewer gets, all if t is 1. */
static unsigned vp8_described(int8_t t)
{
	uint8_t out[2000];
	unsigned sent = 0;
	struct record r;
	struct svc s;
	struct rtp h;

	vp8_init(&s, &r, t);
	while (record_next(&r)) {
		uint16_t seq = 0;
		size_t n;

		if (rtp_parse(&h, r.data, r.len) < 0 || h.pt != VP8_PT)
			continue;
		seq = sent ? s.c->map.head : 0;
		if (!recorded(&s, &r, &h, out))
			continue;
		if (sent++)
			ck_assert_uint_eq(h.seq, (uint16_t)(seq + 1));
		ck_assert_ptr_null(rtp_ext(&h, out, EXT_DD, &n));
		rig_run(s.r, 33333);
	}
	record_close(&r);
	rig_free(s.r);
	return sent;
}

/* Firefox says in the descriptors alone which frames may be left out. */
TEST(vp8_temporal_layers_are_read_from_dependency_descriptors)
{
	unsigned all = vp8_described(1), half = vp8_described(0);

	ck_assert_uint_ge(all, 20);
	ck_assert_uint_lt(half, all * 7 / 10);
	ck_assert_uint_gt(half, all * 3 / 10);
}

TEST(only_the_loudest_are_heard_in_a_large_room)
{
	struct rig *r = rig_new();
	struct layers_pair top = {-1, -1};
	struct producer *p[4];
	struct consumer *c[4];
	struct rig_pkt k[4];
	uint32_t heard[4] = {0};

	r->router->loudest = 2;
	for (int i = 0; i < 4; i++) {
		struct producer_opts o = rig_opus(r);

		o.peer_id = (uint64_t)i + 1;
		p[i] = rig_publish(r, &o);
		c[i] = rig_subscribe(r, r->down, p[i], top);
		k[i] = (struct rig_pkt){.seq = 1,
					.level = (uint8_t)(20 + 20 * i)};
	}
	for (int n = 0; n < 200; n++) {
		for (int i = 0; i < 4; i++, r->n_out = 0) {
			rig_send(r, p[i], &k[i]);
			k[i].seq++;
			k[i].ts += 960;
			heard[i] += n >= 100 ? r->n_out : 0;
		}
		rig_run(r, 20000);
	}
	ck_assert_uint_eq(heard[0], 100);
	ck_assert_uint_eq(heard[1], 100);
	ck_assert_uint_eq(heard[2], 0);
	ck_assert_uint_eq(heard[3], 0);
	ck_assert_uint_eq(r->router->speaker.peer_id, 1);
	/* Heard again, there is no hole in the numbers. */
	k[3].level = 5;
	for (int n = 0; n < 50; n++) {
		rig_send(r, p[3], &k[3]);
		k[3].seq++;
		k[3].ts += 960;
		rig_run(r, 20000);
	}
	ck_assert_uint_gt(r->n_out, 30);
	for (uint32_t i = 1; i < r->n_out; i++)
		if (rig_out(r, (int)i)->c == c[3] &&
		    rig_out(r, (int)i - 1)->c == c[3])
			ck_assert_uint_eq(rig_out(r, (int)i)->seq,
					  rig_out(r, (int)i - 1)->seq + 1);
	rig_free(r);
}
