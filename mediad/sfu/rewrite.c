#include "mediad/sfu/rewrite.h"

#include <string.h>

#include "mediad/bwe/bwe.h"
#include "mediad/sfu/transport.h"

#define FIXED	 12
#define EXT_HEAD 4
#define BLOCK	 (FIXED + EXT_HEAD)
#define ID_MAX	 14 /* of the one-byte form, RFC 8285 section 4.2 */
#define ONE_MAX	 16 /* bytes of an element of the one-byte form */

#define PAD_TO	    8	 /* bytes; a power of two, at most 32 */
#define PAD_LEN_MAX 1300 /* longer payloads may fill the path's MTU */

static void put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, (uint16_t)(v >> 16));
	put16(p + 2, (uint16_t)v);
}

/* abs-send-time: 6.18 fixed point seconds. */
static void put_ast(uint8_t *p, uint64_t us)
{
	uint32_t v = (uint32_t)((us << 18) / 1000000);

	p[0] = (uint8_t)(v >> 16);
	put16(p + 1, (uint16_t)v);
}

/* ---- the plan ---------------------------------------------------------- */

/* Room for an element of n bytes; where its data lies, 0: not negotiated. */
static uint8_t room(struct rewrite_plan *p, uint8_t id, uint8_t n)
{
	uint8_t at = (uint8_t)(p->used + 1);

	if (!id || id > ID_MAX || at + n > (int)sizeof(p->hdr) - 4)
		return 0;
	p->hdr[p->used] = (uint8_t)(id << 4 | (n - 1));
	p->used = (uint8_t)(at + n);
	return at;
}

/* Pads the block to words and writes its length. */
static size_t close_block(uint8_t *hdr, size_t used)
{
	size_t len = (used + 3) & ~(size_t)3;

	memset(hdr + used, 0, len - used);
	put16(hdr + FIXED + 2, (uint16_t)((len - BLOCK) / 4));
	return len;
}

void rewrite_plan(struct consumer *c)
{
	struct rewrite_plan *p = &c->plan;
	uint8_t mid_len = (uint8_t)strlen(c->mid);
	uint8_t at;

	memset(p, 0, sizeof(*p));
	p->used = BLOCK;
	if (mid_len && (at = room(p, c->ext[EXT_MID], mid_len)))
		memcpy(p->hdr + at, c->mid, mid_len);
	p->ast_at = room(p, c->ext[EXT_ABS_SEND], 3);
	/* Audio may go out again under its number: no counter in it. */
	if (c->video) {
		p->twcc_at = room(p, c->ext[EXT_TWCC], 2);
		p->orient_at = room(p, c->ext[EXT_ORIENT], 1);
	} else {
		p->level_at = room(p, c->ext[EXT_LEVEL], 1);
	}
	p->hdr[0] = 0x90;
	put16(p->hdr + FIXED, 0xbede);
	p->len = (uint8_t)close_block(p->hdr, p->used);
	if (p->used == BLOCK) {
		p->hdr[0] = 0x80;
		p->len = FIXED;
		p->used = FIXED;
	}
}

/* ---- a packet ---------------------------------------------------------- */

/* An element that few packets have, behind the planned ones. */
static size_t append(uint8_t *hdr, size_t used, uint8_t id, const uint8_t *val,
		     uint8_t n)
{
	if (!id || id > ID_MAX || used == FIXED)
		return used;
	hdr[used] = (uint8_t)(id << 4 | (n - 1));
	memcpy(hdr + used + 1, val, n);
	return used + 1 + n;
}

/* The same elements in the two-byte form, RFC 8285 section 4.3. */
static size_t widen(uint8_t *hdr, size_t used)
{
	uint8_t one[REWRITE_HDR_MAX];
	size_t n = used - BLOCK, at = BLOCK, len;

	memcpy(one, hdr + BLOCK, n);
	for (size_t i = 0; i < n; i += 1 + len) {
		len = 0;
		if (!one[i]) /* padding */
			continue;
		len = (one[i] & 15u) + 1;
		hdr[at++] = one[i] >> 4;
		hdr[at++] = (uint8_t)len;
		memcpy(hdr + at, one + i + 1, len);
		at += len;
	}
	put16(hdr + FIXED, 0x1000);
	return at;
}

/*
 * The dependency descriptor: of what is dropped nothing that is left depends,
 * so it goes on as it came. With its structure it is a long element.
 */
static size_t describe(const struct consumer *c, const struct media *m,
		       uint8_t *hdr, size_t used)
{
	const uint8_t *dd = m->pkt->data + m->dd_off;
	uint8_t id = c->ext[EXT_DD];

	if (m->dd_len <= ONE_MAX)
		return append(hdr, used, id, dd, m->dd_len);
	if (!id || used == FIXED)
		return used;
	used = widen(hdr, used);
	hdr[used++] = id;
	hdr[used++] = m->dd_len;
	memcpy(hdr + used, dd, m->dd_len);
	return used + m->dd_len;
}

static size_t rare(const struct consumer *c, const struct media *m,
		   uint8_t *hdr)
{
	size_t used = c->plan.used;

	if (m->playout_off)
		used = append(hdr, used, c->ext[EXT_PLAYOUT],
			      m->pkt->data + m->playout_off, 3);
	if (m->capture_off)
		used = append(hdr, used, c->ext[EXT_CAPTURE],
			      m->pkt->data + m->capture_off, m->capture_len);
	if (m->dd_len)
		used = describe(c, m, hdr, used);
	return used == c->plan.used ? c->plan.len : close_block(hdr, used);
}

