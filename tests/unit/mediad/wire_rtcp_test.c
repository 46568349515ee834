#include "mediad/wire/rtcp.h"

#include <errno.h>
#include <string.h>

#include "mediad/wire/rtcpfb.h"
#include "mediad/wire/twcc.h"
#include "tests/lib/bytes.h"
#include "tests/lib/test.h"

static const struct rtcp_block block = {
	.ssrc = 0x11223344,
	.fraction = 25,
	.lost = -3,
	.ext_seq = 0x0001ffff,
	.jitter = 77,
	.lsr = 0xabcdef01,
	.dlsr = 65536,
};

static void assert_block(const struct rtcp_block *b)
{
	ck_assert_uint_eq(b->ssrc, block.ssrc);
	ck_assert_uint_eq(b->fraction, block.fraction);
	ck_assert_int_eq(b->lost, block.lost);
	ck_assert_uint_eq(b->ext_seq, block.ext_seq);
	ck_assert_uint_eq(b->jitter, block.jitter);
	ck_assert_uint_eq(b->lsr, block.lsr);
	ck_assert_uint_eq(b->dlsr, block.dlsr);
}

TEST(rtcp_compound_round_trip)
{
	struct rtcp_sr sr = {.ssrc = 7,
			     .ntp = 0x0102030405060708,
			     .rtp_ts = 90000,
			     .packets = 10,
			     .octets = 1000};
	const struct rtcp_block two[2] = {block, block};
	struct rtcp_sr back;
	struct rtcp_block b;
	struct rtcp_cname c;
	uint8_t buf[256];
	struct wr w = wr_of(buf, sizeof(buf));
	struct rtcp p;
	struct rd r;
	uint32_t ssrc;

	rtcp_put_sr(&w, &sr, two, 2);
	rtcp_put_rr(&w, 8, &block, 1);
	rtcp_put_sdes_cname(&w, 7, "abcde");
	rtcp_put_bye(&w, &sr.ssrc, 1);
	ck_assert(!w.bad);
	r = rd_of(buf, wr_len(&w));
	ck_assert(rtcp_next(&r, &p) && p.pt == RTCP_SR && p.count == 2);
	ck_assert_int_eq(rtcp_sr(&p, &back), 0);
	ck_assert(back.ssrc == 7 && back.ntp == sr.ntp);
	ck_assert(back.packets == 10 && back.octets == 1000);
	ck_assert(rtcp_block(&p, 1, &b));
	assert_block(&b);
	ck_assert(!rtcp_block(&p, 2, &b));
	ck_assert(rtcp_next(&r, &p) && p.pt == RTCP_RR);
	ck_assert_uint_eq(rtcp_sender(&p), 8);
	ck_assert(rtcp_block(&p, 0, &b));
	assert_block(&b);
	ck_assert(rtcp_next(&r, &p) && p.pt == RTCP_SDES);
	struct rd body = rd_of(p.body, p.len);
	ck_assert(rtcp_sdes_cname(&body, &c));
	ck_assert(c.ssrc == 7 && c.len == 5 && !memcmp(c.name, "abcde", 5));
	ck_assert(!rtcp_sdes_cname(&body, &c));
	ck_assert(rtcp_next(&r, &p) && p.pt == RTCP_BYE);
	ck_assert(rtcp_bye(&p, 0, &ssrc) && ssrc == 7);
	ck_assert(!rtcp_bye(&p, 1, &ssrc));
	ck_assert(!rtcp_next(&r, &p) && !r.bad);
}

TEST(rtcp_sdes_of_every_length)
{
	char name[32];
	uint8_t buf[64];

	for (size_t n = 0; n < sizeof(name); n++) {
		struct wr w = wr_of(buf, sizeof(buf));
		struct rtcp_cname c;
		struct rtcp p;
		struct rd r, body;

		memset(name, 'x', n);
		name[n] = '\0';
		rtcp_put_sdes_cname(&w, 1, name);
		ck_assert(!w.bad && wr_len(&w) % 4 == 0);
		r = rd_of(buf, wr_len(&w));
		ck_assert(rtcp_next(&r, &p) && !rd_left(&r));
		body = rd_of(p.body, p.len);
		ck_assert(rtcp_sdes_cname(&body, &c));
		ck_assert_uint_eq(c.len, n);
	}
}

TEST(rtcp_length_matrix)
{
	static const uint16_t words[] = {0, 1, 5, 6, 7, 0xfffe, 0xffff};
	uint8_t buf[28] = {0x80, RTCP_SR};
	struct rtcp_sr sr;
	struct rtcp p;

	for (size_t i = 0; i < 7; i++) {
		struct rd r = rd_of(buf, sizeof(buf));
		bool fits = words[i] <= 6;

		buf[2] = (uint8_t)(words[i] >> 8);
		buf[3] = (uint8_t)words[i];
		ck_assert_int_eq(rtcp_next(&r, &p), fits);
		ck_assert_int_eq(r.bad, !fits);
		if (fits)
			ck_assert_int_eq(rtcp_sr(&p, &sr) == 0, words[i] == 6);
	}
}

