/* The VP8 descriptor: its ids lie where it says, inside of it. */
#include "mediad/wire/vp8.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct vp8 d;

	if (vp8_parse(&d, data, len))
		return 0;
	FUZZ_CHECK(d.desc_len >= 1 && d.desc_len <= 6 && d.desc_len <= len);
	if (d.has_pid) {
		const uint8_t *p = data + d.pid_off;

		FUZZ_CHECK(d.pid_off + d.pid15 < d.desc_len);
		FUZZ_CHECK(d.pid15 ? p[0] >> 7 && d.pid == ((p[0] & 0x7f) << 8 |
							    p[1])
				   : d.pid == p[0]);
	}
	if (d.has_tl0)
		FUZZ_CHECK(d.tl0_off < d.desc_len && d.tl0 == data[d.tl0_off]);
	return 0;
}
