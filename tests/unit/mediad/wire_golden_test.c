/* The parsers against what real browsers sent (tests/fixtures/rtp/). */
#include <string.h>

#include "mediad/wire/av1dd.h"
#include "mediad/wire/h264.h"
#include "mediad/wire/opus.h"
#include "mediad/wire/rtp.h"
#include "mediad/wire/rtpext.h"
#include "mediad/wire/vp8.h"
#include "mediad/wire/vp9.h"
#include "tests/lib/record.h"
#include "tests/lib/test.h"

/* Ends of the URIs in the offers. */
#define AST   "/abs-send-time"
#define TWCC  "/draft-holmer-rmcat-transport-wide-cc-extensions-01"
#define MID   ":sdes:mid"
#define RID   ":sdes:rtp-stream-id"
#define LEVEL ":ssrc-audio-level"
#define DD    "#dependency-descriptor-rtp-header-extension"

#define LAYERS 3

/* One stream of a recording, by its SSRC. */
struct stream {
	uint32_t ssrc;
	uint16_t seq;
	uint64_t packets, frames, keys;
	uint16_t pid; /* or the descriptor's frame number */
	uint8_t tl0, tid_max;
	char rid[RTPEXT_RID_MAX + 1];
	struct av1dd_structure dd;
};

static struct stream *stream_of(struct stream *s, uint32_t ssrc)
{
	for (int i = 0; i < LAYERS; i++) {
		if (s[i].packets && s[i].ssrc != ssrc)
			continue;
		s[i].ssrc = ssrc;
		return &s[i];
	}
	ck_abort_msg("more streams than layers");
	return NULL;
}

/*
 * The next media packet; RTX and padding are stepped over (browsers pad by
 * audio, too).
 */
static bool next(struct record *r, struct rtp *h, uint8_t pt)
{
	while (record_next(r)) {
		ck_assert_int_eq(rtp_parse(h, r->data, r->len), 0);
		ck_assert_uint_eq(rtp_hdr_len(r->data, r->len), h->hdr_len);
		if (h->pt == pt && h->payload_len)
			return true;
	}
	return false;
}

static const uint8_t *ext(const struct record *r, const struct rtp *h,
			  const char *uri_end, size_t *len)
{
	return rtp_ext(h, r->data, record_ext(r, uri_end), len);
}

/* Firefox offers no abs-send-time for audio. */
static void common_extensions(const struct record *r, const struct rtp *h)
{
	char mid[RTPEXT_MID_MAX + 1];
	const uint8_t *p;
	uint32_t ast;
	uint16_t seq;
	size_t n;

	p = ext(r, h, AST, &n);
	if (record_ext(r, AST))
		ck_assert(rtpext_abs_send_time(p, n, &ast));
	p = ext(r, h, TWCC, &n);
	if (p)
		ck_assert(rtpext_twcc(p, n, &seq));
	p = ext(r, h, MID, &n);
	if (!p)
		return;
	ck_assert(rtpext_token(p, n, mid, sizeof(mid)));
	ck_assert_str_eq(mid, "0");
}

/* The whole payload descriptor: picture ids and TL0PICIDX count a layer's. */
static void vp8_counts(struct stream *st, const struct vp8 *d)
{
	ck_assert(d->has_pid && d->pid15 && d->has_tl0 && d->has_tid);
	if (st->packets && !d->start)
		ck_assert(d->pid == st->pid && d->tl0 == st->tl0);
	if (d->start && st->frames)
		ck_assert_uint_eq(d->pid, (st->pid + 1) & 0x7fff);
	if (d->start && st->frames && !d->key)
		ck_assert_uint_eq(d->tl0, (uint8_t)(st->tl0 + !d->tid));
	st->pid = d->pid;
	st->tl0 = d->tl0;
	if (d->tid > st->tid_max)
		st->tid_max = d->tid;
}

/*
 * With a dependency descriptor only one byte is left of the payload's, and
 * frame numbers count those of all layers.
 */
static void vp8_described(struct stream *st, const struct vp8 *d,
			  const struct record *r, const struct rtp *h)
{
	struct av1dd dd;
	const uint8_t *p;
	uint16_t step;
	size_t n;

	ck_assert(!d->has_pid && !d->has_tl0 && !d->has_tid);
	ck_assert_uint_eq(d->desc_len, 1);
	p = ext(r, h, DD, &n);
	ck_assert_ptr_nonnull(p);
	ck_assert_int_eq(av1dd_parse(&dd, &st->dd, p, n), 0);
	ck_assert_int_eq(dd.start, d->start);
	ck_assert_int_eq(dd.end, h->marker);
	ck_assert_int_eq(dd.has_structure && dd.start, d->key);
	ck_assert_uint_eq(dd.sid, 0);
	ck_assert_uint_le(dd.tid, st->dd.max_tid);
	step = (uint16_t)(dd.frame - st->pid);
	if (st->packets && d->start)
		ck_assert(step >= 1 && step <= 2 * LAYERS);
	else if (st->packets)
		ck_assert_uint_eq(step, 0);
	st->pid = dd.frame;
	if (dd.tid > st->tid_max)
		st->tid_max = dd.tid;
}

