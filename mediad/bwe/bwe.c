#include "mediad/bwe/bwe.h"

#include <stdlib.h>

struct bwe {
	struct sentlog log;
	uint32_t estimate;
	uint32_t desired;
	uint64_t rtt_us;
	double loss;
};

struct bwe *bwe_new(uint32_t initial_bps, uint16_t first_seq, uint64_t now_us)
{
	struct bwe *b = calloc(1, sizeof(*b));

	(void)now_us;
	if (!b)
		return NULL;
	if (sentlog_init(&b->log, first_seq) < 0) {
		free(b);
		return NULL;
	}
	b->estimate = initial_bps;
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

void bwe_on_sent(struct bwe *b, uint16_t len, enum sentlog_kind kind,
		 uint64_t now_us)
{
	sentlog_add(&b->log, len, kind, 0, now_us);
}

bool bwe_on_feedback(struct bwe *b, const uint8_t *fci, size_t len,
		     uint64_t now_us)
{
	(void)b;
	(void)fci;
	(void)len;
	(void)now_us;
	return false;
}

bool bwe_on_remb(struct bwe *b, uint32_t bps, uint64_t now_us)
{
	(void)now_us;
	b->estimate = bps;
	return true;
}

void bwe_on_rr(struct bwe *b, uint8_t fraction_lost, uint64_t rtt_us,
	       uint64_t now_us)
{
	(void)now_us;
	b->loss = fraction_lost / 256.0;
	b->rtt_us = rtt_us;
}

void bwe_set_desired(struct bwe *b, uint32_t bps)
{
	b->desired = bps;
}

uint64_t bwe_deadline(const struct bwe *b)
{
	(void)b;
	return UINT64_MAX;
}

uint32_t bwe_estimate(const struct bwe *b)
{
	return b->estimate;
}

double bwe_loss(const struct bwe *b)
{
	return b->loss;
}

uint64_t bwe_rtt(const struct bwe *b)
{
	return b->rtt_us;
}
