#include "mediad/sec/ssrctab.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAP 4

void ssrctab_init(struct ssrctab *t, uint32_t max, uint32_t seed)
{
	assert(max <= 32768);
	memset(t, 0, sizeof(*t));
	t->max = max;
	t->seed = seed;
}

void ssrctab_fini(struct ssrctab *t)
{
	free(t->rows);
	free(t->slots);
	memset(t, 0, sizeof(*t));
}

/* Twice as many slots as rows: at most half full. */
static uint32_t slot_of(const struct ssrctab *t, uint32_t ssrc)
{
	uint32_t h = (ssrc ^ t->seed) * 0x9e3779b1u;

	return (h ^ h >> 15) & (2 * t->cap - 1);
}

static void slot_put(struct ssrctab *t, uint32_t row)
{
	uint32_t i = slot_of(t, t->rows[row].ssrc);

	while (t->slots[i])
		i = (i + 1) & (2 * t->cap - 1);
	t->slots[i] = (uint16_t)(row + 1);
}

static int grow(struct ssrctab *t)
{
	uint32_t cap = t->cap ? 2 * t->cap : FIRST_CAP;
	uint16_t *slots = calloc(2 * (size_t)cap, sizeof(*slots));
	struct ssrctab_row *rows;

	if (!slots)
		return -1;
	rows = realloc(t->rows, cap * sizeof(*rows));
	if (!rows) {
		free(slots);
		return -1;
	}
	free(t->slots);
	t->rows = rows;
	t->slots = slots;
	t->cap = cap;
	for (uint32_t i = 0; i < t->n; i++)
		slot_put(t, i);
	return 0;
}

struct ssrctab_row *ssrctab_find(struct ssrctab *t, uint32_t ssrc)
{
	uint32_t i;

	if (!t->n)
		return NULL;
	/* Packets come in frames: most often it is the same one again. */
	if (t->rows[t->last].ssrc == ssrc)
		return &t->rows[t->last];
	for (i = slot_of(t, ssrc); t->slots[i];
	     i = (i + 1) & (2 * t->cap - 1)) {
		uint32_t at = t->slots[i] - 1u;

		if (t->rows[at].ssrc == ssrc) {
			t->last = at;
			return &t->rows[at];
		}
	}
	return NULL;
}

struct ssrctab_row *ssrctab_add(struct ssrctab *t, uint32_t ssrc)
{
	struct ssrctab_row *row;

	if (ssrctab_full(t) || (t->n == t->cap && grow(t)))
		return NULL;
	row = &t->rows[t->n];
	memset(row, 0, sizeof(*row));
	row->ssrc = ssrc;
	slot_put(t, t->n++);
	return row;
}
