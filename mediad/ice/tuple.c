#include "mediad/ice/tuple.h"

bool tuple_eq(const struct tuple *a, const struct tuple *b)
{
	return a->proto == b->proto && addr_eq(&a->remote, &b->remote) &&
	       addr_eq(&a->local, &b->local);
}

uint64_t tuple_hash(const struct tuple *t, uint64_t seed)
{
	return addr_hash(&t->remote, addr_hash(&t->local, seed ^ t->proto));
}
