#include "mediad/control/convert.h"

#include <errno.h>
#include <string.h>

#include "common/str.h"

#define EXT_ID_MAX 31 /* what wire/rtp.h indexes */

static int bad(const char **why, const char *what)
{
	*why = what;
	return -EINVAL;
}

/* ---- codecs ------------------------------------------------------------- */

struct codec_row {
	Media__Codec from;
	enum media_codec to;
	enum media_kind kind;
	bool simulcast; /* several encodings of it may be one producer */
};

static const struct codec_row codecs[] = {
	{MEDIA__CODEC__OPUS, CODEC_OPUS, MEDIA_AUDIO, false},
	{MEDIA__CODEC__MULTIOPUS, CODEC_MULTIOPUS, MEDIA_AUDIO, false},
	{MEDIA__CODEC__PCMU, CODEC_PCMU, MEDIA_AUDIO, false},
	{MEDIA__CODEC__PCMA, CODEC_PCMA, MEDIA_AUDIO, false},
	{MEDIA__CODEC__G722, CODEC_G722, MEDIA_AUDIO, false},
	{MEDIA__CODEC__RED, CODEC_RED, MEDIA_AUDIO, false},
	{MEDIA__CODEC__VP8, CODEC_VP8, MEDIA_VIDEO, true},
	{MEDIA__CODEC__VP9, CODEC_VP9, MEDIA_VIDEO, false},
	{MEDIA__CODEC__H264, CODEC_H264, MEDIA_VIDEO, true},
	{MEDIA__CODEC__AV1, CODEC_AV1, MEDIA_VIDEO, false},
};

static const struct codec_row *codec_row(Media__Codec from)
{
	for (size_t i = 0; i < sizeof(codecs) / sizeof(*codecs); i++)
		if (codecs[i].from == from)
			return &codecs[i];
	return NULL;
}

static bool pt_ok(uint32_t pt)
{
	/* 64 to 95 would be taken for RTCP, RFC 5761 section 4. */
	return pt < 64 || (pt > 95 && pt < 128);
}

static void feedback(const Media__RtcpFeedback *f, struct rtpmap_codec *c)
{
	if (!f)
		return;
	c->nack = f->nack;
	c->pli = f->pli;
	c->fir = f->fir;
	c->twcc = f->transport_cc;
	c->remb = f->remb;
}

static int codec(const Media__RtpCodec *m, struct rtpmap_codec *c,
		 const char **why)
{
	const struct codec_row *row = codec_row(m->codec);

	if (!row)
		return bad(why, "codec");
	if (!pt_ok(m->payload_type) || !pt_ok(m->rtx_payload_type) ||
	    !pt_ok(m->mapped_payload_type) ||
	    !pt_ok(m->mapped_rtx_payload_type))
		return bad(why, "payload-type");
	if (m->clock_rate < 8000 || m->clock_rate > 192000)
		return bad(why, "clock-rate");
	*c = (struct rtpmap_codec){
		.codec = row->to,
		.clock_rate = m->clock_rate,
		.pt = (uint8_t)m->payload_type,
		.rtx_pt = (uint8_t)m->rtx_payload_type,
		.mapped_pt = (uint8_t)m->mapped_payload_type,
		.mapped_rtx = (uint8_t)m->mapped_rtx_payload_type,
		.dtx = m->dtx,
	};
	feedback(m->feedback, c);
	return 0;
}

/* ---- parameters --------------------------------------------------------- */

static bool token_ok(const char *s)
{
	for (; *s; s++) {
		bool alnum = (*s >= '0' && *s <= '9') ||
			     (*s >= 'a' && *s <= 'z') ||
			     (*s >= 'A' && *s <= 'Z');

		if (!alnum && *s != '-' && *s != '_')
			return false;
	}
	return true;
}

/* An optional token that fits. */
static int token(char *dst, size_t cap, const char *src)
{
	*dst = '\0';
	if (!src)
		return 0;
	return !token_ok(src) || str_copy(dst, cap, src) ? -EINVAL : 0;
}

