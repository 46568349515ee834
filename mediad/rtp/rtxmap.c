#include "mediad/rtp/rtxmap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int rtxmap_init(struct rtxmap *m, uint16_t cap, uint16_t first_seq)
{
	memset(m, 0, sizeof(*m));
	m->ring = calloc(cap, sizeof(*m->ring));
	if (!m->ring)
		return -ENOMEM;
	m->cap = cap;
	m->head = (uint16_t)(first_seq - 1);
	return 0;
}

void rtxmap_fini(struct rtxmap *m)
{
	free(m->ring);
	memset(m, 0, sizeof(*m));
}

struct rtxmap_entry *rtxmap_push(struct rtxmap *m)
{
	struct rtxmap_entry *e;

	if (++m->pos >= m->cap)
		m->pos = 0;
	if (m->n < m->cap)
		m->n++;
	m->head++;
	e = &m->ring[m->pos];
	memset(e, 0, sizeof(*e));
	return e;
}

struct rtxmap_entry *rtxmap_get(const struct rtxmap *m, uint16_t seq)
{
	uint16_t back = (uint16_t)(m->head - seq);

	if (back >= m->n)
		return NULL;
	return &m->ring[back <= m->pos ? m->pos - back
				       : m->pos + m->cap - back];
}

void rtxmap_rewind(struct rtxmap *m, uint16_t head)
{
	uint16_t back = (uint16_t)(m->head - head);

	if (back > m->n)
		back = m->n;
	m->head = (uint16_t)(m->head - back);
	m->n = (uint16_t)(m->n - back);
	m->pos = back <= m->pos ? (uint16_t)(m->pos - back)
				: (uint16_t)(m->pos + m->cap - back);
}

int rtxmap_resize(struct rtxmap *m, uint16_t cap)
{
	uint16_t n = m->n < cap ? m->n : cap;
	struct rtxmap_entry *ring = calloc(cap, sizeof(*ring));

	if (!ring)
		return -ENOMEM;
	for (uint16_t i = 0; i < n; i++)
		ring[n - 1 - i] = *rtxmap_get(m, (uint16_t)(m->head - i));
	free(m->ring);
	m->ring = ring;
	m->cap = cap;
	m->n = n;
	m->pos = n ? (uint16_t)(n - 1) : (uint16_t)(cap - 1);
	return 0;
}
