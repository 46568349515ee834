#include <stdlib.h>
#include <string.h>

#include "mediad/wire/rtcpfb.h"
#include "mediad/wire/rtpext.h"
#include "tests/lib/peer_media.h"
#include "tests/lib/peer_parts.h"

#define RING	     2048
#define MISSING_MAX  512
#define TRIES	     10
#define GRACE_US     10000 /* for reordering, before the first NACK */
#define RTT_GUESS_US 100000
#define GIVE_UP_US   1500000
#define PLI_GAP_US   300000
#define FROZEN_US    200000
#define SHOWN	     64

enum slot_state {
	SLOT_NONE,
	SLOT_HERE,
	SLOT_EMPTY, /* padding only */
	SLOT_LOST,  /* given up */
};

struct slot {
	uint64_t seq;
	enum slot_state state;
	bool marker;
	uint32_t ts;
	struct peer_unit unit;
};

struct missing {
	uint64_t seq;
	uint64_t next_us, since_us;
	uint8_t tries;
};

/* A spatial layer of SVC: what of it was decoded last. */
struct chain {
	bool ok;
	uint8_t tl0;
	uint32_t frame;
};

/* A decoded picture, and the picture id it came with. */
struct shown {
	bool used;
	uint32_t frame;
	uint16_t pid;
};

struct peer_recv {
	struct list node;
	struct peer *p;
	struct peer_recv_conf conf;
	struct peer_recv_stats st;

	bool begun;
	uint64_t first, top; /* extended sequence numbers */
	uint64_t next;	     /* the decoder's */
	struct slot ring[RING];
	struct missing missing[MISSING_MAX];
	size_t n_missing;

	/* The decoder. */
	bool in_chain; /* frames decode since the last key frame */
	struct chain chain[PEER_LAYERS_MAX]; /* SVC: of each layer */
	struct shown shown[SHOWN];
	uint32_t frame, ts;
	bool cut; /* the last one ended in a hole */
	uint16_t pid;
	uint8_t tl0, tid_top;
	uint64_t pli_us;

	/* Reports. */
	uint64_t expected_prior, received, received_prior;
	double jitter;
	int64_t transit;
	uint32_t sr_mid;
	uint64_t sr_us, sr_ntp;
	uint32_t sr_ts;
	uint64_t second_us, second_bytes;
};

struct peer_recv *peer_recv_of(struct list *node)
{
	return list_entry(node, struct peer_recv, node);
}

struct peer_recv *peer_recv_new(struct peer *p,
				const struct peer_recv_conf *conf)
{
	struct peer_recv *r = calloc(1, sizeof(*r));

	if (!r)
		abort();
	r->p = p;
	r->conf = *conf;
	r->st.layer = -1;
	hist_init(&r->st.latency_us);
	list_push(&p->recvs, &r->node);
	return r;
}

void peer_recv_free(struct peer_recv *r)
{
	list_del(&r->node);
	free(r);
}

const struct peer_recv_stats *peer_recv_stats(const struct peer_recv *r)
{
	return &r->st;
}

void peer_recv_mark(struct peer_recv *r, uint64_t now_us)
{
	r->st.gap_us_max = 0;
	r->st.frozen_us = 0;
	r->st.last_frame_us = now_us;
	hist_init(&r->st.latency_us);
}

uint8_t peer_recv_twcc_id(const struct peer_recv *r)
{
	return r->conf.exts.twcc;
}

static uint32_t clock_hz(const struct peer_recv *r)
{
	return r->conf.kind == PEER_OPUS ? 48000 : 90000;
}

static struct slot *slot_at(struct peer_recv *r, uint64_t seq)
{
	struct slot *s = &r->ring[seq % RING];

	return s->seq == seq ? s : NULL;
}

static struct slot *slot_take(struct peer_recv *r, uint64_t seq,
			      enum slot_state state)
{
	struct slot *s = &r->ring[seq % RING];

	s->seq = seq;
	s->state = state;
	return s;
}