static void vp8_packet(struct stream *st, const struct record *r,
		       const struct rtp *h, bool described)
{
	const uint8_t *p;
	struct vp8 d;
	size_t n;

	common_extensions(r, h);
	p = ext(r, h, RID, &n);
	if (p)
		ck_assert(rtpext_token(p, n, st->rid, sizeof(st->rid)));
	ck_assert_int_eq(vp8_parse(&d, r->data + h->hdr_len, h->payload_len),
			 0);
	if (st->packets)
		ck_assert_uint_eq(h->seq, (uint16_t)(st->seq + 1));
	ck_assert(st->frames || d.key);
	if (described)
		vp8_described(st, &d, r, h);
	else
		vp8_counts(st, &d);
	if (d.key)
		ck_assert(d.width >= 160 && d.height >= 90);
	st->frames += d.start;
	st->keys += d.key;
	st->seq = h->seq;
	st->packets++;
}

static void vp8_walk(const char *name, unsigned tid_max, bool described)
{
	static struct stream s[LAYERS];
	struct record r;
	struct rtp h;

	memset(s, 0, sizeof(s));
	record_open(&r, name);
	while (next(&r, &h, record_pt(&r, "VP8/90000")))
		vp8_packet(stream_of(s, h.ssrc), &r, &h, described);
	for (int i = 0; i < LAYERS; i++) {
		ck_assert_uint_ge(s[i].keys, 1);
		ck_assert_uint_ge(s[i].frames, 10);
		ck_assert(s[i].rid[0] == 'r');
		ck_assert_uint_eq(s[i].tid_max, tid_max);
	}
	record_close(&r);
}

TEST(golden_vp8_simulcast)
{
	vp8_walk("chromium-vp8-simulcast", 2, false);
}

/* Asked for three temporal layers, Firefox makes two. */
TEST(golden_firefox_vp8_simulcast)
{
	vp8_walk("firefox-vp8-simulcast", 1, false);
}

TEST(golden_firefox_vp8_dependency_descriptor)
{
	vp8_walk("firefox-vp8-dd", 1, true);
}

/* Frames and key frames of a VP9 recording, and the layers in it. */
static void vp9_walk(const char *name, int spatial)
{
	uint64_t frames = 0, keys = 0;
	uint8_t sid_max = 0, tid_max = 0, n_spatial = 0;
	bool open = false;
	struct record r;
	struct vp9 d;
	struct rtp h;
	uint16_t pid = 0;

	record_open(&r, name);
	while (next(&r, &h, record_pt(&r, "VP9/90000"))) {
		ck_assert_int_eq(
			vp9_parse(&d, r.data + h.hdr_len, h.payload_len), 0);
		ck_assert(d.has_pid && d.pid15);
		ck_assert_int_eq(d.start, !open);
		open = !d.end;
		if (d.start && d.sid == 0 && frames)
			ck_assert_uint_eq(d.pid, (pid + 1) & 0x7fff);
		if (h.marker)
			ck_assert(d.end);
		if (d.has_ss)
			n_spatial = d.n_spatial;
		frames += d.start && d.sid == 0;
		keys += d.key;
		pid = d.pid;
		sid_max = d.sid > sid_max ? d.sid : sid_max;
		tid_max = d.tid > tid_max ? d.tid : tid_max;
	}
	ck_assert_uint_ge(keys, 1);
	ck_assert_uint_ge(frames, 10);
	ck_assert_uint_eq(n_spatial, spatial);
	ck_assert_uint_eq(sid_max, spatial - 1);
	if (spatial > 1)
		ck_assert_uint_eq(tid_max, 2);
	record_close(&r);
}

TEST(golden_vp9)
{
	vp9_walk("chromium-vp9", 1);
}

TEST(golden_firefox_vp9)
{
	vp9_walk("firefox-vp9", 1);
}

/* Asked for three; the machine was slow and Chromium made two. */
TEST(golden_vp9_spatial_layers)
{
	vp9_walk("chromium-vp9-l3t3", 2);
}

TEST(golden_h264)
{
	uint64_t keys = 0, slices = 0, packets = 0;
	struct record r;
	struct h264 d;
	struct rtp h;
	bool first = true;

	record_open(&r, "chromium-h264");
	while (next(&r, &h, record_pt(&r, "H264/90000"))) {
		ck_assert_int_eq(
			h264_parse(&d, r.data + h.hdr_len, h.payload_len), 0);
		ck_assert(!first || d.key);
		first = false;
		keys += d.key;
		slices += d.has_slice;
		packets++;
		if (h.marker)
			ck_assert(d.end && d.has_slice);
	}
	ck_assert_uint_ge(keys, 1);
	ck_assert_uint_lt(keys, packets / 4);
	ck_assert_uint_ge(slices, packets * 9 / 10);
	record_close(&r);
}

