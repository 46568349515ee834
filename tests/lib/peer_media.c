#include "tests/lib/peer_media.h"

#include <string.h>

#include "common/rd.h"
#include "common/wr.h"
#include "mediad/wire/vp8.h"
#include "mediad/wire/vp9.h"

#define MAGIC	  0x63687472u
#define OPUS_TOC  0x78 /* 20 ms, mono, one frame */
#define OBU_FRAME 0x30

/* I, L, T and K, so that everything rewritable is there. */
static void vp8_head(struct wr *w, const struct peer_unit *u)
{
	bool first = u->index == 0;

	wr_u8(w, first ? 0x90 : 0x80);
	wr_u8(w, 0xf0);
	wr_u16(w, 0x8000 | u->pid);
	wr_u8(w, u->tl0);
	wr_u8(w, (uint8_t)(u->tid << 6 | u->sync << 5 | (u->keyidx & 31)));
	if (!first)
		return;
	wr_u8(w, u->key ? 0x10 : 0x11);
	wr_u16(w, 0);
	if (!u->key)
		return;
	wr_u24(w, 0x9d012a);
	wr_u8(w, (uint8_t)u->width);
	wr_u8(w, (uint8_t)(u->width >> 8));
	wr_u8(w, (uint8_t)u->height);
	wr_u8(w, (uint8_t)(u->height >> 8));
}

/* Flexible mode, as Chromium sends its scalable VP9. */
static void vp9_head(struct wr *w, const struct peer_unit *u)
{
	bool ss = u->key && u->layer == 0 && u->index == 0;
	bool inter_layer = u->key && u->layer > 0;

	wr_u8(w, (uint8_t)(0xb0 | !u->key << 6 | (u->index == 0) << 3 |
			   (u->index + 1 == u->count) << 2 | ss << 1));
	wr_u16(w, 0x8000 | u->pid);
	wr_u8(w, (uint8_t)(u->tid << 5 | u->sync << 4 | u->layer << 1 |
			   inter_layer));
	if (!u->key)
		wr_u8(w, (uint8_t)(u->diff << 1));
	if (!ss)
		return;
	wr_u8(w, (uint8_t)((u->n_layers - 1) << 5 | 0x10));
	for (int i = u->n_layers - 1; i >= 0; i--) {
		wr_u16(w, (uint16_t)(u->width >> i));
		wr_u16(w, (uint16_t)(u->height >> i));
	}
}

/* One unit, whole or as FU-A. */
static void h264_head(struct wr *w, const struct peer_unit *u)
{
	uint8_t type = u->key ? 5 : 1;

	if (u->count == 1) {
		wr_u8(w, 0x60 | type);
		return;
	}
	wr_u8(w, 0x7c);
	wr_u8(w, (uint8_t)((u->index == 0) << 7 |
			   (u->index + 1 == u->count) << 6 | type));
}

/* One OBU over all packets of the layer frame. */
static void av1_head(struct wr *w, const struct peer_unit *u)
{
	bool first = u->index == 0;
	bool sequence = u->key && u->layer == 0 && first;

	wr_u8(w, (uint8_t)(!first << 7 | (u->index + 1 < u->count) << 6 | 0x10 |
			   sequence << 3));
	if (first)
		wr_u8(w, OBU_FRAME);
}

static void head(struct wr *w, const struct peer_unit *u)
{
	switch (u->kind) {
	case PEER_OPUS:
		wr_u8(w, OPUS_TOC);
		break;
	case PEER_VP8:
		vp8_head(w, u);
		break;
	case PEER_H264:
		h264_head(w, u);
		break;
	case PEER_VP9:
		vp9_head(w, u);
		break;
	case PEER_AV1:
		av1_head(w, u);
		break;
	}
}

void peer_media_write(const struct peer_unit *u, uint8_t *out)
{
	struct wr w = wr_of(out, u->len);

	head(&w, u);
	wr_u32(&w, MAGIC);
	wr_u8(&w, u->layer);
	wr_u8(&w, u->tid);
	wr_u16(&w, u->index);
	wr_u16(&w, u->count);
	wr_u16(&w, u->len);
	wr_u32(&w, u->frame);
	wr_u64(&w, u->made_us);
	wr_u8(&w, u->tl0);
	wr_u8(&w, (uint8_t)(u->key | u->sync << 1));
	memset(w.p, (int)(u->frame & 0xff), (size_t)(w.end - w.p));
}

/* Steps over the descriptor; what the server may rewrite goes into u. */
static bool vp8_skip(struct peer_unit *u, struct rd *r)
{
	struct vp8 d;

	if (vp8_parse(&d, r->p, rd_left(r)))
		return false;
	rd_skip(r, d.desc_len);
	if (d.start)
		rd_skip(r, d.key ? 10 : 3);
	u->pid = d.pid;
	u->tl0 = d.tl0;
	u->width = d.width;
	u->height = d.height;
	return true;
}

static bool vp9_skip(struct peer_unit *u, struct rd *r)
{
	struct vp9 d;

	if (vp9_parse(&d, r->p, rd_left(r)))
		return false;
	rd_skip(r, d.desc_len);
	u->pid = d.pid;
	u->diff = d.n_pdiff ? d.pdiff[0] : 0;
	return true;
}

static bool skip(struct peer_unit *u, struct rd *r)
{
	const uint8_t *p = r->p;

	switch (u->kind) {
	case PEER_VP8:
		return vp8_skip(u, r);
	case PEER_VP9:
		return vp9_skip(u, r);
	case PEER_H264:
		rd_skip(r, rd_left(r) && (*p & 31) == 28 ? 2 : 1);
		return true;
	case PEER_AV1:
		rd_skip(r, rd_left(r) && *p >> 7 ? 1 : 2);
		return true;
	default:
		rd_skip(r, 1);
		return true;
	}
}

bool peer_media_read(struct peer_unit *u, enum peer_kind kind,
		     const uint8_t *payload, size_t len)
{
	struct rd r = rd_of(payload, len);
	uint8_t tl0, flags;

	memset(u, 0, sizeof(*u));
	u->kind = kind;
	if (!skip(u, &r) || rd_u32(&r) != MAGIC)
		return false;
	u->layer = rd_u8(&r);
	u->tid = rd_u8(&r);
	u->index = rd_u16(&r);
	u->count = rd_u16(&r);
	u->len = rd_u16(&r);
	u->frame = rd_u32(&r);
	u->made_us = rd_u64(&r);
	tl0 = rd_u8(&r);
	flags = rd_u8(&r);
	if (kind != PEER_VP8)
		u->tl0 = tl0;
	u->key = flags & 1;
	u->sync = flags >> 1 & 1;
	return !r.bad && u->len == len && u->layer < PEER_LAYERS_MAX;
}
