#include "mediad/sfu/ssrcs.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_CAP 16

void ssrcs_init(struct ssrcs *s, uint32_t seed)
{
	memset(s, 0, sizeof(*s));
	s->seed = seed | 1;
}

void ssrcs_fini(struct ssrcs *s)
{
	free(s->slots);
	memset(s, 0, sizeof(*s));
}

static uint32_t place(const struct ssrcs *s, uint32_t ssrc)
{
	uint64_t h = (uint64_t)(ssrc ^ s->seed) * 0x9e3779b97f4a7c15ull;

	return (uint32_t)(h >> 32) & (s->cap - 1);
}

struct ssrcs_slot *ssrcs_get(const struct ssrcs *s, uint32_t ssrc)
{
	if (!s->cap)
		return NULL;
	for (uint32_t i = place(s, ssrc);; i = (i + 1) & (s->cap - 1)) {
		struct ssrcs_slot *e = &s->slots[i];

		if (!e->used)
			return NULL;
		if (e->ssrc == ssrc)
			return e;
	}
}

static struct ssrcs_slot *insert(struct ssrcs *s, uint32_t ssrc)
{
	uint32_t i = place(s, ssrc);

	while (s->slots[i].used)
		i = (i + 1) & (s->cap - 1);
	s->n++;
	s->slots[i] = (struct ssrcs_slot){.ssrc = ssrc, .used = true};
	return &s->slots[i];
}

static bool grow(struct ssrcs *s)
{
	struct ssrcs old = *s;

	s->cap = s->cap ? s->cap * 2 : FIRST_CAP;
	s->slots = calloc(s->cap, sizeof(*s->slots));
	if (!s->slots) {
		*s = old;
		return false;
	}
	s->n = 0;
	for (uint32_t i = 0; i < old.cap; i++)
		if (old.slots[i].used)
			*insert(s, old.slots[i].ssrc) = old.slots[i];
	free(old.slots);
	return true;
}

struct ssrcs_slot *ssrcs_add(struct ssrcs *s, uint32_t ssrc)
{
	if (ssrcs_get(s, ssrc))
		return NULL;
	if ((s->n + 1) * 4 > s->cap * 3 && !grow(s))
		return NULL;
	return insert(s, ssrc);
}

void ssrcs_del(struct ssrcs *s, uint32_t ssrc)
{
	struct ssrcs_slot *e = ssrcs_get(s, ssrc);
	uint32_t i;

	if (!e)
		return;
	i = (uint32_t)(e - s->slots);
	e->used = false;
	s->n--;
	/* What probed past the hole is put again. */
	for (i = (i + 1) & (s->cap - 1); s->slots[i].used;
	     i = (i + 1) & (s->cap - 1)) {
		struct ssrcs_slot moved = s->slots[i];

		s->slots[i].used = false;
		s->n--;
		*insert(s, moved.ssrc) = moved;
	}
}
