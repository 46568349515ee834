/* The VP8 descriptor; a patch changes what it should and nothing else. */
#include <string.h>

#include "mediad/wire/vp8.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint8_t copy[1500];
	struct vp8 d, e;

	if (len > sizeof(copy) || vp8_parse(&d, data, len))
		return 0;
	FUZZ_CHECK(d.desc_len >= 1 && d.desc_len <= 6 && d.desc_len <= len);
	memcpy(copy, data, len);
	vp8_patch(copy, &d, d.pid, d.tl0);
	FUZZ_CHECK(!memcmp(copy, data, len));
	vp8_patch(copy, &d, 0x1234, 0x56);
	FUZZ_CHECK(!vp8_parse(&e, copy, len));
	FUZZ_CHECK(e.desc_len == d.desc_len && e.tid == d.tid);
	FUZZ_CHECK(e.key == d.key && e.start == d.start);
	if (d.has_pid)
		FUZZ_CHECK(e.pid == (d.pid15 ? 0x1234 : 0x34));
	if (d.has_tl0)
		FUZZ_CHECK(e.tl0 == 0x56);
	FUZZ_CHECK(!memcmp(copy + d.desc_len, data + d.desc_len,
			   len - d.desc_len));
	return 0;
}
