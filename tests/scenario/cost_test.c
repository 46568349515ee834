/*
 * What one datagram may cost, of CPU time: the least of many batches, for
 * what else the machine does only adds to it.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "mediad/bwe/bwe.h"
#include "mediad/path/feedback.h"
#include "mediad/path/link.h"
#include "mediad/sfu/producer.h"
#include "mediad/sfu/transport.h"
#include "mediad/wire/rtcp.h"
#include "mediad/wire/stun.h"
#include "mediad/wire/twcc.h"
#include "tests/lib/call.h"
#include "tests/lib/test.h"

#define BATCH	200
#define BATCHES 40
#define MTU	1500

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SLOWER 20
#else
#define SLOWER 1
#endif

static const struct addr stranger = {.ip = {10, 99, 99, 99}, .port = 9999};

static uint64_t cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* A datagram from nowhere or, with a link, a compound of its peer. */
static uint64_t cost_ns(struct call *c, struct link *l, const uint8_t *data,
			size_t len)
{
	uint64_t least = UINT64_MAX;

	for (int b = 0; b < BATCHES; b++) {
		uint64_t from = cpu_ns(), gone;

		for (int i = 0; i < BATCH; i++) {
			if (l)
				feedback(l, data, len, c->now_us);
			else
				call_inject(c, &stranger, data, len);
		}
		gone = (cpu_ns() - from) / BATCH;
		least = gone < least ? gone : least;
	}
	return least;
}

/* A check as long as that, right but for its integrity, or of nobody. */
static size_t check_of(uint8_t *buf, const char *ufrag, size_t len)
{
	uint8_t tid[STUN_TID_LEN] = {1};
	static const uint8_t filling[MTU - 100];
	struct wr w = wr_of(buf, MTU);
	struct stun_key key;
	char user[64];

	snprintf(user, sizeof(user), "%s:x", ufrag);
	stun_key_init(&key, "wrong", 5);
	stun_begin(&w, STUN_BINDING, STUN_REQUEST, tid);
	stun_put(&w, STUN_USERNAME, user, strlen(user));
	stun_put(&w, 0x8022, filling, len - 100 - strlen(user));
	return (size_t)stun_end(&w, &key, true);
}

TEST_SLOW(cost_of_a_stranger_is_five_microseconds, 60)
{
	static const uint8_t first[] = {0, 22, 128, 129, 200, 64, 255};
	struct call *c = call_new(1);
	struct side *a = call_join(c, NULL);
	struct link *l;
	uint8_t buf[MTU];
	size_t n;

	call_run(c, 2 * SECOND);
	for (size_t i = 0; i < sizeof(first); i++) {
		memset(buf, 0x5a, sizeof(buf));
		buf[0] = first[i];
		ck_assert_uint_le(cost_ns(c, NULL, buf, sizeof(buf)),
				  5000 * SLOWER);
	}
	l = idmap_get(&c->w.links, a->id);
	for (size_t len = 200; len <= MTU; len += 50) {
		n = check_of(buf, "nobodyknowsthat0", len);
		ck_assert_uint_le(cost_ns(c, NULL, buf, n), 5000 * SLOWER);
		n = check_of(buf, l->ufrag, len);
		ck_assert_uint_le(cost_ns(c, NULL, buf, n), 5000 * SLOWER);
	}
	call_free(c);
}

/* Compounds of 1,500 bytes that ask for as much as they can. */
static size_t storm(uint8_t *buf, uint8_t pt, uint8_t fmt, uint32_t ssrc,
		    bool many)
{
	size_t at = 0;

	memset(buf, 0xff, MTU);
	while (at + 12 < MTU) {
		size_t len = many ? 20 : MTU - 4 - at;
		struct wr w = wr_of(buf + at, len);

		len &= ~(size_t)3;
		wr_u8(&w, 0x80 | fmt);
		wr_u8(&w, pt);
		wr_u16(&w, (uint16_t)(len / 4 - 1));
		wr_u32(&w, 7);
		wr_u32(&w, ssrc);
		at += len;
		if (!many)
			break;
	}
	return at;
}

TEST_SLOW(cost_of_a_report_is_fifty_microseconds, 60)
{
	static const struct {
		uint8_t pt, fmt;
	} kinds[] = {{200, 1},	{201, 31}, {202, 31}, {203, 31}, {205, 1},
		     {205, 15}, {206, 1},  {206, 4},  {206, 15}, {207, 0}};
	struct call *c = call_new(2);
	struct side *a = call_join(c, NULL), *b = call_join(c, NULL);
	uint8_t buf[MTU];
	struct view *v;
	uint32_t ssrc;
	struct link *l;

	call_run(c, 2 * SECOND);
	v = call_watch(c, b, call_camera(c, a));
	call_run(c, 5 * SECOND);
	l = idmap_get(&c->w.links, b->id);
	ssrc = worker_consumer(&c->w, v->id)->ssrc;
	for (size_t i = 0; i < 2 * sizeof(kinds) / sizeof(*kinds); i++) {
		size_t n = storm(buf, kinds[i / 2].pt, kinds[i / 2].fmt, ssrc,
				 i % 2);

		ck_assert_uint_le(cost_ns(c, l, buf, n), 50000 * SLOWER);
	}
	call_free(c);
}

