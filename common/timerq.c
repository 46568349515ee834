#include "common/timerq.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

void timerq_init(struct timerq *q)
{
	memset(q, 0, sizeof(*q));
}

void timerq_fini(struct timerq *q)
{
	for (size_t i = 0; i < q->n; i++)
		q->heap[i]->pos = 0;
	free(q->heap);
	timerq_init(q);
}

static void place(struct timerq *q, size_t i, struct timer *t)
{
	q->heap[i] = t;
	t->pos = (uint32_t)i + 1;
}

static void sift_up(struct timerq *q, size_t i, struct timer *t)
{
	while (i > 0 && q->heap[(i - 1) / 2]->due_us > t->due_us) {
		place(q, i, q->heap[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	place(q, i, t);
}

static void sift_down(struct timerq *q, size_t i, struct timer *t)
{
	size_t c;

	while ((c = 2 * i + 1) < q->n) {
		if (c + 1 < q->n && q->heap[c + 1]->due_us < q->heap[c]->due_us)
			c++;
		if (q->heap[c]->due_us >= t->due_us)
			break;
		place(q, i, q->heap[c]);
		i = c;
	}
	place(q, i, t);
}

int timerq_set(struct timerq *q, struct timer *t, uint64_t due_us)
{
	size_t i;

	if (t->pos) {
		bool later = due_us > t->due_us;

		i = t->pos - 1;
		t->due_us = due_us;
		if (later)
			sift_down(q, i, t);
		else
			sift_up(q, i, t);
		return 0;
	}
	if (q->n == q->cap) {
		size_t cap = q->cap ? q->cap * 2 : 64;
		struct timer **heap =
			realloc(q->heap, cap * sizeof(struct timer *));

		if (!heap)
			return -ENOMEM;
		q->heap = heap;
		q->cap = cap;
	}
	t->due_us = due_us;
	sift_up(q, q->n++, t);
	return 0;
}

void timerq_unset(struct timerq *q, struct timer *t)
{
	size_t i = t->pos - 1;
	struct timer *last;

	if (!t->pos)
		return;
	assert(q->heap[i] == t);
	t->pos = 0;
	last = q->heap[--q->n];
	if (last == t)
		return;
	if (last->due_us < t->due_us)
		sift_up(q, i, last);
	else
		sift_down(q, i, last);
}

uint64_t timerq_deadline(const struct timerq *q)
{
	return q->n ? q->heap[0]->due_us : UINT64_MAX;
}

struct timer *timerq_pop(struct timerq *q, uint64_t now_us)
{
	struct timer *t;

	if (!q->n || q->heap[0]->due_us > now_us)
		return NULL;
	t = q->heap[0];
	timerq_unset(q, t);
	return t;
}
