#include "mediad/rtp/recv.h"

#include <math.h>
#include <string.h>

/* RFC 3550 appendix A.1, with more room for what a pause skips. */
#define MAX_DROPOUT  3000
#define MAX_MISORDER 1500
#define SCORE_US     1000000

uint64_t recv_ntp_to_us(uint64_t ntp)
{
	return (ntp >> 32) * 1000000 + ((ntp & 0xffffffff) * 1000000 >> 32);
}

uint64_t recv_us_to_ntp(uint64_t us)
{
	return (us / 1000000) << 32 | ((us % 1000000) << 32) / 1000000;
}

void recv_init(struct recv *s, uint32_t ssrc, uint32_t clock_rate)
{
	memset(s, 0, sizeof(*s));
	s->ssrc = ssrc;
	s->clock_rate = clock_rate ? clock_rate : 90000;
	s->score = 10;
}

static void restart(struct recv *s, uint16_t seq)
{
	s->seq.set = false;
	s->base = seq_unwrap(&s->seq, seq);
	s->bad_set = false;
	s->expected_prior = 0;
	s->received_prior = s->packets;
	s->score_expected = 0;
	s->score_received = s->packets;
	s->score_repaired = s->repaired;
	s->transit = 0;
}

static void jitter(struct recv *s, uint32_t ts, uint64_t recv_us)
{
	uint32_t arrival = (uint32_t)(recv_us * s->clock_rate / 1000000);
	uint32_t transit = arrival - ts;
	int32_t d = (int32_t)(transit - s->transit);

	/* RFC 3550 appendix A.8; a jump of the time stamps is no jitter. */
	if (s->transit && (uint32_t)(d < 0 ? -d : d) < s->clock_rate * 5)
		s->jitter_q4 +=
			(uint32_t)(d < 0 ? -d : d) - ((s->jitter_q4 + 8) >> 4);
	s->transit = transit;
}

enum recv_verdict recv_input(struct recv *s, uint16_t seq, uint32_t ts,
			     uint64_t recv_us)
{
	enum recv_verdict v = RECV_NEW;
	int d;

	s->inactive = false;
	if (!s->seq.set) {
		restart(s, seq);
		s->first_us = recv_us;
		jitter(s, ts, recv_us);
		s->last_us = recv_us;
		return RECV_NEW;
	}
	d = seq_diff(seq, (uint16_t)s->seq.max);
	if (d > MAX_DROPOUT || d < -MAX_MISORDER) {
		if (!s->bad_set || seq != s->bad_seq) {
			s->bad_set = true;
			s->bad_seq = (uint16_t)(seq + 1);
			return RECV_STRAY;
		}
		restart(s, seq);
		v = RECV_JUMP;
	} else if (d <= 0) {
		return RECV_OLD;
	} else {
		seq_unwrap(&s->seq, seq);
	}
	jitter(s, ts, recv_us);
	s->last_us = recv_us;
	return v;
}

void recv_count(struct recv *s, const struct media *m, uint32_t len,
		uint64_t now_us)
{
	s->packets++;
	s->bytes += len;
	rate_add(&s->rate, len, now_us);
	rate_add(&s->layer[m->sid][m->tid], len, now_us);
}

void recv_repaired(struct recv *s)
{
	s->repaired++;
}

void recv_on_sr(struct recv *s, uint64_t ntp, uint32_t ts, uint64_t now_us)
{
	s->clock.ntp = ntp;
	s->clock.ts = ts;
	s->clock.recv_us = now_us;
}

static uint64_t expected(const struct recv *s)
{
	return s->seq.set ? (uint64_t)(s->seq.max - s->base) + 1 : 0;
}

