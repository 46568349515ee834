#include "common/timerq.h"
#include "tests/lib/test.h"

TEST(timerq_pops_in_order_of_time)
{
	enum { N = 300 };
	static struct timer t[N];
	struct timerq q;
	uint64_t last = 0;
	uint32_t x = 7;
	int n = 0;

	timerq_init(&q);
	for (int step = 0; step < 20 * N; step++) {
		struct timer *p = &t[step % N];

		x = x * 1664525u + 1013904223u;
		if (x % 5 == 0)
			timerq_unset(&q, p);
		else
			ck_assert_int_eq(timerq_set(&q, p, x % 100000), 0);
	}
	for (int i = 0; i < N; i++)
		n += timer_is_set(&t[i]);
	ck_assert_uint_eq(q.n, n);
	ck_assert_ptr_null(timerq_pop(&q, 0));
	for (struct timer *p; (p = timerq_pop(&q, 100000)); n--) {
		ck_assert_uint_ge(p->due_us, last);
		ck_assert(!timer_is_set(p));
		last = p->due_us;
	}
	ck_assert_int_eq(n, 0);
	ck_assert_uint_eq(timerq_deadline(&q), UINT64_MAX);
	timerq_fini(&q);
}

TEST(timerq_takes_only_what_is_due)
{
	struct timer a = {.kind = 1}, b = {.kind = 2};
	struct timerq q;

	timerq_init(&q);
	timerq_set(&q, &a, 100);
	timerq_set(&q, &b, 50);
	ck_assert_ptr_eq(timerq_pop(&q, 60), &b);
	ck_assert_ptr_null(timerq_pop(&q, 60));
	timerq_set(&q, &a, 10);
	ck_assert_uint_eq(timerq_deadline(&q), 10);
	timerq_fini(&q);
	ck_assert(!timer_is_set(&a));
}
