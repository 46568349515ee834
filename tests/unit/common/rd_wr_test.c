#include "common/rd.h"
#include "common/wr.h"
#include "tests/lib/test.h"

TEST(rd_reads_big_endian)
{
	const uint8_t b[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
	struct rd r = rd_of(b, sizeof(b));

	ck_assert_uint_eq(rd_u8(&r), 1);
	ck_assert_uint_eq(rd_u16(&r), 0x0203);
	ck_assert_uint_eq(rd_u24(&r), 0x040506);
	ck_assert_uint_eq(rd_u32(&r), 0x0708090a);
	ck_assert(!r.bad);
	ck_assert_uint_eq(rd_u8(&r), 0);
	ck_assert(r.bad);
}

TEST(rd_error_is_sticky)
{
	const uint8_t b[] = {1, 2};
	struct rd r = rd_of(b, sizeof(b));

	ck_assert_ptr_null(rd_bytes(&r, 3));
	ck_assert_ptr_null(rd_bytes(&r, 1));
	ck_assert_uint_eq(rd_left(&r), 2);
	ck_assert(r.bad);
}

TEST(rd_sub_is_bounded)
{
	const uint8_t b[] = {1, 2, 3};
	struct rd r = rd_of(b, sizeof(b));
	struct rd s = rd_sub(&r, 2);

	rd_skip(&s, 2);
	ck_assert(!s.bad);
	rd_u8(&s);
	ck_assert(s.bad);
	ck_assert_uint_eq(rd_u8(&r), 3);
	s = rd_sub(&r, 1);
	ck_assert(s.bad && r.bad);
}

TEST(wr_never_passes_the_end)
{
	uint8_t b[5] = {0};
	struct wr w = wr_of(b, 4);

	wr_u24(&w, 0x010203);
	wr_u16(&w, 0xffff);
	ck_assert(w.bad);
	ck_assert_uint_eq(wr_len(&w), 3);
	wr_u8(&w, 9);
	ck_assert_uint_eq(b[3], 0);
	ck_assert_uint_eq(b[4], 0);
}

TEST(wr_and_rd_agree)
{
	uint8_t b[32];
	struct wr w = wr_of(b, sizeof(b));
	struct rd r;

	wr_u64(&w, 0x1122334455667788u);
	wr_u32(&w, 0x99aabbccu);
	wr_zero(&w, 2);
	wr_bytes(&w, "xy", 2);
	ck_assert(!w.bad);
	r = rd_of(b, wr_len(&w));
	ck_assert_uint_eq(rd_u64(&r), 0x1122334455667788u);
	ck_assert_uint_eq(rd_u32(&r), 0x99aabbccu);
	ck_assert_uint_eq(rd_u16(&r), 0);
	ck_assert_uint_eq(rd_u16(&r), 'x' << 8 | 'y');
	ck_assert_uint_eq(rd_left(&r), 0);
}