/* Elements without a value become padding: a zero for each byte. */
static void value(uint8_t *hdr, uint8_t at, bool have, uint8_t v)
{
	if (!at)
		return;
	if (have)
		hdr[at] = v;
	else
		hdr[at - 1] = 0;
}

static size_t build(const struct fwd *f, struct transport *t, uint8_t *hdr,
		    uint64_t now_us)
{
	const struct rewrite_plan *p = &f->consumer->plan;
	const struct media *m = f->media;

	memcpy(hdr, p->hdr, p->len);
	if (f->flags & (FWD_EMPTY | FWD_PROBE))
		hdr[0] |= 0x20;
	hdr[1] = (uint8_t)((f->flags & FWD_MARKER ? 0x80 : 0) | f->pt);
	put16(hdr + 2, f->seq);
	put32(hdr + 4, f->ts);
	put32(hdr + 8, f->ssrc);
	/* The same again for what may be sent again as it is. */
	if (p->ast_at)
		put_ast(hdr + p->ast_at,
			(f->flags & FWD_AUDIO) && m ? m->pkt->recv_us : now_us);
	if (p->twcc_at)
		put16(hdr + p->twcc_at, t->bwe ? bwe_next_seq(t->bwe) : 0);
	value(hdr, p->orient_at, m && m->orient != 0xff, m ? m->orient : 0);
	value(hdr, p->level_at, m && m->flags & MEDIA_LEVEL, m ? m->level : 0);
	if (m && (m->playout_off || m->capture_off || m->dd_off))
		return rare(f->consumer, m, hdr);
	return p->len;
}

/* Padding: the last byte says how many, RFC 3550 section 5.1. */
static const uint8_t one_pad[1] = {1};
static const uint8_t probe_pad[REWRITE_PROBE_LEN] = {[REWRITE_PROBE_LEN - 1] =
							     REWRITE_PROBE_LEN};

static void save(struct rewrite *rw, uint8_t *at, size_t n)
{
	rw->at = at;
	rw->n_saved = (uint8_t)n;
	memcpy(rw->saved, at, n);
}

static void patch(struct rewrite *rw, const struct fwd *f)
{
	const struct media *m = f->media;
	uint8_t *pay = m->pkt->data + m->pay_off;
	bool ids = m->pid_at && (f->pid != m->pid || f->tl0 != m->tl0);
	uint8_t *from = pay, *to = pay;

	if (ids) {
		from = pay + m->pid_at;
		to = from + (m->flags & MEDIA_PID16 ? 2 : 1);
		if (m->tl0_at)
			to = pay + m->tl0_at + 1;
	}
	if (f->flags & FWD_RTX)
		from = pay - 2;
	if (from == to || to - from > (int)sizeof(rw->saved))
		return;
	save(rw, from, (size_t)(to - from));
	if (f->flags & FWD_RTX)
		put16(pay - 2, f->osn);
	if (!ids)
		return;
	if (m->flags & MEDIA_PID16)
		put16(pay + m->pid_at, (uint16_t)(0x8000 | f->pid));
	else
		pay[m->pid_at] = f->pid & 0x7f;
	if (m->tl0_at)
		pay[m->tl0_at] = f->tl0;
}

static size_t begin_probator(struct rewrite *rw, const struct fwd *f,
			     struct transport *t, uint8_t *hdr, uint64_t now_us)
{
	struct consumer *c = transport_video_consumer(t);
	struct fwd as = *f;
	size_t n;

	/* Its section has the extension ids of all others, but another MID. */
	as.consumer = c;
	rw->payload = probe_pad;
	rw->len = sizeof(probe_pad);
	if (!c)
		return 0;
	n = build(&as, t, hdr, now_us);
	if (c->mid[0])
		memset(hdr + BLOCK, 0, 1 + strlen(c->mid));
	return n;
}

/*
 * Fills the payload up to a multiple of PAD_TO with RTP padding. Browsers cut
 * a frame into packets of two sizes a byte apart; padded they are of one, and
 * leave as segments of one message. It stands behind the payload in the
 * shared packet, where its SRTP tag was, and is the same for all receivers.
 */
static void pad(struct rewrite *rw, const struct fwd *f, uint8_t *hdr)
{
	const struct media *m = f->media;
	uint8_t n = (uint8_t)(-rw->len & (PAD_TO - 1));
	uint8_t *end = m->pkt->data + m->pay_off + m->pay_len;

	if (!n || f->flags & FWD_AUDIO || rw->len > PAD_LEN_MAX)
		return;
	memset(end, 0, n - 1u);
	end[n - 1] = n;
	rw->len += n;
	hdr[0] |= 0x20;
}

size_t rewrite_begin(struct rewrite *rw, const struct fwd *f,
		     struct transport *t, uint8_t *hdr, uint64_t now_us)
{
	size_t n;

	rw->at = NULL;
	rw->n_saved = 0;
	if (!f->consumer)
		return begin_probator(rw, f, t, hdr, now_us);
	/* Before the patch: extensions may lie where the OSN goes. */
	n = build(f, t, hdr, now_us);
	if (!f->media) {
		rw->payload = f->flags & FWD_PROBE ? probe_pad : one_pad;
		rw->len = f->flags & FWD_PROBE ? sizeof(probe_pad) : 1;
	} else {
		rw->payload = media_payload(f->media);
		rw->len = f->media->pay_len;
		patch(rw, f);
		if (f->flags & FWD_RTX) {
			rw->payload -= 2;
			rw->len += 2;
		}
		pad(rw, f, hdr);
	}
	return n;
}

void rewrite_end(struct rewrite *rw)
{
	if (rw->at)
		memcpy(rw->at, rw->saved, rw->n_saved);
	rw->at = NULL;
}
