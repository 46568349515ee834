#include "signald/media/rtppb.h"

#include <string.h>

#include "common/str.h"

/* protobuf-c's strings are not const, but packing only reads them. */
static char *text(const char *s)
{
	return (char *)(uintptr_t)s;
}

static Media__Codec codec_of(enum rtp_mime mime)
{
	switch (mime) {
	case RTP_MIME_MULTIOPUS:
		return MEDIA__CODEC__MULTIOPUS;
	case RTP_MIME_PCMU:
		return MEDIA__CODEC__PCMU;
	case RTP_MIME_PCMA:
		return MEDIA__CODEC__PCMA;
	case RTP_MIME_G722:
		return MEDIA__CODEC__G722;
	case RTP_MIME_VP8:
		return MEDIA__CODEC__VP8;
	case RTP_MIME_VP9:
		return MEDIA__CODEC__VP9;
	case RTP_MIME_H264:
		return MEDIA__CODEC__H264;
	case RTP_MIME_AV1:
		return MEDIA__CODEC__AV1;
	default:
		return MEDIA__CODEC__OPUS;
	}
}

static void set_fb(Media__RtcpFeedback *m, const struct rtp_codec *c)
{
	media__rtcp_feedback__init(m);
	m->has_nack = m->has_pli = m->has_fir = true;
	m->has_transport_cc = m->has_remb = true;
	m->nack = rtpdesc_fb_has(c, RTP_FB_NACK);
	m->pli = rtpdesc_fb_has(c, RTP_FB_PLI);
	m->fir = rtpdesc_fb_has(c, RTP_FB_FIR);
	m->transport_cc = rtpdesc_fb_has(c, RTP_FB_TWCC);
	m->remb = rtpdesc_fb_has(c, RTP_FB_REMB);
}

static uint32_t mapped(const struct ortc_mapping *map, uint8_t pt)
{
	for (uint8_t i = 0; i < map->n_codecs; i++)
		if (map->codecs[i].pt == pt)
			return map->codecs[i].mapped_pt;
	return 0;
}

static void add_rtx(Media__RtpCodec *m, const struct rtp_params *p, uint8_t pt,
		    const struct ortc_mapping *map)
{
	for (uint8_t i = 0; i < p->n_codecs; i++) {
		const struct rtp_codec *c = &p->codecs[i];

		if (c->mime != RTP_MIME_RTX ||
		    rtpdesc_param_int(c, "apt", -1) != pt)
			continue;
		m->has_rtx_payload_type = true;
		m->rtx_payload_type = c->pt;
		if (map) {
			m->has_mapped_rtx_payload_type = true;
			m->mapped_rtx_payload_type = mapped(map, c->pt);
		}
		return;
	}
}

static void add_codec(struct rtppb *b, const struct rtp_params *p,
		      const struct rtp_codec *c, const struct ortc_mapping *map)
{
	size_t n = b->msg.n_codecs++;
	Media__RtpCodec *m = &b->codec[n];

	media__rtp_codec__init(m);
	b->codecs[n] = m;
	m->codec = codec_of(c->mime);
	m->payload_type = c->pt;
	m->clock_rate = c->clock_rate;
	m->has_channels = c->channels > 0;
	m->channels = c->channels;
	set_fb(&b->fb[n], c);
	m->feedback = &b->fb[n];
	if (map) {
		m->has_mapped_payload_type = true;
		m->mapped_payload_type = mapped(map, c->pt);
	}
	m->has_dtx = true;
	m->dtx = rtpdesc_param_int(c, "usedtx", 0) == 1;
	m->has_packetization_mode = c->mime == RTP_MIME_H264;
	m->packetization_mode =
		(uint32_t)rtpdesc_param_int(c, "packetization-mode", 0);
	add_rtx(m, p, c->pt, map);
}

static void add_encoding(struct rtppb *b, const struct rtp_encoding *e,
			 const struct ortc_mapping *map)
{
	size_t n = b->msg.n_encodings++;
	Media__RtpEncoding *m = &b->encoding[n];
	int spatial, temporal;

	media__rtp_encoding__init(m);
	b->encodings[n] = m;
	m->has_ssrc = e->ssrc != 0;
	m->ssrc = e->ssrc;
	m->has_rtx_ssrc = e->rtx_ssrc != 0;
	m->rtx_ssrc = e->rtx_ssrc;
	if (e->rid[0])
		m->rid = text(e->rid);
	rtpdesc_layers(e->scalability, &spatial, &temporal);
	m->has_spatial_layers = m->has_temporal_layers = true;
	m->spatial_layers = (uint32_t)spatial;
	m->temporal_layers = (uint32_t)temporal;
	m->has_max_bitrate = e->max_bitrate != 0;
	m->max_bitrate = e->max_bitrate;
	m->has_key_svc = true;
	m->key_svc = strstr(e->scalability, "_KEY") != NULL;
	if (map) {
		m->has_mapped_ssrc = true;
		m->mapped_ssrc = map->encodings[n].mapped_ssrc;
	}
}

void rtppb_fill(struct rtppb *b, const struct rtp_params *p,
		const struct ortc_mapping *map)
{
	media__rtp_parameters__init(&b->msg);
	b->msg.codecs = b->codecs;
	b->msg.extensions = b->exts;
	b->msg.encodings = b->encodings;
	if (p->mid[0])
		b->msg.mid = text(p->mid);
	b->msg.cname = text(p->cname);
	for (uint8_t i = 0; i < p->n_codecs; i++)
		if (p->codecs[i].mime != RTP_MIME_RTX)
			add_codec(b, p, &p->codecs[i], map);
	for (uint8_t i = 0; i < p->n_exts; i++) {
		Media__RtpHeaderExtension *x = &b->ext[i];

		media__rtp_header_extension__init(x);
		x->type = (uint32_t)p->exts[i].uri;
		x->id = p->exts[i].id;
		b->exts[i] = x;
	}
	b->msg.n_extensions = p->n_exts;
	for (uint8_t i = 0; i < p->n_encodings; i++)
		add_encoding(b, &p->encodings[i], map);
}

Media__MediaKind rtppb_kind(enum rtp_kind kind)
{
	return kind == RTP_AUDIO ? MEDIA__MEDIA_KIND__AUDIO
				 : MEDIA__MEDIA_KIND__VIDEO;
}

Media__StreamType rtppb_type(enum rtp_type type)
{
	switch (type) {
	case RTP_SIMULCAST:
		return MEDIA__STREAM_TYPE__SIMULCAST;
	case RTP_SVC:
		return MEDIA__STREAM_TYPE__SVC;
	case RTP_SIMPLE:
		break;
	}
	return MEDIA__STREAM_TYPE__SIMPLE;
}
