/* What it costs to read one packet of each kind. */
#include <stdlib.h>
#include <string.h>

#include "common/sys/rng.h"
#include "mediad/wire/demux.h"
#include "mediad/wire/rtcp.h"
#include "mediad/wire/rtcpfb.h"
#include "mediad/wire/rtp.h"
#include "mediad/wire/rtpext.h"
#include "mediad/wire/stun.h"
#include "mediad/wire/twcc.h"
#include "mediad/wire/vp8.h"
#include "tests/bench/bench.h"

#define PACKETS 64 /* different ones, so that no branch is learnt by heart */
#define PAYLOAD 1150

struct input {
	uint8_t data[PACKETS][1500];
	size_t len[PACKETS];
	struct stun_key key;
};

static struct input rtp_in, rtcp_in, stun_in;

/* A browser's video packet: five extension elements, a VP8 descriptor. */
static size_t rtp_make(uint8_t *buf, uint16_t seq)
{
	struct rtp_out o = {.pt = 96, .seq = seq, .ts = seq * 3000u, .ssrc = 7};
	uint8_t vp8[] = {0x90, 0xe0, 0x80, 0x01, 0x05, 0x20};
	struct rtp_layout l;
	size_t n;

	rtp_layout_init(&l);
	rtp_layout_add(&l, 2, 3);
	rtp_layout_add(&l, 3, 2);
	rtp_layout_add(&l, 4, 1);
	rtp_layout_add(&l, 10, 2);
	rtp_layout_add(&l, 13, 1);
	n = rtp_write(buf, 1500, &o, &l);
	rtp_slot_set(buf, &l, 2, "abc", 3);
	rtp_slot_set(buf, &l, 3, &seq, 2);
	rtp_slot_set(buf, &l, 4, "0", 1);
	rtp_slot_set(buf, &l, 10, "r1", 2);
	rtp_slot_set(buf, &l, 13, "\1", 1);
	vp8[4] = (uint8_t)seq;
	rng_bytes(buf + n, PAYLOAD);
	memcpy(buf + n, vp8, sizeof(vp8));
	return n + PAYLOAD;
}

/* What a viewer sends: a report, transport-wide feedback of a frame. */
static size_t rtcp_make(uint8_t *buf, uint16_t seq)
{
	struct rtcp_block b = {.ssrc = 7, .ext_seq = seq, .jitter = 3};
	struct wr w = wr_of(buf, 1500);
	struct twcc_arrival a[40];
	struct twcc h = {.sender = 1, .media = 7, .base = seq};

	for (uint16_t i = 0; i < 40; i++)
		a[i] = (struct twcc_arrival){
			.seq = (uint16_t)(seq + i + i / 10),
			.at_us = 1000000 + 900 * i};
	rtcp_put_rr(&w, 1, &b, 1);
	twcc_build(&w, &h, a, 40);
	return wr_len(&w);
}

static size_t stun_make(uint8_t *buf, const struct stun_key *key, uint8_t i)
{
	uint8_t tid[STUN_TID_LEN] = {i, 2, 3};
	struct wr w = wr_of(buf, 1500);

	stun_begin(&w, STUN_BINDING, STUN_REQUEST, tid);
	stun_put(&w, STUN_USERNAME, "0123456789abcdef:wxyz", 21);
	stun_put_u32(&w, STUN_PRIORITY, 1853824767);
	stun_put_u64(&w, STUN_ICE_CONTROLLING, 77);
	return (size_t)stun_end(&w, key, true);
}

static void make(void)
{
	stun_key_init(&stun_in.key, "password-of-32-characters-so-it-is", 32);
	for (unsigned i = 0; i < PACKETS; i++) {
		rtp_in.len[i] = rtp_make(rtp_in.data[i], (uint16_t)(i * 7));
		rtcp_in.len[i] = rtcp_make(rtcp_in.data[i], (uint16_t)(i * 9));
		stun_in.len[i] =
			stun_make(stun_in.data[i], &stun_in.key, (uint8_t)i);
	}
}

static void rtp_body(void *arg, uint64_t ops)
{
	struct input *in = arg;

	for (uint64_t i = 0; i < ops; i++) {
		const uint8_t *p = in->data[i % PACKETS];
		struct rtp h;
		struct vp8 d;
		size_t len = 0;
		uint16_t twcc = 0;

		if (demux_of(p, in->len[i % PACKETS]) != DEMUX_RTP ||
		    rtp_parse(&h, p, in->len[i % PACKETS]) ||
		    vp8_parse(&d, p + h.hdr_len, h.payload_len))
			abort();
		rtpext_twcc(rtp_ext(&h, p, 3, &len), len, &twcc);
		bench_keep(&h);
		bench_keep(&d);
		bench_keep(&twcc);
	}
}

static void rtcp_body(void *arg, uint64_t ops)
{
	struct input *in = arg;

	for (uint64_t i = 0; i < ops; i++) {
		struct rd r =
			rd_of(in->data[i % PACKETS], in->len[i % PACKETS]);
		struct twcc_arrival a[64];
		struct rtcp_block b;
		struct rtcp p;
		struct twcc h;
		size_t n = 0;

		while (rtcp_next(&r, &p)) {
			if (p.pt == RTCP_RR)
				rtcp_block(&p, 0, &b);
			else if (rtcpfb_kind(&p) == RTCPFB_IS_TWCC &&
				 twcc_parse(&p, &h, a, 64, &n))
				abort();
		}
		if (r.bad || n != 40)
			abort();
		bench_keep(a);
		bench_keep(&b);
	}
}

static void stun_body(void *arg, uint64_t ops)
{
	struct input *in = arg;

	for (uint64_t i = 0; i < ops; i++) {
		struct stun m;

		if (stun_parse(&m, in->data[i % PACKETS],
			       in->len[i % PACKETS]) ||
		    !stun_fingerprint_ok(&m) ||
		    !stun_integrity_ok(&m, &in->key))
			abort();
		bench_keep(&m);
	}
}

int main(int argc, char **argv)
{
	static const struct bench_row rows[] = {
		{"parse.rtp", "packet", rtp_body, &rtp_in},
		{"parse.rtcp", "packet", rtcp_body, &rtcp_in},
		{"parse.stun", "packet", stun_body, &stun_in},
	};

	if (rng_setup())
		return 1;
	make();
	return bench_main(argc, argv, rows, sizeof(rows) / sizeof(*rows));
}
