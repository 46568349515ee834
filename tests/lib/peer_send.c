#include <stdlib.h>
#include <string.h>

#include "mediad/wire/rtcpfb.h"
#include "mediad/wire/rtpext.h"
#include "tests/lib/peer_media.h"
#include "tests/lib/peer_parts.h"

#define KEPT	   512 /* units a layer can send again */
#define KEY_FACTOR 4   /* a key frame against a delta frame */
#define RID_UNTIL  64  /* packets that carry mid and rid, as browsers do */
#define OPUS_US	   20000
#define RTP_BUF	   1300

struct kept {
	bool used, marker;
	uint16_t seq;
	uint32_t ts;
	struct peer_unit unit;
};

struct layer {
	struct peer_layer conf;
	struct peer_send_stats st;
	bool active, want_key;
	uint32_t ssrc, rtx_ssrc;
	uint16_t seq, rtx_seq;
	uint32_t ts_base;
	uint32_t frame;
	uint16_t pid;
	uint8_t tl0, keyidx;
	uint32_t in_group; /* place in the temporal pattern */
	uint32_t sr_mid;
	struct kept kept[KEPT];
};

struct peer_send {
	struct list node;
	struct peer *p;
	struct peer_send_conf conf;
	char mid[RTPEXT_MID_MAX + 1];
	char rid[PEER_LAYERS_MAX][RTPEXT_RID_MAX + 1];
	struct rtp_layout layout, rtx_layout;
	struct rtp_layout key_layout; /* with room for a long descriptor */
	bool paused;
	uint64_t interval_us, next_us;
	struct layer layer[PEER_LAYERS_MAX];
};

struct peer_send *peer_send_of(struct list *node)
{
	return list_entry(node, struct peer_send, node);
}

static void add_slot(struct rtp_layout *l, uint8_t id, uint8_t cap)
{
	if (id && rtp_layout_add(l, id, cap))
		abort();
}

static void make_layouts(struct peer_send *s)
{
	const struct peer_exts *x = &s->conf.exts;

	rtp_layout_init(&s->layout);
	add_slot(&s->layout, x->mid, RTPEXT_MID_MAX);
	add_slot(&s->layout, x->abs_send_time, 3);
	add_slot(&s->layout, x->twcc, 2);
	if (s->conf.kind == PEER_OPUS)
		add_slot(&s->layout, x->audio_level, 1);
	if (s->conf.kind == PEER_AV1) {
		s->key_layout = s->layout;
		add_slot(&s->layout, x->dd, PEER_DD_SHORT);
		add_slot(&s->key_layout, x->dd, PEER_DD_MAX);
	}
	s->rtx_layout = s->layout;
	add_slot(&s->layout, x->rid, RTPEXT_RID_MAX);
	add_slot(&s->rtx_layout, x->rrid, RTPEXT_RID_MAX);
}

static void layer_init(struct peer_send *s, size_t i)
{
	struct layer *l = &s->layer[i];
	struct rand *rng = &s->p->rng;

	l->conf = s->conf.layer[i];
	if (l->conf.rid) {
		strncpy(s->rid[i], l->conf.rid, RTPEXT_RID_MAX);
		l->conf.rid = s->rid[i];
	}
	l->ssrc = l->conf.ssrc ? l->conf.ssrc : (uint32_t)rand_u64(rng) | 1;
	l->rtx_ssrc = l->conf.rtx_ssrc;
	if (s->conf.rtx_pt && !l->rtx_ssrc)
		l->rtx_ssrc = (uint32_t)rand_u64(rng) | 1;
	l->seq = (uint16_t)rand_below(rng, 32768);
	l->rtx_seq = (uint16_t)rand_below(rng, 32768);
	l->ts_base = (uint32_t)rand_u64(rng);
	l->pid = (uint16_t)rand_below(rng, 32768);
	l->tl0 = (uint8_t)rand_u64(rng);
	l->active = true;
	l->want_key = true;
}

struct peer_send *peer_send_new(struct peer *p,
				const struct peer_send_conf *conf,
				uint64_t now_us)
{
	struct peer_send *s = calloc(1, sizeof(*s));
	double fps = conf->fps > 0 ? conf->fps : 30;

	if (!s || conf->n_layers < 1 || conf->n_layers > PEER_LAYERS_MAX)
		abort();
	s->p = p;
	s->conf = *conf;
	if (!s->conf.temporal)
		s->conf.temporal = 1;
	if (conf->mid)
		strncpy(s->mid, conf->mid, RTPEXT_MID_MAX);
	make_layouts(s);
	for (size_t i = 0; i < conf->n_layers; i++)
		layer_init(s, i);
	s->interval_us =
		conf->kind == PEER_OPUS ? OPUS_US : (uint64_t)(1000000 / fps);
	s->next_us = now_us + rand_below(&p->rng, (uint32_t)s->interval_us);
	list_push(&p->sends, &s->node);
	return s;
}

