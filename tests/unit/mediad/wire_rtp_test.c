#include "mediad/wire/rtp.h"

#include <string.h>

#include "mediad/wire/demux.h"
#include "mediad/wire/rtpext.h"
#include "tests/lib/bytes.h"
#include "tests/lib/test.h"

#define FIXED "90e5 1234 00000bb8 deadbeef"

TEST(demux_by_first_bytes)
{
	uint8_t d[20] = {0};
	static const struct {
		uint8_t first, second;
		enum demux want;
	} row[] = {
		{0, 1, DEMUX_STUN},	{3, 0, DEMUX_STUN},
		{4, 0, DEMUX_DROP},	{19, 0, DEMUX_DROP},
		{20, 0, DEMUX_DTLS},	{63, 0, DEMUX_DTLS},
		{64, 0, DEMUX_DROP},	{127, 0, DEMUX_DROP},
		{128, 0, DEMUX_RTP},	{191, 111, DEMUX_RTP},
		{192, 0, DEMUX_DROP},	{255, 0, DEMUX_DROP},
		{128, 191, DEMUX_RTP},	{128, 192, DEMUX_RTCP},
		{128, 223, DEMUX_RTCP}, {128, 224, DEMUX_RTP},
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		d[0] = row[i].first;
		d[1] = row[i].second;
		ck_assert_int_eq(demux_of(d, sizeof(d)), row[i].want);
		ck_assert_int_eq(demux_of(d, 7), DEMUX_DROP);
	}
}

TEST(rtp_one_byte_extensions)
{
	uint8_t pkt[64];
	size_t len = bytes_of(pkt, sizeof(pkt),
			      FIXED "bede0003 10aa 52bbbbbb 00 3100cc 0000"
				    "0102");
	const uint8_t *p;
	struct rtp h;
	size_t n;

	ck_assert_int_eq(rtp_parse(&h, pkt, len), 0);
	ck_assert(h.marker && h.pt == 0x65 && h.seq == 0x1234);
	ck_assert(h.ts == 3000 && h.ssrc == 0xdeadbeef);
	ck_assert_uint_eq(h.hdr_len, 28);
	ck_assert_uint_eq(h.payload_len, 2);
	ck_assert_uint_eq(rtp_hdr_len(pkt, len), 28);
	ck_assert_uint_eq(rtp_seq(pkt), 0x1234);
	ck_assert_uint_eq(rtp_ssrc(pkt), 0xdeadbeef);
	p = rtp_ext(&h, pkt, 1, &n);
	ck_assert(p && n == 1 && *p == 0xaa);
	p = rtp_ext(&h, pkt, 5, &n);
	ck_assert(p && n == 3 && p[2] == 0xbb);
	p = rtp_ext(&h, pkt, 3, &n);
	ck_assert(p && n == 2 && p[1] == 0xcc);
	ck_assert_ptr_null(rtp_ext(&h, pkt, 2, &n));
	ck_assert_ptr_null(rtp_ext(&h, pkt, 0, &n));
	ck_assert_ptr_null(rtp_ext(&h, pkt, 255, &n));
}

TEST(rtp_two_byte_extensions)
{
	uint8_t pkt[64];
	size_t len = bytes_of(pkt, sizeof(pkt),
			      FIXED "10000003 0100 1402aabb 00 2a01cc 0000"
				    "ff");
	const uint8_t *p;
	struct rtp h;
	size_t n = 9;

	ck_assert_int_eq(rtp_parse(&h, pkt, len), 0);
	ck_assert_uint_eq(h.payload_len, 1);
	p = rtp_ext(&h, pkt, 1, &n);
	ck_assert(p && n == 0);
	p = rtp_ext(&h, pkt, 20, &n);
	ck_assert(p && n == 2 && p[1] == 0xbb);
	ck_assert_ptr_null(rtp_ext(&h, pkt, 42, &n)); /* not indexed */
}

TEST(rtp_extension_elements_over_the_end)
{
	uint8_t pkt[64];
	size_t len = bytes_of(pkt, sizeof(pkt), FIXED "bede0001 10aa 2fff");
	struct rtp h;

	/* The block is sound, its second element is not. */
	ck_assert_int_eq(rtp_parse(&h, pkt, len), 0);
	ck_assert_uint_eq(h.ext_mask, 1u << 1);
	/* Id 15 stops the reading (RFC 8285 section 4.2). */
	len = bytes_of(pkt, sizeof(pkt), FIXED "bede0001 f000 10aa");
	ck_assert_int_eq(rtp_parse(&h, pkt, len), 0);
	ck_assert_uint_eq(h.ext_mask, 0);
	/* The first of two counts. */
	len = bytes_of(pkt, sizeof(pkt), FIXED "bede0001 10aa 10bb");
	ck_assert_int_eq(rtp_parse(&h, pkt, len), 0);
	ck_assert_uint_eq(pkt[h.ext[1].off], 0xaa);
}

