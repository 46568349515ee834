#include "common/idmap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { CAP_MIN = 16 };

void idmap_init(struct idmap *m)
{
	memset(m, 0, sizeof(*m));
}

void idmap_fini(struct idmap *m)
{
	free(m->slots);
	idmap_init(m);
}

/* The slot of id, or the free one where it would go. cap > 0. */
static struct idmap_slot *slot_of(const struct idmap *m, uint64_t id)
{
	size_t mask = m->cap - 1;
	size_t i = id & mask;

	while (m->slots[i].id && m->slots[i].id != id)
		i = (i + 1) & mask;
	return &m->slots[i];
}

static int grow(struct idmap *m)
{
	struct idmap big = {.cap = m->cap ? m->cap * 2 : CAP_MIN, .n = m->n};

	big.slots = calloc(big.cap, sizeof(*big.slots));
	if (!big.slots)
		return -ENOMEM;
	for (size_t i = 0; i < m->cap; i++)
		if (m->slots[i].id)
			*slot_of(&big, m->slots[i].id) = m->slots[i];
	free(m->slots);
	*m = big;
	return 0;
}

int idmap_put(struct idmap *m, uint64_t id, void *val)
{
	struct idmap_slot *s;

	if (!id || !val)
		return -EINVAL;
	if (m->n + 1 > m->cap / 4 * 3 && grow(m))
		return -ENOMEM;
	s = slot_of(m, id);
	if (s->id)
		return -EEXIST;
	s->id = id;
	s->val = val;
	m->n++;
	return 0;
}

void *idmap_get(const struct idmap *m, uint64_t id)
{
	if (!m->cap || !id)
		return NULL;
	return slot_of(m, id)->val;
}

/* Closes the gap at i, so that no probe sequence is cut. */
static void close_gap(struct idmap *m, size_t i)
{
	size_t mask = m->cap - 1;

	for (size_t j = (i + 1) & mask; m->slots[j].id; j = (j + 1) & mask) {
		size_t home = m->slots[j].id & mask;

		if (((j - home) & mask) < ((j - i) & mask))
			continue;
		m->slots[i] = m->slots[j];
		i = j;
	}
	memset(&m->slots[i], 0, sizeof(m->slots[i]));
}

void *idmap_del(struct idmap *m, uint64_t id)
{
	struct idmap_slot *s;
	void *val;

	if (!m->cap || !id)
		return NULL;
	s = slot_of(m, id);
	if (!s->id)
		return NULL;
	val = s->val;
	close_gap(m, (size_t)(s - m->slots));
	m->n--;
	return val;
}

void *idmap_next(const struct idmap *m, size_t *pos)
{
	while (*pos < m->cap) {
		const struct idmap_slot *s = &m->slots[(*pos)++];

		if (s->id)
			return s->val;
	}
	return NULL;
}
