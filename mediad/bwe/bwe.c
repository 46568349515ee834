#include "mediad/bwe/bwe.h"

#include <stdlib.h>
#include <string.h>

#include "common/timerq.h"
#include "mediad/bwe/aimd.h"
#include "mediad/bwe/busy.h"
#include "mediad/bwe/loss.h"
#include "mediad/bwe/probe.h"
#include "mediad/bwe/trend.h"
#include "mediad/wire/twcc.h"

#define SLOT_US	   25000 /* what arrives is counted in such slots */
#define SLOTS	   16
#define SPAN_SLOTS 8 /* of them make the rate: 200 ms */
#define TICK_US	   100000
#define SILENT_US  5000000 /* without a report so long: the rate is halved */
#define WANT_X100  135	   /* of what we would send */
#define LIMITED_PC 75	   /* less sent than that is not the link's fault */
#define NOISE_PC   1
#define SETTLED_US 1000000
#define FRESH	   5	  /* last packets of a report */
#define REPORT_US  100000 /* between reports, at most */

struct bwe {
	struct sentlog log;
	struct trend trend;
	struct aimd aimd;
	struct busy busy;
	struct loss loss;
	struct probe probe;
	uint32_t estimate;
	uint32_t desired;
	uint32_t remb_bps;
	uint64_t rtt_us;
	uint64_t tick_us;
	uint64_t first_us;  /* first feedback; 0: none came yet */
	uint64_t report_us; /* last feedback; 0: none came yet */
	uint64_t sent_us;   /* last packet */
	uint64_t silent_us;
	bool video; /* something but audio was sent */
	uint64_t bad;

	uint16_t next_report; /* first number not reported on yet */
	bool started;
	int64_t unwrapped_us; /* the receiver's clock of the last arrival */
	int64_t clock_us;
	uint32_t in_slot[SLOTS];
	int64_t slot; /* newest */
	uint32_t out_slot[SLOTS];
	uint64_t out; /* newest */
};

struct bwe *bwe_new(uint32_t initial_bps, uint16_t first_seq, uint64_t now_us)
{
	struct bwe *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	if (sentlog_init(&b->log, first_seq) < 0) {
		free(b);
		return NULL;
	}
	b->estimate = initial_bps;
	b->next_report = first_seq;
	b->tick_us = timerq_round(now_us + TICK_US);
	trend_init(&b->trend);
	aimd_init(&b->aimd, initial_bps);
	loss_init(&b->loss);
	probe_init(&b->probe, now_us);
	return b;
}

void bwe_free(struct bwe *b)
{
	if (!b)
		return;
	sentlog_fini(&b->log);
	free(b);
}

uint16_t bwe_next_seq(const struct bwe *b)
{
	return b->log.next;
}

/* ---- what leaves and what arrives -------------------------------------- */

static void count_out(struct bwe *b, uint32_t len, uint64_t now_us)
{
	uint64_t slot = now_us / SLOT_US;

	for (; b->out < slot && slot - b->out < SLOTS; b->out++)
		b->out_slot[(b->out + 1) % SLOTS] = 0;
	if (b->out < slot) {
		memset(b->out_slot, 0, sizeof(b->out_slot));
		b->out = slot;
	}
	b->out_slot[slot % SLOTS] += len;
}

static uint32_t sent_bps(struct bwe *b, uint64_t now_us)
{
	uint64_t sum = 0;

	count_out(b, 0, now_us);
	for (int i = 0; i < SLOTS; i++)
		sum += b->out_slot[i];
	return (uint32_t)(sum * 8 * 1000000 / (SLOTS * SLOT_US));
}

static void count_in(struct bwe *b, uint32_t len, int64_t recv_us)
{
	int64_t slot = recv_us / SLOT_US;

	if (slot > b->slot) {
		int64_t gone = slot - b->slot;

		if (gone > SLOTS)
			gone = SLOTS;
		for (int64_t i = 0; i < gone; i++)
			b->in_slot[(slot - i) % SLOTS] = 0;
		b->slot = slot;
	} else if (b->slot - slot >= SLOTS) {
		return;
	}
	b->in_slot[slot % SLOTS] += len;
}

/* Full slots only: the newest is still filling. */
static uint32_t acked_bps(const struct bwe *b)
{
	uint64_t sum = 0;

	for (int64_t i = 1; i <= SPAN_SLOTS; i++)
		sum += b->in_slot[(b->slot - i + SLOTS) % SLOTS];
	return (uint32_t)(sum * 8 * 1000000 / (SPAN_SLOTS * SLOT_US));
}

void bwe_on_sent(struct bwe *b, uint16_t len, enum sentlog_kind kind,
		 uint64_t now_us)
{
	uint8_t cluster = probe_on_sent(&b->probe, b->log.next, len);

	sentlog_add(&b->log, len, kind, cluster, now_us);
	count_out(b, len, now_us);
	b->sent_us = now_us;
	b->video |= kind != SENTLOG_AUDIO;
}

