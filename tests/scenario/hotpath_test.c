/*
 * The way of a packet asks for no memory and not the kernel: of 100,000
 * forwarded ones, with feedback, reports and estimates all the while, none
 * made the worker call the allocator or make a system call. What the sockets
 * need, a call for many packets, is counted beside them
 * (io_100000_packets_in_few_syscalls).
 */
#include <sys/syscall.h>
#include <unistd.h>

#include "common/sys/rng.h"
#include "tests/lib/call.h"
#include "tests/lib/heap.h"
#include "tests/lib/sysno.h"
#include "tests/lib/test.h"

#define VIEWERS 40
#define PACKETS 100000

/* The counters themselves must count, or the tests below say nothing. */
TEST(heap_counter_counts)
{
	uint64_t before = heap_calls();
	struct pkt_pool pool;

	ck_assert_int_eq(pkt_pool_init(&pool, 4), 0);
	pkt_pool_fini(&pool);
	ck_assert_uint_ge(heap_calls() - before, 1);
}

TEST(syscall_counter_counts)
{
	uint64_t before;

	if (sysno_start())
		return; /* an old kernel, a sanitizer: nothing is counted */
	before = sysno_calls();
	sysno_watch(true);
	for (int i = 0; i < 3; i++)
		(void)syscall(SYS_getppid);
	sysno_watch(false);
	(void)getppid();
	ck_assert_uint_eq(sysno_calls() - before, 3);
}

TEST_SLOW(hotpath_100000_packets_without_allocation_or_syscall, 60)
{
	struct call *c = call_new(5);
	struct side *pub = call_join(c, NULL);
	struct side *sub[VIEWERS];
	struct view *v = NULL;
	struct cam *cam;
	uint64_t heap;
	uint64_t calls;
	uint64_t out;

	for (int i = 0; i < VIEWERS; i++)
		sub[i] = call_join(c, NULL);
	call_run(c, 2 * SECOND);
	cam = call_single(c, pub, 2500000);
	for (int i = 0; i < VIEWERS; i++)
		v = call_watch(c, sub[i], cam);
	/* Rings grow to the rate within the first seconds. */
	call_run(c, 4 * SECOND);
	(void)sysno_start();
	heap = c->heap_calls;
	calls = sysno_calls();
	out = c->w.stats.rtp_out;
	while (c->w.stats.rtp_out - out < PACKETS)
		call_run(c, SECOND / 4);
	ck_assert_uint_eq(c->heap_calls - heap, 0);
	ck_assert_uint_eq(sysno_calls() - calls, 0);
	ck_assert_uint_eq(call_view(v)->lost, 0);
	call_free(c);
}
