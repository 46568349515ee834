#include "common/idmap.h"
#include "tests/lib/test.h"

#include <errno.h>

TEST(idmap_puts_gets_deletes)
{
	struct idmap m;
	int a, b;

	idmap_init(&m);
	ck_assert_ptr_null(idmap_get(&m, 1));
	ck_assert_int_eq(idmap_put(&m, 1, &a), 0);
	ck_assert_int_eq(idmap_put(&m, 1, &b), -EEXIST);
	ck_assert_int_eq(idmap_put(&m, 0, &b), -EINVAL);
	ck_assert_ptr_eq(idmap_get(&m, 1), &a);
	ck_assert_ptr_eq(idmap_del(&m, 1), &a);
	ck_assert_ptr_null(idmap_del(&m, 1));
	ck_assert_uint_eq(m.n, 0);
	idmap_fini(&m);
}

/* Against a plain array, with ids that collide in their low bits. */
TEST(idmap_agrees_with_an_array)
{
	enum { N = 512 };
	static int vals[N];
	static unsigned char there[N];
	struct idmap m;
	uint32_t x = 1;

	idmap_init(&m);
	for (int step = 0; step < 200000; step++) {
		uint64_t i, id;

		x = x * 1664525u + 1013904223u;
		i = (x >> 8) % N;
		id = (i % 8) | (i << 32) | 1ull << 60;
		if (x >> 31) {
			ck_assert_int_eq(idmap_put(&m, id, &vals[i]),
					 there[i] ? -EEXIST : 0);
			there[i] = 1;
		} else {
			ck_assert_ptr_eq(idmap_del(&m, id),
					 there[i] ? (void *)&vals[i] : NULL);
			there[i] = 0;
		}
	}
	for (uint64_t i = 0; i < N; i++)
		ck_assert_ptr_eq(
			idmap_get(&m, (i % 8) | (i << 32) | 1ull << 60),
			there[i] ? (void *)&vals[i] : NULL);
	size_t pos = 0, seen = 0;

	while (idmap_next(&m, &pos))
		seen++;
	ck_assert_uint_eq(seen, m.n);
	idmap_fini(&m);
}