void bwe_on_left(struct bwe *b, uint16_t seq, uint64_t sent_us)
{
	struct sentlog_entry *e = sentlog_get(&b->log, seq);

	if (e && !e->acked)
		e->sent_us = sent_us;
}

/* ---- the estimate ------------------------------------------------------ */

/* It is the receiver's, who sends no feedback to make our own of. */
static bool by_remb(const struct bwe *b)
{
	return !b->report_us && b->remb_bps;
}

static bool settle(struct bwe *b)
{
	uint32_t before = b->estimate;
	uint32_t bps = aimd_capacity(&b->aimd);
	uint32_t off;

	if (by_remb(b))
		bps = b->remb_bps;
	if (b->loss.cap_bps < bps)
		bps = b->loss.cap_bps;
	if (bps < BWE_MIN_BPS)
		bps = BWE_MIN_BPS;
	if (bps > BWE_MAX_BPS)
		bps = BWE_MAX_BPS;
	/* The parts may not run away from the whole, nor under its floor. */
	if (b->aimd.bps < BWE_MIN_BPS || b->aimd.bps > BWE_MAX_BPS)
		b->aimd.bps = bps;
	if (b->loss.cap_bps < BWE_MIN_BPS)
		b->loss.cap_bps = BWE_MIN_BPS;
	b->estimate = bps;
	off = bps > before ? bps - before : before - bps;
	return off > before / 100 * NOISE_PC;
}

static uint32_t wanted(const struct bwe *b)
{
	uint64_t want = (uint64_t)b->desired * WANT_X100 / 100;

	return want < BWE_MAX_BPS ? (uint32_t)want : BWE_MAX_BPS;
}

static void take_arrival(struct bwe *b, const struct twcc_arrival *a,
			 uint32_t *n)
{
	struct sentlog_entry *e = sentlog_get(&b->log, a->seq);

	if (!e || e->acked)
		return;
	e->acked = true;
	b->log.in_flight -= e->len;
	(*n)++;
	count_in(b, e->len, a->at_us);
	busy_on_packet(&b->busy, e->len, trend_ready_us(&b->trend, e->sent_us),
		       a->at_us);
	trend_on_packet(&b->trend, e->sent_us, a->at_us);
	probe_on_acked(&b->probe, e->cluster, e->len, e->sent_us, a->at_us);
}

/*
 * Numbers the report covers for the first time and does not list. Of what
 * no report covered, because one was lost, nothing is known.
 */
static uint32_t count_lost(struct bwe *b, const struct twcc *h)
{
	uint16_t end = (uint16_t)(h->base + h->count);
	uint16_t seq = b->next_report;
	uint32_t lost = 0;

	if ((int16_t)(end - seq) <= 0)
		return 0;
	if ((uint16_t)(end - seq) > SENTLOG_RING)
		seq = (uint16_t)(end - SENTLOG_RING);
	for (; seq != end; seq++) {
		struct sentlog_entry *e = sentlog_get(&b->log, seq);

		if (!e || e->acked)
			continue;
		lost += (int16_t)(seq - h->base) >= 0;
		e->acked = true;
		b->log.in_flight -= e->len;
	}
	b->next_report = end;
	return lost;
}

/*
 * The reference time wraps each 2^24 x 64 ms; a receiver that starts anew
 * begins elsewhere. Arrivals are put on one line.
 */
static void unwrap(struct bwe *b, struct twcc_arrival *a, size_t n)
{
	const int64_t cycle = (int64_t)TWCC_REF_US << 24;
	int64_t shift;

	if (!b->started) {
		b->started = true;
		b->clock_us = a[0].at_us;
		b->unwrapped_us = cycle;
	}
	shift = a[0].at_us - b->clock_us;
	if (shift > cycle / 2)
		shift -= cycle;
	else if (shift < -cycle / 2)
		shift += cycle;
	b->clock_us = a[0].at_us;
	b->unwrapped_us += shift;
	shift = b->unwrapped_us - a[0].at_us;
	for (size_t i = 0; i < n; i++)
		a[i].at_us += shift;
}

/* How long the link needs for all that is under way, us. */
static uint64_t backlog_us(const struct bwe *b, const struct aimd_input *in)
{
	uint64_t way = in->rtt_us + REPORT_US;
	uint64_t us;

	if (!in->acked_bps)
		return 0;
	us = (uint64_t)b->log.in_flight * 8 * 1000000 / in->acked_bps;
	return us > way ? us - way : 0;
}