/* Packets since the last (re)start of the numbering are not told apart. */
void recv_report(struct recv *s, uint64_t now_us, struct recv_report *out)
{
	uint64_t exp = expected(s);
	uint64_t exp_int = exp - s->expected_prior;
	uint64_t recv_int = s->packets - s->received_prior;
	uint64_t lost_int = exp_int > recv_int ? exp_int - recv_int : 0;

	s->expected_prior = exp;
	s->received_prior = s->packets;
	s->lost += (int32_t)(exp_int - recv_int);
	if (s->lost > 0x7fffff)
		s->lost = 0x7fffff;
	if (s->lost < 0)
		s->lost = 0;
	s->fraction_lost = exp_int ? (uint8_t)(lost_int * 255 / exp_int) : 0;
	out->ssrc = s->ssrc;
	out->fraction_lost = s->fraction_lost;
	out->lost = s->lost;
	out->ext_max = s->seq.max - 0x10000u;
	out->jitter = s->jitter_q4 >> 4;
	out->lsr = s->clock.ntp ? (uint32_t)(s->clock.ntp >> 16) : 0;
	out->dlsr = s->clock.ntp ? (uint32_t)((now_us - s->clock.recv_us) *
					      65536 / 1000000)
				 : 0;
}

static void push_score(struct recv *s, uint8_t score)
{
	unsigned sum = 0, weight = 0;

	s->scores[s->score_pos] = score;
	s->score_pos = (uint8_t)((s->score_pos + 1) % RECV_SCORES);
	if (s->n_scores < RECV_SCORES)
		s->n_scores++;
	/* The newest weighs most. */
	for (unsigned i = 0; i < s->n_scores; i++) {
		unsigned at = (s->score_pos + RECV_SCORES - s->n_scores + i) %
			      RECV_SCORES;

		sum += (i + 1) * s->scores[at];
		weight += i + 1;
	}
	s->score = (uint8_t)((sum + weight / 2) / weight);
}

static uint8_t interval_score(struct recv *s)
{
	uint64_t exp = expected(s) - s->score_expected;
	uint64_t got = s->packets - s->score_received;
	uint64_t fixed = s->repaired - s->score_repaired;
	uint64_t first = got > fixed ? got - fixed : 0;
	double lost, credit, ratio;

	s->score_expected += exp;
	s->score_received = s->packets;
	s->score_repaired = s->repaired;
	if (!exp)
		return s->packets ? 10 : 0;
	if (!first)
		return 0;
	lost = exp > first ? (double)(exp - first) : 0;
	if ((double)fixed > lost)
		fixed = (uint64_t)lost;
	/* What had to be repaired counts less the more of it there was. */
	credit = pow(1 / ((double)fixed / (double)first + 1), 4);
	lost -= (double)fixed * credit;
	ratio = lost >= (double)first ? 0 : 1 - lost / (double)first;
	return (uint8_t)lround(pow(ratio, 4) * 10);
}

bool recv_update_score(struct recv *s, uint64_t idle_us, uint64_t now_us)
{
	uint8_t before = s->score;

	if (!s->seq.set)
		return false;
	if (idle_us && s->last_us + idle_us < now_us) {
		s->inactive = true;
		s->n_scores = 0;
		s->score = 0;
	} else if (now_us >= s->score_us) {
		s->score_us = now_us + SCORE_US;
		/* Back from silence: start with a clean sheet. */
		if (!s->score && !s->n_scores)
			s->score_pos = 0;
		push_score(s, interval_score(s));
	}
	return s->score != before;
}

uint32_t recv_layer_bps(struct recv *s, unsigned sid, unsigned tid,
			uint64_t now_us)
{
	return rate_bps(&s->layer[sid][tid], now_us);
}

uint32_t recv_upto_bps(struct recv *s, unsigned sid, unsigned tid,
		       uint64_t now_us)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i <= sid; i++)
		for (unsigned k = 0; k <= tid; k++)
			sum += rate_bps(&s->layer[i][k], now_us);
	return sum;
}

bool recv_ts_to_wall(const struct recv *s, uint32_t ts, uint64_t *wall_us)
{
	int64_t d = (int32_t)(ts - s->clock.ts);

	if (!s->clock.ntp)
		return false;
	*wall_us = (uint64_t)((int64_t)recv_ntp_to_us(s->clock.ntp) +
			      d * 1000000 / (int64_t)s->clock_rate);
	return true;
}

bool recv_wall_to_ts(const struct recv *s, uint64_t wall_us, uint32_t *ts)
{
	int64_t d;

	if (!s->clock.ntp)
		return false;
	d = (int64_t)(wall_us - recv_ntp_to_us(s->clock.ntp));
	*ts = s->clock.ts + (uint32_t)(d * (int64_t)s->clock_rate / 1000000);
	return true;
}
