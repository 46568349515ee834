/* check: the invariants, after each step and at the end. */
#ifndef TESTS_SIM_CHECK_H
#define TESTS_SIM_CHECK_H

#include "tests/sim/world.h"

/* The effects of one step, before they are carried out. */
void check_step(struct world *w, const struct effects *fx);

/* The whole state of the core; cheap enough for each step. */
void check_core(struct world *w);

/* The journal is drained: what it would restore is what there is. */
void check_journal(struct world *w);

/* After a restart: nothing acknowledged is forgotten. */
void check_restart(struct world *w, bool power_cut);

/* The faults have stopped a while ago. */
void check_end(struct world *w);

#endif
