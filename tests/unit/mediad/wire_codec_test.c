#include <errno.h>
#include <string.h>

#include "mediad/wire/av1dd.h"
#include "mediad/wire/h264.h"
#include "mediad/wire/opus.h"
#include "mediad/wire/vp8.h"
#include "mediad/wire/vp9.h"
#include "tests/lib/bytes.h"
#include "tests/lib/test.h"

TEST(vp8_key_frame_with_everything)
{
	uint8_t p[32];
	size_t len = bytes_of(p, sizeof(p),
			      "90 f0 92 34 56 65 10 00 00 9d012a 8042 d002");
	struct vp8 d;

	ck_assert_int_eq(vp8_parse(&d, p, len), 0);
	ck_assert(d.start && d.key && !d.non_ref);
	ck_assert(d.has_pid && d.pid15 && d.pid == 0x1234 && d.pid_off == 2);
	ck_assert(d.has_tl0 && d.tl0 == 0x56 && d.tl0_off == 4);
	ck_assert(d.has_tid && d.tid == 1 && d.sync && d.keyidx == 5);
	ck_assert_uint_eq(d.desc_len, 6);
	ck_assert(d.width == 0x0280 && d.height == 0x02d0);
}

TEST(vp8_small_forms)
{
	uint8_t p[8];
	struct vp8 d;

	bytes_of(p, sizeof(p), "10 01");
	ck_assert_int_eq(vp8_parse(&d, p, 2), 0);
	ck_assert(d.start && !d.key && d.desc_len == 1 && !d.has_pid);
	bytes_of(p, sizeof(p), "80 80 7f 00");
	ck_assert_int_eq(vp8_parse(&d, p, 4), 0);
	ck_assert(!d.start && !d.pid15 && d.pid == 0x7f && d.desc_len == 3);
	ck_assert_uint_eq(d.pid_off, 2);
	/* Not the first partition: no start of a frame, no key frame. */
	bytes_of(p, sizeof(p), "11 00");
	ck_assert_int_eq(vp8_parse(&d, p, 2), 0);
	ck_assert(!d.start && !d.key);
}

TEST(vp8_every_cut)
{
	uint8_t p[32];

	bytes_of(p, sizeof(p), "90 f0 92 34 56 65 10 00 00 9d012a 8042 d002");
	for (size_t n = 0; n < 6; n++) {
		struct vp8 d;

		ck_assert_int_lt(vp8_parse(&d, p, n), 0);
	}
	for (size_t n = 6; n < 16; n++) {
		struct vp8 d;

		ck_assert_int_eq(vp8_parse(&d, p, n), 0);
		ck_assert_int_eq(d.key, n > 6);
		ck_assert_uint_eq(d.width, 0);
	}
}

TEST(vp9_non_flexible_svc)
{
	uint8_t p[32];
	/* I L B V, 15-bit id, tid 2 U sid 0, tl0; structure of 2 layers. */
	size_t len = bytes_of(p, sizeof(p),
			      "aa 8123 50 07 38 0140 00b4 0280 0168 01 04 01"
			      "00");
	struct vp9 d;

	ck_assert_int_eq(vp9_parse(&d, p, len), 0);
	ck_assert(d.has_pid && d.pid15 && d.pid == 0x123);
	ck_assert(d.has_layer && !d.flexible && d.start && !d.end);
	ck_assert(d.tid == 2 && d.switch_up && d.sid == 0 && !d.inter_layer);
	ck_assert(d.tl0_off == 4 && d.tl0 == 7);
	ck_assert(d.has_ss && d.n_spatial == 2);
	ck_assert(d.width[1] == 640 && d.height[1] == 360);
	ck_assert(d.key && d.desc_len == len - 1);
	ck_assert_uint_eq(d.pid_off, 1);
}

