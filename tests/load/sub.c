#include "tests/load/sub.h"

#include <stdlib.h>
#include <string.h>

#include "common/sys/clock.h"
#include "common/sys/rng.h"
#include "mediad/wire/rtcpfb.h"
#include "mediad/wire/rtp.h"
#include "mediad/wire/rtpext.h"
#include "tests/load/stamp.h"

#define REPORT_US  1000000
#define NACK_US	   10000 /* grace for reordering */
#define NACK_AGAIN 50000
#define NACK_TRIES 5
#define NACK_GAP   200 /* a greater hole is not asked for */

void sub_init(struct sub *b, struct leg *leg, uint32_t sample,
	      struct sub_count *count)
{
	memset(b, 0, sizeof(*b));
	b->leg = leg;
	b->ssrc = rng_u32() | 1;
	b->sample = sample ? sample : 1;
	b->turn = rng_below(b->sample);
	b->count = count;
	if (arrival_init(&b->arrival))
		abort();
}

void sub_fini(struct sub *b)
{
	for (int i = 0; i < b->n; i++)
		free(b->s[i]);
	if (b->count)
		arrival_fini(&b->arrival);
	memset(b, 0, sizeof(*b));
}

static uint32_t slot_of(uint32_t ssrc)
{
	return (ssrc * 0x9e3779b1u >> 16) & (SUB_SLOTS - 1);
}

static void map(struct sub *b, uint32_t ssrc, int stream)
{
	uint32_t i = slot_of(ssrc);

	while (b->slots[i])
		i = (i + 1) & (SUB_SLOTS - 1);
	b->slots[i] = (uint16_t)(stream + 1);
}

void sub_add(struct sub *b, uint32_t ssrc, uint32_t rtx_ssrc, bool video)
{
	struct sub_stream *s;

	if (b->n == SUB_STREAMS)
		return;
	s = calloc(1, sizeof(*s));
	if (!s)
		abort();
	s->ssrc = ssrc;
	s->rtx_ssrc = rtx_ssrc;
	s->video = video;
	s->last_wall_us = b->left_wall_us[video];
	map(b, ssrc, b->n);
	if (rtx_ssrc)
		map(b, rtx_ssrc, b->n);
	b->s[b->n++] = s;
}

static struct sub_stream *find(const struct sub *b, uint32_t ssrc)
{
	uint32_t i = slot_of(ssrc);

	for (; b->slots[i]; i = (i + 1) & (SUB_SLOTS - 1)) {
		struct sub_stream *s = b->s[b->slots[i] - 1];

		if (s->ssrc == ssrc || s->rtx_ssrc == ssrc)
			return s;
	}
	return NULL;
}

static void miss(struct sub_stream *s, uint32_t ext, uint64_t now_us)
{
	if (s->n_missing == SUB_MISSING)
		return;
	s->missing[s->n_missing].ext = ext;
	s->missing[s->n_missing].tries = 0;
	s->missing[s->n_missing++].due_us = now_us + NACK_US;
}

static void found(struct sub_stream *s, uint32_t ext)
{
	for (int i = 0; i < s->n_missing; i++)
		if (s->missing[i].ext == ext) {
			s->missing[i] = s->missing[--s->n_missing];
			return;
		}
}

static void forget(struct sub_stream *s, uint32_t ext)
{
	s->seen[ext % SUB_WINDOW / 64] &= ~((uint64_t)1 << (ext % 64));
}

/* Books a sequence number. False: it was here before. */
static bool book(struct sub *b, struct sub_stream *s, uint16_t seq,
		 uint64_t now_us)
{
	uint32_t before = s->seq.set ? s->seq.max : 0;
	uint32_t ext = seq_unwrap(&s->seq, seq);
	uint64_t bit = (uint64_t)1 << (ext % 64);

	if (!before) {
		s->first = ext;
		s->first_us = now_us;
		b->count->expected++;
	} else if (ext > before) {
		b->count->expected += ext - before;
		for (uint32_t i = before + 1; i <= ext; i++)
			forget(s, i);
		if (ext - before < NACK_GAP)
			for (uint32_t i = before + 1; i < ext; i++)
				miss(s, i, now_us);
	} else if (ext < s->first || before - ext >= SUB_WINDOW ||
		   s->seen[ext % SUB_WINDOW / 64] & bit) {
		b->count->twice++;
		return false;
	} else {
		found(s, ext);
	}
	s->seen[ext % SUB_WINDOW / 64] |= bit;
	s->received++;
	b->count->received++;
	return true;
}

