/*
 * gate: keeps a room's effects in order behind its journal.
 *
 * What follows a record that must be waited for leaves when that record is
 * committed; other rooms do not wait, and stopping media never does.
 *
 *	core_step(core, &e, now, fx);
 *	gate_put(gate, fx);                  // takes the list over
 *	while ((e = gate_next(gate)))
 *		if (e->kind == EFFECT_JOURNAL)
 *			gate_wait(gate, e, store_push(...));  // a ticket
 *		else
 *			apply(e);
 *	... and when the store has committed up to a ticket:
 *	gate_committed(gate, ticket);        // then gate_next() again
 *
 * Tickets grow by one; 0 means not to wait. An effect handed out is valid
 * until the next call of gate_next().
 */
#ifndef SIGNALD_ROOM_GATE_H
#define SIGNALD_ROOM_GATE_H

#include "signald/room/effects.h"

struct gate;

struct gate *gate_new(void);
void gate_free(struct gate *g); /* with all that is held */

/* Takes fx over, whatever it returns. 0 or -ENOMEM. */
int gate_put(struct gate *g, struct effects *fx);

/* The next effect that may be carried out, or NULL. */
const struct effect *gate_next(struct gate *g);

/* The room of the journal effect just handed out waits for this ticket. */
void gate_wait(struct gate *g, const struct effect *e, uint64_t ticket);

/* All tickets up to this one are committed. */
void gate_committed(struct gate *g, uint64_t ticket);

/* Effects held back now. */
size_t gate_held(const struct gate *g);

#endif
