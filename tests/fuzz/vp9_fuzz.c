/* The VP9 descriptor; a patch changes what it should and nothing else. */
#include <string.h>

#include "mediad/wire/vp9.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint8_t copy[1500];
	struct vp9 d, e;

	if (len > sizeof(copy) || vp9_parse(&d, data, len))
		return 0;
	FUZZ_CHECK(d.desc_len >= 1 && d.desc_len <= len);
	memcpy(copy, data, len);
	vp9_patch(copy, &d, d.pid, d.tl0);
	FUZZ_CHECK(!memcmp(copy, data, len));
	vp9_patch(copy, &d, 0x1234, 0x56);
	FUZZ_CHECK(!vp9_parse(&e, copy, len));
	FUZZ_CHECK(e.desc_len == d.desc_len && e.tid == d.tid);
	FUZZ_CHECK(e.key == d.key && e.start == d.start);
	if (d.has_pid)
		FUZZ_CHECK(e.pid == (d.pid15 ? 0x1234 : 0x34));
	if (d.tl0_off)
		FUZZ_CHECK(e.tl0 == 0x56);
	FUZZ_CHECK(!memcmp(copy + d.desc_len, data + d.desc_len,
			   len - d.desc_len));
	return 0;
}
