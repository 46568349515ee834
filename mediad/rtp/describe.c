#include "mediad/rtp/describe.h"

#include <errno.h>
#include <string.h>

#include "mediad/wire/h264.h"
#include "mediad/wire/vp8.h"
#include "mediad/wire/vp9.h"

static uint16_t ext_off(const struct rtp *h, const uint8_t *data, uint8_t id,
			size_t *len)
{
	const uint8_t *p = rtp_ext(h, data, id, len);

	return p ? (uint16_t)(p - data) : 0;
}

void describe_header(struct media *m, struct pkt *pkt, const struct rtp *h,
		     const struct describe_ids *ids)
{
	size_t len = 0;
	uint16_t off;

	memset(m, 0, sizeof(*m));
	m->pkt = pkt;
	m->seq = h->seq;
	m->ts = h->ts;
	m->pay_off = h->hdr_len;
	m->pay_len = h->payload_len;
	m->flags = h->marker ? MEDIA_MARKER : 0;
	m->orient = 0xff;
	if (!h->ext_mask)
		return;
	if ((off = ext_off(h, pkt->data, ids->level, &len)) && len >= 1) {
		m->level = pkt->data[off];
		m->flags |= MEDIA_LEVEL;
	}
	if ((off = ext_off(h, pkt->data, ids->orient, &len)) && len == 1)
		m->orient = pkt->data[off];
	if ((off = ext_off(h, pkt->data, ids->capture, &len)) &&
	    (len == 8 || len == 16)) {
		m->capture_off = off;
		m->capture_len = (uint8_t)len;
	}
	if ((off = ext_off(h, pkt->data, ids->playout, &len)) && len == 3)
		m->playout_off = off;
	if ((off = ext_off(h, pkt->data, ids->dd, &len)) && len <= UINT8_MAX) {
		m->dd_off = off;
		m->dd_len = (uint8_t)len;
	}
}

static void flag(struct media *m, bool on, enum media_flag f)
{
	if (on)
		m->flags |= (uint16_t)f;
}

static uint8_t tid_of(uint8_t tid)
{
	return tid < MEDIA_MAX_TID ? tid : MEDIA_MAX_TID - 1;
}

/* What the frame is to the target that ends in its own layer. */
static uint8_t own_dti(const struct av1dd *d, const struct av1dd_structure *s)
{
	for (unsigned i = 0; i < s->n_targets; i++)
		if (s->target_sid[i] == d->sid && s->target_tid[i] == d->tid)
			return d->dti[i];
	return AV1DD_REQUIRED;
}

/*
 * May a viewer of fewer temporal layers take up this one here? The frame
 * itself does not say: the base frames do, when each is a switch into this
 * frame's target. (A T1 frame is DISCARDABLE in its own target, though
 * nothing before it but T0 is needed.)
 */
static bool is_entry(const struct av1dd *d, const struct av1dd_structure *s)
{
	if (!d->tid)
		return own_dti(d, s) == AV1DD_SWITCH;
	for (unsigned i = 0; i < s->n_targets; i++) {
		if (s->target_sid[i] != d->sid || s->target_tid[i] != d->tid)
			continue;
		for (unsigned k = 0; k < s->n_templates; k++)
			if (s->tmpl[k].sid == d->sid && !s->tmpl[k].tid &&
			    s->tmpl[k].dti[i] != AV1DD_SWITCH)
				return false;
		return true;
	}
	return false;
}

/* Layers by the dependency descriptor: 0, -ENOENT, -EBADMSG as its parser. */
static int on_dd(struct media *m, struct av1dd_structure *s, struct av1dd *d)
{
	int e = av1dd_parse(d, s, m->pkt->data + m->dd_off, m->dd_len);

	if (e)
		return e;
	m->sid = d->sid < MEDIA_MAX_SID ? d->sid : MEDIA_MAX_SID - 1;
	m->tid = tid_of(d->tid);
	flag(m, is_entry(d, s), MEDIA_SWITCH);
	flag(m, own_dti(d, s) == AV1DD_DISCARDABLE, MEDIA_NO_REF);
	return 0;
}

