#include "mediad/rtp/send.h"

#include <math.h>
#include <string.h>

#include "mediad/rtp/recv.h"

/* Retransmissions may save up to this many bytes. */
#define RTX_BURST     60000
#define RTX_START     20000
#define RTT_MAX_US    5000000
#define RTT_SMOOTHING 8

void send_init(struct send *s, uint32_t clock_rate)
{
	memset(s, 0, sizeof(*s));
	s->clock_rate = clock_rate ? clock_rate : 90000;
	s->score = 10;
	s->rtx_budget = RTX_START;
}

void send_on_packet(struct send *s, uint32_t ts, uint32_t len, uint64_t now_us)
{
	s->packets++;
	s->octets += len;
	s->last_ts = ts;
	s->last_us = now_us;
	/* Half of what is sent may be sent again. */
	s->rtx_budget += len / 2;
	if (s->rtx_budget > RTX_BURST)
		s->rtx_budget = RTX_BURST;
	rate_add(&s->rate, len, now_us);
}

bool send_rtx_ok(struct send *s, uint32_t len)
{
	if (s->rtx_budget < len) {
		s->rtx_refused++;
		return false;
	}
	s->rtx_budget -= len;
	s->retransmitted++;
	s->rtx_bytes += len;
	return true;
}

/* The share of packets that arrived, to the fourth power. */
static uint8_t score_of(struct send *s, uint32_t lost_total)
{
	uint32_t sent = s->packets - s->prior_sent;
	int32_t lost = (int32_t)(lost_total - s->prior_lost);
	uint32_t fixed = (uint32_t)s->retransmitted - s->prior_repaired;
	double left;

	s->prior_sent = s->packets;
	s->prior_lost = lost_total;
	s->prior_repaired = (uint32_t)s->retransmitted;
	if (!sent || lost <= 0)
		return 10;
	left = lost;
	if (fixed > (uint32_t)lost)
		fixed = (uint32_t)lost;
	left -= fixed * pow(1 / (fixed / (double)sent + 1), 4);
	if (left >= sent)
		return 0;
	return (uint8_t)lround(pow(1 - left / sent, 4) * 10);
}

bool send_on_rr(struct send *s, const struct send_rr *rr, uint64_t now_us)
{
	uint32_t now_mid = (uint32_t)(recv_us_to_ntp(now_us) >> 16);
	uint32_t rtt = now_mid - rr->lsr - rr->dlsr;
	uint64_t rtt_us = (uint64_t)rtt * 1000000 / 65536;

	if (!s->packets)
		return false;
	/* A clock that disagrees by a little gives a huge number. */
	if (rr->lsr && (int32_t)rtt < 0)
		rtt_us = 1000;
	if (rr->lsr && rtt_us && rtt_us < RTT_MAX_US)
		s->rtt_us =
			s->rtt_us ? (s->rtt_us * (RTT_SMOOTHING - 1) + rtt_us) /
					    RTT_SMOOTHING
				  : rtt_us;
	s->fraction_lost = rr->fraction_lost;
	s->jitter = rr->jitter;
	s->score = (uint8_t)((s->score * 3 + score_of(s, rr->lost) + 2) / 4);
	s->lost = rr->lost;
	return true;
}

bool send_sr(const struct send *s, uint64_t now_us, struct send_sr *out)
{
	if (!s->packets)
		return false;
	out->ntp = recv_us_to_ntp(now_us);
	out->ts = s->last_ts +
		  (uint32_t)((now_us - s->last_us) * s->clock_rate / 1000000);
	out->packets = s->packets;
	out->octets = s->octets;
	return true;
}