/* The length without the padding, which a decrypted packet tells. */
static size_t unpadded(const uint8_t *data, size_t len, size_t hdr)
{
	if (!(data[0] & 0x20) || data[len - 1] > len - hdr)
		return len;
	return len - data[len - 1];
}

/* RTX (RFC 4588): the original number stands before the payload. */
static void repaired(struct sub *b, struct sub_stream *s, uint8_t *data,
		     size_t len, uint64_t now_us)
{
	size_t hdr;

	if (srtp_open_rtp(b->leg->srtp, data, &len) != SRTP_PASS) {
		b->count->bad++;
		return;
	}
	hdr = rtp_hdr_len(data, len);
	if (!hdr || unpadded(data, len, hdr) < hdr + 2)
		return; /* padding: a probe */
	if (book(b, s, (uint16_t)(data[hdr] << 8 | data[hdr + 1]), now_us))
		b->count->repaired++;
}

static void sample(struct sub *b, uint8_t *data, size_t len, uint64_t wall_us)
{
	struct stamp st;
	size_t hdr;

	b->count->sampled++;
	if (srtp_open_rtp(b->leg->srtp, data, &len) != SRTP_PASS) {
		b->count->bad++;
		return;
	}
	hdr = rtp_hdr_len(data, len);
	if (hdr)
		len = unpadded(data, len, hdr);
	if (hdr && len == hdr)
		return; /* nothing but padding: a gap was closed */
	if (!hdr || !stamp_read(data + hdr, len - hdr, &st)) {
		b->count->bad++;
		return;
	}
	if (b->latency && wall_us >= st.wall_us)
		hist_add(b->latency, wall_us - st.wall_us);
}

static void note_twcc(struct sub *b, const uint8_t *data, size_t len,
		      uint64_t wall_us, uint64_t now_us)
{
	struct rtp h;
	const uint8_t *p;
	size_t n = 0;
	uint16_t seq;

	if (rtp_parse(&h, data, len))
		return;
	p = rtp_ext(&h, data, RTPEXT_TWCC, &n);
	if (rtpext_twcc(p, n, &seq))
		arrival_on_packet(&b->arrival, seq, h.ssrc, wall_us, now_us);
}

void sub_reset(struct sub *b)
{
	for (int i = 0; i < b->n; i++) {
		struct sub_stream *s = b->s[i];
		uint64_t *left = &b->left_wall_us[s->video];

		*left = s->last_wall_us > *left ? s->last_wall_us : *left;
		free(s);
	}
	b->n = 0;
	memset(b->slots, 0, sizeof(b->slots));
}

uint64_t sub_slot_gap_us(struct sub *b, uint64_t wall_us)
{
	uint64_t us = 0;

	for (int i = 0; i < b->n; i++) {
		struct sub_stream *s = b->s[i];

		us = s->slot_gap_us > us ? s->slot_gap_us : us;
		if (s->last_wall_us && wall_us > s->last_wall_us + us)
			us = wall_us - s->last_wall_us;
		s->slot_gap_us = 0;
	}
	for (int i = 0; !b->n && i < 2; i++)
		if (b->left_wall_us[i] && wall_us > b->left_wall_us[i] + us)
			us = wall_us - b->left_wall_us[i];
	return us;
}

void sub_heard(struct sub *b, uint64_t wall_us)
{
	for (int i = 0; i < b->n; i++)
		if (b->s[i]->last_wall_us)
			b->s[i]->last_wall_us = wall_us;
}

static void note_gap(struct sub_stream *s, uint64_t wall_us)
{
	uint64_t gap =
		wall_us > s->last_wall_us ? wall_us - s->last_wall_us : 0;

	if (s->last_wall_us && gap > s->gap_us)
		s->gap_us = gap;
	if (s->last_wall_us && gap > s->slot_gap_us)
		s->slot_gap_us = gap;
	s->last_wall_us = wall_us;
}

