/* Equal capabilities are kept once; others are not mixed up with them. */
#include <string.h>

#include "signald/media/capset.h"
#include "signald/media/ortc.h"
#include "tests/lib/test.h"

TEST(capabilities_are_kept_once_while_held)
{
	static struct rtp_caps mine, other;
	const struct rtp_caps *a, *b, *c;
	struct capset s;

	capset_init(&s);
	ck_assert(!ortc_default_caps(&mine));
	other = mine;
	other.codecs[0].pt ^= 1;
	a = capset_take(&s, &mine);
	b = capset_take(&s, &mine);
	c = capset_take(&s, &other);
	ck_assert_ptr_eq(a, b);
	ck_assert_ptr_ne(a, c);
	ck_assert_ptr_ne(a, &mine);
	ck_assert_int_eq(c->codecs[0].pt, mine.codecs[0].pt ^ 1);
	ck_assert_uint_eq(s.by_hash.n, 2);
	capset_put(&s, a);
	ck_assert_ptr_eq(capset_take(&s, &mine), b);
	capset_put(&s, b);
	capset_put(&s, b);
	ck_assert_uint_eq(s.by_hash.n, 1);
	capset_put(&s, c);
	capset_put(&s, NULL);
	ck_assert_uint_eq(s.by_hash.n, 0);
	capset_fini(&s);
}
