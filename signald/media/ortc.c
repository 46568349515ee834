#include "signald/media/ortc.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/str.h"
#include "signald/media/h264level.h"

#define VIDEO_FB                                                               \
	{                                                                      \
		RTP_FB_NACK, RTP_FB_PLI, RTP_FB_FIR, RTP_FB_REMB, RTP_FB_TWCC  \
	}

/* The codecs we can forward, with the feedback that we offer for them. */
static const struct rtp_codec supported[] = {
	{.mime = RTP_MIME_OPUS,
	 .kind = RTP_AUDIO,
	 .clock_rate = 48000,
	 .channels = 2,
	 .n_fb = 2,
	 .fb = {RTP_FB_NACK, RTP_FB_TWCC}},
	{.mime = RTP_MIME_MULTIOPUS,
	 .kind = RTP_AUDIO,
	 .clock_rate = 48000,
	 .channels = 4,
	 .n_fb = 2,
	 .fb = {RTP_FB_NACK, RTP_FB_TWCC}},
	{.mime = RTP_MIME_MULTIOPUS,
	 .kind = RTP_AUDIO,
	 .clock_rate = 48000,
	 .channels = 6,
	 .n_fb = 2,
	 .fb = {RTP_FB_NACK, RTP_FB_TWCC}},
	{.mime = RTP_MIME_MULTIOPUS,
	 .kind = RTP_AUDIO,
	 .clock_rate = 48000,
	 .channels = 8,
	 .n_fb = 2,
	 .fb = {RTP_FB_NACK, RTP_FB_TWCC}},
	{.mime = RTP_MIME_PCMU,
	 .kind = RTP_AUDIO,
	 .clock_rate = 8000,
	 .channels = 1,
	 .pt = 0,
	 .n_fb = 1,
	 .fb = {RTP_FB_TWCC}},
	{.mime = RTP_MIME_PCMA,
	 .kind = RTP_AUDIO,
	 .clock_rate = 8000,
	 .channels = 1,
	 .pt = 8,
	 .n_fb = 1,
	 .fb = {RTP_FB_TWCC}},
	{.mime = RTP_MIME_G722,
	 .kind = RTP_AUDIO,
	 .clock_rate = 8000,
	 .channels = 1,
	 .pt = 9,
	 .n_fb = 1,
	 .fb = {RTP_FB_TWCC}},
	{.mime = RTP_MIME_VP8,
	 .kind = RTP_VIDEO,
	 .clock_rate = 90000,
	 .n_fb = 5,
	 .fb = VIDEO_FB},
	{.mime = RTP_MIME_VP9,
	 .kind = RTP_VIDEO,
	 .clock_rate = 90000,
	 .n_fb = 5,
	 .fb = VIDEO_FB},
	{.mime = RTP_MIME_H264,
	 .kind = RTP_VIDEO,
	 .clock_rate = 90000,
	 .n_fb = 5,
	 .fb = VIDEO_FB,
	 .n_params = 1,
	 .params = {{"level-asymmetry-allowed", true, 1, ""}}},
	{.mime = RTP_MIME_AV1,
	 .kind = RTP_VIDEO,
	 .clock_rate = 90000,
	 .n_fb = 5,
	 .fb = VIDEO_FB},
};

