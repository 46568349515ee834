/*
 * rtpext: the values inside header extension elements. Readers take the
 * element's bytes as rtp_ext() returns them (p may be NULL) and say false
 * when they are not there or have the wrong length; writers fill bytes for
 * rtp_slot_set().
 */
#ifndef MEDIAD_WIRE_RTPEXT_H
#define MEDIAD_WIRE_RTPEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RTPEXT_MID_MAX 8  /* what we send and store */
#define RTPEXT_RID_MAX 16 /* RFC 8851: at most 255; browsers: short */

/* Our ids towards receivers; publishers have their own, from produce. */
enum rtpext_id {
	RTPEXT_MID = 1,
	RTPEXT_RID = 2,
	RTPEXT_RRID = 3,
	RTPEXT_ABS_SEND_TIME = 4,
	RTPEXT_TWCC = 5,
	RTPEXT_AUDIO_LEVEL = 6,
	RTPEXT_DD = 7,
	RTPEXT_VIDEO_ORIENTATION = 8,
	RTPEXT_TOFFSET = 9,
	RTPEXT_ABS_CAPTURE_TIME = 10,
	RTPEXT_PLAYOUT_DELAY = 11,
	RTPEXT_PACKET_ID = 12,
	RTPEXT_COUNT = 13,
};

/*
 * MID, RID, repaired RID (RFC 8843, RFC 8852): 1 to cap - 1 characters of
 * [A-Za-z0-9_-] copied out and terminated.
 */
bool rtpext_token(const uint8_t *p, size_t len, char *out, size_t cap);

/* abs-send-time: 24 bits, seconds as 6.18 fixed point. */
bool rtpext_abs_send_time(const uint8_t *p, size_t len, uint32_t *val);
uint32_t rtpext_abs_send_time_of(uint64_t now_us);
void rtpext_put_u24(uint8_t out[3], uint32_t val);

/* transport-wide sequence number (version 1: two bytes, 2: two more). */
bool rtpext_twcc(const uint8_t *p, size_t len, uint16_t *seq);
void rtpext_put_u16(uint8_t out[2], uint16_t val);

/* RFC 6464: 0 (loudest) to 127 (silence) -dBov, and the voice flag. */
bool rtpext_audio_level(const uint8_t *p, size_t len, uint8_t *level,
			bool *voice);

/* 3GPP coordination of video orientation: the byte as it is. */
bool rtpext_video_orientation(const uint8_t *p, size_t len, uint8_t *cvo);

/* Limits of the playout delay in units of 10 ms, 12 bits each. */
bool rtpext_playout_delay(const uint8_t *p, size_t len, uint16_t *min,
			  uint16_t *max);

/* RFC 5450: signed 24 bits, RTP clock. */
bool rtpext_toffset(const uint8_t *p, size_t len, int32_t *offset);

/* abs-capture-time: NTP UQ32.32, and the sender's clock offset Q32.32. */
struct rtpext_act {
	uint64_t ntp;
	int64_t offset;
	bool has_offset;
};

bool rtpext_abs_capture_time(const uint8_t *p, size_t len,
			     struct rtpext_act *act);
/* Returns 8 or 16. */
size_t rtpext_put_abs_capture_time(uint8_t out[16],
				   const struct rtpext_act *act);

#endif
