#include "mediad/wire/opus.h"

#include <errno.h>
#include <string.h>

#include "common/rd.h"

#define MAX_US 120000

/* RFC 6716 table 2. */
static uint32_t frame_us(uint8_t config)
{
	static const uint32_t silk[4] = {10000, 20000, 40000, 60000};
	static const uint32_t celt[4] = {2500, 5000, 10000, 20000};

	if (config < 12)
		return silk[config & 3];
	if (config < 16)
		return silk[config & 1];
	return celt[config & 3];
}

int opus_parse(struct opus *o, const uint8_t *payload, size_t len)
{
	struct rd r = rd_of(payload, len);
	uint8_t toc = rd_u8(&r);

	memset(o, 0, sizeof(*o));
	o->config = toc >> 3;
	o->stereo = toc >> 2 & 1;
	o->frame_us = frame_us(o->config);
	switch (toc & 3) {
	case 0:
		o->n_frames = 1;
		break;
	case 3:
		o->n_frames = rd_u8(&r) & 63;
		break;
	default:
		o->n_frames = 2;
	}
	if (r.bad || !o->n_frames || o->n_frames * o->frame_us > MAX_US)
		return -EBADMSG;
	o->samples = o->n_frames * (o->frame_us / 500) * 24;
	o->dtx = len <= 2;
	return 0;
}

/* The headers: all but the last say time offset and length (section 3). */
static int headers(struct rd *r, struct opus_red *out, size_t cap)
{
	for (size_t n = 0; n < cap; n++) {
		uint8_t b = rd_u8(r);
		uint32_t word;

		if (r->bad)
			return -EBADMSG;
		out[n].pt = b & 0x7f;
		out[n].ts_offset = 0;
		out[n].len = 0;
		if (!(b & 0x80))
			return (int)n + 1;
		word = rd_u24(r);
		out[n].ts_offset = (uint16_t)(word >> 10);
		out[n].len = word & 0x3ff;
	}
	return -ENOBUFS;
}

int opus_red(const uint8_t *payload, size_t len, struct opus_red *out,
	     size_t cap)
{
	struct rd r = rd_of(payload, len);
	int n;

	if (len > UINT16_MAX)
		return -EBADMSG;
	n = headers(&r, out, cap);
	if (n < 0)
		return n;
	for (int i = 0; i < n; i++) {
		if (i == n - 1)
			out[i].len = (uint16_t)rd_left(&r);
		out[i].off = (uint16_t)(r.p - payload);
		rd_skip(&r, out[i].len);
	}
	return r.bad ? -EBADMSG : n;
}
