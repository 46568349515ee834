/*
 * idmap: an open-addressing map from a non-zero 64-bit id to a pointer.
 *
 * Ids are random (signald makes them), so the low bits serve as the hash; a
 * table keyed by bytes of a peer's choice must mix them first. The map owns
 * its table, not the values. Load stays under 3/4; growth happens in
 * idmap_put() alone.
 */
#ifndef COMMON_IDMAP_H
#define COMMON_IDMAP_H

#include <stddef.h>
#include <stdint.h>

struct idmap_slot {
	uint64_t id; /* 0: free */
	void *val;
};

struct idmap {
	struct idmap_slot *slots;
	size_t cap; /* 0 or a power of two */
	size_t n;
};

void idmap_init(struct idmap *m);
void idmap_fini(struct idmap *m);

/* 0; -EEXIST when the id is there already, -ENOMEM, -EINVAL for id 0. */
int idmap_put(struct idmap *m, uint64_t id, void *val);

/* The value, or NULL. */
void *idmap_get(const struct idmap *m, uint64_t id);

/* Removes and returns the value, or NULL. */
void *idmap_del(struct idmap *m, uint64_t id);

/*
 * Walks the map: start with *pos = 0, NULL at the end. The order is
 * unspecified and the map must not change during the walk.
 */
void *idmap_next(const struct idmap *m, size_t *pos);

#endif