/*
 * NACKs of all that can be asked for, a compound of messages of 120 pairs. The
 * first is answered by packets as far as its budget goes, the rest is work.
 */
static size_t nack_all(uint8_t *buf, uint32_t ssrc, uint16_t newest)
{
	struct wr w = wr_of(buf, MTU);

	while (wr_len(&w) + 12 + 480 <= MTU) {
		wr_u32(&w, 0x81cd0000 | (2 + 120));
		wr_u32(&w, 7);
		wr_u32(&w, ssrc);
		for (int i = 0; i < 120; i++) {
			wr_u16(&w, (uint16_t)(newest - 17 * (i % 8 + 1)));
			wr_u16(&w, 0xffff);
		}
	}
	ck_assert(!w.bad);
	return wr_len(&w);
}

/* All statuses that fit, as vectors or runs: got by turns, or none of them. */
static size_t twcc_all(uint8_t *buf, uint16_t newest, bool got)
{
	unsigned vectors = got ? (MTU - 24) / 16 : (MTU - 24) / 2;
	unsigned count = got ? vectors * 14 : UINT16_MAX;
	struct wr w = wr_of(buf, MTU);
	size_t len;

	wr_u8(&w, 0x8f);
	wr_u8(&w, 205);
	wr_u16(&w, 0);
	wr_u32(&w, 7);
	wr_u32(&w, 8);
	wr_u16(&w, (uint16_t)(newest - count));
	wr_u16(&w, (uint16_t)count);
	wr_u32(&w, 0);
	for (unsigned i = 0; i < vectors; i++)
		wr_u16(&w, got ? 0xbfff : 0x1fff);
	wr_zero(&w, got ? count : 0); /* at the same time */
	wr_zero(&w, -wr_len(&w) & 3);
	ck_assert(!w.bad);
	len = wr_len(&w);
	len = len / 4 - 1;
	buf[2] = (uint8_t)(len >> 8);
	buf[3] = (uint8_t)len;
	return wr_len(&w);
}

TEST_SLOW(cost_of_a_well_made_report_is_fifty_microseconds, 60)
{
	struct call *c = call_new(4);
	struct side *a = call_join(c, NULL), *b = call_join(c, NULL);
	const struct consumer *k;
	uint8_t buf[MTU];
	struct view *v;
	struct link *l;
	size_t n;

	call_run(c, 2 * SECOND);
	v = call_watch(c, b, call_camera(c, a));
	call_run(c, 10 * SECOND);
	l = idmap_get(&c->w.links, b->id);
	k = worker_consumer(&c->w, v->id);
	n = nack_all(buf, k->ssrc, k->map.head);
	ck_assert_uint_le(cost_ns(c, l, buf, n), 50000 * SLOWER);
	for (int got = 0; got < 2; got++) {
		static struct twcc_arrival list[TWCC_MAX];
		struct rtcp p;
		struct twcc h;
		struct rd r;
		size_t told;

		n = twcc_all(buf, bwe_next_seq(l->t->bwe), got);
		r = rd_of(buf, n);
		ck_assert(rtcp_next(&r, &p));
		ck_assert_int_eq(twcc_parse(&p, &h, list, TWCC_MAX, &told), 0);
		ck_assert(got == (told > 1000));
		ck_assert_uint_le(cost_ns(c, l, buf, n), 50000 * SLOWER);
	}
	call_free(c);
}

/* ---- RTP, after it was decrypted ---------------------------------------- */

struct bomb {
	struct call *c;
	struct producer *p;
	const char *what;
	uint8_t ext[1400]; /* elements of the two-byte form */
	size_t ext_len;
	uint8_t payload[1400];
	size_t len;
	uint16_t seq, step;
};

static void bomb_ext(struct bomb *b, uint8_t id, const void *data, uint8_t len)
{
	b->ext[b->ext_len++] = id;
	b->ext[b->ext_len++] = len;
	memcpy(b->ext + b->ext_len, data, len);
	b->ext_len += len;
}

static void bomb_write(struct bomb *b, struct pkt *pkt)
{
	static const uint8_t zero[4];
	const struct rtpmap_codec *codec = &b->p->rtp.codecs[0];
	struct wr w = wr_of(pkt->data, MTU);

	b->seq = (uint16_t)(b->seq + b->step);
	wr_u8(&w, b->ext_len ? 0x90 : 0x80);
	wr_u8(&w, 0x80 | codec->pt);
	wr_u16(&w, b->seq);
	wr_u32(&w, b->seq * 3000u);
	wr_u32(&w, b->p->streams[0].recv.ssrc);
	if (b->ext_len) {
		wr_u16(&w, 0x1000);
		wr_u16(&w, (uint16_t)((b->ext_len + 3) / 4));
		wr_bytes(&w, b->ext, b->ext_len);
		wr_bytes(&w, zero, -b->ext_len & 3);
	}
	wr_bytes(&w, b->payload, b->len);
	ck_assert_msg(!w.bad, "%s", b->what);
	pkt->len = (uint32_t)wr_len(&w);
	pkt->recv_us = b->c->now_us;
}

