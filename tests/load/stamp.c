#include "tests/load/stamp.h"

#include <string.h>

#include "common/rd.h"
#include "common/wr.h"

#define MAGIC 0x43484c44u

void stamp_write(uint8_t *payload, size_t len, const struct stamp *s)
{
	struct wr w = wr_of(payload + STAMP_AT, len - STAMP_AT);

	wr_u32(&w, MAGIC);
	wr_u32(&w, s->stream);
	wr_u32(&w, s->counter);
	wr_u64(&w, s->wall_us);
	for (size_t i = STAMP_MIN; i < len; i++)
		payload[i] = (uint8_t)(s->counter + i);
}

bool stamp_read(const uint8_t *payload, size_t len, struct stamp *s)
{
	struct rd r = rd_of(payload, len);
	uint8_t wrong = 0;

	rd_skip(&r, STAMP_AT);
	if (rd_u32(&r) != MAGIC)
		return false;
	s->stream = rd_u32(&r);
	s->counter = rd_u32(&r);
	s->wall_us = rd_u64(&r);
	if (r.bad)
		return false;
	for (size_t i = STAMP_MIN; i < len; i++)
		wrong |= payload[i] ^ (uint8_t)(s->counter + i);
	return !wrong;
}