/* In the order and with the directions that mediasoup's client expects. */
static const struct rtp_ext exts[] = {
	{RTP_EXT_MID, RTP_AUDIO, RTP_SENDRECV, 1},
	{RTP_EXT_MID, RTP_VIDEO, RTP_SENDRECV, 1},
	{RTP_EXT_RID, RTP_VIDEO, RTP_RECVONLY, 2},
	{RTP_EXT_REPAIRED_RID, RTP_VIDEO, RTP_RECVONLY, 3},
	{RTP_EXT_ABS_SEND_TIME, RTP_AUDIO, RTP_SENDRECV, 4},
	{RTP_EXT_ABS_SEND_TIME, RTP_VIDEO, RTP_SENDRECV, 4},
	{RTP_EXT_TWCC, RTP_AUDIO, RTP_RECVONLY, 5},
	{RTP_EXT_TWCC, RTP_VIDEO, RTP_SENDRECV, 5},
	{RTP_EXT_AUDIO_LEVEL, RTP_AUDIO, RTP_SENDRECV, 6},
	{RTP_EXT_DEPENDENCY, RTP_VIDEO, RTP_SENDRECV, 7},
	{RTP_EXT_ORIENTATION, RTP_VIDEO, RTP_SENDRECV, 8},
	{RTP_EXT_TOFFSET, RTP_VIDEO, RTP_SENDRECV, 9},
	{RTP_EXT_ABS_CAPTURE_TIME, RTP_AUDIO, RTP_SENDRECV, 10},
	{RTP_EXT_ABS_CAPTURE_TIME, RTP_VIDEO, RTP_SENDRECV, 10},
	{RTP_EXT_PLAYOUT_DELAY, RTP_AUDIO, RTP_SENDRECV, 11},
	{RTP_EXT_PLAYOUT_DELAY, RTP_VIDEO, RTP_SENDRECV, 11},
	{RTP_EXT_PACKET_ID, RTP_AUDIO, RTP_SENDRECV, 12},
	{RTP_EXT_PACKET_ID, RTP_VIDEO, RTP_SENDRECV, 12},
};

/* The dynamic payload types in the order in which they are given out. */
#define PT_POOL 32
static uint8_t pool_pt(unsigned i)
{
	return (uint8_t)(i < 28 ? 100 + i : 96 + (i - 28));
}

struct pt_pool {
	bool used[128];
};

static int pt_next(struct pt_pool *pool, uint8_t *pt)
{
	for (unsigned i = 0; i < PT_POOL; i++) {
		*pt = pool_pt(i);
		if (!pool->used[*pt]) {
			pool->used[*pt] = true;
			return 0;
		}
	}
	return -ENOSPC;
}

static bool has_fixed_pt(enum rtp_mime mime)
{
	return mime == RTP_MIME_PCMU || mime == RTP_MIME_PCMA ||
	       mime == RTP_MIME_G722;
}

static int pt_take(struct pt_pool *pool, const struct rtp_codec *want,
		   const struct rtp_codec *known, uint8_t *pt)
{
	if (!want->pt && !has_fixed_pt(known->mime))
		return pt_next(pool, pt);
	*pt = want->pt ? want->pt : known->pt;
	if (*pt > 127 || pool->used[*pt])
		return -EEXIST;
	pool->used[*pt] = true;
	return 0;
}

static const struct rtp_codec *supported_find(const struct rtp_codec *want)
{
	for (size_t i = 0; i < sizeof(supported) / sizeof(*supported); i++)
		if (ortc_same_codec(want, &supported[i], false))
			return &supported[i];
	return NULL;
}

static int copy_params(struct rtp_codec *dst, const struct rtp_codec *src)
{
	for (uint8_t i = 0; i < src->n_params; i++) {
		const struct rtp_param *p = &src->params[i];
		int err = p->is_num ? rtpdesc_set_num(dst, p->name, p->num)
				    : rtpdesc_set_str(dst, p->name, p->str);

		if (err)
			return err;
	}
	return 0;
}

static struct rtp_codec rtx_of(uint8_t pt, uint8_t apt, uint32_t clock_rate)
{
	struct rtp_codec rtx = {
		.mime = RTP_MIME_RTX,
		.kind = RTP_VIDEO,
		.pt = pt,
		.clock_rate = clock_rate,
	};

	(void)rtpdesc_set_num(&rtx, "apt", apt);
	return rtx;
}

static int add_codec(struct rtp_caps *out, struct pt_pool *pool,
		     const struct rtp_codec *want)
{
	const struct rtp_codec *known = supported_find(want);
	struct rtp_codec *c = &out->codecs[out->n_codecs];
	uint8_t rtx_pt;
	int err;

	if (!known)
		return -ENOTSUP;
	if (out->n_codecs + 2 > RTP_CODECS_MAX)
		return -ENOSPC;
	*c = *known;
	err = copy_params(c, want);
	if (!err)
		err = pt_take(pool, want, known, &c->pt);
	if (err)
		return err;
	out->n_codecs++;
	if (c->kind == RTP_AUDIO)
		return 0;
	err = pt_next(pool, &rtx_pt);
	if (err)
		return err;
	out->codecs[out->n_codecs++] = rtx_of(rtx_pt, c->pt, c->clock_rate);
	return 0;
}

