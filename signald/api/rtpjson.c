#include "signald/api/rtpjson.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <strings.h>

#include "common/str.h"

/* Longest lists taken from a client before the unknown is left out. */
#define LIST_MAX 128

static int bad(struct wire *w, const char *name)
{
	if (!w->bad)
		w->bad = name;
	return -EINVAL;
}

static int read_fb(struct rtp_codec *c, struct wire *w)
{
	const json_t *list = wire_arr(w, "rtcpFeedback", WIRE_MAY, LIST_MAX);
	size_t n = list ? json_array_size(list) : 0;

	for (size_t i = 0; i < n; i++) {
		struct wire f = wire_of(json_array_get(list, i));
		const char *type = wire_text(&f, "type", WIRE_MUST, 64);
		const char *param = wire_text(&f, "parameter", WIRE_MAY, 64);
		enum rtp_fb fb;

		if (f.bad)
			return bad(w, "rtcpFeedback");
		fb = rtpdesc_fb(type, param ? param : "");
		if (fb != RTP_FB_NONE)
			(void)rtpdesc_fb_add(c, fb);
	}
	return 0;
}

static int read_codec_params(struct rtp_codec *c, struct wire *w)
{
	struct wire p = wire_obj(w, "parameters", WIRE_MAY);
	const char *key;
	json_t *v;

	if (!p.obj)
		return 0;
	/* The iterator changes nothing but is not declared so. */
	json_object_foreach((json_t *)(uintptr_t)p.obj, key, v)
	{
		int err = -EINVAL;

		if (json_is_number(v))
			err = rtpdesc_set_num(c, key, json_number_value(v));
		else if (json_is_string(v))
			err = rtpdesc_set_str(c, key, json_string_value(v));
		else if (json_is_null(v))
			err = rtpdesc_set_str(c, key, "");
		if (err)
			return bad(w, "parameters");
	}
	return 0;
}

static int read_codec(struct rtp_codec *c, struct wire *w, const char *pt)
{
	const char *mime = wire_text(w, "mimeType", WIRE_MUST, 64);

	*c = (struct rtp_codec){0};
	if (!mime)
		return -EINVAL;
	c->mime = rtpdesc_mime(mime);
	c->kind = strncasecmp(mime, "audio/", 6) ? RTP_VIDEO : RTP_AUDIO;
	c->pt = (uint8_t)wire_int(w, pt, WIRE_MUST, 0, 127, 0);
	c->clock_rate =
		(uint32_t)wire_int(w, "clockRate", WIRE_MUST, 1, 1000000, 0);
	c->channels = (uint8_t)wire_int(w, "channels", WIRE_MAY, 0, 255, 0);
	if (c->kind == RTP_VIDEO)
		c->channels = 0;
	else if (!c->channels)
		c->channels = 1;
	if (w->bad || read_fb(c, w) || read_codec_params(c, w))
		return -EINVAL;
	if (c->mime == RTP_MIME_RTX &&
	    (!rtpdesc_param(c, "apt") || !rtpdesc_param(c, "apt")->is_num))
		return bad(w, "parameters");
	return 0;
}

static enum rtp_dir read_dir(struct wire *w)
{
	const char *s = wire_text(w, "direction", WIRE_MAY, 16);

	for (int d = RTP_SENDRECV; s && d <= RTP_INACTIVE; d++)
		if (str_eq(s, rtpdesc_dir_name((enum rtp_dir)d)))
			return (enum rtp_dir)d;
	return RTP_SENDRECV;
}

static int read_exts(struct rtp_ext *out, uint8_t *n, struct wire *w,
		     const char *id)
{
	const json_t *list =
		wire_arr(w, "headerExtensions", WIRE_MAY, LIST_MAX);
	size_t len = list ? json_array_size(list) : 0;

	for (size_t i = 0; i < len; i++) {
		struct wire e = wire_of(json_array_get(list, i));
		const char *uri = wire_text(&e, "uri", WIRE_MUST, 256);
		const char *kind = wire_text(&e, "kind", WIRE_MAY, 16);
		struct rtp_ext x = {
			.uri = uri ? rtpdesc_uri(uri) : RTP_EXT_NONE,
			.kind = kind && str_eq(kind, "audio") ? RTP_AUDIO
							      : RTP_VIDEO,
			.dir = read_dir(&e),
			.id = (uint8_t)wire_int(&e, id, WIRE_MUST, 1, 255, 0),
		};

		if (e.bad)
			return bad(w, "headerExtensions");
		if (x.uri == RTP_EXT_NONE || *n == RTP_EXTS_MAX)
			continue;
		out[(*n)++] = x;
	}
	return 0;
}