void peer_send_free(struct peer_send *s)
{
	list_del(&s->node);
	free(s);
}

const struct peer_send_stats *peer_send_stats(const struct peer_send *s,
					      size_t layer)
{
	return &s->layer[layer].st;
}

void peer_send_active(struct peer_send *s, size_t layer, bool active)
{
	s->layer[layer].want_key |= active && !s->layer[layer].active;
	s->layer[layer].active = active;
}

void peer_send_rate(struct peer_send *s, size_t layer, uint32_t rate_bps)
{
	s->layer[layer].conf.rate_bps = rate_bps;
}

void peer_send_level(struct peer_send *s, uint8_t level)
{
	s->conf.level = level;
}

void peer_send_pause(struct peer_send *s, bool pause)
{
	for (size_t i = 0; s->paused && !pause && i < s->conf.n_layers; i++)
		s->layer[i].want_key = true;
	s->paused = pause;
}

void peer_send_key(struct peer_send *s, size_t layer)
{
	s->layer[layer].want_key = true;
}

static size_t n_streams(const struct peer_send *s)
{
	return peer_is_svc(s->conf.kind) ? 1 : s->conf.n_layers;
}

static uint32_t clock_hz(const struct peer_send *s)
{
	return s->conf.kind == PEER_OPUS ? 48000 : 90000;
}

static uint32_t ts_of(const struct peer_send *s, const struct layer *l,
		      uint64_t at_us)
{
	return l->ts_base + (uint32_t)(at_us * (clock_hz(s) / 1000) / 1000);
}

/* What every packet carries, whatever stream it is of. */
static void fill_common(struct peer_send *s, uint8_t *buf,
			const struct rtp_layout *l, uint64_t now_us)
{
	const struct peer_exts *x = &s->conf.exts;
	uint8_t v[3];

	rtpext_put_u24(v, rtpext_abs_send_time_of(now_us));
	rtp_slot_set(buf, l, x->abs_send_time, v, 3);
	if (x->twcc) {
		rtpext_put_u16(v, s->p->twcc_seq++);
		rtp_slot_set(buf, l, x->twcc, v, 2);
	}
	if (s->conf.kind == PEER_OPUS) {
		v[0] = s->conf.level | (s->conf.level < 60 ? 0x80 : 0);
		rtp_slot_set(buf, l, x->audio_level, v, 1);
	}
}

static void fill_dd(const struct peer_send *s, uint8_t *buf,
		    const struct rtp_layout *l, const struct peer_unit *u)
{
	uint8_t dd[PEER_DD_MAX];
	size_t len;

	if (u->kind != PEER_AV1)
		return;
	len = peer_dd_write(u, dd);
	rtp_slot_set(buf, l, s->conf.exts.dd, dd, len);
}

static const struct rtp_layout *layout_of(const struct peer_send *s,
					  const struct peer_unit *u, bool rtx)
{
	if (u->kind == PEER_AV1 && peer_dd_is_long(u))
		return &s->key_layout;
	return rtx ? &s->rtx_layout : &s->layout;
}

static void send_unit(struct peer_send *s, struct layer *l,
		      const struct kept *k, uint64_t now_us)
{
	const struct rtp_layout *lay = layout_of(s, &k->unit, false);
	struct rtp_out o = {.pt = s->conf.pt,
			    .marker = k->marker,
			    .seq = k->seq,
			    .ts = k->ts,
			    .ssrc = l->ssrc};
	uint8_t buf[RTP_BUF];
	size_t n = rtp_write(buf, sizeof(buf), &o, lay);

	fill_common(s, buf, lay, now_us);
	rtp_slot_set(buf, lay, s->conf.exts.mid, s->mid, strlen(s->mid));
	if (l->conf.rid && l->st.packets < RID_UNTIL)
		rtp_slot_set(buf, lay, s->conf.exts.rid, l->conf.rid,
			     strlen(l->conf.rid));
	fill_dd(s, buf, lay, &k->unit);
	peer_media_write(&k->unit, buf + n);
	n += k->unit.len;
	l->st.packets++;
	l->st.bytes += n;
	peer_emit_rtp(s->p, buf, n);
}

