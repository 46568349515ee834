#include "proto/arena.h"

#include <errno.h>
#include <stdlib.h>

#define ALIGN 16u

static void *pb_alloc(void *arg, size_t n)
{
	return arena_take(arg, n);
}

static void pb_free(void *arg, void *p)
{
	(void)arg;
	(void)p;
}

int arena_init(struct arena *a, size_t cap)
{
	a->pb = (ProtobufCAllocator){
		.alloc = pb_alloc, .free = pb_free, .allocator_data = a};
	a->cap = cap;
	a->used = 0;
	a->base = malloc(cap);
	return a->base ? 0 : -ENOMEM;
}

void arena_fini(struct arena *a)
{
	free(a->base);
	a->base = NULL;
	a->cap = 0;
}

void *arena_take(struct arena *a, size_t n)
{
	uint8_t *p = a->base + a->used;

	if (n > a->cap - a->used)
		return NULL;
	n = (n + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	a->used = n > a->cap - a->used ? a->cap : a->used + n;
	return p;
}

void arena_reset(struct arena *a)
{
	a->used = 0;
}
