#include "common/pkt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int pkt_pool_init(struct pkt_pool *pool, uint32_t n)
{
	memset(pool, 0, sizeof(*pool));
	pool->all = calloc(n, sizeof(*pool->all));
	if (!pool->all)
		return -ENOMEM;
	pool->n = n;
	for (uint32_t i = 0; i < n; i++) {
		pool->all[i].pool = pool;
		pool->all[i].next = i + 1 < n ? &pool->all[i + 1] : NULL;
	}
	pool->free = pool->all;
	return 0;
}

void pkt_pool_fini(struct pkt_pool *pool)
{
	free(pool->all);
	memset(pool, 0, sizeof(*pool));
}