/* RFC 4588: the original sequence number in front of the payload. */
static void send_rtx(struct peer_send *s, struct layer *l, const struct kept *k,
		     uint64_t now_us)
{
	const struct rtp_layout *lay = layout_of(s, &k->unit, true);
	struct rtp_out o = {.pt = s->conf.rtx_pt,
			    .marker = k->marker,
			    .seq = l->rtx_seq++,
			    .ts = k->ts,
			    .ssrc = l->rtx_ssrc};
	uint8_t buf[RTP_BUF];
	size_t n = rtp_write(buf, sizeof(buf), &o, lay);

	fill_common(s, buf, lay, now_us);
	rtp_slot_set(buf, lay, s->conf.exts.mid, s->mid, strlen(s->mid));
	if (l->conf.rid)
		rtp_slot_set(buf, lay, s->conf.exts.rrid, l->conf.rid,
			     strlen(l->conf.rid));
	fill_dd(s, buf, lay, &k->unit);
	rtpext_put_u16(buf + n, k->seq);
	peer_media_write(&k->unit, buf + n + 2);
	l->st.resent++;
	peer_emit_rtp(s->p, buf, n + 2 + k->unit.len);
}

/* T0 T2 T1 T2, T0 T1, or T0 alone. */
static void pick_temporal(struct peer_send *s, struct layer *l,
			  struct peer_unit *u)
{
	static const uint8_t three[4] = {0, 2, 1, 2}, back[4] = {4, 1, 2, 1};
	uint32_t at;

	if (u->key)
		l->in_group = 0;
	at = l->in_group++;
	u->diff = 1;
	if (s->conf.temporal == 2) {
		u->tid = at % 2;
		u->diff = u->tid ? 1 : 2;
	} else if (s->conf.temporal == 3) {
		u->place = at % 4;
		u->tid = three[u->place];
		u->diff = back[u->place];
	}
	/* Only the last of four refers to something above T0. */
	u->sync = u->tid && u->place != 3;
	if (u->tid == 0)
		l->tl0++;
	u->tl0 = l->tl0;
}

static size_t frame_size(const struct peer_send *s, const struct layer *l,
			 bool key)
{
	uint64_t bytes = l->conf.rate_bps * s->interval_us / 8000000;

	bytes = key ? bytes * KEY_FACTOR : bytes;
	return bytes < PEER_HEAD_MAX ? PEER_HEAD_MAX : (size_t)bytes;
}

/* Cuts a frame into packets of the stream `l` and sends them. */
static void send_units(struct peer_send *s, struct layer *l,
		       struct peer_unit *u, size_t size, bool last,
		       uint64_t now_us)
{
	size_t each;

	u->count = (uint16_t)((size + PEER_UNIT_MAX - 1) / PEER_UNIT_MAX);
	each = size / u->count;
	for (u->index = 0; u->index < u->count; u->index++) {
		struct kept *k = &l->kept[l->seq % KEPT];
		/* The larger ones come last, as libwebrtc splits. */
		bool more = u->index >= u->count - size % u->count;

		u->len = (uint16_t)(each + more);
		k->used = true;
		k->seq = l->seq++;
		k->ts = ts_of(s, l, now_us);
		k->marker = u->kind == PEER_OPUS
				    ? u->frame == 0
				    : last && u->index + 1 == u->count;
		k->unit = *u;
		send_unit(s, l, k, now_us);
	}
}

/* What all layers of a picture of this stream have in common. */
static struct peer_unit picture(struct peer_send *s, struct layer *l,
				uint64_t now_us)
{
	struct peer_unit u = {.kind = s->conf.kind, .made_us = now_us};

	u.n_layers = (uint8_t)s->conf.n_layers;
	u.temporal = s->conf.temporal;
	u.frame = l->frame++;
	if (u.kind == PEER_OPUS)
		return u;
	u.key = l->want_key;
	l->want_key = false;
	pick_temporal(s, l, &u);
	l->keyidx = (l->keyidx + u.key) & 31;
	u.keyidx = l->keyidx;
	u.pid = l->pid;
	l->pid = (l->pid + 1) & 0x7fff;
	return u;
}

/* Simulcast, or audio: a frame of its own for each stream. */
static void send_frame(struct peer_send *s, size_t i, uint64_t now_us)
{
	struct layer *l = &s->layer[i];
	struct peer_unit u = picture(s, l, now_us);

	u.layer = (uint8_t)i;
	u.width = l->conf.width;
	u.height = l->conf.height;
	send_units(s, l, &u, frame_size(s, l, u.key), true, now_us);
	l->st.frames++;
	l->st.keys += u.key;
}

static size_t top_active(const struct peer_send *s)
{
	size_t top = s->conf.n_layers - 1;

	while (top && !s->layer[top].active)
		top--;
	return top;
}

