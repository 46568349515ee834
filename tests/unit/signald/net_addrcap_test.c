#include "signald/net/addrcap.h"

#include "tests/lib/test.h"

#include <errno.h>
#include <stdio.h>

static struct addr at(const char *host)
{
	struct addr a;

	ck_assert_int_eq(addr_parse(&a, host, 1), 0);
	return a;
}

TEST(addrcap_counts_live_connections_of_an_address)
{
	struct addrcap *c = addrcap_new(64, 2, 100, 1, 7);
	struct addr a = at("10.0.0.1"), b = at("10.0.0.2");

	ck_assert_int_eq(addrcap_enter(c, &a, 1), 0);
	ck_assert_int_eq(addrcap_enter(c, &a, 1), 0);
	ck_assert_int_eq(addrcap_enter(c, &a, 1), -EMFILE);
	ck_assert_int_eq(addrcap_enter(c, &b, 1), 0);
	addrcap_leave(c, &a);
	ck_assert_int_eq(addrcap_enter(c, &a, 1), 0);
	addrcap_free(c);
}

TEST(addrcap_counts_a_v6_network_as_one)
{
	struct addrcap *c = addrcap_new(64, 1, 100, 1, 7);
	struct addr a = at("2001:db8::1"), b = at("2001:db8::2");
	struct addr other = at("2001:db8:0:1::2");

	ck_assert_int_eq(addrcap_enter(c, &a, 1), 0);
	ck_assert_int_eq(addrcap_enter(c, &b, 1), -EMFILE);
	ck_assert_int_eq(addrcap_enter(c, &other, 1), 0);
	addrcap_free(c);
}

TEST(addrcap_limits_the_rate)
{
	struct addrcap *c = addrcap_new(64, 100, 3, 2, 7);
	struct addr a = at("10.0.0.1");

	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(addrcap_enter(c, &a, 1), 0);
	ck_assert_int_eq(addrcap_enter(c, &a, 1), -EAGAIN);
	ck_assert_int_eq(addrcap_enter(c, &a, 500001), 0); /* 2 a second */
	ck_assert_int_eq(addrcap_enter(c, &a, 500001), -EAGAIN);
	addrcap_free(c);
}

TEST(addrcap_forgets_the_gone_not_the_living)
{
	struct addrcap *c = addrcap_new(16, 1, 1, 0, 7);
	struct addr a = at("10.0.0.1");
	int refused = 0;

	ck_assert_int_eq(addrcap_enter(c, &a, 1), 0);
	for (int i = 0; i < 1000; i++) { /* far more than there is room for */
		char host[32];
		struct addr b;

		snprintf(host, sizeof(host), "10.1.%d.%d", i / 250, i % 250);
		b = at(host);
		if (addrcap_enter(c, &b, (uint64_t)i + 2))
			refused++;
		else
			addrcap_leave(c, &b);
	}
	ck_assert_int_eq(refused, 0);
	ck_assert_int_eq(addrcap_enter(c, &a, 2000), -EMFILE);
	addrcap_free(c);
}
