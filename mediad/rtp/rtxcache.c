#include "mediad/rtp/rtxcache.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mediad/rtp/seq.h"

/* Reordering that the start of a stream may still show. */
#define RTXCACHE_EARLY 32

int rtxcache_init(struct rtxcache *c, uint32_t cap)
{
	assert(cap >= RTXCACHE_MIN && !(cap & (cap - 1)));
	memset(c, 0, sizeof(*c));
	c->slots = calloc(cap, sizeof(*c->slots));
	if (!c->slots)
		return -ENOMEM;
	c->cap = cap;
	return 0;
}

static void empty(struct media *m)
{
	if (!m->pkt)
		return;
	pkt_put(m->pkt);
	m->pkt = NULL;
}

void rtxcache_clear(struct rtxcache *c)
{
	for (uint32_t i = 0; i < c->cap; i++)
		empty(&c->slots[i]);
	c->any = false;
	c->tight = false;
}

void rtxcache_fini(struct rtxcache *c)
{
	if (!c->slots)
		return;
	rtxcache_clear(c);
	free(c->slots);
	memset(c, 0, sizeof(*c));
}

struct media *rtxcache_put(struct rtxcache *c, const struct media *m)
{
	struct media *slot = &c->slots[m->seq & (c->cap - 1)];

	if (!c->any) {
		c->any = true;
		c->newest = m->seq;
		c->tail = (uint16_t)(m->seq - RTXCACHE_EARLY);
	}
	if (seq_newer(c->tail, m->seq) ||
	    seq_diff(c->newest, m->seq) >= (int)c->cap)
		return NULL;
	if (slot->pkt) {
		if (slot->seq == m->seq)
			return NULL;
		if (slot->pkt->recv_us + RTXCACHE_KEEP_US > m->pkt->recv_us)
			c->tight = true;
		empty(slot);
	}
	*slot = *m;
	pkt_ref(slot->pkt);
	if (seq_newer(m->seq, c->newest))
		c->newest = m->seq;
	if (seq_diff(c->newest, c->tail) >= (int)c->cap)
		c->tail = (uint16_t)(c->newest - c->cap + 1);
	return slot;
}

static void grow(struct rtxcache *c)
{
	uint32_t cap = c->cap * 2;
	struct media *slots;

	c->tight = false;
	if (cap > RTXCACHE_MAX)
		return;
	slots = calloc(cap, sizeof(*slots));
	if (!slots)
		return;
	for (uint32_t i = 0; i < c->cap; i++)
		if (c->slots[i].pkt)
			slots[c->slots[i].seq & (cap - 1)] = c->slots[i];
	free(c->slots);
	c->slots = slots;
	c->cap = cap;
}

void rtxcache_tick(struct rtxcache *c, uint64_t now_us)
{
	if (!c->any)
		return;
	while (c->tail != c->newest) {
		struct media *m = rtxcache_get(c, c->tail);

		if (m && m->pkt->recv_us + RTXCACHE_KEEP_US > now_us)
			break;
		if (m)
			empty(m);
		c->tail++;
	}
	if (c->tight)
		grow(c);
}
