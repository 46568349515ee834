#include "mediad/wire/rtpext.h"

#include <string.h>

#include "common/rd.h"
#include "common/wr.h"

static bool token_char(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	       (c >= 'a' && c <= 'z') || c == '-' || c == '_';
}

bool rtpext_token(const uint8_t *p, size_t len, char *out, size_t cap)
{
	if (!p || len == 0 || len >= cap)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!token_char(p[i]))
			return false;
	memcpy(out, p, len);
	out[len] = '\0';
	return true;
}

bool rtpext_abs_send_time(const uint8_t *p, size_t len, uint32_t *val)
{
	struct rd r = rd_of(p, len);

	if (!p || len != 3)
		return false;
	*val = rd_u24(&r);
	return true;
}

uint32_t rtpext_abs_send_time_of(uint64_t now_us)
{
	uint64_t s = now_us / 1000000;
	uint64_t us = now_us % 1000000;

	return (uint32_t)(((s & 63) << 18 | (us << 18) / 1000000) & 0xffffff);
}

void rtpext_put_u24(uint8_t out[3], uint32_t val)
{
	out[0] = (uint8_t)(val >> 16);
	out[1] = (uint8_t)(val >> 8);
	out[2] = (uint8_t)val;
}

bool rtpext_twcc(const uint8_t *p, size_t len, uint16_t *seq)
{
	struct rd r = rd_of(p, len);

	if (!p || (len != 2 && len != 4))
		return false;
	*seq = rd_u16(&r);
	return true;
}

void rtpext_put_u16(uint8_t out[2], uint16_t val)
{
	out[0] = (uint8_t)(val >> 8);
	out[1] = (uint8_t)val;
}

bool rtpext_audio_level(const uint8_t *p, size_t len, uint8_t *level,
			bool *voice)
{
	/* The two-byte form may carry a byte of nothing (RFC 6464 sec. 3). */
	if (!p || len < 1 || len > 2)
		return false;
	*level = p[0] & 0x7f;
	*voice = p[0] >> 7;
	return true;
}

bool rtpext_video_orientation(const uint8_t *p, size_t len, uint8_t *cvo)
{
	if (!p || len != 1)
		return false;
	*cvo = p[0];
	return true;
}

bool rtpext_playout_delay(const uint8_t *p, size_t len, uint16_t *min,
			  uint16_t *max)
{
	struct rd r = rd_of(p, len);
	uint32_t v;

	if (!p || len != 3)
		return false;
	v = rd_u24(&r);
	*min = (uint16_t)(v >> 12);
	*max = v & 0xfff;
	return true;
}

bool rtpext_toffset(const uint8_t *p, size_t len, int32_t *offset)
{
	struct rd r = rd_of(p, len);
	int32_t v;

	if (!p || len != 3)
		return false;
	v = (int32_t)rd_u24(&r);
	*offset = v & 0x800000 ? v - 0x1000000 : v;
	return true;
}

bool rtpext_abs_capture_time(const uint8_t *p, size_t len,
			     struct rtpext_act *act)
{
	struct rd r = rd_of(p, len);

	if (!p || (len != 8 && len != 16))
		return false;
	act->ntp = rd_u64(&r);
	act->has_offset = len == 16;
	act->offset = act->has_offset ? (int64_t)rd_u64(&r) : 0;
	return true;
}

size_t rtpext_put_abs_capture_time(uint8_t out[16],
				   const struct rtpext_act *act)
{
	struct wr w = wr_of(out, 16);

	wr_u64(&w, act->ntp);
	if (act->has_offset)
		wr_u64(&w, (uint64_t)act->offset);
	return wr_len(&w);
}