void sub_rtp(struct sub *b, uint8_t *data, size_t len, uint64_t wall_us,
	     uint64_t now_us)
{
	struct sub_stream *s = find(b, rtp_ssrc(data));
	bool padded = data[0] & 0x20;

	/* The padding count is cipher text: to be parsed without it. */
	data[0] &= (uint8_t)~0x20;
	note_twcc(b, data, len, wall_us, now_us);
	if (padded)
		data[0] |= 0x20;
	b->count->bytes += len;
	if (!s)
		return; /* a probe, or a consumer that is not known yet */
	if (!b->first_us)
		b->first_us = now_us;
	if (rtp_ssrc(data) == s->rtx_ssrc) {
		repaired(b, s, data, len, now_us);
		return;
	}
	note_gap(s, wall_us);
	if (!book(b, s, rtp_seq(data), now_us))
		return;
	if (++b->turn % b->sample == 0)
		sample(b, data, len, wall_us);
}

void sub_rtcp(struct sub *b, const uint8_t *data, size_t len, uint64_t now_us)
{
	struct rd rd = rd_of(data, len);
	struct sub_stream *s;
	struct rtcp_sr sr;
	struct rtcp r;

	while (rtcp_next(&rd, &r)) {
		if (r.pt != RTCP_SR || rtcp_sr(&r, &sr))
			continue;
		s = find(b, sr.ssrc);
		if (!s)
			continue;
		s->lsr = rtcp_ntp_mid(sr.ntp);
		s->lsr_us = now_us;
	}
}

static void nack(struct sub *b, struct sub_stream *s, uint64_t now_us)
{
	struct rtcpfb_nack pairs[SUB_MISSING];
	uint8_t buf[512];
	struct wr w = wr_of(buf, sizeof(buf));
	size_t n = 0;

	for (int i = 0; i < s->n_missing; i++) {
		struct sub_missing *m = &s->missing[i];

		if (m->due_us > now_us)
			continue;
		if (m->tries++ == NACK_TRIES) {
			s->missing[i--] = s->missing[--s->n_missing];
			continue;
		}
		m->due_us = now_us + NACK_AGAIN;
		pairs[n].seq = (uint16_t)m->ext;
		pairs[n++].blp = 0;
	}
	if (!n)
		return;
	b->count->nacked += n;
	rtcpfb_put_nack(&w, b->ssrc, s->ssrc, pairs, n);
	if (!w.bad)
		leg_send_rtcp(b->leg, buf, wr_len(&w));
}

static void block_of(struct sub_stream *s, struct rtcp_block *k,
		     uint64_t now_us)
{
	uint32_t expected = s->seq.max - s->first + 1;
	uint32_t since = expected - s->rr_expected;
	uint64_t got = s->received - s->rr_received;

	memset(k, 0, sizeof(*k));
	k->ssrc = s->ssrc;
	if (since > got)
		k->fraction = (uint8_t)((since - got) * 255 / since);
	k->lost = (int32_t)(expected - s->received);
	k->ext_seq = s->seq.max - 0x10000;
	k->lsr = s->lsr;
	if (s->lsr)
		k->dlsr = (uint32_t)((now_us - s->lsr_us) * 65536 / 1000000);
	s->rr_expected = expected;
	s->rr_received = s->received;
}

static void report(struct sub *b, uint64_t now_us)
{
	struct rtcp_block blocks[31];
	uint8_t buf[1100];
	size_t n = 0;

	for (int i = 0; i <= b->n; i++) {
		if (n == 31 || (i == b->n && n)) {
			struct wr w = wr_of(buf, sizeof(buf));

			rtcp_put_rr(&w, b->ssrc, blocks, n);
			rtcp_put_sdes_cname(&w, b->ssrc, "load");
			leg_send_rtcp(b->leg, buf, wr_len(&w));
			n = 0;
		}
		if (i < b->n && b->s[i]->seq.set)
			block_of(b->s[i], &blocks[n++], now_us);
	}
}

void sub_tick(struct sub *b, uint64_t now_us)
{
	uint8_t buf[1100];
	size_t n;

	if (!b->count || b->leg->state != LEG_UP)
		return;
	for (int i = 0; i < b->n; i++)
		if (b->s[i]->n_missing)
			nack(b, b->s[i], now_us);
	while (arrival_deadline(&b->arrival) <= now_us) {
		n = arrival_build(&b->arrival, b->ssrc, now_us, buf,
				  sizeof(buf));
		if (!n)
			break;
		leg_send_rtcp(b->leg, buf, n);
	}
	if (now_us < b->report_us)
		return;
	b->report_us = now_us + REPORT_US;
	report(b, now_us);
}
