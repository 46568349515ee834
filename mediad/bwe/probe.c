#include "mediad/bwe/probe.h"

#include <string.h>

#define SPAN_US	     25000
#define PACKETS_MIN  5
#define STEP_US	     1000
#define BYTES_STEP   300 /* padding packet, about */
#define FACTOR	     2
#define OVER_PERCENT 115
#define GOOD_PERCENT 80	 /* of the target: there may be still more */
#define MORE_PERCENT 135 /* of the estimate: likewise */
#define KEEP_PERCENT 92	 /* of what got through, when it was less */
#define PAUSE_MIN_US 3000000
#define PAUSE_MAX_US 4000000
#define AGAIN_US     50000

void probe_init(struct probe *p, uint64_t now_us)
{
	memset(p, 0, sizeof(*p));
	p->next_us = now_us + AGAIN_US;
	p->pause_us = PAUSE_MIN_US;
}

bool probe_start(struct probe *p, uint32_t est_bps, uint32_t want_bps,
		 uint64_t now_us)
{
	uint64_t target = (uint64_t)est_bps * FACTOR;

	if (p->state != PROBE_IDLE || now_us < p->next_us ||
	    want_bps <= est_bps + est_bps / 20)
		return false; /* What gets through is judged a little low. */
	if (target > (uint64_t)want_bps * OVER_PERCENT / 100)
		target = (uint64_t)want_bps * OVER_PERCENT / 100;
	p->id = (uint8_t)(p->id == UINT8_MAX ? 1 : p->id + 1);
	p->state = PROBE_SENDING;
	p->target_bps = (uint32_t)target;
	p->from_bps = est_bps;
	p->start_us = now_us;
	p->sent = p->packets = p->acked = p->acked_n = 0;
	return true;
}

static bool sent_enough(const struct probe *p, uint64_t now_us)
{
	return now_us >= p->start_us + SPAN_US && p->packets >= PACKETS_MIN;
}

uint32_t probe_due(struct probe *p, uint64_t now_us)
{
	uint64_t due;

	if (p->state != PROBE_SENDING)
		return 0;
	if (sent_enough(p, now_us)) {
		p->state = PROBE_WAITING;
		return 0;
	}
	due = (uint64_t)p->target_bps / 8 * (now_us - p->start_us + STEP_US) /
	      1000000;
	/* A turn that came late must not become one big burst. */
	if (now_us > p->start_us + SPAN_US * 2)
		due = p->sent + BYTES_STEP;
	return due > p->sent ? (uint32_t)(due - p->sent) : 0;
}

uint8_t probe_on_sent(struct probe *p, uint16_t seq, uint32_t len)
{
	if (p->state != PROBE_SENDING)
		return 0;
	p->last = seq;
	p->sent += len;
	p->packets++;
	return p->id;
}

void probe_on_acked(struct probe *p, uint8_t cluster, uint32_t len,
		    uint64_t sent_us, int64_t recv_us)
{
	if (!cluster || cluster != p->id || p->state == PROBE_IDLE)
		return;
	if (!p->acked_n || sent_us < p->sent_first) {
		p->sent_first = sent_us;
	}
	if (!p->acked_n || recv_us < p->recv_first) {
		p->recv_first = recv_us;
		p->first_len = len;
	}
	if (!p->acked_n || sent_us >= p->sent_last) {
		p->sent_last = sent_us;
		p->last_len = len;
	}
	if (!p->acked_n || recv_us > p->recv_last)
		p->recv_last = recv_us;
	p->acked += len;
	p->acked_n++;
}

static uint32_t bps_of(uint32_t bytes, uint64_t us)
{
	return (uint32_t)((uint64_t)bytes * 8 * 1000000 / (us ? us : 1));
}

static uint32_t judge(struct probe *p, uint64_t now_us)
{
	uint64_t sent_us = p->sent_last - p->sent_first;
	int64_t recv_us = p->recv_last - p->recv_first;
	uint32_t out, in, got;

	if (p->acked_n < PACKETS_MIN || !sent_us || recv_us <= 0 ||
	    p->acked * 10 < p->sent * 7) {
		p->next_us = now_us + p->pause_us;
		return 0;
	}
	out = bps_of(p->acked - p->last_len, sent_us);
	in = bps_of(p->acked - p->first_len, (uint64_t)recv_us);
	got = in < out ? in : out;
	if (got > p->target_bps)
		got = p->target_bps;
	if ((uint64_t)got * 100 >= (uint64_t)p->target_bps * GOOD_PERCENT ||
	    (uint64_t)got * 100 >= (uint64_t)p->from_bps * MORE_PERCENT) {
		p->pause_us = PAUSE_MIN_US;
		p->next_us = now_us + AGAIN_US;
	} else {
		p->next_us = now_us + p->pause_us;
		if (p->pause_us < PAUSE_MAX_US)
			p->pause_us += p->pause_us / 2;
	}
	if (in < out)
		got = (uint32_t)((uint64_t)got * KEEP_PERCENT / 100);
	return got;
}

uint32_t probe_result(struct probe *p, uint16_t next_report, uint64_t now_us)
{
	if (p->state != PROBE_WAITING)
		return 0;
	if (p->acked < p->sent && (int16_t)(next_report - p->last) <= 0)
		return 0;
	p->state = PROBE_IDLE;
	return judge(p, now_us);
}

/* When a whole packet of padding is due, or the cluster ends. */
uint64_t probe_deadline(const struct probe *p)
{
	uint64_t end = p->start_us + SPAN_US;
	uint64_t next;

	if (p->state != PROBE_SENDING)
		return UINT64_MAX;
	next = p->start_us +
	       (uint64_t)(p->sent + BYTES_STEP) * 8 * 1000000 / p->target_bps;
	next = next > p->start_us + STEP_US ? next - STEP_US : p->start_us;
	return next < end || p->packets < PACKETS_MIN ? next : end;
}