static int encoding(const Media__RtpEncoding *m, struct rtpmap_encoding *e,
		    const char **why)
{
	uint32_t s = m->has_spatial_layers ? m->spatial_layers : 1;
	uint32_t t = m->has_temporal_layers ? m->temporal_layers : 1;

	*e = (struct rtpmap_encoding){
		.ssrc = m->ssrc,
		.rtx_ssrc = m->rtx_ssrc,
		.key_svc = m->key_svc,
		.max_bps = m->max_bitrate,
		.mapped_ssrc = m->mapped_ssrc,
	};
	if (token(e->rid, sizeof(e->rid), m->rid))
		return bad(why, "rid");
	if (m->ssrc && m->ssrc == m->rtx_ssrc)
		return bad(why, "ssrc");
	/* What a browser may announce beyond it is not told apart. */
	if (s < 1 || t < 1)
		return bad(why, "layers");
	e->spatial = s > MEDIA_MAX_SID ? MEDIA_MAX_SID : (uint8_t)s;
	e->temporal = t > MEDIA_MAX_TID ? MEDIA_MAX_TID : (uint8_t)t;
	return 0;
}

static int extensions(const Media__RtpParameters *m, struct rtpmap *r,
		      const char **why)
{
	for (size_t i = 0; i < m->n_extensions; i++) {
		const Media__RtpHeaderExtension *x = m->extensions[i];

		if (x->type < 1 || x->type >= EXT_N || x->id < 1 || x->id > 255)
			return bad(why, "header-extension");
		/* Ids that the parser does not index are done without. */
		if (x->id <= EXT_ID_MAX)
			r->ext[x->type] = (uint8_t)x->id;
	}
	return 0;
}

static int parameters(const Media__RtpParameters *m, struct rtpmap *r,
		      const char **why)
{
	int err = 0;

	*r = (struct rtpmap){0};
	if (token(r->mid, sizeof(r->mid), m->mid))
		return bad(why, "mid");
	if (m->cname && str_copy(r->cname, sizeof(r->cname), m->cname))
		return bad(why, "cname");
	if (m->n_codecs < 1 || m->n_codecs > RTPMAP_CODECS)
		return bad(why, "codecs");
	if (m->n_encodings < 1 || m->n_encodings > RTPMAP_ENCODINGS)
		return bad(why, "encodings");
	for (size_t i = 0; i < m->n_codecs && !err; i++)
		err = codec(m->codecs[i], &r->codecs[i], why);
	for (size_t i = 0; i < m->n_encodings && !err; i++)
		err = encoding(m->encodings[i], &r->encodings[i], why);
	r->n_codecs = (uint8_t)m->n_codecs;
	r->n_encodings = (uint8_t)m->n_encodings;
	return err ? err : extensions(m, r, why);
}

/* ---- producers ---------------------------------------------------------- */

/* Each encoding is told from the others by its SSRC, RID, or being alone. */
static int encodings_named(const struct rtpmap *r, const char **why)
{
	for (uint8_t i = 0; i < r->n_encodings; i++) {
		const struct rtpmap_encoding *e = &r->encodings[i];

		if (!e->ssrc && !*e->rid && (r->n_encodings > 1 || !*r->mid))
			return bad(why, "encoding-unnamed");
		for (uint8_t k = 0; k < i; k++) {
			const struct rtpmap_encoding *o = &r->encodings[k];

			if ((e->ssrc && e->ssrc == o->ssrc) ||
			    (*e->rid && !strcmp(e->rid, o->rid)))
				return bad(why, "encoding-twice");
		}
	}
	return 0;
}

