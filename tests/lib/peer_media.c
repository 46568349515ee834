#include "tests/lib/peer_media.h"

#include <string.h>

#include "common/rd.h"
#include "common/wr.h"
#include "mediad/wire/vp8.h"

#define MAGIC	 0x63687472u
#define OPUS_TOC 0x78 /* 20 ms, mono, one frame */

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

void peer_media_write(const struct peer_unit *u, uint8_t *out)
{
	struct wr w = wr_of(out, u->len);
	uint8_t *rest;

	if (u->kind == PEER_VP8)
		vp8_head(&w, u);
	else
		wr_u8(&w, OPUS_TOC);
	wr_u32(&w, MAGIC);
	wr_u8(&w, u->layer);
	wr_u8(&w, u->tid);
	wr_u16(&w, u->index);
	wr_u16(&w, u->count);
	wr_u16(&w, u->len);
	wr_u32(&w, u->frame);
	wr_u64(&w, u->made_us);
	rest = w.p;
	memset(rest, (int)(u->frame & 0xff), (size_t)(w.end - w.p));
}

bool peer_media_read(struct peer_unit *u, enum peer_kind kind,
		     const uint8_t *payload, size_t len)
{
	struct rd r = rd_of(payload, len);
	struct vp8 d = {0};

	memset(u, 0, sizeof(*u));
	u->kind = kind;
	if (kind == PEER_VP8) {
		if (vp8_parse(&d, payload, len))
			return false;
		rd_skip(&r, d.desc_len);
		if (d.start)
			rd_skip(&r, d.key ? 10 : 3);
	} else {
		rd_skip(&r, 1);
	}
	if (rd_u32(&r) != MAGIC)
		return false;
	u->layer = rd_u8(&r);
	u->tid = rd_u8(&r);
	u->index = rd_u16(&r);
	u->count = rd_u16(&r);
	u->len = rd_u16(&r);
	u->frame = rd_u32(&r);
	u->made_us = rd_u64(&r);
	u->key = d.key;
	u->sync = d.sync;
	u->pid = d.pid;
	u->tl0 = d.tl0;
	u->keyidx = d.keyidx;
	u->width = d.width;
	u->height = d.height;
	return !r.bad && u->len == len;
}
