#include "mediad/bwe/arrival.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/timerq.h"
#include "mediad/wire/twcc.h"

#define MASK  (ARRIVAL_RING - 1)
#define BURST 64 /* so many packets are reported after the short time */

#define LOSS_SMOOTHING 16 /* reports, about a second */

int arrival_init(struct arrival *a)
{
	memset(a, 0, sizeof(*a));
	a->due_us = UINT64_MAX;
	return 0;
}

void arrival_fini(struct arrival *a)
{
	free(a->at_us);
	memset(a, 0, sizeof(*a));
	a->due_us = UINT64_MAX;
}

/* What falls out of the ring without having been reported is forgotten. */
static void advance(struct arrival *a, uint32_t ext)
{
	uint32_t from = a->seq.max + 1;

	if (ext - from >= ARRIVAL_RING)
		from = ext - ARRIVAL_RING + 1;
	for (uint32_t s = from; s != ext; s++)
		a->at_us[s & MASK] = 0;
	a->at_us[ext & MASK] = 0;
	if ((int32_t)(ext - a->base) >= ARRIVAL_RING)
		a->base = ext - ARRIVAL_RING + 1;
}

void arrival_on_packet(struct arrival *a, uint16_t twcc, uint32_t media_ssrc,
		       uint64_t recv_us, uint64_t now_us)
{
	uint32_t ext;

	/* Only a transport that gets such packets has the ring. */
	if (!a->at_us && !(a->at_us = calloc(ARRIVAL_RING, sizeof(*a->at_us))))
		return;
	if (!a->seq.set) {
		ext = seq_unwrap(&a->seq, twcc);
		a->base = ext;
	} else {
		ext = seq_peek(&a->seq, twcc);
		if ((int32_t)(ext - a->seq.max) > 0) {
			advance(a, ext);
			a->seq.max = ext;
		} else if (a->seq.max - ext >= ARRIVAL_RING) {
			return;
		}
	}
	if (a->at_us[ext & MASK])
		return;
	a->at_us[ext & MASK] = recv_us ? recv_us : 1;
	a->media_ssrc = media_ssrc;
	/* A late one is told again from its place on. */
	if ((int32_t)(ext - a->base) < 0)
		a->base = ext;
	if (!a->pending) {
		a->pending = true;
		a->due_us = timerq_round(now_us + ARRIVAL_SLOW_US);
		a->first_us = now_us;
	}
	if (a->seq.max - a->base >= BURST &&
	    a->due_us > a->first_us + ARRIVAL_FAST_US)
		a->due_us = a->first_us + ARRIVAL_FAST_US;
}

uint64_t arrival_deadline(const struct arrival *a)
{
	return a->due_us;
}

static size_t collect(const struct arrival *a, struct twcc_arrival *out)
{
	size_t n = 0;

	for (uint32_t s = a->base; (int32_t)(a->seq.max - s) >= 0; s++) {
		uint64_t at = a->at_us[s & MASK];

		if (!at)
			continue;
		out[n].seq = (uint16_t)s;
		out[n].at_us = (int64_t)at;
		n++;
	}
	return n;
}

size_t arrival_build(struct arrival *a, uint32_t sender_ssrc, uint64_t now_us,
		     uint8_t *buf, size_t cap)
{
	struct twcc_arrival list[ARRIVAL_RING];
	struct wr w = wr_of(buf, cap);
	struct twcc h = {.sender = sender_ssrc, .media = a->media_ssrc};
	size_t n, done;

	if (a->due_us > now_us)
		return 0;
	n = collect(a, list);
	a->pending = false;
	a->due_us = UINT64_MAX;
	if (!n)
		return 0;
	a->loss +=
		(1 - (float)n / (float)(a->seq.max + 1 - a->base) - a->loss) /
		LOSS_SMOOTHING;
	h.base = (uint16_t)a->base;
	h.fb_count = a->fb_count++;
	done = twcc_build(&w, &h, list, n);
	if (!done || w.bad) {
		a->base = a->seq.max + 1;
		return 0;
	}
	if (done < n) {
		a->base = seq_peek(&a->seq, list[done].seq);
		a->pending = true;
		a->due_us = now_us;
	} else {
		a->base = a->seq.max + 1;
	}
	return wr_len(&w);
}