static void ask_key(struct peer_recv *r, uint64_t now_us)
{
	uint8_t buf[32];
	struct wr w = wr_of(buf, sizeof(buf));

	if (r->conf.no_pli || r->conf.kind == PEER_OPUS || now_us < r->pli_us)
		return;
	r->pli_us = now_us + PLI_GAP_US;
	r->st.plis++;
	rtcpfb_put_pli(&w, r->p->ssrc, r->conf.ssrc);
	peer_emit_rtcp(r->p, &w);
}

/* ---- what is missing ---- */

static void forget(struct peer_recv *r, size_t i)
{
	memmove(&r->missing[i], &r->missing[i + 1],
		(--r->n_missing - i) * sizeof(r->missing[0]));
}

static void arrived(struct peer_recv *r, uint64_t seq)
{
	for (size_t i = 0; i < r->n_missing; i++) {
		if (r->missing[i].seq == seq) {
			forget(r, i);
			return;
		}
	}
}

static void give_up(struct peer_recv *r, size_t i)
{
	slot_take(r, r->missing[i].seq, SLOT_LOST);
	r->st.lost++;
	forget(r, i);
}

static void miss(struct peer_recv *r, uint64_t seq, uint64_t now_us)
{
	struct missing *m;

	slot_take(r, seq, SLOT_NONE);
	if (r->n_missing == MISSING_MAX)
		give_up(r, 0);
	m = &r->missing[r->n_missing++];
	m->seq = seq;
	m->since_us = now_us;
	m->next_us = now_us + GRACE_US;
	m->tries = 0;
}

static void nack(struct peer_recv *r, uint64_t now_us)
{
	uint64_t rtt = r->p->ice.rtt_us ? r->p->ice.rtt_us : RTT_GUESS_US;
	struct rtcpfb_nack pair[64];
	uint16_t seqs[MISSING_MAX];
	uint8_t buf[512];
	struct wr w = wr_of(buf, sizeof(buf));
	size_t n = 0, used = 0;

	for (size_t i = 0; i < r->n_missing;) {
		struct missing *m = &r->missing[i];

		if (m->next_us > now_us) {
			i++;
		} else if (m->tries == TRIES || r->conf.no_nack ||
			   now_us - m->since_us > GIVE_UP_US) {
			give_up(r, i);
		} else {
			m->tries++;
			m->next_us = now_us + (rtt < 20000 ? 20000 : rtt);
			seqs[n++] = (uint16_t)m->seq;
			i++;
		}
	}
	if (!n)
		return;
	r->st.nacks += n;
	n = rtcpfb_nack_pack(pair, 64, seqs, n, &used);
	rtcpfb_put_nack(&w, r->p->ssrc, r->conf.ssrc, pair, n);
	peer_emit_rtcp(r->p, &w);
}

/* ---- the decoder ---- */

/* Do the frames it refers to exist, by what its sender says? */
static bool follows(const struct peer_unit *u, uint8_t tl0, uint32_t frame)
{
	if (u->frame == frame + 1)
		return true;
	if (u->tid == 0)
		return u->tl0 == (uint8_t)(tl0 + 1);
	return u->sync && u->tl0 == tl0;
}

static bool decodes(const struct peer_recv *r, const struct peer_unit *u)
{
	if (r->conf.kind == PEER_OPUS || u->key)
		return true;
	if (!r->in_chain || u->layer != r->st.layer)
		return false;
	/* VP8's own numbers were rewritten: they must lead to the same. */
	if (r->conf.kind == PEER_VP8 && u->pid == ((r->pid + 1) & 0x7fff))
		return true;
	return follows(u, r->tl0, r->frame);
}

static void note_time(struct peer_recv *r, const struct slot *s,
		      uint64_t now_us)
{
	struct peer_recv_stats *st = &r->st;
	uint64_t gap = now_us - st->last_frame_us;
	int64_t by_rtp;

	if (!st->first_frame_us)
		st->first_frame_us = now_us;
	else if (gap > st->gap_us_max)
		st->gap_us_max = gap;
	if (st->frames_decoded > 1 && gap > FROZEN_US)
		st->frozen_us += gap - FROZEN_US;
	st->last_frame_us = now_us;
	hist_add(&st->latency_us, now_us - s->unit.made_us);
	if (!r->sr_ntp)
		return;
	by_rtp = (int64_t)rtcp_ntp_to_us(r->sr_ntp) +
		 (int64_t)(int32_t)(s->ts - r->sr_ts) * 1000000 /
			 (int64_t)clock_hz(r);
	st->skew_us = by_rtp - (int64_t)(PEER_WALL_US + s->unit.made_us);
}

