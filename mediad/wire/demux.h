/*
 * demux: what a datagram on the one port is, by its first bytes
 * (RFC 7983 section 7; RTP against RTCP by RFC 5761 section 4).
 */
#ifndef MEDIAD_WIRE_DEMUX_H
#define MEDIAD_WIRE_DEMUX_H

#include <stddef.h>
#include <stdint.h>

enum demux {
	DEMUX_DROP, /* nothing that speaks to us */
	DEMUX_STUN, /* 0..3, at least 20 bytes */
	DEMUX_DTLS, /* 20..63, at least a record header of 13 */
	DEMUX_RTP,  /* 128..191, at least 12 bytes */
	DEMUX_RTCP, /* the same with packet type 192..223, at least 8 */
};

static inline enum demux demux_of(const uint8_t *data, size_t len)
{
	if (len < 8)
		return DEMUX_DROP;
	if (data[0] >= 128 && data[0] <= 191) {
		if (data[1] >= 192 && data[1] <= 223)
			return DEMUX_RTCP;
		return len >= 12 ? DEMUX_RTP : DEMUX_DROP;
	}
	if (data[0] <= 3)
		return len >= 20 ? DEMUX_STUN : DEMUX_DROP;
	if (data[0] >= 20 && data[0] <= 63)
		return len >= 13 ? DEMUX_DTLS : DEMUX_DROP;
	return DEMUX_DROP;
}

#endif
