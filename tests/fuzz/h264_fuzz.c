/* H.264 payloads of every packetisation. */
#include "mediad/wire/h264.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct h264 d;

	if (h264_parse(&d, data, len))
		return 0;
	FUZZ_CHECK(!d.key || d.start);
	FUZZ_CHECK(!d.non_ref || d.has_slice);
	FUZZ_CHECK(d.tid < 8 && d.nal_type < 32);
	return 0;
}