/*
 * VP8's ids close up behind what was dropped. VP9's must keep the distance
 * to what a picture refers to.
 */
static bool pid_jumps(const struct peer_recv *r, const struct peer_unit *u)
{
	const struct shown *ref = &r->shown[(u->frame - u->diff) % SHOWN];

	if (u->key || !r->in_chain)
		return false;
	if (u->kind == PEER_VP8)
		return u->pid != ((r->pid + 1) & 0x7fff);
	return u->kind == PEER_VP9 && ref->used &&
	       ref->frame == u->frame - u->diff &&
	       ((u->pid - ref->pid) & 0x7fff) != u->diff;
}

static void decoded(struct peer_recv *r, const struct slot *s, int layer,
		    uint64_t now_us)
{
	const struct peer_unit *u = &s->unit;
	struct shown *shown = &r->shown[u->frame % SHOWN];

	r->st.pid_jumps += pid_jumps(r, u);
	*shown = (struct shown){true, u->frame, u->pid};
	if (r->st.layer >= 0 && r->st.layer != layer)
		r->st.switches++;
	r->st.layer = layer;
	r->st.keys += u->key;
	r->st.frames_decoded++;
	r->in_chain = true;
	r->frame = u->frame;
	r->pid = u->pid;
	r->tl0 = u->tl0;
	if (u->tid > r->tid_top)
		r->tid_top = u->tid;
	note_time(r, s, now_us);
}

/*
 * The frame whose first packet is at r->next: where it ends, or 0 while it
 * is not whole. A frame is broken when a packet of it was given up.
 */
static uint64_t frame_end(struct peer_recv *r, bool *broken)
{
	struct slot *first = slot_at(r, r->next);

	for (uint64_t seq = r->next; seq <= r->top; seq++) {
		struct slot *s = slot_at(r, seq);

		if (!s || s->state == SLOT_NONE)
			return 0;
		if (s->state == SLOT_LOST) {
			*broken = true;
			return seq + 1;
		}
		if (s->state == SLOT_EMPTY)
			continue;
		if (s->ts != first->ts) { /* the marker was forgotten */
			r->st.disorder++;
			return seq;
		}
		if (s->marker || r->conf.kind == PEER_OPUS)
			return seq + 1;
	}
	return 0;
}

/* Passes over what can not begin a frame; false: nothing to decode yet. */
static bool seek_frame(struct peer_recv *r)
{
	while (r->next <= r->top) {
		struct slot *s = slot_at(r, r->next);

		if (!s || s->state == SLOT_NONE)
			return false;
		if (s->state == SLOT_LOST && r->conf.kind != PEER_OPUS)
			r->in_chain = false;
		if (s->state == SLOT_HERE && s->unit.index == 0)
			return true;
		r->next++;
	}
	return false;
}

/* The packets of one layer in [r->next, end). */
static uint64_t count_layer(const struct peer_recv *r, uint64_t end, int layer,
			    struct peer_unit *u)
{
	uint64_t here = 0;

	for (uint64_t seq = r->next; seq < end; seq++) {
		const struct slot *s = &r->ring[seq % RING];

		if (s->state != SLOT_HERE || s->unit.layer != layer)
			continue;
		if (!here++)
			*u = s->unit;
	}
	return here;
}

/*
 * A picture of SVC: each layer refers to its own past, in key pictures to
 * the layer below. Returns the highest layer that decodes, -1 for none.
 */