static int on_vp8(struct media *m, struct av1dd_structure *s)
{
	struct av1dd dd;
	struct vp8 d;

	if (vp8_parse(&d, media_payload(m), m->pay_len) < 0)
		return -EBADMSG;
	/* Who describes frames there leaves the payload's descriptor bare. */
	if (s && m->dd_off && !d.has_tid && on_dd(m, s, &dd) == -EBADMSG)
		return -EBADMSG;
	/* For us alone: its frames are numbered across the encodings. */
	m->dd_off = 0;
	m->dd_len = 0;
	m->sid = 0;
	if (d.has_tid)
		m->tid = tid_of(d.tid);
	flag(m, d.key, MEDIA_KEY);
	flag(m, d.start, MEDIA_START);
	flag(m, m->flags & MEDIA_MARKER, MEDIA_END);
	flag(m, d.sync || d.key, MEDIA_SWITCH);
	flag(m, d.non_ref, MEDIA_NO_REF);
	if (d.has_pid) {
		flag(m, true, MEDIA_PID);
		flag(m, d.pid15, MEDIA_PID16);
		m->pid = d.pid;
		m->pid_at = d.pid_off;
	}
	if (d.has_tl0) {
		flag(m, true, MEDIA_TL0);
		m->tl0 = d.tl0;
		m->tl0_at = d.tl0_off;
	}
	return 0;
}

static int on_vp9(struct media *m)
{
	struct vp9 d;

	if (vp9_parse(&d, media_payload(m), m->pay_len) < 0)
		return -EBADMSG;
	m->tid = tid_of(d.tid);
	m->sid = d.sid < MEDIA_MAX_SID ? d.sid : MEDIA_MAX_SID - 1;
	flag(m, d.key, MEDIA_KEY);
	flag(m, d.start, MEDIA_START);
	flag(m, d.end, MEDIA_END);
	flag(m, d.switch_up || d.key, MEDIA_SWITCH);
	flag(m, d.inter, MEDIA_INTER);
	flag(m, d.not_ref, MEDIA_UPPER_OK);
	if (d.has_pid) {
		flag(m, true, MEDIA_PID);
		flag(m, d.pid15, MEDIA_PID16);
		m->pid = d.pid;
	}
	return 0;
}

static int on_h264(struct media *m)
{
	struct h264 d;

	if (h264_parse(&d, media_payload(m), m->pay_len) < 0)
		return -EBADMSG;
	m->tid = d.has_tid ? tid_of(d.tid) : 0;
	flag(m, d.key, MEDIA_KEY);
	flag(m, d.key, MEDIA_START);
	flag(m, m->flags & MEDIA_MARKER, MEDIA_END);
	flag(m, d.non_ref, MEDIA_NO_REF);
	return 0;
}

static int on_av1(struct media *m, struct av1dd_structure *s)
{
	struct av1dd_payload a;
	struct av1dd d;
	int e;

	if (av1dd_payload(&a, media_payload(m), m->pay_len) < 0)
		return -EBADMSG;
	flag(m, m->flags & MEDIA_MARKER, MEDIA_END);
	if (!s || !m->dd_off) {
		flag(m, a.key, MEDIA_KEY);
		flag(m, a.new_sequence, MEDIA_START);
		return 0;
	}
	e = on_dd(m, s, &d);
	if (e == -EBADMSG)
		return e;
	m->pid = d.frame;
	flag(m, d.start, MEDIA_START);
	flag(m, d.end, MEDIA_END);
	flag(m, !e && d.has_structure && d.start, MEDIA_KEY);
	return 0;
}

int describe_payload(struct media *m, enum media_codec codec,
		     struct av1dd_structure *dd)
{
	if (!m->pay_len)
		return 0;
	switch (codec) {
	case CODEC_VP8:
		return on_vp8(m, dd);
	case CODEC_VP9:
		return on_vp9(m);
	case CODEC_H264:
		return on_h264(m);
	case CODEC_AV1:
		return on_av1(m, dd);
	case CODEC_NONE:
	case CODEC_OPUS:
	case CODEC_MULTIOPUS:
	case CODEC_PCMU:
	case CODEC_PCMA:
	case CODEC_G722:
	case CODEC_RED:
		break;
	}
	/* Each audio packet can be the first. */
	m->flags |= MEDIA_KEY | MEDIA_START | MEDIA_END;
	return 0;
}
