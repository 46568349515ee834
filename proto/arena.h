/*
 * arena: memory that is handed out in a row and taken back at once, as an
 * allocator of protobuf-c. It yields NULL when full, so a short message that
 * unpacks into something huge is refused instead of served.
 */
#ifndef PROTO_ARENA_H
#define PROTO_ARENA_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>
#include <stdint.h>

struct arena {
	ProtobufCAllocator pb; /* for protobuf_c_message_unpack() */
	uint8_t *base;
	size_t cap, used;
};

/* 0 or -ENOMEM. The arena must not move afterwards. */
int arena_init(struct arena *a, size_t cap);
void arena_fini(struct arena *a);

/* Aligned for anything; NULL when full. */
void *arena_take(struct arena *a, size_t n);

/* Everything handed out so far is gone. */
void arena_reset(struct arena *a);

#endif
