/*
 * picid: the picture id in the payload descriptors of VP8 and VP9 (RFC 7741
 * and RFC 9628, section 4.2): 7 bits, or 15 behind a set bit.
 */
#ifndef MEDIAD_WIRE_PICID_H
#define MEDIAD_WIRE_PICID_H

#include <stdbool.h>
#include <stdint.h>

#include "common/rd.h"

static inline uint16_t picid_read(struct rd *r, bool *wide)
{
	uint8_t b = rd_u8(r);

	*wide = b >> 7;
	if (!*wide)
		return b;
	return (uint16_t)((b & 0x7f) << 8 | rd_u8(r));
}

#endif
