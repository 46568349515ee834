/*
 * Transport-wide feedback: whatever is read can be built again and then
 * reads the same.
 */
#include "mediad/wire/twcc.h"
#include "tests/fuzz/fuzz.h"

static void again(const struct twcc *h, const struct twcc_arrival *a, size_t n)
{
	static struct twcc_arrival got[TWCC_MAX];
	struct twcc next = *h, back;
	uint8_t buf[4000];
	struct wr w = wr_of(buf, sizeof(buf));
	struct rtcp p;
	struct rd r;
	size_t m = 0, took;

	took = twcc_build(&w, &next, a, n);
	if (!took)
		return;
	r = rd_of(buf, wr_len(&w));
	FUZZ_CHECK(!w.bad && rtcp_next(&r, &p));
	FUZZ_CHECK(!twcc_parse(&p, &back, got, TWCC_MAX, &m) && m == took);
	for (size_t i = 0; i < m; i++)
		FUZZ_CHECK(got[i].seq == a[i].seq);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct twcc_arrival got[TWCC_MAX];
	struct rtcp p = {.pt = RTCP_RTPFB, .count = 15};
	bool forward = true;
	struct twcc h;
	size_t n = 0;

	p.body = data;
	p.len = len > 1500 ? 1500 : len;
	if (twcc_parse(&p, &h, got, TWCC_MAX, &n))
		return 0;
	FUZZ_CHECK(n <= h.count && n <= p.len);
	for (size_t i = 0; i < n; i++) {
		FUZZ_CHECK((uint16_t)(got[i].seq - h.base) < h.count);
		forward = forward && got[i].at_us >= 0;
	}
	if (forward && n)
		again(&h, got, n);
	return 0;
}
