/*
 * pipe: producers that are watched on another worker than their own. There
 * a stand-in of the same id is made, and the packets cross once, through
 * memory that the two workers share (mediad/sfu/pipe.h).
 *
 * `producer.piped` has a bit for each worker with a stand-in.
 */
#ifndef SIGNALD_MEDIA_PIPE_H
#define SIGNALD_MEDIA_PIPE_H

#include "signald/media/media.h"

/*
 * What consumes on that worker may be made from now on. 0 (also when it is
 * the producer's own), or -errno.
 */
int pipe_reach(struct media *m, struct producer *p, uint32_t worker);

/* Voices reach the call's home, which says who speaks. */
void pipe_home(struct media *m, struct call *c);

/* The same request at all its stand-ins: close, pause, resume. */
void pipe_ask(struct media *m, const struct producer *p, uint32_t method);

/* It comes from another worker now: its stand-ins must learn that. */
void pipe_again(struct media *m, struct producer *p);

/* The producer goes, or loses its transport: no stand-in stays. */
void pipe_end(struct media *m, struct producer *p);

/* The call has no part on that worker any more: nothing leads there. */
void pipe_part_lost(struct media *m, struct call *c, uint32_t worker);

/* The process behind that index is another one. */
void pipe_worker_lost(struct media *m, uint32_t worker);

/* The answer to what pipe_reach() asked. */
void pipe_on_created(struct media *m, const struct worker *w, uint64_t id,
		     const struct media_out *reply);

/* A stand-in was found in a worker. 0; -ENOENT: close it. */
int pipe_adopt(struct media *m, const struct worker *w, uint64_t id);

/* Has the producer a stand-in there? */
bool pipe_is_at(const struct producer *p, uint32_t worker);
void pipe_forget(struct producer *p, uint32_t worker);

#endif