/* SVC: all layers of one picture in the stream of the first. */
static void send_picture(struct peer_send *s, uint64_t now_us)
{
	struct layer *stream = &s->layer[0];
	size_t top = top_active(s);
	struct peer_unit u;

	/* A layer that comes back needs a key picture. */
	for (size_t i = 1; i <= top; i++) {
		stream->want_key |= s->layer[i].want_key;
		s->layer[i].want_key = false;
	}
	u = picture(s, stream, now_us);
	u.width = s->layer[s->conf.n_layers - 1].conf.width;
	u.height = s->layer[s->conf.n_layers - 1].conf.height;
	for (size_t i = 0; i <= top; i++) {
		struct layer *l = &s->layer[i];

		u.layer = (uint8_t)i;
		send_units(s, stream, &u, frame_size(s, l, u.key), i == top,
			   now_us);
		l->st.frames++;
		l->st.keys += u.key;
	}
}

uint64_t peer_send_deadline(const struct peer_send *s)
{
	return s->next_us;
}

void peer_send_tick(struct peer_send *s, uint64_t now_us)
{
	if (s->next_us > now_us)
		return;
	if (!s->paused && peer_is_svc(s->conf.kind)) {
		send_picture(s, now_us);
	} else if (!s->paused) {
		for (size_t i = 0; i < s->conf.n_layers; i++)
			if (s->layer[i].active)
				send_frame(s, i, now_us);
	}
	s->next_us += s->interval_us;
	if (s->next_us <= now_us) /* it began before it was connected */
		s->next_us = now_us + s->interval_us;
}

void peer_send_report(struct peer_send *s, uint64_t now_us)
{
	for (size_t i = 0; i < n_streams(s); i++) {
		struct layer *l = &s->layer[i];
		struct rtcp_sr sr = {.ssrc = l->ssrc,
				     .ntp = peer_ntp(now_us),
				     .rtp_ts = ts_of(s, l, now_us),
				     .packets = (uint32_t)l->st.packets,
				     .octets = (uint32_t)l->st.bytes};
		uint8_t buf[128];
		struct wr w = wr_of(buf, sizeof(buf));

		if (!l->active || !l->st.packets)
			continue;
		l->sr_mid = rtcp_ntp_mid(sr.ntp);
		rtcp_put_sr(&w, &sr, NULL, 0);
		rtcp_put_sdes_cname(&w, l->ssrc, "peer");
		peer_emit_rtcp(s->p, &w);
	}
}

static struct layer *find(struct peer_send *s, uint32_t ssrc)
{
	for (size_t i = 0; i < n_streams(s); i++)
		if (s->layer[i].ssrc == ssrc)
			return &s->layer[i];
	return NULL;
}

bool peer_send_on_block(struct peer_send *s, const struct rtcp_block *b,
			uint64_t now_us)
{
	struct layer *l = find(s, b->ssrc);
	uint32_t rtt;

	if (!l)
		return false;
	l->st.reports++;
	l->st.remote_lost = (uint32_t)b->lost;
	rtt = rtcp_rtt_us(rtcp_ntp_mid(peer_ntp(now_us)), b->lsr, b->dlsr);
	if (rtt)
		l->st.rtt_us = rtt;
	return true;
}

static void resend(struct peer_send *s, struct layer *l, uint16_t seq,
		   uint64_t now_us)
{
	const struct kept *k = &l->kept[seq % KEPT];

	l->st.nacked++;
	if (!k->used || k->seq != seq)
		return;
	if (s->conf.rtx_pt)
		send_rtx(s, l, k, now_us);
}

bool peer_send_on_nack(struct peer_send *s, const struct rtcp *p,
		       uint64_t now_us)
{
	struct layer *l = find(s, rtcpfb_media(p));
	struct rtcpfb_nack n;

	if (!l)
		return false;
	for (unsigned i = 0; rtcpfb_nack(p, i, &n); i++) {
		resend(s, l, n.seq, now_us);
		for (unsigned k = 0; k < 16; k++)
			if (n.blp >> k & 1)
				resend(s, l, (uint16_t)(n.seq + k + 1), now_us);
	}
	return true;
}

bool peer_send_on_key(struct peer_send *s, uint32_t ssrc, bool fir)
{
	struct layer *l = find(s, ssrc);

	if (!l)
		return false;
	l->want_key = true;
	if (fir)
		l->st.firs++;
	else
		l->st.plis++;
	return true;
}

void peer_send_bye(struct peer_send *s, struct wr *w)
{
	for (size_t i = 0; i < n_streams(s); i++)
		rtcp_put_bye(w, &s->layer[i].ssrc, 1);
}