static int decode_layers(struct peer_recv *r, uint64_t end, bool *whole)
{
	bool below = true;
	int top = -1;

	for (int i = 0; i < PEER_LAYERS_MAX; i++) {
		struct chain *c = &r->chain[i];
		struct peer_unit u = {.layer = 0};
		uint64_t here = count_layer(r, end, i, &u);
		bool ok;

		if (!here)
			continue;
		*whole = *whole && here == u.count;
		ok = here == u.count &&
		     (u.key ? below : c->ok && follows(&u, c->tl0, c->frame));
		below = ok;
		if (ok)
			*c = (struct chain){true, u.tl0, u.frame};
		else if (u.tid < 2)
			c->ok = false;
		top = ok ? i : top;
	}
	return top;
}

/* A frame of simulcast or audio: its layer, -1 when it does not decode. */
static int decode_frame(struct peer_recv *r, uint64_t end,
			const struct peer_unit *first, bool *whole)
{
	struct peer_unit u;

	*whole =
		*whole && count_layer(r, end, first->layer, &u) == first->count;
	return *whole && decodes(r, first) ? first->layer : -1;
}

static void decode(struct peer_recv *r, uint64_t now_us)
{
	while (seek_frame(r)) {
		struct slot first = *slot_at(r, r->next);
		bool broken = false, whole;
		uint64_t end = frame_end(r, &broken);
		int layer;

		if (!end)
			break;
		whole = !broken;
		/* A marker in the middle cuts a picture in two. */
		if (r->st.frames_decoded && r->conf.kind != PEER_OPUS &&
		    first.ts == r->ts && !r->cut && !broken)
			r->st.disorder++;
		r->cut = broken;
		r->ts = first.ts;
		layer = peer_is_svc(r->conf.kind)
				? decode_layers(r, end, &whole)
				: decode_frame(r, end, &first.unit, &whole);
		r->st.frames_complete += whole;
		if (layer >= 0) {
			decoded(r, &first, layer, now_us);
		} else {
			r->st.frames_dropped++;
			/* Nothing refers to the highest layer. */
			if (first.unit.tid < 2)
				r->in_chain = false;
		}
		r->next = end;
	}
	if (!r->in_chain && r->begun)
		ask_key(r, now_us);
}

/* ---- packets ---- */

static uint64_t extend(const struct peer_recv *r, uint16_t seq)
{
	return r->top + (uint64_t)(int64_t)(int16_t)(seq - (uint16_t)r->top);
}

static void begin(struct peer_recv *r, uint16_t seq, uint64_t now_us)
{
	r->begun = true;
	r->pli_us = now_us + PLI_GAP_US; /* the first frame may come */
	r->first = (1ull << 32) + seq;
	r->top = r->first;
	r->next = r->first;
}

static void store(struct peer_recv *r, uint64_t seq, const struct rtp *h,
		  bool marker, const uint8_t *payload, size_t len)
{
	struct slot *s = slot_take(r, seq, SLOT_EMPTY);

	s->marker = marker;
	s->ts = h->ts;
	if (!len)
		return;
	if (peer_media_read(&s->unit, r->conf.kind, payload, len))
		s->state = SLOT_HERE;
	else
		r->st.foreign++;
}

/* RFC 3550 section 6.4.1 and A.8. */
static void jitter(struct peer_recv *r, const struct rtp *h, uint64_t now_us)
{
	int64_t at = (int64_t)(now_us * (clock_hz(r) / 1000) / 1000);
	int64_t transit = (int64_t)(int32_t)((uint32_t)at - h->ts);
	int64_t d = transit - r->transit;

	r->transit = transit;
	if (r->received > 1)
		r->jitter += ((double)(d < 0 ? -d : d) - r->jitter) / 16;
}

static void count(struct peer_recv *r, size_t len, uint64_t now_us)
{
	r->st.packets++;
	r->st.bytes += len;
	r->second_bytes += len;
	if (now_us - r->second_us < 1000000)
		return;
	r->st.rate_bps =
		(uint32_t)(r->second_bytes * 8000000 / (now_us - r->second_us));
	r->st.tid_max = r->tid_top;
	r->tid_top = 0;
	r->second_us = now_us;
	r->second_bytes = 0;
}