static void av1_walk(const char *name, int spatial)
{
	static struct av1dd_structure st;
	uint64_t frames = 0, keys = 0;
	uint16_t frame = 0;
	struct av1dd_payload a;
	struct record r;
	struct av1dd d;
	struct rtp h;

	memset(&st, 0, sizeof(st));
	record_open(&r, name);
	while (next(&r, &h, record_pt(&r, "AV1/90000"))) {
		const uint8_t *p;
		size_t n = 0;

		p = ext(&r, &h, DD, &n);
		ck_assert_ptr_nonnull(p);
		ck_assert_int_eq(av1dd_parse(&d, &st, p, n), 0);
		ck_assert_int_eq(
			av1dd_payload(&a, r.data + h.hdr_len, h.payload_len),
			0);
		if (d.start && frames)
			ck_assert_uint_eq(d.frame, (uint16_t)(frame + 1));
		else if (frames)
			ck_assert_uint_eq(d.frame, frame);
		if (d.has_structure && d.start)
			ck_assert(a.key);
		if (h.marker)
			ck_assert(d.end);
		ck_assert_uint_lt(d.sid, spatial);
		frames += d.start;
		keys += d.has_structure && d.start;
		frame = d.frame;
	}
	ck_assert_uint_ge(keys, 1);
	ck_assert_uint_ge(frames, 10);
	ck_assert_uint_eq(st.max_sid, spatial - 1);
	ck_assert_uint_eq(st.max_tid, 2);
	ck_assert_uint_eq(st.n_targets, 3 * spatial);
	ck_assert(st.has_sizes);
	record_close(&r);
}

TEST(golden_av1_three_temporal_layers)
{
	av1_walk("chromium-av1-l1t3", 1);
}

TEST(golden_av1_three_spatial_layers)
{
	av1_walk("chromium-av1-l3t3", 3);
}

/* Firefox sends AV1 without a dependency descriptor. */
TEST(golden_firefox_av1)
{
	uint64_t keys = 0, packets = 0;
	struct av1dd_payload a;
	bool open = false;
	struct record r;
	struct rtp h;

	record_open(&r, "firefox-av1");
	while (next(&r, &h, record_pt(&r, "AV1/90000"))) {
		common_extensions(&r, &h);
		ck_assert_int_eq(
			av1dd_payload(&a, r.data + h.hdr_len, h.payload_len),
			0);
		ck_assert(packets || a.key);
		ck_assert_int_eq(a.continues, open);
		open = a.continued;
		if (h.marker)
			ck_assert(!open);
		keys += a.key;
		packets++;
	}
	ck_assert_uint_ge(packets, 100);
	ck_assert_uint_ge(keys, 1);
	ck_assert_uint_lt(keys, packets / 4);
	record_close(&r);
}

static void opus_walk(const char *name)
{
	uint64_t voiced = 0, packets = 0;
	struct record r;
	struct opus o;
	struct rtp h;
	uint32_t ts = 0;

	record_open(&r, name);
	while (next(&r, &h, record_pt(&r, "opus/48000/2"))) {
		const uint8_t *p;
		uint8_t level;
		size_t n = 0;
		bool voice;

		common_extensions(&r, &h);
		p = ext(&r, &h, LEVEL, &n);
		ck_assert(rtpext_audio_level(p, n, &level, &voice));
		ck_assert_int_eq(
			opus_parse(&o, r.data + h.hdr_len, h.payload_len), 0);
		ck_assert_uint_eq(o.samples, 960);
		if (packets++)
			ck_assert_uint_eq(h.ts, ts + o.samples);
		ts = h.ts;
		voiced += level < 127;
	}
	ck_assert_uint_ge(packets, 100);
	ck_assert_uint_gt(voiced, 0);
	record_close(&r);
}

TEST(golden_opus)
{
	opus_walk("chromium-opus");
}

TEST(golden_firefox_opus)
{
	opus_walk("firefox-opus");
}

TEST(golden_red)
{
	struct opus_red b[OPUS_RED_MAX];
	uint64_t doubled = 0, packets = 0;
	struct record r;
	struct rtp h;
	uint8_t opus;

	record_open(&r, "chromium-red");
	opus = record_pt(&r, "opus/48000/2");
	while (next(&r, &h, record_pt(&r, "red/48000/2"))) {
		int n = opus_red(r.data + h.hdr_len, h.payload_len, b,
				 OPUS_RED_MAX);

		ck_assert_int_ge(n, 1);
		for (int i = 0; i < n; i++)
			ck_assert_uint_eq(b[i].pt, opus);
		if (n > 1)
			ck_assert_uint_eq(b[n - 2].ts_offset, 960);
		doubled += n > 1;
		packets++;
	}
	ck_assert_uint_ge(packets, 80);
	ck_assert_uint_ge(doubled, packets - 2);
	record_close(&r);
}
