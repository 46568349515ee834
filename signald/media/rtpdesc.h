/*
 * rtpdesc: what can be said about an RTP stream, as plain values: codecs,
 * header extensions, encodings, capabilities and parameters in the sense of
 * ORTC (the nouns of mediasoup's client library).
 *
 * A value owns no memory and is copied freely. What a client says comes in
 * through api/rtpjson.c, which drops feedback kinds and extensions that no
 * one here knows; what is too long or of the wrong type is refused there.
 */
#ifndef SIGNALD_MEDIA_RTPDESC_H
#define SIGNALD_MEDIA_RTPDESC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum rtp_kind {
	RTP_AUDIO,
	RTP_VIDEO,
};

enum rtp_mime {
	RTP_MIME_NONE,
	RTP_MIME_OPUS,
	RTP_MIME_MULTIOPUS,
	RTP_MIME_PCMU,
	RTP_MIME_PCMA,
	RTP_MIME_G722,
	RTP_MIME_VP8,
	RTP_MIME_VP9,
	RTP_MIME_H264,
	RTP_MIME_AV1,
	RTP_MIME_RTX,
	RTP_MIMES,
};

/* RTCP feedback kinds, RFC 4585, 5104 and the two of libwebrtc. */
enum rtp_fb {
	RTP_FB_NONE,
	RTP_FB_NACK,
	RTP_FB_PLI,
	RTP_FB_FIR,
	RTP_FB_REMB,
	RTP_FB_TWCC,
	RTP_FBS,
};

/* The value is the id of the extension on all that we send. */
enum rtp_ext_uri {
	RTP_EXT_NONE,
	RTP_EXT_MID,
	RTP_EXT_RID,
	RTP_EXT_REPAIRED_RID,
	RTP_EXT_ABS_SEND_TIME,
	RTP_EXT_TWCC,
	RTP_EXT_AUDIO_LEVEL,
	RTP_EXT_DEPENDENCY,
	RTP_EXT_ORIENTATION,
	RTP_EXT_TOFFSET,
	RTP_EXT_ABS_CAPTURE_TIME,
	RTP_EXT_PLAYOUT_DELAY,
	RTP_EXT_PACKET_ID,
	RTP_EXTS,
};

enum rtp_dir {
	RTP_SENDRECV,
	RTP_SENDONLY,
	RTP_RECVONLY,
	RTP_INACTIVE,
};

enum rtp_type {
	RTP_SIMPLE,
	RTP_SIMULCAST,
	RTP_SVC,
};

#define RTP_NAME_CAP	    28 /* of a codec parameter, with its NUL */
#define RTP_VALUE_CAP	    48
#define RTP_PARAMS_MAX	    10
#define RTP_CODECS_MAX	    24
#define RTP_EXTS_MAX	    24 /* entries: a kind and a URI each */
#define RTP_ENCODINGS_MAX   4
#define RTP_RID_CAP	    17
#define RTP_MID_CAP	    17
#define RTP_CNAME_CAP	    128
#define RTP_MSID_CAP	    160
#define RTP_SCALABILITY_CAP 24

/* One entry of a codec's `parameters`: a number or a text. */
struct rtp_param {
	char name[RTP_NAME_CAP];
	bool is_num;
	double num;
	char str[RTP_VALUE_CAP];
};

struct rtp_codec {
	enum rtp_mime mime;
	enum rtp_kind kind;
	uint8_t pt; /* payloadType, in capabilities preferredPayloadType */
	uint8_t channels; /* 0 for video */
	uint32_t clock_rate;
	uint8_t n_params;
	uint8_t n_fb;
	uint8_t fb[RTP_FBS]; /* enum rtp_fb, in the order it was said */
	struct rtp_param params[RTP_PARAMS_MAX];
};

/* Of capabilities: `id` is preferredId. Of parameters: kind, dir unused. */
struct rtp_ext {
	enum rtp_ext_uri uri;
	enum rtp_kind kind;
	enum rtp_dir dir;
	uint8_t id;
};

struct rtp_encoding {
	uint32_t ssrc;	   /* 0: not given */
	uint32_t rtx_ssrc; /* 0: not given */
	char rid[RTP_RID_CAP];
	char scalability[RTP_SCALABILITY_CAP];
	uint32_t max_bitrate; /* 0: not given */
	bool has_dtx, dtx;
	bool has_active, active;
	double scale; /* scaleResolutionDownBy; 0: not given */
};

struct rtp_caps {
	uint8_t n_codecs;
	uint8_t n_exts;
	struct rtp_ext exts[RTP_EXTS_MAX];
	struct rtp_codec codecs[RTP_CODECS_MAX];
};

/* Of a producer or a consumer; a producer has one media codec and its RTX. */
#define RTP_PARAM_CODECS_MAX 4
struct rtp_params {
	char mid[RTP_MID_CAP];
	uint8_t n_codecs;
	uint8_t n_exts;
	uint8_t n_encodings;
	struct rtp_codec codecs[RTP_PARAM_CODECS_MAX];
	struct rtp_ext exts[RTP_EXTS_MAX];
	struct rtp_encoding encodings[RTP_ENCODINGS_MAX];
	char cname[RTP_CNAME_CAP];
	char msid[RTP_MSID_CAP];
	bool reduced_size;
};

/* "audio/opus"; NULL for RTP_MIME_NONE. */
const char *rtpdesc_mime_name(enum rtp_mime mime);
/* Case does not matter; RTP_MIME_NONE when unknown. */
enum rtp_mime rtpdesc_mime(const char *name);

/* The type and the parameter ("" if none) of an RTCP feedback. */
void rtpdesc_fb_name(enum rtp_fb fb, const char **type, const char **param);
enum rtp_fb rtpdesc_fb(const char *type, const char *param);

const char *rtpdesc_uri_name(enum rtp_ext_uri uri);
enum rtp_ext_uri rtpdesc_uri(const char *uri);

const char *rtpdesc_kind_name(enum rtp_kind kind);
const char *rtpdesc_type_name(enum rtp_type type);
const char *rtpdesc_dir_name(enum rtp_dir dir);

bool rtpdesc_fb_has(const struct rtp_codec *c, enum rtp_fb fb);
void rtpdesc_fb_drop(struct rtp_codec *c, enum rtp_fb fb);
/* -ENOSPC when the list is full; a repeated one is added once. */
int rtpdesc_fb_add(struct rtp_codec *c, enum rtp_fb fb);

/* A parameter by name, or NULL. */
const struct rtp_param *rtpdesc_param(const struct rtp_codec *c,
				      const char *name);
/* Its number, also when it came as decimal text; `none` if absent. */
int64_t rtpdesc_param_int(const struct rtp_codec *c, const char *name,
			  int64_t none);
/* Its text, or NULL when absent or a number. */
const char *rtpdesc_param_str(const struct rtp_codec *c, const char *name);

/* Sets or replaces. 0, -ENOSPC or -ENAMETOOLONG. */
int rtpdesc_set_num(struct rtp_codec *c, const char *name, double num);
int rtpdesc_set_str(struct rtp_codec *c, const char *name, const char *str);

/* Spatial and temporal layers of a scalability mode, 1 and 1 if none. */
void rtpdesc_layers(const char *scalability, int *spatial, int *temporal);

#endif
