/*
 * TCP framing: the first byte says how the rest is cut into reads; however
 * that is, the frames are the same as in one piece.
 */
#include <string.h>

#include "mediad/wire/rfc4571.h"
#include "tests/fuzz/fuzz.h"

struct sum {
	uint64_t frames, bytes, hash;
};

static void feed(struct rfc4571 *f, const uint8_t *data, size_t len,
		 struct sum *s)
{
	while (len) {
		const uint8_t *frame;
		size_t n, flen;

		n = rfc4571_feed(f, data, len, &frame, &flen);
		FUZZ_CHECK(n > 0 && n <= len);
		data += n;
		len -= n;
		if (!frame)
			continue;
		FUZZ_CHECK(flen > 0 && flen <= RFC4571_FRAME_MAX);
		s->frames++;
		s->bytes += flen;
		for (size_t i = 0; i < flen; i++)
			s->hash = s->hash * 31 + frame[i];
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct rfc4571 whole, cut;
	struct sum a = {0}, b = {0};
	size_t step;

	if (!len)
		return 0;
	step = 1u + data[0];
	rfc4571_init(&whole);
	rfc4571_init(&cut);
	feed(&whole, data + 1, len - 1, &a);
	for (size_t at = 1; at < len; at += step)
		feed(&cut, data + at, step < len - at ? step : len - at, &b);
	FUZZ_CHECK(!memcmp(&a, &b, sizeof(a)));
	FUZZ_CHECK(whole.have == cut.have && whole.skip == cut.skip);
	FUZZ_CHECK(whole.oversized == cut.oversized);
	return 0;
}