TEST(rtcp_padding_is_taken_off)
{
	uint8_t buf[16] = {0xa0, RTCP_RR, 0, 2};
	struct rtcp p;

	for (unsigned pad = 0; pad < 256; pad++) {
		struct rd r = rd_of(buf, 12);
		bool good = pad >= 1 && pad <= 8;

		buf[11] = (uint8_t)pad;
		ck_assert_int_eq(rtcp_next(&r, &p), good);
		if (good)
			ck_assert_uint_eq(p.len, 8 - pad);
	}
	/* So may be a packet that another one follows. */
	buf[11] = 3;
	buf[12] = 0x80;
	struct rd r = rd_of(buf, 16);
	ck_assert(rtcp_next(&r, &p) && p.len == 5);
	ck_assert(rtcp_next(&r, &p) && p.len == 0 && !r.bad);
}

/* As libwebrtc writes it: seven arrivals, three bytes of padding. */
TEST(rtcp_feedback_of_a_browser_is_read)
{
	static const uint8_t fb[] = {
		0xaf, 0xcd, 0, 7,	       /* P, FMT 15, 205 */
		0,    0,    0, 1,  0, 0, 0, 2, /* sender, media */
		0x38, 0x3f, 0, 7,	       /* base 14399, 7 numbers */
		0,    0,    9, 12,	       /* reference, count */
		0x20, 7,		       /* a run of small deltas */
		1,    2,    3, 4,  5, 6, 7, 0, 0, 3};
	struct twcc_arrival got[8];
	struct rd r = rd_of(fb, 32);
	struct rtcp p;
	struct twcc h;
	size_t n;

	ck_assert(rtcp_next(&r, &p));
	ck_assert_int_eq(twcc_parse(&p, &h, got, 8, &n), 0);
	ck_assert_uint_eq(h.base, 14399);
	ck_assert_uint_eq(n, 7);
}

TEST(rtcp_xr_both_ways)
{
	struct rtcp_dlrr d[2] = {{1, 2, 3}, {4, 5, 6}}, got;
	uint8_t buf[128];
	struct wr w = wr_of(buf, sizeof(buf));
	struct rtcp p;
	struct rtcp_xr x;
	uint64_t ntp;
	struct rd r, body;

	rtcp_put_xr_rrtr(&w, 9, 0x1122334455667788);
	rtcp_put_xr_dlrr(&w, 9, d, 2);
	r = rd_of(buf, wr_len(&w));
	ck_assert(rtcp_next(&r, &p) && p.pt == RTCP_XR);
	body = rd_of(p.body, p.len);
	rd_skip(&body, 4);
	ck_assert(rtcp_xr_next(&body, &x) && rtcp_xr_rrtr(&x, &ntp));
	ck_assert_uint_eq(ntp, 0x1122334455667788);
	ck_assert(!rtcp_xr_next(&body, &x));
	ck_assert(rtcp_next(&r, &p));
	body = rd_of(p.body, p.len);
	rd_skip(&body, 4);
	ck_assert(rtcp_xr_next(&body, &x) && rtcp_xr_dlrr(&x, 1, &got));
	ck_assert(got.ssrc == 4 && got.lrr == 5 && got.dlrr == 6);
	ck_assert(!rtcp_xr_dlrr(&x, 2, &got));
}

TEST(rtcp_time)
{
	uint64_t us = 1700000000123456;

	ck_assert_uint_eq(rtcp_ntp_to_us(rtcp_ntp_of(us)), us);
	ck_assert_uint_eq(rtcp_ntp_of(0) >> 32, 2208988800u);
	/* 1.5 s after the report left, held for 1 s: half a second. */
	ck_assert_uint_eq(rtcp_rtt_us(0x18000 + 5, 5, 0x10000), 500000);
	ck_assert_uint_eq(rtcp_rtt_us(5, 0, 1), 0);
	ck_assert_uint_eq(rtcp_rtt_us(5, 6, 7), 0);
}

