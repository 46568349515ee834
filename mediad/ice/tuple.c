#include "mediad/ice/tuple.h"

#include <stdio.h>

bool tuple_eq(const struct tuple *a, const struct tuple *b)
{
	return a->proto == b->proto && addr_eq(&a->remote, &b->remote) &&
	       addr_eq(&a->local, &b->local);
}

uint64_t tuple_hash(const struct tuple *t, uint64_t seed)
{
	return addr_hash(&t->remote, addr_hash(&t->local, seed ^ t->proto));
}

const char *tuple_str(const struct tuple *t, char out[TUPLE_STRLEN])
{
	char local[ADDR_STRLEN], remote[ADDR_STRLEN];

	snprintf(out, TUPLE_STRLEN, "%s %s <- %s",
		 t->proto == TUPLE_TCP ? "tcp" : "udp",
		 addr_str(&t->local, local), addr_str(&t->remote, remote));
	return out;
}