static void update(struct bwe *b, uint32_t got, uint32_t lost, uint64_t now_us)
{
	struct aimd_input in = {.state = b->trend.state,
				.queue_us = trend_queue_us(&b->trend),
				.acked_bps = acked_bps(b),
				.busy_bps = busy_bps(&b->busy),
				.rtt_us = b->rtt_us};
	uint32_t sent = sent_bps(b, now_us);
	uint32_t more;

	/* The queue is no part of the way. */
	in.rtt_us -= in.queue_us < in.rtt_us ? in.queue_us : in.rtt_us;

	in.backlog_us = backlog_us(b, &in);
	in.limited =
		(uint64_t)sent * 100 < (uint64_t)b->estimate * LIMITED_PC ||
		b->estimate >= wanted(b) || b->loss.cap_bps < b->aimd.bps;
	if (aimd_update(&b->aimd, &in, now_us))
		trend_rebase(&b->trend);
	more = probe_result(&b->probe, b->next_report, now_us);
	if (more > wanted(b))
		more = wanted(b);
	if (more && in.state != TREND_OVER)
		aimd_raise(&b->aimd, more);
	loss_update(&b->loss,
		    &(struct loss_input){.lost = lost,
					 .total = got + lost,
					 .bps = b->aimd.bps,
					 .sent_bps = sent,
					 .acked_bps = in.acked_bps,
					 .queue_us = in.queue_us,
					 .draining = b->aimd.drain_us != 0},
		    now_us);
}

bool bwe_on_feedback(struct bwe *b, const struct rtcp *p, uint64_t now_us)
{
	struct twcc_arrival list[TWCC_MAX];
	struct sentlog_entry *e;
	struct twcc h;
	uint32_t got = 0, lost;
	size_t n;

	if (twcc_parse(p, &h, list, TWCC_MAX, &n) < 0) {
		b->bad++;
		return false;
	}
	if (!b->first_us)
		b->first_us = now_us;
	b->report_us = now_us;
	b->silent_us = now_us;
	if (n) {
		unwrap(b, list, n);
		e = sentlog_get(&b->log, list[n - 1].seq);
		if (e)
			b->rtt_us = now_us - e->sent_us;
		for (size_t i = 0; i < n; i++) {
			if (i == 0 || i + FRESH == n)
				trend_fresh(&b->trend);
			take_arrival(b, &list[i], &got);
		}
		trend_on_report(&b->trend, now_us);
	}
	lost = count_lost(b, &h);
	update(b, got, lost, now_us);
	return settle(b);
}

bool bwe_on_remb(struct bwe *b, uint32_t bps, uint64_t now_us)
{
	b->remb_bps = bps;
	if (!b->first_us)
		b->first_us = now_us;
	return settle(b);
}

void bwe_on_rr(struct bwe *b, uint8_t fraction_lost, uint64_t rtt_us,
	       uint64_t now_us)
{
	/* Feedback tells both better. */
	if (b->report_us)
		return;
	b->rtt_us = rtt_us;
	loss_update(&b->loss,
		    &(struct loss_input){.lost = fraction_lost,
					 .total = 256,
					 .bps = by_remb(b) ? b->remb_bps
							   : b->aimd.bps},
		    now_us);
}

void bwe_set_desired(struct bwe *b, uint32_t bps)
{
	b->desired = bps;
}

/* ---- time -------------------------------------------------------------- */

bool bwe_tick(struct bwe *b, uint64_t now_us)
{
	if (b->tick_us > now_us)
		return false;
	b->tick_us = timerq_round(now_us + TICK_US);
	loss_tick(&b->loss, now_us);
	aimd_tick(&b->aimd, now_us);
	if (settle(b))
		return true;
	/* Only what is in flight can be missed. */
	if (!b->report_us || b->sent_us + SILENT_US < now_us ||
	    b->silent_us + SILENT_US > now_us)
		return false;
	b->silent_us = now_us;
	b->aimd.bps /= 2;
	return settle(b);
}

uint64_t bwe_deadline(const struct bwe *b)
{
	uint64_t probe = probe_deadline(&b->probe);

	return probe < b->tick_us ? probe : b->tick_us;
}

uint32_t bwe_probe(struct bwe *b, uint64_t now_us)
{
	/* Nothing is known before the first report, nor while it queues. */
	if (b->probe.state == PROBE_IDLE &&
	    (!b->report_us || !b->video || b->aimd.drain_us ||
	     b->trend.state == TREND_OVER || b->loss.cap_bps < b->aimd.bps ||
	     !probe_start(&b->probe, b->estimate, wanted(b), now_us)))
		return 0;
	return probe_due(&b->probe, now_us);
}

bool bwe_settled(const struct bwe *b, uint64_t now_us)
{
	return b->first_us && b->first_us + SETTLED_US < now_us;
}

uint32_t bwe_estimate(const struct bwe *b)
{
	return b->estimate;
}

uint32_t bwe_pace(const struct bwe *b)
{
	return b->aimd.bps < b->estimate && !by_remb(b) ? b->aimd.bps
							: b->estimate;
}

double bwe_loss(const struct bwe *b)
{
	return b->loss.now;
}