static int producer_type(const Media__Produce *m, struct producer_opts *o,
			 const char **why)
{
	bool several = o->rtp.n_encodings > 1;

	switch (m->type) {
	case MEDIA__STREAM_TYPE__SIMPLE:
		o->type = PRODUCER_SIMPLE;
		return several ? bad(why, "type") : 0;
	case MEDIA__STREAM_TYPE__SIMULCAST:
		o->type = PRODUCER_SIMULCAST;
		return several ? 0 : bad(why, "type");
	case MEDIA__STREAM_TYPE__SVC:
		o->type = PRODUCER_SVC;
		return several ? bad(why, "type") : 0;
	default:
		return bad(why, "type");
	}
}

static int codecs_fit(const Media__Produce *m, const struct producer_opts *o,
		      const char **why)
{
	for (size_t i = 0; i < m->rtp->n_codecs; i++) {
		const struct codec_row *row =
			codec_row(m->rtp->codecs[i]->codec);

		if (row->kind != o->kind)
			return bad(why, "kind");
		if (o->type == PRODUCER_SIMULCAST && !row->simulcast)
			return bad(why, "simulcast-codec");
		for (size_t k = 0; k < i; k++)
			if (o->rtp.codecs[i].pt == o->rtp.codecs[k].pt)
				return bad(why, "payload-type");
	}
	return 0;
}

int convert_produce(const Media__Produce *m, struct producer_opts *o,
		    const char **why)
{
	int err;

	*o = (struct producer_opts){.id = m->id,
				    .paused = m->paused,
				    .screen = m->screen,
				    .keyframe_gap_ms = m->key_frame_delay_ms};
	if (!m->id)
		return bad(why, "id");
	if (m->label.len > CONVERT_LABEL_MAX)
		return bad(why, "label");
	if (m->kind != MEDIA__MEDIA_KIND__AUDIO &&
	    m->kind != MEDIA__MEDIA_KIND__VIDEO)
		return bad(why, "kind");
	o->kind =
		m->kind == MEDIA__MEDIA_KIND__AUDIO ? MEDIA_AUDIO : MEDIA_VIDEO;
	err = parameters(m->rtp, &o->rtp, why);
	if (!err)
		err = encodings_named(&o->rtp, why);
	if (!err)
		err = producer_type(m, o, why);
	return err ? err : codecs_fit(m, o, why);
}

/* ---- consumers ---------------------------------------------------------- */

int8_t convert_layer(int32_t layer, int max)
{
	if (layer < 0)
		return -1;
	return (int8_t)(layer >= max ? max - 1 : layer);
}

int convert_consume(const Media__Consume *m, struct consumer_opts *o,
		    const char **why)
{
	int err;

	*o = (struct consumer_opts){.id = m->id, .paused = m->paused};
	if (!m->id)
		return bad(why, "id");
	if (m->label.len > CONVERT_LABEL_MAX)
		return bad(why, "label");
	if (m->priority < 1 || m->priority > 255)
		return bad(why, "priority");
	o->priority = (uint8_t)m->priority;
	o->preferred.s = convert_layer(m->preferred_spatial, MEDIA_MAX_SID);
	o->preferred.t = convert_layer(m->preferred_temporal, MEDIA_MAX_TID);
	err = parameters(m->rtp, &o->rtp, why);
	if (err)
		return err;
	if (o->rtp.n_encodings != 1 || !o->rtp.encodings[0].ssrc)
		return bad(why, "encodings");
	/* Our own header reserves that much. */
	if (strlen(o->rtp.mid) > 8)
		return bad(why, "mid");
	return 0;
}

/* ---- the rest ----------------------------------------------------------- */

int convert_fingerprints(const Media__ConnectTransport *m, struct cert_fp *fps,
			 size_t cap, size_t *n, const char **why)
{
	if (m->n_fingerprints < 1 || m->n_fingerprints > cap)
		return bad(why, "fingerprints");
	for (size_t i = 0; i < m->n_fingerprints; i++)
		if (cert_fp_parse(&fps[i], m->fingerprints[i]->algorithm,
				  m->fingerprints[i]->value))
			return bad(why, "fingerprint");
	*n = m->n_fingerprints;
	return 0;
}