TEST(rtp_extension_length_matrix)
{
	static const uint16_t words[] = {0, 1, 2, 3, 0xfffe, 0xffff};
	uint8_t pkt[28] = {0};
	struct rtp h;

	bytes_of(pkt, 12, FIXED);
	pkt[12] = 0xbe;
	pkt[13] = 0xde;
	for (size_t i = 0; i < 6; i++) {
		size_t hdr = 16 + words[i] * 4u;

		pkt[14] = (uint8_t)(words[i] >> 8);
		pkt[15] = (uint8_t)words[i];
		if (hdr <= sizeof(pkt)) {
			ck_assert_int_eq(rtp_parse(&h, pkt, sizeof(pkt)), 0);
			ck_assert_uint_eq(h.hdr_len, hdr);
			ck_assert_uint_eq(rtp_hdr_len(pkt, sizeof(pkt)), hdr);
		} else {
			ck_assert_int_lt(rtp_parse(&h, pkt, sizeof(pkt)), 0);
			ck_assert_uint_eq(rtp_hdr_len(pkt, sizeof(pkt)), 0);
		}
	}
}

TEST(rtp_csrc_and_padding_matrix)
{
	uint8_t pkt[12 + 60 + 8];
	struct rtp h;

	for (unsigned cc = 0; cc < 16; cc++) {
		for (unsigned pad = 0; pad < 256; pad++) {
			size_t hdr = 12 + cc * 4;
			size_t len = hdr + 8;
			bool good = pad >= 1 && pad <= 8;

			memset(pkt, 0, sizeof(pkt));
			pkt[0] = (uint8_t)(0xa0 | cc);
			pkt[len - 1] = (uint8_t)pad;
			ck_assert_int_eq(rtp_parse(&h, pkt, len) == 0, good);
			if (!good)
				continue;
			ck_assert_uint_eq(h.hdr_len, hdr);
			ck_assert_uint_eq(h.pad_len, pad);
			ck_assert_uint_eq(h.payload_len, 8 - pad);
			ck_assert_int_lt(rtp_parse(&h, pkt, hdr), 0);
		}
	}
}

TEST(rtp_short_or_wrong_version)
{
	uint8_t pkt[12] = {0x80};
	struct rtp h;

	for (size_t n = 0; n < 12; n++)
		ck_assert_int_lt(rtp_parse(&h, pkt, n), 0);
	ck_assert_int_eq(rtp_parse(&h, pkt, 12), 0);
	ck_assert_uint_eq(h.payload_len, 0);
	pkt[0] = 0x40;
	ck_assert_int_lt(rtp_parse(&h, pkt, 12), 0);
	ck_assert_uint_eq(rtp_hdr_len(pkt, 12), 0);
}

static void video_layout(struct rtp_layout *l)
{
	rtp_layout_init(l);
	ck_assert_int_eq(rtp_layout_add(l, RTPEXT_MID, RTPEXT_MID_MAX), 0);
	ck_assert_int_eq(rtp_layout_add(l, RTPEXT_ABS_SEND_TIME, 3), 0);
	ck_assert_int_eq(rtp_layout_add(l, RTPEXT_TWCC, 2), 0);
	ck_assert_int_eq(rtp_layout_add(l, RTPEXT_PLAYOUT_DELAY, 3), 0);
}

TEST(rtp_layout_has_one_length)
{
	struct rtp_out o = {.pt = 101, .seq = 9, .ts = 77, .ssrc = 5};
	struct rtp_layout l;
	struct rtp h;
	uint8_t buf[64];
	size_t n, len;

	video_layout(&l);
	/* 9 + 4 + 3 + 4 bytes of elements. */
	ck_assert_uint_eq(l.hdr_len, 12 + 4 + 20);
	for (size_t mid = 0; mid <= RTPEXT_MID_MAX; mid++) {
		len = rtp_write(buf, sizeof(buf), &o, &l);
		ck_assert_uint_eq(len, l.hdr_len);
		rtp_slot_set(buf, &l, RTPEXT_MID, "abcdefgh", mid);
		rtp_slot_set(buf, &l, RTPEXT_TWCC, "\x12\x34", 2);
		ck_assert_int_eq(rtp_parse(&h, buf, len), 0);
		ck_assert_uint_eq(h.hdr_len, len);
		ck_assert_uint_eq(h.pt, 101);
		ck_assert_int_eq(!rtp_ext(&h, buf, RTPEXT_MID, &n), mid == 0);
		if (mid)
			ck_assert_uint_eq(n, mid);
		ck_assert_uint_eq(h.ext[RTPEXT_TWCC].off,
				  rtp_slot_data(&l, RTPEXT_TWCC));
		ck_assert(!(h.ext_mask >> RTPEXT_PLAYOUT_DELAY & 1));
	}
	ck_assert_uint_eq(rtp_slot_data(&l, RTPEXT_DD), 0);
	ck_assert_uint_eq(rtp_write(buf, l.hdr_len - 1u, &o, &l), 0);
}