int ortc_router_caps(struct rtp_caps *out, const struct rtp_codec *list,
		     size_t n)
{
	struct pt_pool pool = {0};

	*out = (struct rtp_caps){0};
	/* What is asked for by number is not given to another. */
	for (size_t i = 0; i < n; i++) {
		int err = add_codec(out, &pool, &list[i]);

		if (err)
			return err;
	}
	_Static_assert(sizeof(exts) <= sizeof(out->exts), "list of extensions");
	memcpy(out->exts, exts, sizeof(exts));
	out->n_exts = sizeof(exts) / sizeof(*exts);
	return 0;
}

int ortc_default_caps(struct rtp_caps *out)
{
	struct rtp_codec list[] = {
		{.mime = RTP_MIME_OPUS, .clock_rate = 48000, .channels = 2},
		{.mime = RTP_MIME_VP8, .kind = RTP_VIDEO, .clock_rate = 90000},
		{.mime = RTP_MIME_VP9, .kind = RTP_VIDEO, .clock_rate = 90000},
		{.mime = RTP_MIME_H264, .kind = RTP_VIDEO, .clock_rate = 90000},
		{.mime = RTP_MIME_AV1, .kind = RTP_VIDEO, .clock_rate = 90000},
	};
	size_t n = sizeof(list) / sizeof(*list);

	for (size_t i = 1; i < n; i++)
		(void)rtpdesc_set_num(&list[i], "x-google-start-bitrate", 1000);
	(void)rtpdesc_set_num(&list[2], "profile-id", 0);
	(void)rtpdesc_set_num(&list[3], "packetization-mode", 1);
	(void)rtpdesc_set_str(&list[3], "profile-level-id", "42e01f");
	return ortc_router_caps(out, list, n);
}

static const char *h264_plid(const struct rtp_codec *c)
{
	const char *s = rtpdesc_param_str(c, "profile-level-id");

	return s ? s : H264LEVEL_DEFAULT;
}

static bool same_profile(const struct rtp_codec *a, const struct rtp_codec *b)
{
	if (a->mime == RTP_MIME_VP9)
		return rtpdesc_param_int(a, "profile-id", 0) ==
		       rtpdesc_param_int(b, "profile-id", 0);
	if (a->mime != RTP_MIME_H264)
		return true;
	return rtpdesc_param_int(a, "packetization-mode", 0) ==
		       rtpdesc_param_int(b, "packetization-mode", 0) &&
	       h264level_same_profile(h264_plid(a), h264_plid(b));
}

bool ortc_same_codec(const struct rtp_codec *a, const struct rtp_codec *b,
		     bool strict)
{
	uint8_t ca = a->channels ? a->channels : a->kind == RTP_AUDIO;
	uint8_t cb = b->channels ? b->channels : b->kind == RTP_AUDIO;

	if (a->mime != b->mime || a->clock_rate != b->clock_rate || ca != cb)
		return false;
	return !strict || same_profile(a, b);
}

static const struct rtp_codec *rtx_for(const struct rtp_codec *list, size_t n,
				       uint8_t pt)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].mime == RTP_MIME_RTX &&
		    rtpdesc_param_int(&list[i], "apt", -1) == pt)
			return &list[i];
	return NULL;
}

static bool streams_distinct(const struct rtp_params *p)
{
	for (int i = 0; i < p->n_encodings; i++) {
		const struct rtp_encoding *a = &p->encodings[i];

		for (int j = 0; j < i; j++) {
			const struct rtp_encoding *b = &p->encodings[j];

			if (a->ssrc && a->ssrc == b->ssrc)
				return false;
			if (a->rid[0] && str_eq(a->rid, b->rid))
				return false;
		}
		if (a->ssrc && a->ssrc == a->rtx_ssrc)
			return false;
		if (!a->ssrc && !a->rid[0] &&
		    (p->n_encodings > 1 || !p->mid[0]))
			return false;
	}
	return true;
}

int ortc_check_producer(enum rtp_kind kind, const struct rtp_params *p,
			enum rtp_type *type)
{
	enum rtp_mime mime = p->codecs[0].mime;
	int spatial, temporal;

