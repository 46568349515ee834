/* Opus payloads, and the same bytes as redundant audio. */
#include "mediad/wire/opus.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct opus_red b[OPUS_RED_MAX];
	struct opus o;
	int n;

	if (!opus_parse(&o, data, len))
		FUZZ_CHECK(o.samples >= 120 && o.samples <= 5760);
	n = opus_red(data, len, b, OPUS_RED_MAX);
	for (int i = 0; i < n; i++) {
		FUZZ_CHECK((size_t)b[i].off + b[i].len <= len);
		FUZZ_CHECK(i < n - 1 || b[i].ts_offset == 0);
	}
	return 0;
}
