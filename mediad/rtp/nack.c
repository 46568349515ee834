#include "mediad/rtp/nack.h"

#include <stdlib.h>
#include <string.h>

#include "mediad/rtp/seq.h"

#define NACK_MIN_RTT_US 20000
#define NACK_FIRST_CAP	32

void nack_init(struct nack *n)
{
	memset(n, 0, sizeof(*n));
	n->due_us = UINT64_MAX;
}

void nack_fini(struct nack *n)
{
	free(n->holes);
	nack_init(n);
}

void nack_reset(struct nack *n)
{
	n->n = 0;
	n->started = false;
	n->due_us = UINT64_MAX;
}

/* Index of the first hole that is not older than seq. */
static uint16_t lower(const struct nack *n, uint16_t seq)
{
	uint16_t lo = 0, hi = n->n;

	while (lo < hi) {
		uint16_t mid = (uint16_t)((lo + hi) / 2);

		if (seq_newer(seq, n->holes[mid].seq))
			lo = (uint16_t)(mid + 1);
		else
			hi = mid;
	}
	return lo;
}

static bool grow(struct nack *n, unsigned need)
{
	unsigned cap = n->cap ? n->cap : NACK_FIRST_CAP;
	struct nack_hole *h;

	while (cap < need)
		cap *= 2;
	if (cap == n->cap)
		return true;
	h = realloc(n->holes, cap * sizeof(*h));
	if (!h)
		return false;
	n->holes = h;
	n->cap = (uint16_t)cap;
	return true;
}

static enum nack_verdict open_holes(struct nack *n, uint16_t seq,
				    uint64_t now_us)
{
	unsigned gap = (unsigned)seq_diff(seq, n->newest) - 1;
	uint64_t due = now_us + NACK_GRACE_US;

	if (n->n + gap > NACK_MAX || !grow(n, n->n + gap)) {
		n->gave_up += n->n + gap;
		n->n = 0;
		n->due_us = UINT64_MAX;
		return NACK_RESET;
	}
	for (unsigned i = 1; i <= gap; i++)
		n->holes[n->n++] = (struct nack_hole){
			.next_us = due, .seq = (uint16_t)(n->newest + i)};
	if (due < n->due_us)
		n->due_us = due;
	return NACK_OK;
}

enum nack_verdict nack_on_seq(struct nack *n, uint16_t seq, uint64_t now_us)
{
	enum nack_verdict v = NACK_OK;
	uint16_t i;

	if (!n->started) {
		n->started = true;
		n->newest = seq;
		return NACK_OK;
	}
	if (seq_newer(seq, n->newest)) {
		if (seq != (uint16_t)(n->newest + 1))
			v = open_holes(n, seq, now_us);
		n->newest = seq;
		return v;
	}
	i = lower(n, seq);
	if (i == n->n || n->holes[i].seq != seq)
		return NACK_OK;
	v = n->holes[i].tries ? NACK_REPAIRED : NACK_REORDERED;
	/* After a second try nobody knows which one was answered. */
	n->took_us = n->holes[i].tries == 1
			     ? (uint32_t)now_us - n->holes[i].asked
			     : 0;
	n->n--;
	memmove(&n->holes[i], &n->holes[i + 1],
		(size_t)(n->n - i) * sizeof(n->holes[0]));
	if (!n->n)
		n->due_us = UINT64_MAX;
	return v;
}

void nack_on_key(struct nack *n, uint16_t seq)
{
	uint16_t i = lower(n, seq);

	if (!i)
		return;
	n->n = (uint16_t)(n->n - i);
	memmove(n->holes, n->holes + i, n->n * sizeof(n->holes[0]));
	if (!n->n)
		n->due_us = UINT64_MAX;
}

size_t nack_take(struct nack *n, uint64_t rtt_us, uint64_t now_us,
		 uint16_t *out, size_t cap, bool *reset)
{
	uint64_t again = rtt_us ? rtt_us : NACK_RTT_US;
	size_t taken = 0;
	uint16_t kept = 0;

	if (n->due_us > now_us)
		return 0;
	if (again < NACK_MIN_RTT_US)
		again = NACK_MIN_RTT_US;
	n->due_us = UINT64_MAX;
	for (uint16_t i = 0; i < n->n; i++) {
		struct nack_hole h = n->holes[i];

		if (h.next_us <= now_us && h.tries >= NACK_TRIES) {
			n->gave_up++;
			*reset = true;
			continue;
		}
		if (h.next_us <= now_us && taken < cap) {
			out[taken++] = h.seq;
			h.tries++;
			h.asked = (uint32_t)now_us;
			h.next_us = now_us + again;
		}
		if (h.next_us < n->due_us)
			n->due_us = h.next_us;
		n->holes[kept++] = h;
	}
	n->n = kept;
	n->asked += taken;
	n->nacks += taken > 0;
	return taken;
}