TEST(vp9_flexible_references)
{
	uint8_t p[16];
	struct vp9 d;
	size_t len = bytes_of(p, sizeof(p), "f9 05 03 03 05 06 ff");

	ck_assert_int_eq(vp9_parse(&d, p, len), 0);
	ck_assert(d.flexible && d.inter && d.not_ref && !d.key);
	ck_assert(d.pid == 5 && !d.pid15 && d.tl0_off == 0);
	ck_assert(d.sid == 1 && d.inter_layer);
	ck_assert(d.n_pdiff == 3 && d.pdiff[0] == 1 && d.pdiff[2] == 3);
	ck_assert_uint_eq(d.desc_len, 6);
	p[5] = 7; /* a fourth one */
	ck_assert_int_lt(vp9_parse(&d, p, len), 0);
}

TEST(vp9_every_cut)
{
	uint8_t p[32];
	struct vp9 d;
	size_t len = bytes_of(p, sizeof(p),
			      "aa 8123 50 07 38 0140 00b4 0280 0168 01 04 01");

	for (size_t n = 0; n < len; n++)
		ck_assert_int_lt(vp9_parse(&d, p, n), 0);
	ck_assert_int_eq(vp9_parse(&d, p, len), 0);
}

TEST(h264_units)
{
	uint8_t p[32];
	struct h264 d;
	size_t len;

	len = bytes_of(p, sizeof(p), "65 88");
	ck_assert_int_eq(h264_parse(&d, p, len), 0);
	ck_assert(d.key && d.idr && d.start && d.end && !d.non_ref);
	len = bytes_of(p, sizeof(p), "01 88");
	ck_assert_int_eq(h264_parse(&d, p, len), 0);
	ck_assert(!d.key && d.has_slice && d.non_ref);
	/* STAP-A of SPS and PPS. */
	len = bytes_of(p, sizeof(p), "78 0002 6742 0001 68");
	ck_assert_int_eq(h264_parse(&d, p, len), 0);
	ck_assert(d.key && d.sps && d.pps && !d.idr && d.nal_type == 7);
	/* FU-A: the start of an IDR, and its middle. */
	len = bytes_of(p, sizeof(p), "7c 85 00");
	ck_assert_int_eq(h264_parse(&d, p, len), 0);
	ck_assert(d.key && d.idr && d.start && !d.end && d.nal_type == 5);
	len = bytes_of(p, sizeof(p), "7c 05 00");
	ck_assert_int_eq(h264_parse(&d, p, len), 0);
	ck_assert(!d.key && d.idr && !d.start);
	len = bytes_of(p, sizeof(p), "1c 41 00");
	ck_assert_int_eq(h264_parse(&d, p, len), 0);
	ck_assert(d.non_ref && d.end);
	/* Prefix unit: svc flag, temporal id 2. */
	len = bytes_of(p, sizeof(p), "6e 800040");
	ck_assert_int_eq(h264_parse(&d, p, len), 0);
	ck_assert(d.has_tid && d.tid == 2);
}

TEST(h264_refusals)
{
	uint8_t p[16] = {0};
	struct h264 d;

	ck_assert_int_lt(h264_parse(&d, p, 0), 0);
	bytes_of(p, sizeof(p), "e5 00");
	ck_assert_int_lt(h264_parse(&d, p, 2), 0);
	bytes_of(p, sizeof(p), "78 0003 67 42");
	ck_assert_int_lt(h264_parse(&d, p, 5), 0);
	ck_assert_int_lt(h264_parse(&d, p, 1), 0);
	bytes_of(p, sizeof(p), "78 0000 67");
	ck_assert_int_lt(h264_parse(&d, p, 4), 0);
	bytes_of(p, sizeof(p), "7c");
	ck_assert_int_lt(h264_parse(&d, p, 1), 0);
}

TEST(opus_durations)
{
	static const struct {
		const char *hex;
		uint32_t samples;
		bool dtx;
	} row[] = {
		{"78 01 02 03", 960, false}, /* hybrid 20 ms */
		{"78", 960, true},	     /* and nothing in it */
		{"18 0102", 2880, false},    /* SILK 60 ms */
		{"80 0102", 120, false},     /* CELT 2.5 ms */
		{"79 0102", 1920, false},    /* two frames */
		{"7b 43 0102", 2880, false}, /* three, of one size */
		{"7b 06 0102", 5760, false}, /* 120 ms */
	};
	uint8_t p[16];
	struct opus o;

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		size_t len = bytes_of(p, sizeof(p), row[i].hex);

		ck_assert_int_eq(opus_parse(&o, p, len), 0);
		ck_assert_uint_eq(o.samples, row[i].samples);
		ck_assert_int_eq(o.dtx, row[i].dtx);
	}
	ck_assert_int_lt(opus_parse(&o, p, 0), 0);
	bytes_of(p, sizeof(p), "7b 07 00");
	ck_assert_int_lt(opus_parse(&o, p, 3), 0);
	bytes_of(p, sizeof(p), "7b 40 00");
	ck_assert_int_lt(opus_parse(&o, p, 3), 0);
	ck_assert_int_lt(opus_parse(&o, p, 1), 0);
}