int rtpjson_read_caps(struct rtp_caps *out, struct wire *w)
{
	const json_t *list = wire_arr(w, "codecs", WIRE_MUST, LIST_MAX);
	size_t n = list ? json_array_size(list) : 0;

	*out = (struct rtp_caps){0};
	for (size_t i = 0; i < n; i++) {
		struct wire cw = wire_of(json_array_get(list, i));
		struct rtp_codec c;

		if (cw.bad || read_codec(&c, &cw, "preferredPayloadType"))
			return bad(w, "codecs");
		if (c.mime != RTP_MIME_NONE && out->n_codecs < RTP_CODECS_MAX)
			out->codecs[out->n_codecs++] = c;
	}
	if (read_exts(out->exts, &out->n_exts, w, "preferredId"))
		return -EINVAL;
	return w->bad ? -EINVAL : 0;
}

static int read_encoding(struct rtp_encoding *e, struct wire *w)
{
	struct wire rtx = wire_obj(w, "rtx", WIRE_MAY);

	*e = (struct rtp_encoding){0};
	e->ssrc = (uint32_t)wire_int(w, "ssrc", WIRE_MAY, 0, UINT32_MAX, 0);
	e->rtx_ssrc =
		(uint32_t)wire_int(&rtx, "ssrc", WIRE_MAY, 0, UINT32_MAX, 0);
	wire_str(w, "rid", WIRE_MAY, e->rid, sizeof(e->rid));
	wire_str(w, "scalabilityMode", WIRE_MAY, e->scalability,
		 sizeof(e->scalability));
	e->max_bitrate =
		(uint32_t)wire_int(w, "maxBitrate", WIRE_MAY, 0, UINT32_MAX, 0);
	/* The normal form always says dtx. */
	e->has_dtx = true;
	e->dtx = wire_bool(w, "dtx", WIRE_MAY, false);
	e->has_active = wire_has(w, "active");
	e->active = wire_bool(w, "active", WIRE_MAY, true);
	e->scale = wire_num(w, "scaleResolutionDownBy", 0);
	return w->bad || rtx.bad ? -EINVAL : 0;
}

static int read_encodings(struct rtp_params *out, struct wire *w)
{
	const json_t *list =
		wire_arr(w, "encodings", WIRE_MAY, RTP_ENCODINGS_MAX);
	size_t n = list ? json_array_size(list) : 0;

	for (size_t i = 0; i < n; i++) {
		struct wire ew = wire_of(json_array_get(list, i));

		if (ew.bad || read_encoding(&out->encodings[i], &ew))
			return bad(w, "encodings");
	}
	out->n_encodings = (uint8_t)n;
	if (!n) {
		out->n_encodings = 1;
		out->encodings[0] = (struct rtp_encoding){.has_dtx = true};
	}
	return 0;
}

int rtpjson_read_params(struct rtp_params *out, struct wire *w,
			enum rtp_kind kind)
{
	const json_t *list =
		wire_arr(w, "codecs", WIRE_MUST, RTP_PARAM_CODECS_MAX);
	size_t n = list ? json_array_size(list) : 0;
	struct wire rtcp;

	*out = (struct rtp_params){0};
	wire_str(w, "mid", WIRE_MAY, out->mid, sizeof(out->mid));
	wire_str(w, "msid", WIRE_MAY, out->msid, sizeof(out->msid));
	for (size_t i = 0; i < n; i++) {
		struct wire cw = wire_of(json_array_get(list, i));

		if (cw.bad || read_codec(&out->codecs[i], &cw, "payloadType"))
			return bad(w, "codecs");
		out->codecs[i].kind = kind;
	}
	out->n_codecs = (uint8_t)n;
	if (read_exts(out->exts, &out->n_exts, w, "id") ||
	    read_encodings(out, w))
		return -EINVAL;
	for (uint8_t i = 0; i < out->n_exts; i++)
		out->exts[i].kind = kind;
	rtcp = wire_obj(w, "rtcp", WIRE_MAY);
	wire_str(&rtcp, "cname", WIRE_MAY, out->cname, sizeof(out->cname));
	out->reduced_size = wire_bool(&rtcp, "reducedSize", WIRE_MAY, true);
	if (rtcp.bad)
		return bad(w, "rtcp");
	return w->bad ? -EINVAL : 0;
}

static json_t *number(double num)
{
	if (floor(num) == num && fabs(num) < 1e15)
		return json_integer((json_int_t)num);
	return json_real(num);
}

static json_t *codec_params(const struct rtp_codec *c)
{
	json_t *o = json_object();

	for (uint8_t i = 0; i < c->n_params; i++) {
		const struct rtp_param *p = &c->params[i];

		o = wire_put(o, p->name,
			     p->is_num ? number(p->num) : json_string(p->str));
	}
	return o;
}

