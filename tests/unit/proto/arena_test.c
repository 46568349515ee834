#include "proto/arena.h"

#include <stdint.h>

#include "tests/lib/test.h"

TEST(arena_aligns_and_ends)
{
	struct arena a;
	uint8_t *p, *q;

	ck_assert_int_eq(arena_init(&a, 64), 0);
	p = arena_take(&a, 1);
	q = arena_take(&a, 40);
	ck_assert_ptr_eq(q, p + 16);
	ck_assert_ptr_null(arena_take(&a, 1));
	ck_assert_ptr_null(arena_take(&a, SIZE_MAX));
	arena_reset(&a);
	ck_assert_ptr_eq(arena_take(&a, 64), p);
	ck_assert_ptr_null(arena_take(&a, 1));
	arena_fini(&a);
}