TEST(rtp_layout_turns_to_two_bytes)
{
	struct rtp_out o = {.pt = 101, .marker = true};
	struct rtp_layout l;
	uint8_t buf[128], dd[40];
	struct rtp h;
	size_t n;

	memset(dd, 7, sizeof(dd));
	video_layout(&l);
	ck_assert_int_eq(rtp_layout_add(&l, RTPEXT_DD, 40), 0);
	ck_assert(l.two_byte);
	rtp_write(buf, sizeof(buf), &o, &l);
	rtp_slot_set(buf, &l, RTPEXT_DD, dd, sizeof(dd));
	rtp_slot_set(buf, &l, RTPEXT_MID, "0", 1);
	ck_assert_int_eq(rtp_parse(&h, buf, l.hdr_len), 0);
	ck_assert_ptr_nonnull(rtp_ext(&h, buf, RTPEXT_DD, &n));
	ck_assert_uint_eq(n, 40);
	ck_assert_ptr_nonnull(rtp_ext(&h, buf, RTPEXT_MID, &n));
	/* Too long for its slot: left as it was. */
	rtp_slot_set(buf, &l, RTPEXT_TWCC, dd, 3);
	ck_assert_int_eq(rtp_parse(&h, buf, l.hdr_len), 0);
	ck_assert_ptr_null(rtp_ext(&h, buf, RTPEXT_TWCC, &n));
}

TEST(rtp_layout_refusals)
{
	struct rtp_layout l;

	rtp_layout_init(&l);
	ck_assert_uint_eq(l.hdr_len, 12);
	ck_assert_int_lt(rtp_layout_add(&l, 0, 1), 0);
	ck_assert_int_lt(rtp_layout_add(&l, 15, 1), 0);
	ck_assert_int_lt(rtp_layout_add(&l, 1, 0), 0);
	ck_assert_int_eq(rtp_layout_add(&l, 1, 8), 0);
	ck_assert_int_lt(rtp_layout_add(&l, 1, 8), 0);
	ck_assert_int_eq(rtp_layout_add(&l, 2, 200), 0);
	ck_assert_int_lt(rtp_layout_add(&l, 3, 100), 0);
	ck_assert_int_eq(rtp_layout_add(&l, 3, 8), 0);
}

TEST(rtpext_values)
{
	struct rtpext_act act = {
		.ntp = 0x0102030405060708, .offset = -5, .has_offset = true};
	struct rtpext_act back;
	uint8_t b[16], level;
	uint16_t min, max, seq;
	char mid[9];
	uint32_t ast;
	int32_t off;
	bool voice;

	ck_assert(rtpext_token((const uint8_t *)"r0-_Z", 5, mid, sizeof(mid)));
	ck_assert_str_eq(mid, "r0-_Z");
	ck_assert(!rtpext_token((const uint8_t *)"a b", 3, mid, sizeof(mid)));
	ck_assert(!rtpext_token((const uint8_t *)"123456789", 9, mid, 9));
	ck_assert(!rtpext_token(NULL, 0, mid, sizeof(mid)));
	ck_assert(!rtpext_token((const uint8_t *)"", 0, mid, sizeof(mid)));

	ck_assert_uint_eq(rtpext_abs_send_time_of(1500000), 0x60000);
	ck_assert_uint_eq(rtpext_abs_send_time_of(64000000), 0);
	rtpext_put_u24(b, 0xabcdef);
	ck_assert(rtpext_abs_send_time(b, 3, &ast) && ast == 0xabcdef);
	ck_assert(rtpext_toffset(b, 3, &off) && off == (int)0xffabcdef);
	ck_assert(rtpext_playout_delay(b, 3, &min, &max));
	ck_assert(min == 0xabc && max == 0xdef);
	rtpext_put_u16(b, 0xfffe);
	ck_assert(rtpext_twcc(b, 2, &seq) && seq == 0xfffe);
	ck_assert(!rtpext_twcc(b, 3, &seq));
	b[0] = 0x85;
	ck_assert(rtpext_audio_level(b, 1, &level, &voice));
	ck_assert(voice && level == 5);
	ck_assert_uint_eq(rtpext_put_abs_capture_time(b, &act), 16);
	ck_assert(rtpext_abs_capture_time(b, 16, &back));
	ck_assert(back.ntp == act.ntp && back.offset == -5);
	ck_assert(rtpext_abs_capture_time(b, 8, &back) && !back.has_offset);
	ck_assert(!rtpext_abs_capture_time(b, 9, &back));
}
