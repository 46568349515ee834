/*
 * pipes: the rings between this worker and others of the machine.
 *
 * A pipe is two rings and two eventfds, made by the supervisor; it belongs to
 * one generation of the other worker. What crosses is in sfu/pipe.h. Written
 * records become visible once a turn, with at most one wake-up.
 *
 *	pipes_open(w, worker, generation, fds, now_us)	the supervisor's word
 *	pipes_out(w, producer, media)	a packet, before its fan-out
 *	pipes_flush(w)			the end of the turn, before the sockets
 *	more = pipes_drain(w, now_us)	what came is fanned out
 *	if (pipes_sleep(w)) ...		nothing left: wait for the eventfds
 */
#ifndef MEDIAD_PATH_PIPES_H
#define MEDIAD_PATH_PIPES_H

#include <stdbool.h>
#include <stdint.h>

#include "common/idmap.h"
#include "mediad/io/shmring.h"
#include "mediad/sfu/pipe.h"

struct worker;

/* The descriptors of a pipe, in this order. */
enum pipes_fd {
	PIPES_OUT_RING,
	PIPES_OUT_EVENT, /* wakes the other */
	PIPES_IN_RING,
	PIPES_IN_EVENT, /* wakes us */
	PIPES_FDS,
};

struct pipe {
	uint32_t worker, generation;
	struct shmring in, out;
	int out_event, in_event; /* -1: none, a test turns both workers */
	uint64_t mute_us;	 /* when a stranger may be told off again */
	uint64_t told_us;	 /* that it is broken */
};

struct pipes {
	struct pipe *by_worker[PIPE_WORKERS]; /* NULL: none */
	struct idmap standins;		      /* id -> piped producer */
	uint32_t n;
};

void pipes_init(struct pipes *ps);
void pipes_fini(struct pipes *ps);

/*
 * The pipe to that worker is this one from now on. Takes over the
 * descriptors (-1 for eventfds that are not needed). 0 or -errno.
 */
int pipes_open(struct worker *w, uint32_t worker, uint32_t generation,
	       const int fds[PIPES_FDS], uint64_t now_us);

/* The pipe, if it leads to that generation; or NULL. */
struct pipe *pipes_find(const struct worker *w, uint32_t worker,
			uint32_t generation);

/* A packet of a producer with outlets; the sender reports of its transport. */
void pipes_out(struct worker *w, struct producer *p, const struct media *m);
void pipes_out_sr(struct worker *w, struct transport *t, uint32_t ssrc);

/* Towards a sender's worker. False: lost. */
bool pipes_send(struct worker *w, uint32_t worker, uint32_t generation,
		const struct pipe_msg *m);

void pipes_flush(struct worker *w);

/* True: there is more, come back at once. */
bool pipes_drain(struct worker *w, uint64_t now_us);
bool pipes_sleep(struct worker *w);

/* A pipe that is broken, each once in a while; or NULL. */
struct pipe *pipes_broken(struct worker *w, uint64_t now_us);

#endif
