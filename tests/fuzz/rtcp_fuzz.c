/* Compound RTCP: every packet kind, walked to its end. */
#include "mediad/wire/rtcp.h"
#include "mediad/wire/rtcpfb.h"
#include "tests/fuzz/fuzz.h"

static void reports(const struct rtcp *p)
{
	struct rtcp_block b;
	struct rtcp_sr sr;
	uint32_t ssrc;
	unsigned n = 0;

	if (p->pt == RTCP_SR && !rtcp_sr(p, &sr))
		FUZZ_CHECK(sr.ssrc == rtcp_sender(p));
	while ((p->pt == RTCP_SR || p->pt == RTCP_RR) && rtcp_block(p, n, &b))
		n++;
	FUZZ_CHECK(n <= 31);
	for (n = 0; p->pt == RTCP_BYE && rtcp_bye(p, n, &ssrc); n++)
		FUZZ_CHECK(n < 31);
}

static void extended(const struct rtcp *p)
{
	struct rd r = rd_of(p->body, p->len);
	struct rtcp_dlrr d;
	struct rtcp_xr x;
	uint64_t ntp;
	unsigned i;

	rd_skip(&r, 4);
	while (rtcp_xr_next(&r, &x)) {
		rtcp_xr_rrtr(&x, &ntp);
		for (i = 0; rtcp_xr_dlrr(&x, i, &d); i++)
			FUZZ_CHECK((i + 1) * 12 <= x.len);
	}
}

static void names(const struct rtcp *p)
{
	struct rd r = rd_of(p->body, p->len);
	struct rtcp_cname c;

	while (rtcp_sdes_cname(&r, &c))
		FUZZ_CHECK(c.name + c.len <= p->body + p->len);
}

static void feedback(const struct rtcp *p)
{
	struct rtcpfb_nack n;
	struct rtcpfb_fir f;
	uint64_t bps;
	uint32_t ssrc;
	unsigned i;

	rtcpfb_media(p);
	for (i = 0; rtcpfb_nack(p, i, &n); i++)
		FUZZ_CHECK((i + 1) * 4 + 8 <= p->len);
	for (i = 0; rtcpfb_fir(p, i, &f); i++)
		FUZZ_CHECK((i + 1) * 8 + 8 <= p->len);
	if (rtcpfb_kind(p) == RTCPFB_IS_REMB && !rtcpfb_remb(p, &bps))
		for (i = 0; rtcpfb_remb_ssrc(p, i, &ssrc); i++)
			FUZZ_CHECK(i < 255);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct rd r = rd_of(data, len);
	struct rtcp p;
	size_t left = len;

	while (rtcp_next(&r, &p)) {
		FUZZ_CHECK(p.body + p.len <= data + len);
		FUZZ_CHECK(rd_left(&r) < left);
		left = rd_left(&r);
		reports(&p);
		names(&p);
		extended(&p);
		feedback(&p);
	}
	return 0;
}
