/* client: people with browsers: they come, act, break off, come again. */
#ifndef TESTS_SIM_CLIENT_H
#define TESTS_SIM_CLIENT_H

#include "tests/sim/server.h"
#include "tests/sim/world.h"

void client_act(struct world *w, struct client *c);
void client_connect(struct world *w, struct client *c);
void client_message(struct world *w, struct client *c, uint64_t conn,
		    const struct message *m);

/* The connection breaks; the server may notice much later. */
void client_break(struct world *w, struct client *c);

#endif
