#include "signald/net/netmask.h"

#include "tests/lib/test.h"

#include <errno.h>
#include <string.h>

static bool has(const char *net, const char *host)
{
	struct addr a;

	ck_assert_int_eq(addr_parse(&a, host, 0), 0);
	return netmask_has(net, &a);
}

TEST(netmask_knows_who_is_inside)
{
	ck_assert(has("10.0.0.0/8", "10.255.1.1"));
	ck_assert(!has("10.0.0.0/8", "11.0.0.1"));
	ck_assert(has("192.0.2.128/25", "192.0.2.200"));
	ck_assert(!has("192.0.2.128/25", "192.0.2.100"));
	ck_assert(has("192.0.2.1", "192.0.2.1"));
	ck_assert(!has("192.0.2.1", "192.0.2.2"));
	ck_assert(has("0.0.0.0/0", "1.2.3.4"));
	ck_assert(!has("0.0.0.0/0", "::1"));
	ck_assert(has("2001:db8::/33", "2001:db8:7fff::1"));
	ck_assert(!has("2001:db8::/33", "2001:db8:8000::1"));
	ck_assert(has("::1/128", "::1"));
}

TEST(netmask_refuses_nonsense)
{
	ck_assert_int_eq(netmask_check("10.0.0.0/8"), 0);
	ck_assert_int_eq(netmask_check("10.0.0.0/33"), -EINVAL);
	ck_assert_int_eq(netmask_check("10.0.0.0/"), -EINVAL);
	ck_assert_int_eq(netmask_check("/8"), -EINVAL);
	ck_assert_int_eq(netmask_check("proxy.example"), -EINVAL);
}

static const char *client(const char *value)
{
	static const char *const trusted[] = {"10.0.0.0/8", "127.0.0.1"};
	static char text[ADDR_STRLEN];
	struct addr a;

	if (netmask_forwarded(&a, value, trusted, 2))
		return "";
	return addr_ip(&a, text);
}

TEST(netmask_reads_forwarded_addresses_from_the_right)
{
	ck_assert_str_eq(client("192.0.2.1"), "192.0.2.1");
	ck_assert_str_eq(client("6.6.6.6, 192.0.2.1, 10.1.1.1"), "192.0.2.1");
	ck_assert_str_eq(client("6.6.6.6,2001:db8::1 , 127.0.0.1"),
			 "2001:db8::1");
	ck_assert_str_eq(client("10.0.0.1, 10.0.0.2"), "10.0.0.1");
	ck_assert_str_eq(client("evil, 10.0.0.2"), "");
	ck_assert_str_eq(client(""), "");
	ck_assert_str_eq(client("1.2.3.4,"), "");
}