TEST(opus_red_blocks)
{
	struct opus_red b[4];
	uint8_t p[32];
	size_t len =
		bytes_of(p, sizeof(p), "ef 0f0003 ef 078002 6f aaaaaa bbbb cc");

	ck_assert_int_eq(opus_red(p, len, b, 4), 3);
	ck_assert(b[0].pt == 111 && b[0].ts_offset == 960 && b[0].len == 3);
	ck_assert(b[1].ts_offset == 480 && b[1].len == 2);
	ck_assert(b[2].ts_offset == 0 && b[2].len == 1);
	ck_assert_uint_eq(p[b[1].off], 0xbb);
	ck_assert_uint_eq(p[b[2].off], 0xcc);
	ck_assert_int_eq(opus_red(p, len, b, 2), -ENOBUFS);
	for (size_t n = 0; n < 14; n++)
		ck_assert_int_lt(opus_red(p, n, b, 4), 0);
}

/* Writes bits, so that descriptors can be written as the grammar goes. */
struct bitw {
	uint8_t buf[256];
	size_t at;
};

static void put(struct bitw *b, unsigned n, uint32_t v)
{
	while (n--) {
		if (v >> n & 1)
			b->buf[b->at / 8] |= 0x80 >> b->at % 8;
		b->at++;
	}
}

/*
 * L1T2: two templates (T0, T1), two decode targets, one chain.
 * offset is the template id of the first one.
 */
static void put_l1t2(struct bitw *b, unsigned offset)
{
	put(b, 6, offset);
	put(b, 5, 1);	       /* two targets */
	put(b, 2, 1);	       /* next template: next temporal layer */
	put(b, 2, 3);	       /* no more */
	put(b, 4, 2 << 2 | 2); /* T0: switch, switch */
	put(b, 4, 0 << 2 | 1); /* T1: not present, discardable */
	put(b, 1, 1);	       /* T0: fdiff 2 */
	put(b, 4, 1);
	put(b, 1, 0);
	put(b, 1, 1); /* T1: fdiff 1 */
	put(b, 4, 0);
	put(b, 1, 0);
	put(b, 2, 2); /* chains: ns(3), 1 is "10" */
	/* protected_by: ns(1) takes no bits */
	put(b, 4, 2); /* T0: chain fdiff 2 */
	put(b, 4, 1); /* T1: 1 */
	put(b, 1, 1); /* sizes */
	put(b, 16, 1279);
	put(b, 16, 719);
}

static size_t key_descriptor(struct bitw *b, unsigned offset)
{
	memset(b, 0, sizeof(*b));
	put(b, 2, 2);	   /* start, not end */
	put(b, 6, offset); /* template 0 */
	put(b, 16, 100);
	put(b, 5, 0x10); /* a structure, nothing else */
	put_l1t2(b, offset);
	return (b->at + 7) / 8;
}

