#include "signald/media/rtpdesc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/str.h"

static const char *const mimes[RTP_MIMES] = {
	[RTP_MIME_OPUS] = "audio/opus",
	[RTP_MIME_MULTIOPUS] = "audio/multiopus",
	[RTP_MIME_PCMU] = "audio/PCMU",
	[RTP_MIME_PCMA] = "audio/PCMA",
	[RTP_MIME_G722] = "audio/G722",
	[RTP_MIME_VP8] = "video/VP8",
	[RTP_MIME_VP9] = "video/VP9",
	[RTP_MIME_H264] = "video/H264",
	[RTP_MIME_AV1] = "video/AV1",
	[RTP_MIME_RTX] = "video/rtx",
};

static const struct {
	const char *type, *param;
} fbs[RTP_FBS] = {
	[RTP_FB_NACK] = {"nack", ""},	      [RTP_FB_PLI] = {"nack", "pli"},
	[RTP_FB_FIR] = {"ccm", "fir"},	      [RTP_FB_REMB] = {"goog-remb", ""},
	[RTP_FB_TWCC] = {"transport-cc", ""},
};

#define IETF   "urn:ietf:params:rtp-hdrext:"
#define GOOGLE "http://www.webrtc.org/experiments/rtp-hdrext/"

static const char *const uris[RTP_EXTS] = {
	[RTP_EXT_MID] = IETF "sdes:mid",
	[RTP_EXT_RID] = IETF "sdes:rtp-stream-id",
	[RTP_EXT_REPAIRED_RID] = IETF "sdes:repaired-rtp-stream-id",
	[RTP_EXT_ABS_SEND_TIME] = GOOGLE "abs-send-time",
	[RTP_EXT_TWCC] = "http://www.ietf.org/id/"
			 "draft-holmer-rmcat-transport-wide-cc-extensions-01",
	[RTP_EXT_AUDIO_LEVEL] = IETF "ssrc-audio-level",
	[RTP_EXT_DEPENDENCY] = "https://aomediacodec.github.io/av1-rtp-spec/"
			       "#dependency-descriptor-rtp-header-extension",
	[RTP_EXT_ORIENTATION] = "urn:3gpp:video-orientation",
	[RTP_EXT_TOFFSET] = IETF "toffset",
	[RTP_EXT_ABS_CAPTURE_TIME] = GOOGLE "abs-capture-time",
	[RTP_EXT_PLAYOUT_DELAY] = GOOGLE "playout-delay",
	[RTP_EXT_PACKET_ID] = "urn:mediasoup:params:rtp-hdrext:packet-id",
};

const char *rtpdesc_mime_name(enum rtp_mime mime)
{
	return mimes[mime];
}

enum rtp_mime rtpdesc_mime(const char *name)
{
	/* RTX of audio is named after its kind. */
	if (!strcasecmp(name, "audio/rtx"))
		return RTP_MIME_RTX;
	for (int i = 1; i < RTP_MIMES; i++)
		if (!strcasecmp(name, mimes[i]))
			return (enum rtp_mime)i;
	return RTP_MIME_NONE;
}

void rtpdesc_fb_name(enum rtp_fb fb, const char **type, const char **param)
{
	*type = fbs[fb].type;
	*param = fbs[fb].param;
}

enum rtp_fb rtpdesc_fb(const char *type, const char *param)
{
	for (int i = 1; i < RTP_FBS; i++)
		if (str_eq(type, fbs[i].type) && str_eq(param, fbs[i].param))
			return (enum rtp_fb)i;
	return RTP_FB_NONE;
}

const char *rtpdesc_uri_name(enum rtp_ext_uri uri)
{
	return uris[uri];
}

enum rtp_ext_uri rtpdesc_uri(const char *uri)
{
	for (int i = 1; i < RTP_EXTS; i++)
		if (str_eq(uri, uris[i]))
			return (enum rtp_ext_uri)i;
	return RTP_EXT_NONE;
}

const char *rtpdesc_kind_name(enum rtp_kind kind)
{
	return kind == RTP_AUDIO ? "audio" : "video";
}

const char *rtpdesc_type_name(enum rtp_type type)
{
	static const char *const names[] = {
		[RTP_SIMPLE] = "simple",
		[RTP_SIMULCAST] = "simulcast",
		[RTP_SVC] = "svc",
	};

	return names[type];
}

