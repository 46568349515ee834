#include "signald/room/effects.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK_MIN 4096

struct effects_chunk {
	struct effects_chunk *next;
	size_t used, cap;
	_Alignas(16) unsigned char mem[];
};

struct effects *effects_new(void)
{
	return calloc(1, sizeof(struct effects));
}

static void chunks_free(struct effects_chunk *c)
{
	while (c) {
		struct effects_chunk *next = c->next;

		free(c);
		c = next;
	}
}

void effects_free(struct effects *fx)
{
	if (!fx)
		return;
	chunks_free(fx->chunks);
	free(fx->v);
	free(fx);
}

void effects_reset(struct effects *fx)
{
	struct effects_chunk *keep = fx->chunks;

	fx->n = 0;
	fx->oom = false;
	if (!keep)
		return;
	chunks_free(keep->next);
	keep->next = NULL;
	keep->used = 0;
}

static bool effects_grow(struct effects *fx)
{
	size_t cap = fx->cap ? 2 * fx->cap : 16;
	struct effect *v = realloc(fx->v, cap * sizeof(*v));

	if (!v)
		return false;
	fx->v = v;
	fx->cap = cap;
	return true;
}

struct effect *effects_add(struct effects *fx, enum effect_kind kind,
			   uint64_t room)
{
	struct effect *e = &fx->scratch;

	if (fx->n < fx->cap || effects_grow(fx))
		e = &fx->v[fx->n++];
	else
		fx->oom = true;
	memset(e, 0, sizeof(*e));
	e->kind = kind;
	e->room = room;
	return e;
}

static struct effects_chunk *chunk_for(struct effects *fx, size_t len)
{
	struct effects_chunk *c = fx->chunks;
	size_t cap = len > CHUNK_MIN ? len : CHUNK_MIN;

	if (c && c->cap - c->used >= len)
		return c;
	c = malloc(sizeof(*c) + cap);
	if (!c)
		return NULL;
	*c = (struct effects_chunk){.next = fx->chunks, .cap = cap};
	fx->chunks = c;
	return c;
}

void *effects_alloc(struct effects *fx, size_t n, size_t size)
{
	size_t len = (n * size + 15) & ~(size_t)15;
	struct effects_chunk *c;
	void *p;

	if (size && n > SIZE_MAX / 2 / size)
		c = NULL;
	else
		c = chunk_for(fx, len);
	if (!c) {
		fx->oom = true;
		return NULL;
	}
	p = c->mem + c->used;
	c->used += len;
	return memset(p, 0, len);
}

const char *effects_str(struct effects *fx, const char *s)
{
	size_t len;
	char *copy;

	if (!s)
		return NULL;
	len = strlen(s) + 1;
	copy = effects_alloc(fx, len, 1);
	return copy ? memcpy(copy, s, len) : "";
}
