#include "common/recorder.h"

#include <stdlib.h>

#include "tests/lib/test.h"

static struct recorder *recorder_made(void)
{
	struct recorder *r = calloc(1, sizeof(*r));

	ck_assert_ptr_nonnull(r);
	return r;
}

TEST(recorder_gives_back_what_it_got)
{
	struct recorder *r = recorder_made();
	struct recorder_entry e;
	uint8_t data[200];
	uint64_t pos = 0;

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)i;
	ck_assert(!recorder_next(r, &pos, &e));
	data[0] = 0x90;
	recorder_rtp(r, 7, 0x100000002, RECORDER_RTP_OUT, data, 150);
	data[0] = 0x80; /* the payload follows the fixed header */
	recorder_rtp(r, 8, 3, RECORDER_RTP_IN, data, 150);
	recorder_state(r, 9, 3, RECORDER_DTLS, 2);
	recorder_estimate(r, 10, 3, 0x01020304);
	ck_assert(recorder_next(r, &pos, &e));
	ck_assert_uint_eq(e.at_us, 7);
	ck_assert_uint_eq(e.transport, 2);
	ck_assert_uint_eq(e.len, 150);
	ck_assert_uint_eq(e.kept, RECORDER_DATA);
	ck_assert_mem_eq(e.data + 1, data + 1, RECORDER_DATA - 1);
	ck_assert(recorder_next(r, &pos, &e));
	ck_assert_uint_eq(e.kept, 12);
	ck_assert(recorder_next(r, &pos, &e));
	ck_assert_uint_eq(e.data[0], 2);
	ck_assert(recorder_next(r, &pos, &e));
	ck_assert_mem_eq(e.data, "\1\2\3\4", 4);
	ck_assert(!recorder_next(r, &pos, &e));
	ck_assert_uint_eq(pos, 4);
	free(r);
}

/* RTCP goes over as many records as it needs, and no further than the cap. */
TEST(recorder_keeps_rtcp_in_pieces)
{
	struct recorder *r = recorder_made();
	struct recorder_entry e;
	uint8_t data[200];
	uint64_t pos = 0;
	size_t got = 0;

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)i;
	recorder_rtcp(r, 1, 1, RECORDER_RTCP_IN, data, 20);
	ck_assert_uint_eq(r->n, 2);
	recorder_rtcp(r, 1, 1, RECORDER_RTCP_IN, data, sizeof(data));
	ck_assert_uint_eq(r->n, 2 + RECORDER_RTCP / RECORDER_DATA);
	for (pos = 2; recorder_next(r, &pos, &e); got += e.kept) {
		ck_assert_uint_eq(e.kind,
				  got ? RECORDER_MORE : RECORDER_RTCP_IN);
		ck_assert_uint_eq(e.len, sizeof(data));
		ck_assert_mem_eq(e.data, data + got, e.kept);
	}
	ck_assert_uint_eq(got, RECORDER_RTCP);
	free(r);
}

/* The newest stay, in order; what may be under the pen is not given out. */
TEST(recorder_forgets_the_oldest)
{
	struct recorder *r = recorder_made();
	struct recorder_entry e;
	uint64_t pos = 0, n = RECORDER_SLOTS + 1000, at;

	for (uint64_t i = 0; i < n; i++)
		recorder_rtp(r, i, 1, RECORDER_RTP_IN, (uint8_t *)&i, 8);
	at = n - RECORDER_SLOTS + RECORDER_RTCP / RECORDER_DATA;
	for (; recorder_next(r, &pos, &e); at++)
		ck_assert_uint_eq(e.at_us, at);
	ck_assert_uint_eq(at, n);
	free(r);
}

/* The other side may be mad. */
TEST(recorder_reader_trusts_nothing)
{
	struct recorder *r = recorder_made();
	struct recorder_entry e;
	uint64_t pos = 0;

	memset(r->slot, 0xff, sizeof(r->slot));
	r->n = 5;
	while (recorder_next(r, &pos, &e))
		ck_assert_uint_le(e.kept, RECORDER_DATA);
	ck_assert_uint_eq(pos, 5);
	r->n = UINT64_MAX;
	pos = UINT64_MAX - 1;
	ck_assert(recorder_next(r, &pos, &e));
	ck_assert(!recorder_next(r, &pos, &e));
	free(r);
}