	if (!p->n_codecs || !p->n_encodings || mime == RTP_MIME_RTX)
		return -EINVAL;
	for (int i = 0; i < p->n_codecs; i++)
		if (p->codecs[i].kind != kind)
			return -EINVAL;
	if (!streams_distinct(p))
		return -EINVAL;
	rtpdesc_layers(p->encodings[0].scalability, &spatial, &temporal);
	if (p->n_encodings == 1) {
		*type = spatial > 1 || temporal > 1 ? RTP_SVC : RTP_SIMPLE;
		return 0;
	}
	if (mime != RTP_MIME_VP8 && mime != RTP_MIME_H264)
		return -ENOTSUP;
	for (int i = 0; i < p->n_encodings; i++) {
		rtpdesc_layers(p->encodings[i].scalability, &spatial,
			       &temporal);
		if (spatial > 1)
			return -EINVAL;
	}
	*type = RTP_SIMULCAST;
	return 0;
}

/* Overwrites the producer's profile-level-id with the negotiated one. */
static int negotiate_h264(struct rtp_codec *c, const struct rtp_codec *router)
{
	char level[H264LEVEL_LEN + 1];
	bool asym;
	int err;

	if (!rtpdesc_param(c, "profile-level-id") &&
	    !rtpdesc_param(router, "profile-level-id"))
		return 0;
	asym = rtpdesc_param_int(c, "level-asymmetry-allowed", 0) == 1 &&
	       rtpdesc_param_int(router, "level-asymmetry-allowed", 0) == 1;
	err = h264level_answer(level, h264_plid(c), h264_plid(router), asym);
	if (err)
		return err;
	return rtpdesc_set_str(c, "profile-level-id", level);
}

static int map_media(struct ortc_mapping *map, struct rtp_codec *c,
		     const struct rtp_caps *router)
{
	for (uint8_t i = 0; i < router->n_codecs; i++) {
		const struct rtp_codec *r = &router->codecs[i];

		if (r->mime == RTP_MIME_RTX || !ortc_same_codec(c, r, true))
			continue;
		map->codecs[map->n_codecs].pt = c->pt;
		map->codecs[map->n_codecs].mapped_pt = r->pt;
		map->n_codecs++;
		return c->mime == RTP_MIME_H264 ? negotiate_h264(c, r) : 0;
	}
	return -ENOTSUP;
}

static int mapped_pt(const struct ortc_mapping *map, int64_t pt)
{
	for (uint8_t i = 0; i < map->n_codecs; i++)
		if (map->codecs[i].pt == pt)
			return map->codecs[i].mapped_pt;
	return -1;
}

static int map_rtx(struct ortc_mapping *map, const struct rtp_codec *c,
		   const struct rtp_caps *router)
{
	int media = mapped_pt(map, rtpdesc_param_int(c, "apt", -1));
	const struct rtp_codec *rtx;

	if (media < 0)
		return -EINVAL;
	rtx = rtx_for(router->codecs, router->n_codecs, (uint8_t)media);
	if (!rtx)
		return -ENOTSUP;
	map->codecs[map->n_codecs].pt = c->pt;
	map->codecs[map->n_codecs].mapped_pt = rtx->pt;
	map->n_codecs++;
	return 0;
}

int ortc_mapping(struct ortc_mapping *map, struct rtp_params *p,
		 const struct rtp_caps *router, uint32_t ssrc_base)
{
	int err = 0;

	*map = (struct ortc_mapping){0};
	for (uint8_t i = 0; i < p->n_codecs && !err; i++)
		if (p->codecs[i].mime != RTP_MIME_RTX)
			err = map_media(map, &p->codecs[i], router);
	for (uint8_t i = 0; i < p->n_codecs && !err; i++)
		if (p->codecs[i].mime == RTP_MIME_RTX)
			err = map_rtx(map, &p->codecs[i], router);
	if (err)
		return err;
	for (uint8_t i = 0; i < p->n_encodings; i++) {
		map->encodings[i].ssrc = p->encodings[i].ssrc;
		(void)str_copy(map->encodings[i].rid, RTP_RID_CAP,
			       p->encodings[i].rid);
		map->encodings[i].mapped_ssrc = ssrc_base + i;
	}
	map->n_encodings = p->n_encodings;
	return 0;
}

