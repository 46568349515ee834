/*
 * resume: the answer of `enter`, also for one who was here before: what was
 * missed, or how things stand now; what lives on of its media, what is lost.
 */
#ifndef SIGNALD_API_RESUME_H
#define SIGNALD_API_RESUME_H

#include <stdint.h>

struct entered;
struct session;

void resume_answer(struct session *s, uint64_t req, const struct entered *e);

#endif
