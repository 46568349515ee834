/*
 * rtppb: RTP parameters as messages for a worker. The storage is the
 * caller's and refers into the parameters, which must outlive it.
 */
#ifndef SIGNALD_MEDIA_RTPPB_H
#define SIGNALD_MEDIA_RTPPB_H

#include "proto/media.pb-c.h"
#include "signald/media/ortc.h"

struct rtppb {
	Media__RtpParameters msg;
	Media__RtpCodec codec[RTP_PARAM_CODECS_MAX];
	Media__RtpCodec *codecs[RTP_PARAM_CODECS_MAX];
	Media__RtcpFeedback fb[RTP_PARAM_CODECS_MAX];
	Media__RtpHeaderExtension ext[RTP_EXTS_MAX];
	Media__RtpHeaderExtension *exts[RTP_EXTS_MAX];
	Media__RtpEncoding encoding[RTP_ENCODINGS_MAX];
	Media__RtpEncoding *encodings[RTP_ENCODINGS_MAX];
};

/* map is NULL for a consumer. */
void rtppb_fill(struct rtppb *b, const struct rtp_params *p,
		const struct ortc_mapping *map);

Media__MediaKind rtppb_kind(enum rtp_kind kind);
Media__StreamType rtppb_type(enum rtp_type type);

#endif
