/* RTP headers with their extensions, and what the elements say. */
#include "mediad/wire/demux.h"
#include "mediad/wire/rtp.h"
#include "mediad/wire/rtpext.h"
#include "tests/fuzz/fuzz.h"

static void element(const uint8_t *p, size_t n)
{
	struct rtpext_act act;
	char token[RTPEXT_RID_MAX + 1];
	uint16_t a, b;
	uint32_t v;
	int32_t off;
	uint8_t u;
	bool voice;

	rtpext_token(p, n, token, sizeof(token));
	rtpext_abs_send_time(p, n, &v);
	rtpext_twcc(p, n, &a);
	rtpext_audio_level(p, n, &u, &voice);
	rtpext_video_orientation(p, n, &u);
	rtpext_playout_delay(p, n, &a, &b);
	rtpext_toffset(p, n, &off);
	if (rtpext_abs_capture_time(p, n, &act)) {
		uint8_t out[16];

		FUZZ_CHECK(rtpext_put_abs_capture_time(out, &act) == n);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct rtp h;
	size_t hdr = rtp_hdr_len(data, len);

	demux_of(data, len);
	if (rtp_parse(&h, data, len))
		return 0;
	FUZZ_CHECK(hdr == h.hdr_len);
	FUZZ_CHECK((size_t)h.hdr_len + h.payload_len + h.pad_len == len);
	FUZZ_CHECK(h.seq == rtp_seq(data) && h.ssrc == rtp_ssrc(data));
	for (unsigned id = 0; id < 256; id++) {
		size_t n = 0;
		const uint8_t *p = rtp_ext(&h, data, (uint8_t)id, &n);

		if (!p)
			continue;
		FUZZ_CHECK(p >= data + 16 && p + n <= data + h.hdr_len);
		element(p, n);
	}
	return 0;
}
