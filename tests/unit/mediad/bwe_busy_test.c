/* What a link carries, learnt from bursts of a source that sends little. */
#include "mediad/bwe/busy.h"

#include <string.h>

#include "tests/lib/test.h"

#define LINK_BPS 1000000
#define WAY_US	 20000

/* Four packets at once each 100 ms, over a link; a twelfth of its rate. */
static uint32_t bursts(uint32_t len, uint32_t gap_us, int64_t late_us)
{
	uint64_t free_us = 0;
	struct busy b;

	memset(&b, 0, sizeof(b));
	for (uint64_t t = 1000000; t < 3000000; t += 100000)
		for (uint64_t i = 0; i < 4; i++) {
			uint64_t sent = t + i * gap_us;

			free_us = free_us > sent ? free_us : sent;
			free_us += (uint64_t)len * 8 * 1000000 / LINK_BPS;
			busy_on_packet(&b, len, (int64_t)sent + WAY_US,
				       (int64_t)free_us + WAY_US + late_us);
		}
	return busy_bps(&b);
}

TEST(busy_reads_the_link_out_of_bursts)
{
	ck_assert_uint_ge(bursts(1000, 0, 0), 990000);
	ck_assert_uint_le(bursts(1000, 0, 0), 1010000);
}

/* What need not wait says nothing. */
TEST(busy_says_nothing_of_an_idle_link)
{
	ck_assert_uint_eq(bursts(1000, 20000, 0), 0);
	ck_assert_uint_eq(bursts(100, 5000, 0), 0);
}

TEST(busy_forgets_and_survives_jumps)
{
	struct busy b;

	memset(&b, 0, sizeof(b));
	for (int64_t i = 0; i < 50; i++)
		busy_on_packet(&b, 1000, INT64_MIN / 2, 1000000 + i * 8000);
	ck_assert_uint_eq(busy_bps(&b), 1000000);
	busy_on_packet(&b, 1000, 0, 3000000);
	ck_assert_uint_eq(busy_bps(&b), 0);
	busy_on_packet(&b, 1000, 0, 1);
	busy_on_packet(&b, 1000, INT64_MAX, INT64_MAX / 2);
	ck_assert_uint_eq(busy_bps(&b), 0);
}
