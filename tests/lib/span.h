/*
 * span: a room on two workers: two calls of call.h whose workers are joined
 * by a pipe, as signald and the supervisor would do it, turned by turns.
 *
 *	struct span *sp = span_new(7);
 *	struct side *a = call_join(sp->c[0], NULL);
 *	struct side *b = call_join(sp->c[1], NULL);
 *	span_run(sp, 2 * SECOND);
 *	cam = call_camera(sp->c[0], a);
 *	span_pipe(sp, cam);
 *	v = call_watch(sp->c[1], b, cam);
 *
 * The pipe has no eventfds: each worker looks at its turn, half a millisecond
 * later at most.
 */
#ifndef TESTS_LIB_SPAN_H
#define TESTS_LIB_SPAN_H

#include "tests/lib/call.h"

struct span {
	struct call *c[2];
	uint32_t generation[2];
};

struct span *span_new(uint64_t seed);
void span_free(struct span *sp);

/* New rings between the two; what was in the old ones is gone. */
void span_join(struct span *sp);

/* A stand-in on the other worker, and the way there. */
void span_pipe(struct span *sp, struct cam *cam);

/* The second worker dies, with its peers, and is born again, empty. */
void span_kill(struct span *sp);

void span_run(struct span *sp, uint64_t us);

#endif
