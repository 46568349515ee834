#include "mediad/wire/rfc4571.h"

#include <string.h>

#include "tests/lib/bytes.h"
#include "tests/lib/test.h"

static const uint16_t lens[] = {
	0, 1, 2, 0, 1199, RFC4571_FRAME_MAX, RFC4571_FRAME_MAX + 1, 65535, 3};
#define FRAMES (sizeof(lens) / sizeof(lens[0]))

/* All frames in one buffer; the bytes of frame i are i. */
static size_t stream(uint8_t *buf)
{
	size_t n = 0;

	for (size_t i = 0; i < FRAMES; i++) {
		rfc4571_hdr(buf + n, lens[i]);
		memset(buf + n + RFC4571_HDR, (int)i, lens[i]);
		n += RFC4571_HDR + lens[i];
	}
	return n;
}

/* Feeds in pieces of `step` bytes (0: seeded sizes) and checks each frame. */
static void feed(const uint8_t *data, size_t len, size_t step, uint64_t seed)
{
	struct rand rng = {.state = seed};
	struct rfc4571 f;
	size_t at = 0, i = 0;

	rfc4571_init(&f);
	while (at < len) {
		size_t n = step ? step : 1 + rand_below(&rng, 3000);

		n = n < len - at ? n : len - at;
		for (size_t end = at + n; at < end;) {
			const uint8_t *frame;
			size_t flen, took;

			took = rfc4571_feed(&f, data + at, end - at, &frame,
					    &flen);
			ck_assert(took > 0 && took <= end - at);
			at += took;
			if (!frame)
				continue;
			while (!lens[i] || lens[i] > RFC4571_FRAME_MAX)
				i++;
			ck_assert_uint_eq(flen, lens[i]);
			ck_assert_uint_eq(frame[0], i);
			ck_assert_uint_eq(frame[flen - 1], i);
			i++;
		}
	}
	ck_assert_uint_eq(i, FRAMES);
	ck_assert_uint_eq(f.oversized, 2);
}

TEST(rfc4571_any_cutting_gives_the_same_frames)
{
	static uint8_t buf[80000];
	size_t len = stream(buf);

	for (size_t step = 1; step < 40; step++)
		feed(buf, len, step, 0);
	feed(buf, len, len, 0);
	for (uint64_t seed = 1; seed < 200; seed++)
		feed(buf, len, 0, seed);
}
