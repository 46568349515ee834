/* Who has signed in, and for how long. */
#include "signald/auth/signin.h"

#include "tests/lib/test.h"

static struct secret_hash hash_of(uint8_t n)
{
	return (struct secret_hash){.b = {n, 1, 2, 3}};
}

static void add(struct signins *s, uint8_t n, uint64_t expires_ms)
{
	struct secret_hash h = hash_of(n);
	struct record rec = signin_record(&h, "sub", "Name", expires_ms);

	ck_assert_int_eq(signin_add(s, &rec), 0);
}

TEST(signin_is_found_until_it_is_over)
{
	struct secret_hash h = hash_of(1), other = hash_of(1);
	struct record del;
	struct signins s;

	signin_init(&s);
	add(&s, 1, 1000);
	add(&s, 2, 2000);
	ck_assert_str_eq(signin_find(&s, &h, 999)->subject, "sub");
	ck_assert_ptr_null(signin_find(&s, &h, 1000));
	other.b[31] = 9; /* the same first bytes */
	ck_assert_ptr_null(signin_find(&s, &other, 0));
	ck_assert(!signin_expire(&s, 999, &del));
	ck_assert(signin_expire(&s, 1000, &del));
	ck_assert_int_eq(del.kind, RECORD_SIGNIN_DEL);
	ck_assert(!signin_expire(&s, 1000, &del));
	ck_assert_uint_eq(s.n, 1);
	signin_fini(&s);
}