static const struct rtp_codec *codec_by_pt(const struct rtp_caps *caps, int pt)
{
	for (uint8_t i = 0; i < caps->n_codecs; i++)
		if (caps->codecs[i].pt == pt)
			return &caps->codecs[i];
	return NULL;
}

static int consumable_codecs(struct rtp_params *out, const struct rtp_params *p,
			     const struct rtp_caps *router,
			     const struct ortc_mapping *map)
{
	for (uint8_t i = 0; i < p->n_codecs; i++) {
		const struct rtp_codec *r, *rtx;
		struct rtp_codec c;

		if (p->codecs[i].mime == RTP_MIME_RTX)
			continue;
		r = codec_by_pt(router, mapped_pt(map, p->codecs[i].pt));
		if (!r)
			return -ENOTSUP;
		c = *r;
		c.n_params = p->codecs[i].n_params;
		memcpy(c.params, p->codecs[i].params, sizeof(c.params));
		if (out->n_codecs + 2 > RTP_PARAM_CODECS_MAX)
			return -ENOSPC;
		out->codecs[out->n_codecs++] = c;
		rtx = rtx_for(router->codecs, router->n_codecs, r->pt);
		if (rtx)
			out->codecs[out->n_codecs++] = *rtx;
	}
	return 0;
}

static bool has_ext(const struct rtp_params *p, enum rtp_ext_uri uri)
{
	for (uint8_t i = 0; i < p->n_exts; i++)
		if (p->exts[i].uri == uri)
			return true;
	return false;
}

/* Does a packet still have it when it leaves? */
static bool is_carried(const struct rtp_params *p, enum rtp_ext_uri uri)
{
	if (uri == RTP_EXT_ABS_CAPTURE_TIME)
		return has_ext(p, uri);
	if (uri == RTP_EXT_DEPENDENCY)
		return p->codecs[0].mime == RTP_MIME_AV1 && has_ext(p, uri);
	return true;
}

static void consumable_exts(struct rtp_params *out, enum rtp_kind kind,
			    const struct rtp_params *p,
			    const struct rtp_caps *router)
{
	for (uint8_t i = 0; i < router->n_exts; i++) {
		const struct rtp_ext *e = &router->exts[i];

		if (e->kind != kind ||
		    (e->dir != RTP_SENDRECV && e->dir != RTP_SENDONLY))
			continue;
		if (!is_carried(p, e->uri))
			continue;
		out->exts[out->n_exts++] = *e;
	}
}

int ortc_consumable(struct rtp_params *out, enum rtp_kind kind,
		    const struct rtp_params *p, const struct rtp_caps *router,
		    const struct ortc_mapping *map)
{
	int err;

	*out = (struct rtp_params){0};
	err = consumable_codecs(out, p, router, map);
	if (err)
		return err;
	consumable_exts(out, kind, p, router);
	for (uint8_t i = 0; i < p->n_encodings; i++) {
		struct rtp_encoding e = p->encodings[i];

		e.rid[0] = '\0';
		e.rtx_ssrc = 0;
		e.ssrc = map->encodings[i].mapped_ssrc;
		out->encodings[out->n_encodings++] = e;
	}
	memcpy(out->cname, p->cname, sizeof(out->cname));
	memcpy(out->msid, p->msid, sizeof(out->msid));
	out->reduced_size = true;
	return 0;
}

static const struct rtp_codec *caps_match(const struct rtp_caps *caps,
					  const struct rtp_codec *c)
{
	for (uint8_t i = 0; i < caps->n_codecs; i++)
		if (ortc_same_codec(&caps->codecs[i], c, true))
			return &caps->codecs[i];
	return NULL;
}

bool ortc_can_consume(const struct rtp_params *consumable,
		      const struct rtp_caps *caps)
{
	for (uint8_t i = 0; i < consumable->n_codecs; i++)
		if (caps_match(caps, &consumable->codecs[i]))
			return consumable->codecs[i].mime != RTP_MIME_RTX;
	return false;
}

static bool has_pt(const struct rtp_params *p, int64_t pt)
{
	for (uint8_t i = 0; i < p->n_codecs; i++)
		if (p->codecs[i].pt == pt)
			return true;
	return false;
}