static void bomb_assert(struct bomb *b)
{
	struct transport *t = b->p->transport;
	uint64_t least = UINT64_MAX;
	struct pkt *pkts[BATCH];

	b->seq = (uint16_t)b->p->streams[0].recv.seq.max;
	for (int k = 0; k < BATCHES; k++) {
		struct rtp_rx rx;
		uint64_t from, gone;

		for (int i = 0; i < BATCH; i++) {
			pkts[i] = pkt_get(&b->c->pool);
			ck_assert_ptr_nonnull(pkts[i]);
			bomb_write(b, pkts[i]);
		}
		from = cpu_ns();
		for (int i = 0; i < BATCH; i++)
			(void)transport_input(t, pkts[i], b->c->now_us, &rx);
		gone = (cpu_ns() - from) / BATCH;
		least = gone < least ? gone : least;
		for (int i = 0; i < BATCH; i++)
			pkt_put(pkts[i]);
	}
	ck_assert_msg(least <= 10000 * SLOWER, "%s: %u ns", b->what,
		      (unsigned)least);
}

/* A structure with 32 targets and all the templates that a length allows. */
static void bomb_structure(struct bomb *b)
{
	uint8_t dd[255];

	memset(dd, 0xaa, sizeof(dd));
	memset(dd, 0, 12);
	memset(dd + 245, 0, sizeof(dd) - 245);
	dd[0] = 0x80;
	dd[3] = 0x80;
	dd[4] = 0x1f;
	dd[12] = 0xea; /* the 29th template is the last */
	dd[244] = 0x80;
	bomb_ext(b, b->p->rtp.ext[EXT_DD], dd, sizeof(dd));
}

/* Each unit, or OBU, is as short as can be. */
static void bomb_units(struct bomb *b, uint8_t first, size_t each)
{
	memset(b->payload, 0, sizeof(b->payload));
	b->payload[0] = first;
	for (size_t i = 1; i + each <= sizeof(b->payload); i += each)
		b->payload[i + each - 2] = 1;
	b->len = sizeof(b->payload) - (sizeof(b->payload) - 1) % each;
}

/* VP9's scalability structure: eight sizes, 255 pictures, 3 references each. */
static void bomb_group(struct bomb *b)
{
	static const uint8_t head[] = {0xae, 0x80, 1, 0, 0, 0xf8};
	uint8_t *p = b->payload;

	memset(p, 0, sizeof(b->payload));
	memcpy(p, head, sizeof(head));
	p += sizeof(head) + 32;
	*p++ = 255;
	for (int i = 0; i < 255; i++, p += 4)
		memcpy(p, (uint8_t[]){0x0c, 1, 2, 3}, 4);
	b->len = sizeof(b->payload);
}

static void bomb_new(struct bomb *b, const char *what, enum peer_kind kind)
{
	struct side *s;
	struct cam *cam;

	memset(b, 0, sizeof(*b));
	b->what = what;
	b->c = call_new(3);
	b->step = 1;
	s = call_join(b->c, NULL);
	call_run(b->c, SECOND);
	cam = kind == PEER_VP8 ? call_single(b->c, s, 500000)
			       : call_layers(b->c, s, kind);
	call_run(b->c, SECOND);
	b->p = worker_producer(&b->c->w, cam->id);
	ck_assert(b->p && b->p->streams[0].live);
	b->payload[0] = 0x10;
	b->len = 100;
}

TEST_SLOW(cost_of_a_packet_is_ten_microseconds, 60)
{
	struct bomb b;

	bomb_new(&b, "elements of no bytes", PEER_VP8);
	while (b.ext_len < 1300)
		bomb_ext(&b, 200, "", 0);
	bomb_assert(&b);
	call_free(b.c);
	bomb_new(&b, "a hole of 900 each", PEER_VP8);
	b.step = 900;
	bomb_assert(&b);
	call_free(b.c);
	bomb_new(&b, "holes filled from the end", PEER_VP8);
	b.step = (uint16_t)-1;
	bomb_assert(&b);
	call_free(b.c);
	bomb_new(&b, "never the next", PEER_VP8);
	b.step = 20000;
	bomb_assert(&b);
	call_free(b.c);
	bomb_new(&b, "templates and targets", PEER_AV1);
	bomb_structure(&b);
	bomb_assert(&b);
	call_free(b.c);
	bomb_new(&b, "700 OBUs", PEER_AV1);
	bomb_units(&b, 0, 2);
	bomb_assert(&b);
	call_free(b.c);
	bomb_new(&b, "466 units", PEER_H264);
	bomb_units(&b, 24, 3);
	bomb_assert(&b);
	call_free(b.c);
	bomb_new(&b, "a group of 255 pictures", PEER_VP9);
	bomb_group(&b);
	bomb_assert(&b);
	call_free(b.c);
}
