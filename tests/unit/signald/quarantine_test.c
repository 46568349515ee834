#include "signald/quarantine.h"

#include <stdlib.h>

#include "common/rd.h"
#include "tests/lib/test.h"

#define SECOND 1000000ull

TEST(quarantine_two_marks_of_one_room_in_ten_seconds)
{
	struct quarantine q = {.n = 0};

	ck_assert(!quarantine_mark(&q, 1, 100 * SECOND));
	ck_assert(!quarantine_mark(&q, 2, 101 * SECOND));
	ck_assert(!quarantine_mark(&q, 1, 111 * SECOND));
	ck_assert(quarantine_mark(&q, 1, 121 * SECOND));
	/* Others push no mark out before its time. */
	for (uint64_t room = 10; room < 10 + QUARANTINE_MARKS - 1; room++)
		ck_assert(!quarantine_mark(&q, room, 122 * SECOND));
	ck_assert(quarantine_mark(&q, 1, 123 * SECOND));
}

/* The last 64 of the room and of nobody, oldest first. */
TEST(quarantine_keeps_what_came_last)
{
	struct blackbox *b = calloc(1, sizeof(*b));
	uint8_t *out = malloc(QUARANTINE_FILE_MAX);
	uint8_t rtp[1200] = {0x80, 96}, rtcp[1200] = {0x80, 200};
	struct rd r;
	size_t len, n = 0;

	for (uint64_t i = 0; i < 100; i++) {
		blackbox_for(b, 0);
		blackbox_add(b, i % 2 ? rtp : rtcp, sizeof(rtp), 1000 + i);
		blackbox_is_of(b, i % 4 == 3 ? 5 : 7);
		if (i % 2)
			blackbox_opened(b, rtp, 1184);
	}
	ck_assert_uint_eq(b->room, 5);
	len = quarantine_pack(b, 7, out, QUARANTINE_FILE_MAX);
	ck_assert_uint_gt(len, 16);
	r = rd_of(out, len);
	ck_assert_mem_eq(rd_bytes(&r, 16), QUARANTINE_MAGIC, 16);
	for (uint64_t i = 36; i < 100; i++) {
		uint16_t kept;

		if (i % 4 == 3)
			continue;
		ck_assert_uint_eq(rd_u64(&r), 1000 + i);
		ck_assert_uint_eq(rd_u64(&r), 7);
		ck_assert_uint_eq(rd_u32(&r), i % 2 ? 1184 : 1200);
		kept = rd_u16(&r);
		ck_assert_uint_eq(kept, i % 2 ? BLACKBOX_MEDIA : 1200);
		ck_assert_uint_eq(rd_u8(&r), i % 2);
		rd_u8(&r);
		rd_skip(&r, kept);
		n++;
	}
	ck_assert(!r.bad);
	ck_assert_uint_eq(rd_left(&r), 0);
	ck_assert_uint_eq(n, 48);
	free(out);
	free(b);
}