TEST(rtcpfb_nack_pack_and_walk)
{
	static const uint16_t seqs[] = {65534, 65535, 0, 14, 15, 40};
	struct rtcpfb_nack pair[4], got;
	size_t used, n;
	uint8_t buf[64];
	struct wr w = wr_of(buf, sizeof(buf));
	struct rtcp p;
	struct rd r;

	n = rtcpfb_nack_pack(pair, 4, seqs, 6, &used);
	ck_assert(n == 3 && used == 6);
	ck_assert(pair[0].seq == 65534 && pair[0].blp == 0x8003);
	ck_assert(pair[1].seq == 15 && pair[1].blp == 0);
	ck_assert(pair[2].seq == 40 && pair[2].blp == 0);
	n = rtcpfb_nack_pack(pair, 1, seqs, 6, &used);
	ck_assert(n == 1 && used == 4);
	rtcpfb_put_nack(&w, 1, 2, pair, 1);
	r = rd_of(buf, wr_len(&w));
	ck_assert(rtcp_next(&r, &p));
	ck_assert_int_eq(rtcpfb_kind(&p), RTCPFB_IS_NACK);
	ck_assert_uint_eq(rtcpfb_media(&p), 2);
	ck_assert(rtcpfb_nack(&p, 0, &got) && got.blp == 0x8003);
	ck_assert(!rtcpfb_nack(&p, 1, &got));
}

TEST(rtcpfb_pli_fir_remb)
{
	const uint32_t ssrcs[2] = {5, 6};
	struct rtcpfb_fir fir;
	uint8_t buf[128];
	struct wr w = wr_of(buf, sizeof(buf));
	struct rtcp p;
	uint64_t bps;
	uint32_t ssrc;
	struct rd r;

	rtcpfb_put_pli(&w, 1, 2);
	rtcpfb_put_fir(&w, 1, 3, 9);
	rtcpfb_put_remb(&w, 1, 2500000, ssrcs, 2);
	r = rd_of(buf, wr_len(&w));
	ck_assert(rtcp_next(&r, &p) && rtcpfb_kind(&p) == RTCPFB_IS_PLI);
	ck_assert_uint_eq(rtcpfb_media(&p), 2);
	ck_assert(rtcp_next(&r, &p) && rtcpfb_kind(&p) == RTCPFB_IS_FIR);
	ck_assert(rtcpfb_fir(&p, 0, &fir) && fir.ssrc == 3 && fir.seq == 9);
	ck_assert(!rtcpfb_fir(&p, 1, &fir));
	ck_assert(rtcp_next(&r, &p) && rtcpfb_kind(&p) == RTCPFB_IS_REMB);
	ck_assert_int_eq(rtcpfb_remb(&p, &bps), 0);
	ck_assert(bps <= 2500000 && bps > 2499980);
	ck_assert(rtcpfb_remb_ssrc(&p, 1, &ssrc) && ssrc == 6);
	ck_assert(!rtcpfb_remb_ssrc(&p, 2, &ssrc));
}

TEST(rtcpfb_remb_saturates)
{
	uint8_t buf[64];
	size_t len = bytes_of(buf, sizeof(buf),
			      "8fce0004 00000001 00000000 52454d42 00ffffff");
	struct rd r = rd_of(buf, len);
	struct rtcp p;
	uint64_t bps;

	ck_assert(rtcp_next(&r, &p));
	ck_assert_int_eq(rtcpfb_remb(&p, &bps), 0);
	ck_assert_uint_eq(bps, UINT64_MAX);
}

TEST(rtcpfb_short_ones_are_other)
{
	static const uint8_t fmt[] = {1, 4, 15};
	uint8_t buf[8] = {0x80, 0, 0, 1};
	struct rtcp p;

	for (size_t i = 0; i < 6; i++) {
		struct rd r = rd_of(buf, sizeof(buf));

		buf[0] = 0x80 | fmt[i % 3];
		buf[1] = i < 3 ? RTCP_RTPFB : RTCP_PSFB;
		ck_assert(rtcp_next(&r, &p));
		ck_assert_int_eq(rtcpfb_kind(&p), RTCPFB_OTHER);
	}
}

/* Builds with many patterns, parses, and finds the same arrivals. */
static void twcc_round_trip(struct rand *rng, uint32_t loss_percent,
			    uint32_t gap_us)
{
	struct twcc_arrival a[300], got[TWCC_MAX];
	struct twcc h = {.sender = 1, .media = 2}, back;
	uint16_t seq = (uint16_t)rand_u64(rng);
	int64_t at = 5000000 + (int64_t)rand_below(rng, 1000000);
	size_t done = 0, n;
	uint8_t buf[1200];

	h.base = seq;
	for (size_t i = 0; i < 300; i++) {
		while (rand_below(rng, 100) < loss_percent)
			seq++;
		at += rand_below(rng, gap_us + 1);
		a[i].seq = seq++;
		a[i].at_us = at - (int64_t)rand_below(rng, 3) * 1000;
	}
	while (done < 300) {
		struct wr w = wr_of(buf, 200 + rand_below(rng, 1000));
		size_t took = twcc_build(&w, &h, a + done, 300 - done);
		struct rtcp p;
		struct rd r;

		ck_assert_uint_gt(took, 0);
		ck_assert(!w.bad);
		r = rd_of(buf, wr_len(&w));
		ck_assert(rtcp_next(&r, &p) && !rd_left(&r));
		ck_assert_int_eq(rtcpfb_kind(&p), RTCPFB_IS_TWCC);
		ck_assert_int_eq(twcc_parse(&p, &back, got, TWCC_MAX, &n), 0);
		ck_assert_uint_eq(n, took);
		ck_assert_uint_eq(back.base, h.base);
		ck_assert_uint_eq(back.count, h.count);
		for (size_t i = 0; i < n; i++) {
			int64_t want = a[done + i].at_us;

			ck_assert_uint_eq(got[i].seq, a[done + i].seq);
			ck_assert_int_eq(got[i].at_us,
					 want / TWCC_TICK_US * TWCC_TICK_US);
		}
		done += took;
		h.base = (uint16_t)(h.base + h.count);
		h.fb_count++;
	}
}

