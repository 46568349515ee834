/*
 * cons: consumers: what a seat receives, one for each producer of the others
 * that it can take.
 *
 * A consumer is asked of the worker paused, then offered to the client
 * (MEDIA_NEW_CONSUMER); it flows once the client has accepted it.
 */
#ifndef SIGNALD_MEDIA_CONS_H
#define SIGNALD_MEDIA_CONS_H

#include "signald/media/media.h"

/* Makes what is missing: of all producers for s; of p for all seats. */
void cons_offer_all(struct media *m, struct seat *s);
void cons_offer_producer(struct media *m, struct producer *p);

void cons_on_created(struct media *m, uint64_t id,
		     const struct media_out *reply);

/* What the client is told of it. 0 or -ENOTSUP. */
int cons_params(const struct consumer *c, struct rtp_params *out);

/* The client has it and will play it. */
void cons_accepted(struct media *m, struct consumer *c);

int cons_set_paused(struct media *m, struct consumer *c, bool paused,
		    const struct media_ticket *ticket);
int cons_set_layers(struct media *m, struct consumer *c, int spatial,
		    int temporal, const struct media_ticket *ticket);
int cons_set_priority(struct media *m, struct consumer *c, uint32_t priority,
		      const struct media_ticket *ticket);

struct cons_viewport {
	uint32_t width, height;
	bool visible;
};
int cons_set_viewport(struct media *m, struct consumer *c,
		      const struct cons_viewport *v,
		      const struct media_ticket *ticket);

/* Closes it in the worker; tells the client. */
void cons_close(struct media *m, struct consumer *c);

/*
 * Its transport goes: it waits for another one, with its id and with what
 * its client wants of it.
 */
void cons_lose(struct media *m, struct consumer *c);

/* Out of the graph only; tells the client if `tell`. */
void cons_drop(struct media *m, struct consumer *c, bool tell);

#endif
