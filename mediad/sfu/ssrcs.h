/*
 * ssrcs: whose SSRC is whose in one transport: streams of producers, their
 * RTX, and what consumers send. Open addressing, seeded (remote peers choose
 * the keys). Grows when an SSRC is added, never on a packet that is known.
 */
#ifndef MEDIAD_SFU_SSRCS_H
#define MEDIAD_SFU_SSRCS_H

#include <stdbool.h>
#include <stdint.h>

struct consumer;
struct stream;

struct ssrcs_slot {
	uint32_t ssrc;
	bool used;
	bool rtx;
	struct stream *stream; /* one of the two */
	struct consumer *consumer;
};

struct ssrcs {
	struct ssrcs_slot *slots;
	uint32_t cap, n;
	uint32_t seed;
};

void ssrcs_init(struct ssrcs *s, uint32_t seed);
void ssrcs_fini(struct ssrcs *s);

/* NULL: not known. */
struct ssrcs_slot *ssrcs_get(const struct ssrcs *s, uint32_t ssrc);

/* A zeroed slot for a new one; NULL: it is there already, or no memory. */
struct ssrcs_slot *ssrcs_add(struct ssrcs *s, uint32_t ssrc);
void ssrcs_del(struct ssrcs *s, uint32_t ssrc);

#endif