const char *rtpdesc_dir_name(enum rtp_dir dir)
{
	static const char *const names[] = {
		[RTP_SENDRECV] = "sendrecv",
		[RTP_SENDONLY] = "sendonly",
		[RTP_RECVONLY] = "recvonly",
		[RTP_INACTIVE] = "inactive",
	};

	return names[dir];
}

bool rtpdesc_fb_has(const struct rtp_codec *c, enum rtp_fb fb)
{
	return memchr(c->fb, (int)fb, c->n_fb) != NULL;
}

void rtpdesc_fb_drop(struct rtp_codec *c, enum rtp_fb fb)
{
	uint8_t n = 0;

	for (uint8_t i = 0; i < c->n_fb; i++)
		if (c->fb[i] != fb)
			c->fb[n++] = c->fb[i];
	c->n_fb = n;
}

int rtpdesc_fb_add(struct rtp_codec *c, enum rtp_fb fb)
{
	if (rtpdesc_fb_has(c, fb))
		return 0;
	if (c->n_fb == sizeof(c->fb))
		return -ENOSPC;
	c->fb[c->n_fb++] = (uint8_t)fb;
	return 0;
}

const struct rtp_param *rtpdesc_param(const struct rtp_codec *c,
				      const char *name)
{
	for (uint8_t i = 0; i < c->n_params; i++)
		if (str_eq(c->params[i].name, name))
			return &c->params[i];
	return NULL;
}

int64_t rtpdesc_param_int(const struct rtp_codec *c, const char *name,
			  int64_t none)
{
	const struct rtp_param *p = rtpdesc_param(c, name);
	uint64_t v;

	if (!p)
		return none;
	if (p->is_num)
		return (int64_t)p->num;
	return str_u64(p->str, INT64_MAX, &v) ? none : (int64_t)v;
}

const char *rtpdesc_param_str(const struct rtp_codec *c, const char *name)
{
	const struct rtp_param *p = rtpdesc_param(c, name);

	return p && !p->is_num ? p->str : NULL;
}

static int param_slot(struct rtp_codec *c, const char *name,
		      struct rtp_param **out)
{
	struct rtp_param *p = NULL;

	for (uint8_t i = 0; i < c->n_params && !p; i++)
		if (str_eq(c->params[i].name, name))
			p = &c->params[i];
	if (!p) {
		if (c->n_params == RTP_PARAMS_MAX)
			return -ENOSPC;
		if (strlen(name) >= RTP_NAME_CAP)
			return -ENAMETOOLONG;
		p = &c->params[c->n_params++];
	}
	*p = (struct rtp_param){0};
	(void)str_copy(p->name, sizeof(p->name), name);
	*out = p;
	return 0;
}

int rtpdesc_set_num(struct rtp_codec *c, const char *name, double num)
{
	struct rtp_param *p;
	int err = param_slot(c, name, &p);

	if (err)
		return err;
	p->is_num = true;
	p->num = num;
	return 0;
}

int rtpdesc_set_str(struct rtp_codec *c, const char *name, const char *str)
{
	struct rtp_param *p;
	int err;

	if (strlen(str) >= RTP_VALUE_CAP)
		return -ENAMETOOLONG;
	err = param_slot(c, name, &p);
	if (err)
		return err;
	return str_copy(p->str, sizeof(p->str), str);
}

/* A number of one or two digits without a leading zero; 0: none there. */
static int layer_count(const char **s)
{
	int n = 0;

	if (**s < '1' || **s > '9')
		return 0;
	n = *(*s)++ - '0';
	if (**s >= '0' && **s <= '9')
		n = n * 10 + (*(*s)++ - '0');
	return n;
}

void rtpdesc_layers(const char *scalability, int *spatial, int *temporal)
{
	const char *s = scalability;
	int sl, tl;

	*spatial = 1;
	*temporal = 1;
	if (*s != 'L' && *s != 'S')
		return;
	s++;
	sl = layer_count(&s);
	if (!sl || *s++ != 'T')
		return;
	tl = layer_count(&s);
	if (!tl)
		return;
	*spatial = sl;
	*temporal = tl;
}
