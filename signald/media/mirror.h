/*
 * mirror: do signald and a worker agree on what is there?
 *
 * When a channel comes up, digests are compared. If they differ the worker
 * tells its inventory, page by page, while nothing else is asked of it. A
 * server that has just started adopts what it is told of: calls, seats and
 * transports at once, producers through the layer above, which reads their
 * labels (MEDIA_ADOPT_PRODUCER), consumers last. One that was there closes
 * what it does not know and replaces what is gone.
 */
#ifndef SIGNALD_MEDIA_MIRROR_H
#define SIGNALD_MEDIA_MIRROR_H

#include "signald/media/media.h"

/* For all workers; free() after mirror_reset() of each. NULL: no memory. */
struct mirror *mirror_new(void);

/* It tells its inventory: nothing may be asked of it. */
bool mirror_is_busy(const struct media *m, uint32_t index);

/* Some worker has consumers that are not known yet: none is made meanwhile. */
bool mirror_is_adopting(const struct media *m);

/* The channel came up, with the worker's digest. */
void mirror_on_up(struct media *m, struct worker *w, uint64_t digest);

/* From here on pages are expected. */
void mirror_begin(struct media *m, uint32_t index);

/* A page, or the failure to get one (page NULL). */
void mirror_on_page(struct media *m, struct worker *w, const Media__Dump *page);

/* The process is gone, or another one. */
void mirror_reset(struct media *m, uint32_t index);

/* Goes on when all that was queued has been taken; false: nothing to do. */
bool mirror_step(struct media *m);

/* No worker is being asked for its inventory. */
bool mirror_is_settled(const struct media *m);

/*
 * The answer to MEDIA_ADOPT_PRODUCER: what its label said. 0 or -errno; a
 * producer that is not adopted is closed.
 */
struct mirror_producer {
	uint64_t id, transport;
	enum rtp_kind kind;
	uint32_t source;
	bool paused;
	const char *app_data;
	struct rtp_params *params;
};
int mirror_adopt(struct media *m, const struct mirror_producer *p);

/* What the labels of routers and transports hold. */
#define MIRROR_LABEL_MAX 64
size_t mirror_label(char out[MIRROR_LABEL_MAX], const struct transport *t);

#endif