TEST(av1dd_structure_and_frames)
{
	struct av1dd_structure s = {0};
	struct bitw b;
	struct av1dd d;
	size_t len = key_descriptor(&b, 62);
	uint8_t delta[3] = {0xc0 | 63, 0, 101};

	ck_assert_int_eq(av1dd_parse(&d, &s, delta, 3), -ENOENT);
	ck_assert_int_eq(av1dd_parse(&d, &s, b.buf, len), 0);
	ck_assert(d.start && !d.end && d.has_structure && d.frame == 100);
	ck_assert(s.valid && s.n_templates == 2 && s.n_targets == 2);
	ck_assert(s.n_chains == 1 && s.max_tid == 1 && s.max_sid == 0);
	ck_assert(s.width[0] == 1280 && s.height[0] == 720);
	ck_assert(s.target_tid[0] == 0 && s.target_tid[1] == 1);
	ck_assert(d.active_targets == 3 && d.tid == 0);
	ck_assert(d.n_fdiffs == 1 && d.fdiff[0] == 2);
	ck_assert(d.chain_fdiff[0] == 2);

	ck_assert_int_eq(av1dd_parse(&d, &s, delta, 3), 0);
	ck_assert(d.short_form && d.start && d.end && d.tid == 1);
	ck_assert(d.dti[0] == AV1DD_NOT_PRESENT);
	ck_assert(d.dti[1] == AV1DD_DISCARDABLE && d.fdiff[0] == 1);
	delta[0] = 0xc0; /* template 0: 62, 63 exist, 0 would be the third */
	ck_assert_int_eq(av1dd_parse(&d, &s, delta, 3), -EBADMSG);
}

TEST(av1dd_custom_definition)
{
	struct av1dd_structure s = {0};
	struct bitw b;
	struct av1dd d;
	size_t len = key_descriptor(&b, 0);

	ck_assert_int_eq(av1dd_parse(&d, &s, b.buf, len), 0);
	memset(&b, 0, sizeof(b));
	put(&b, 2, 3);
	put(&b, 6, 1);
	put(&b, 16, 101);
	put(&b, 5, 0x0f); /* active, dtis, fdiffs, chains */
	put(&b, 2, 1);	  /* target 0 only */
	put(&b, 4, 3 << 2 | 2);
	put(&b, 2, 2); /* an fdiff of 8 bits */
	put(&b, 8, 199);
	put(&b, 2, 0);
	put(&b, 8, 33);
	ck_assert_int_eq(av1dd_parse(&d, &s, b.buf, (b.at + 7) / 8), 0);
	ck_assert(d.has_active && d.active_targets == 1);
	ck_assert(d.dti[0] == AV1DD_REQUIRED && d.dti[1] == AV1DD_SWITCH);
	ck_assert(d.n_fdiffs == 1 && d.fdiff[0] == 200);
	ck_assert_uint_eq(d.chain_fdiff[0], 33);
}

TEST(av1dd_a_bad_structure_changes_nothing)
{
	struct av1dd_structure s = {0}, before;
	struct bitw b;
	struct av1dd d;
	size_t len = key_descriptor(&b, 5);

	ck_assert_int_eq(av1dd_parse(&d, &s, b.buf, len), 0);
	before = s;
	len = key_descriptor(&b, 9);
	for (size_t n = 0; n < len; n++) {
		int err = av1dd_parse(&d, &s, b.buf, n);

		ck_assert(err == -EBADMSG || n == 3);
		ck_assert_mem_eq(&s, &before, sizeof(s));
	}
}

TEST(av1dd_payload_header)
{
	struct av1dd_payload a;
	uint8_t p[16];
	size_t len;

	len = bytes_of(p, sizeof(p), "18 0a 0b"); /* W 1, N */
	ck_assert_int_eq(av1dd_payload(&a, p, len), 0);
	ck_assert(a.new_sequence && a.key && a.obu_count == 1);
	len = bytes_of(p, sizeof(p), "10 32 00"); /* a frame */
	ck_assert_int_eq(av1dd_payload(&a, p, len), 0);
	ck_assert(!a.key && !a.continues);
	len = bytes_of(p, sizeof(p), "20 02 0800 3000"); /* sequence header */
	ck_assert_int_eq(av1dd_payload(&a, p, len), 0);
	ck_assert(a.key && a.obu_count == 2);
	len = bytes_of(p, sizeof(p), "a0 02 0800 3000"); /* its middle */
	ck_assert_int_eq(av1dd_payload(&a, p, len), 0);
	ck_assert(!a.key && a.continues);
	ck_assert_int_lt(av1dd_payload(&a, p, 0), 0);
	ck_assert_int_lt(av1dd_payload(&a, p, 1), 0);
	ck_assert_int_lt(av1dd_payload(&a, p, 3), 0);
}