/* Codecs of the template that the client knows, with his feedback. */
static int consumer_codecs(struct rtp_params *out,
			   const struct rtp_params *consumable,
			   const struct rtp_caps *caps, bool enable_rtx)
{
	for (uint8_t i = 0; i < consumable->n_codecs; i++) {
		struct rtp_codec c = consumable->codecs[i];
		const struct rtp_codec *mine = caps_match(caps, &c);

		if (!mine || (c.mime == RTP_MIME_RTX && !enable_rtx))
			continue;
		/* Retransmissions of a codec that he does not take. */
		if (c.mime == RTP_MIME_RTX &&
		    !has_pt(out, rtpdesc_param_int(&c, "apt", -1)))
			continue;
		c.n_fb = mine->n_fb;
		memcpy(c.fb, mine->fb, sizeof(c.fb));
		if (!enable_rtx)
			rtpdesc_fb_drop(&c, RTP_FB_NACK);
		out->codecs[out->n_codecs++] = c;
	}
	return out->n_codecs ? 0 : -ENOTSUP;
}

/* His list names an extension once, whatever the kind: compare URI and id. */
static void consumer_exts(struct rtp_params *out,
			  const struct rtp_params *consumable,
			  const struct rtp_caps *caps)
{
	for (uint8_t i = 0; i < consumable->n_exts; i++) {
		const struct rtp_ext *e = &consumable->exts[i];

		for (uint8_t j = 0; j < caps->n_exts; j++) {
			if (caps->exts[j].uri == e->uri &&
			    caps->exts[j].id == e->id) {
				out->exts[out->n_exts++] = *e;
				break;
			}
		}
	}
}

/* One kind of bandwidth feedback at most, by what the packets will carry. */
static void consumer_feedback(struct rtp_params *out)
{
	bool twcc = has_ext(out, RTP_EXT_TWCC);
	bool remb = !twcc && has_ext(out, RTP_EXT_ABS_SEND_TIME);

	for (uint8_t i = 0; i < out->n_codecs; i++) {
		if (!twcc)
			rtpdesc_fb_drop(&out->codecs[i], RTP_FB_TWCC);
		if (!remb)
			rtpdesc_fb_drop(&out->codecs[i], RTP_FB_REMB);
	}
}

static void consumer_encoding(struct rtp_params *out,
			      const struct rtp_params *consumable,
			      uint32_t ssrc)
{
	struct rtp_encoding *e = &out->encodings[0];
	int spatial, temporal;

	out->n_encodings = 1;
	e->ssrc = ssrc;
	for (uint8_t i = 0; i < out->n_codecs; i++)
		if (out->codecs[i].mime == RTP_MIME_RTX)
			e->rtx_ssrc = ssrc + 1;
	for (uint8_t i = 0; i < consumable->n_encodings; i++) {
		const struct rtp_encoding *c = &consumable->encodings[i];

		if (!e->scalability[0])
			memcpy(e->scalability, c->scalability,
			       sizeof(e->scalability));
		if (c->max_bitrate > e->max_bitrate)
			e->max_bitrate = c->max_bitrate;
	}
	if (consumable->n_encodings < 2)
		return;
	rtpdesc_layers(e->scalability, &spatial, &temporal);
	(void)snprintf(e->scalability, sizeof(e->scalability), "L%uT%d",
		       consumable->n_encodings, temporal);
}

int ortc_consumer(struct rtp_params *out, const struct rtp_params *consumable,
		  const struct rtp_caps *caps, bool enable_rtx, uint32_t ssrc)
{
	int err;

	*out = (struct rtp_params){0};
	err = consumer_codecs(out, consumable, caps, enable_rtx);
	if (err)
		return err;
	if (out->codecs[0].mime == RTP_MIME_RTX)
		return -ENOTSUP;
	consumer_exts(out, consumable, caps);
	consumer_feedback(out);
	consumer_encoding(out, consumable, ssrc);
	memcpy(out->cname, consumable->cname, sizeof(out->cname));
	memcpy(out->msid, consumable->msid, sizeof(out->msid));
	out->reduced_size = true;
	return 0;
}
