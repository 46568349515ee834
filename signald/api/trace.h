/*
 * trace: `chattrctl trace PEER`: what is said between the server and one
 * person's client, as it is said: the methods and how they ended, and what
 * the media plane tells (layers, limits, scores, estimates). No names, no
 * texts, no secrets. Kept in a ring while somebody looks, of one peer at a
 * time; made at the first look.
 */
#ifndef SIGNALD_API_TRACE_H
#define SIGNALD_API_TRACE_H

#include <stdbool.h>
#include <stddef.h>

struct admincmd_call;
struct session;
struct trace;

/* `in`: from the client. Costs a comparison while nobody looks. */
void trace_text(const struct session *s, bool in, const char *text, size_t len);

/* events PEER [SINCE]: as admincmd_run(). */
bool trace_events(struct admincmd_call *c);

#endif