static void media(struct peer_recv *r, const struct rtp *h, uint16_t seq16,
		  const uint8_t *payload, size_t len, uint64_t now_us)
{
	uint64_t seq;
	struct slot *s;

	if (!r->begun)
		begin(r, seq16, now_us);
	seq = extend(r, seq16);
	s = slot_at(r, seq);
	if (seq < r->next || seq + RING <= r->top ||
	    (s && (s->state == SLOT_HERE || s->state == SLOT_EMPTY))) {
		r->st.duplicates++;
		return;
	}
	if (seq > r->top + RING) { /* a jump: begin again */
		r->st.lost += seq - r->top;
		r->n_missing = 0;
		r->in_chain = false;
		r->next = seq;
		r->top = seq - 1;
	}
	while (r->top + 1 < seq)
		miss(r, ++r->top, now_us);
	if (seq > r->top)
		r->top = seq;
	arrived(r, seq);
	store(r, seq, h, h->marker, payload, len);
	count(r, len, now_us);
	decode(r, now_us);
}

bool peer_recv_on_rtp(struct peer_recv *r, const struct rtp *h,
		      const uint8_t *pkt, uint64_t now_us)
{
	const uint8_t *payload = pkt + h->hdr_len;

	if (h->ssrc == r->conf.ssrc) {
		r->st.wrong_pt += h->pt != r->conf.pt;
		r->received++;
		jitter(r, h, now_us);
		media(r, h, h->seq, payload, h->payload_len, now_us);
		return true;
	}
	if (!r->conf.rtx_ssrc || h->ssrc != r->conf.rtx_ssrc)
		return false;
	r->st.wrong_pt += h->pt != r->conf.rtx_pt;
	if (h->payload_len > 2 && r->begun) {
		uint64_t before = r->st.packets;

		media(r, h, (uint16_t)(payload[0] << 8 | payload[1]),
		      payload + 2, h->payload_len - 2u, now_us);
		r->st.repaired += r->st.packets - before;
	}
	return true;
}

bool peer_recv_on_sr(struct peer_recv *r, const struct rtcp_sr *sr,
		     uint64_t now_us)
{
	if (sr->ssrc != r->conf.ssrc)
		return false;
	r->sr_mid = rtcp_ntp_mid(sr->ntp);
	r->sr_us = now_us;
	r->sr_ntp = sr->ntp;
	r->sr_ts = sr->rtp_ts;
	return true;
}

/* RFC 3550 A.3; packets repaired by RTX count as lost here. */
bool peer_recv_block(struct peer_recv *r, struct rtcp_block *b, uint64_t now_us)
{
	uint64_t expected = r->top - r->first + 1;
	int64_t e, lost;

	if (!r->begun)
		return false;
	e = (int64_t)(expected - r->expected_prior);
	lost = e - (int64_t)(r->received - r->received_prior);
	r->expected_prior = expected;
	r->received_prior = r->received;
	b->ssrc = r->conf.ssrc;
	b->fraction = e > 0 && lost > 0 ? (uint8_t)(lost * 255 / e) : 0;
	b->lost = (int32_t)((int64_t)expected - (int64_t)r->received);
	b->ext_seq = (uint32_t)r->top;
	b->jitter = (uint32_t)r->jitter;
	b->lsr = r->sr_mid;
	b->dlsr = r->sr_mid ? (uint32_t)((now_us - r->sr_us) * 65536 / 1000000)
			    : 0;
	return true;
}

uint64_t peer_recv_deadline(const struct peer_recv *r)
{
	uint64_t due = UINT64_MAX;

	for (size_t i = 0; i < r->n_missing; i++)
		if (r->missing[i].next_us < due)
			due = r->missing[i].next_us;
	if (r->begun && !r->in_chain && r->conf.kind != PEER_OPUS &&
	    !r->conf.no_pli && r->pli_us < due)
		due = r->pli_us;
	return due;
}

void peer_recv_tick(struct peer_recv *r, uint64_t now_us)
{
	if (peer_recv_deadline(r) > now_us)
		return;
	nack(r, now_us);
	decode(r, now_us);
}