TEST(twcc_round_trips)
{
	static const uint32_t loss[] = {0, 1, 10, 50, 90};
	static const uint32_t gap[] = {100, 5000, 70000, 3000000};
	struct rand rng = {.state = 1};

	for (int k = 0; k < 20; k++)
		for (int i = 0; i < 5; i++)
			for (int j = 0; j < 4; j++)
				twcc_round_trip(&rng, loss[i], gap[j]);
}

TEST(twcc_golden_chunks)
{
	/* A run of 3 small, a vector of one-bit symbols, one of two-bit. */
	uint8_t buf[64];
	size_t len = bytes_of(buf, sizeof(buf),
			      "8fcd0009 00000001 00000002 000a 0018 000002 07"
			      "2003 a800 c900"
			      "0102 03 04 05 06 fff0 0008 00 000000");
	struct twcc_arrival got[16];
	struct rtcp p;
	struct twcc h;
	struct rd r;
	size_t n;

	buf[3] = (uint8_t)(len / 4 - 1);
	r = rd_of(buf, len);
	ck_assert(rtcp_next(&r, &p));
	ck_assert_int_eq(twcc_parse(&p, &h, got, 16, &n), 0);
	ck_assert(h.base == 10 && h.count == 24 && h.fb_count == 7);
	/* 10..12 by run; 13, 15 by one-bit; 27: small, 28, 30? by two-bit. */
	ck_assert_uint_ge(n, 6);
	ck_assert(got[0].seq == 10 && got[0].at_us == 128000 + 250);
	ck_assert(got[2].seq == 12 && got[2].at_us == 128000 + 6 * 250);
	ck_assert(got[3].seq == 13 && got[4].seq == 15);
}

TEST(twcc_claims_do_not_cost)
{
	/* 65535 numbers in 8 runs of lost ones: nothing to list. */
	uint8_t buf[64];
	struct wr w = wr_of(buf, sizeof(buf));
	struct twcc_arrival got[1];
	struct rtcp p = {.pt = RTCP_RTPFB, .count = 15};
	struct twcc h;
	size_t n;

	wr_u64(&w, 0);
	wr_u16(&w, 5);
	wr_u16(&w, 0xffff);
	wr_u32(&w, 0);
	for (int i = 0; i < 9; i++)
		wr_u16(&w, 0x1fff);
	p.body = buf;
	p.len = wr_len(&w);
	ck_assert_int_eq(twcc_parse(&p, &h, got, 1, &n), 0);
	ck_assert_uint_eq(n, 0);
	p.len -= 2; /* one chunk too few */
	ck_assert_int_lt(twcc_parse(&p, &h, got, 1, &n), 0);
}

TEST(twcc_refusals)
{
	uint8_t body[20] = {0};
	struct rtcp p = {.pt = RTCP_RTPFB, .count = 15, .body = body};
	struct twcc_arrival got[4];
	struct twcc h;
	size_t n;

	for (p.len = 0; p.len < 16; p.len++)
		ck_assert_int_lt(twcc_parse(&p, &h, got, 4, &n), 0);
	ck_assert_int_eq(twcc_parse(&p, &h, got, 4, &n), 0); /* count 0 */
	body[11] = 1;
	p.len = 20;
	ck_assert_int_lt(twcc_parse(&p, &h, got, 4, &n), 0); /* run of 0 */
	body[16] = 0x60;
	body[17] = 1;
	ck_assert_int_lt(twcc_parse(&p, &h, got, 4, &n), 0); /* symbol 3 */
	body[16] = 0x20;
	ck_assert_int_eq(twcc_parse(&p, &h, got, 4, &n), 0);
	ck_assert_uint_eq(n, 1);
	ck_assert_int_eq(twcc_parse(&p, &h, got, 0, &n), -ENOBUFS);
}
