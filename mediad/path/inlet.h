/*
 * inlet: the worker's side of a piped transport, as link is of a client's: it
 * stands for the transport of a sender whose worker is another one. Its
 * producers have the ids of those there (sfu/pipe.h).
 *
 * Owned by its room, like a link; gone with its last producer.
 */
#ifndef MEDIAD_PATH_INLET_H
#define MEDIAD_PATH_INLET_H

#include <stdint.h>

#include "common/timerq.h"
#include "mediad/sfu/producer.h"

struct room;
struct transport;
struct worker;

struct inlet {
	struct worker *w;    /* borrowed */
	struct transport *t; /* owned by the router, freed by inlet_free() */
	uint32_t worker, generation;
	uint64_t room; /* as link's: what signald knows it by */
	struct timer timer;
};

/* Whose producer it is, and where. */
struct inlet_from {
	uint64_t transport_id, peer_id;
	uint32_t worker, generation;
};

/*
 * Makes a stand-in, and its inlet if it is the first of that transport. One
 * that stood for it elsewhere comes here, with its consumers. 0, -EEXIST (the
 * id is in use here), -EINVAL, -ENOMEM.
 */
int inlet_produce(struct worker *w, struct room *r, const struct inlet_from *f,
		  const struct producer_opts *o, uint64_t now_us,
		  struct producer **out);

/*
 * A stand-in becomes the producer itself, on the transport of a client.
 * As producer_move().
 */
int inlet_graft(struct producer *p, struct transport *t,
		const struct producer_opts *o, uint64_t now_us);

/* Frees a stand-in. */
void inlet_close(struct producer *p);
void inlet_free(struct inlet *in);

/* Its timer is due. */
void inlet_due(struct inlet *in, uint64_t now_us);

/* There is a new pipe to that worker. */
void inlet_again(struct worker *w, uint32_t worker, uint64_t now_us);

#endif