static json_t *codec_fb(const struct rtp_codec *c)
{
	json_t *a = json_array();

	for (uint8_t i = 0; i < c->n_fb; i++) {
		const char *type, *param;
		json_t *o = json_object();

		rtpdesc_fb_name((enum rtp_fb)c->fb[i], &type, &param);
		o = wire_put_str(o, "type", type);
		a = wire_add(a, wire_put_str(o, "parameter", param));
	}
	return a;
}

static json_t *codec_json(const struct rtp_codec *c, const char *pt)
{
	json_t *o = wire_put_str(json_object(), "mimeType",
				 rtpdesc_mime_name(c->mime));

	o = wire_put_int(o, pt, c->pt);
	o = wire_put_int(o, "clockRate", c->clock_rate);
	if (c->kind == RTP_AUDIO)
		o = wire_put_int(o, "channels", c->channels);
	o = wire_put(o, "parameters", codec_params(c));
	return wire_put(o, "rtcpFeedback", codec_fb(c));
}

json_t *rtpjson_caps(const struct rtp_caps *caps)
{
	json_t *codecs = json_array();
	json_t *exts = json_array();
	json_t *o;

	for (uint8_t i = 0; i < caps->n_codecs; i++) {
		const struct rtp_codec *c = &caps->codecs[i];

		o = codec_json(c, "preferredPayloadType");
		o = wire_put_str(o, "kind", rtpdesc_kind_name(c->kind));
		codecs = wire_add(codecs, o);
	}
	for (uint8_t i = 0; i < caps->n_exts; i++) {
		const struct rtp_ext *e = &caps->exts[i];

		o = wire_put_str(json_object(), "kind",
				 rtpdesc_kind_name(e->kind));
		o = wire_put_str(o, "uri", rtpdesc_uri_name(e->uri));
		o = wire_put_int(o, "preferredId", e->id);
		o = wire_put_bool(o, "preferredEncrypt", false);
		o = wire_put_str(o, "direction", rtpdesc_dir_name(e->dir));
		exts = wire_add(exts, o);
	}
	o = wire_put(json_object(), "codecs", codecs);
	return wire_put(o, "headerExtensions", exts);
}

static json_t *encoding_json(const struct rtp_encoding *e)
{
	json_t *o = json_object();

	if (e->has_active)
		o = wire_put_bool(o, "active", e->active);
	if (e->scalability[0])
		o = wire_put_str(o, "scalabilityMode", e->scalability);
	if (e->scale > 0)
		o = wire_put(o, "scaleResolutionDownBy", number(e->scale));
	if (e->max_bitrate)
		o = wire_put_int(o, "maxBitrate", e->max_bitrate);
	if (e->rid[0])
		o = wire_put_str(o, "rid", e->rid);
	if (e->has_dtx)
		o = wire_put_bool(o, "dtx", e->dtx);
	if (e->ssrc)
		o = wire_put_int(o, "ssrc", e->ssrc);
	if (e->rtx_ssrc)
		o = wire_put(o, "rtx",
			     wire_put_int(json_object(), "ssrc", e->rtx_ssrc));
	return o;
}

static json_t *ext_json(const struct rtp_ext *e)
{
	json_t *o =
		wire_put_str(json_object(), "uri", rtpdesc_uri_name(e->uri));

	o = wire_put_int(o, "id", e->id);
	o = wire_put_bool(o, "encrypt", false);
	return wire_put(o, "parameters", json_object());
}

json_t *rtpjson_params(const struct rtp_params *p)
{
	json_t *codecs = json_array();
	json_t *exts = json_array();
	json_t *encodings = json_array();
	json_t *rtcp = wire_put_str(json_object(), "cname", p->cname);
	json_t *o = json_object();

	for (uint8_t i = 0; i < p->n_codecs; i++)
		codecs = wire_add(codecs,
				  codec_json(&p->codecs[i], "payloadType"));
	for (uint8_t i = 0; i < p->n_exts; i++)
		exts = wire_add(exts, ext_json(&p->exts[i]));
	for (uint8_t i = 0; i < p->n_encodings; i++)
		encodings =
			wire_add(encodings, encoding_json(&p->encodings[i]));
	if (p->mid[0])
		o = wire_put_str(o, "mid", p->mid);
	o = wire_put(o, "codecs", codecs);
	o = wire_put(o, "headerExtensions", exts);
	o = wire_put(o, "encodings", encodings);
	rtcp = wire_put_bool(rtcp, "reducedSize", p->reduced_size);
	o = wire_put(o, "rtcp", rtcp);
	return p->msid[0] ? wire_put_str(o, "msid", p->msid) : o;
}
