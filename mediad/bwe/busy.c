#include "mediad/bwe/busy.h"

#include <stdbool.h>
#include <string.h>

#define PERIOD_US 300000
#define WAIT_US	  1000	/* a shorter wait may be jitter */
#define LEAST_US  20000 /* of work, to tell a rate by */
#define PACKETS	  5

static void turn_over(struct busy *b, int64_t recv_us)
{
	bool long_ago = recv_us - b->from_us > 2 * PERIOD_US;

	if (recv_us - b->from_us <= PERIOD_US)
		return;
	b->bytes[1] = long_ago ? 0 : b->bytes[0];
	b->us[1] = long_ago ? 0 : b->us[0];
	b->n[1] = long_ago ? 0 : b->n[0];
	b->bytes[0] = b->us[0] = b->n[0] = 0;
	b->from_us = recv_us;
}

void busy_on_packet(struct busy *b, uint32_t len, int64_t ready_us,
		    int64_t recv_us)
{
	int64_t gone = recv_us - b->at_us;
	bool waited = ready_us < b->at_us - WAIT_US;

	if (!b->at_us || gone > 2 * PERIOD_US) {
		memset(b, 0, sizeof(*b));
		b->from_us = b->at_us = recv_us;
		return;
	}
	if (gone < 0)
		return;
	b->at_us = recv_us;
	turn_over(b, recv_us);
	if (!waited)
		return;
	b->bytes[0] += len;
	b->us[0] += (uint64_t)gone;
	b->n[0]++;
}

uint32_t busy_bps(const struct busy *b)
{
	uint64_t us = b->us[0] + b->us[1];
	uint64_t bps;

	if (us < LEAST_US || b->n[0] + b->n[1] < PACKETS)
		return 0;
	bps = (b->bytes[0] + b->bytes[1]) * 8 * 1000000 / us;
	return bps < UINT32_MAX ? (uint32_t)bps : UINT32_MAX;
}
