#include "common/addr.h"
#include "common/b64.h"
#include "common/bucket.h"
#include "common/hex.h"
#include "common/hist.h"
#include "common/list.h"
#include "common/log.h"
#include "common/pkt.h"
#include "common/str.h"
#include "tests/lib/test.h"

#include <errno.h>
#include <string.h>

TEST(bucket_refills_and_tells_the_wait)
{
	struct bucket b;
	uint64_t now = 1000000, wait;

	bucket_init(&b, 5, 10, now);
	for (int i = 0; i < 10; i++)
		ck_assert_uint_eq(bucket_take(&b, 1, now), 0);
	wait = bucket_take(&b, 1, now);
	ck_assert_uint_ge(wait, 200000);
	ck_assert_uint_le(wait, 200001);
	ck_assert_uint_eq(bucket_take(&b, 1, now + wait), 0);
	ck_assert_uint_eq(bucket_take(&b, 11, now), UINT64_MAX);
	ck_assert_uint_ne(bucket_take(&b, 1, 0), 0);
	for (int i = 0; i < 10; i++)
		ck_assert_uint_eq(bucket_take(&b, 1, now + 3600000000u), 0);
	ck_assert_uint_ne(bucket_take(&b, 1, now + 3600000000u), 0);
}

TEST(hex_and_base64url_round_trip)
{
	static const char *const b64[] = {"",	  "Zg",	    "Zm8",
					  "Zm9v", "Zm9vYg", "Zm9vYmE"};
	char out[64];
	uint8_t in[8];
	uint64_t id;

	hex_of(out, "\x00\xff\x1a", 3);
	ck_assert_str_eq(out, "00ff1a");
	ck_assert_int_eq(hex_to(in, 3, "00FF1a"), 0);
	ck_assert_int_eq(in[1], 0xff);
	ck_assert_int_eq(hex_to(in, 3, "00FF1"), -EINVAL);
	ck_assert_int_eq(hex_to(in, 3, "00FF1a0"), -EINVAL);
	hex_id(out, 0x0123456789abcdefu);
	ck_assert_str_eq(out, "0123456789abcdef");
	ck_assert_int_eq(hex_to_id(&id, out), 0);
	ck_assert(id == 0x0123456789abcdefu);
	for (size_t n = 0; n < 6; n++) {
		b64_of(out, "fooba", n);
		ck_assert_str_eq(out, b64[n]);
		ck_assert_uint_eq(strlen(out), B64_LEN(n));
		ck_assert_int_eq(b64_to(in, 8, out, strlen(out)), (int)n);
	}
	ck_assert_int_eq(b64_to(in, 8, "Zm9v=", 5), -EINVAL);
	ck_assert_int_eq(b64_to(in, 8, "Zh", 2), -EINVAL);
	ck_assert_int_eq(b64_to(in, 8, "Z", 1), -EINVAL);
	ck_assert_int_eq(b64_to(in, 2, "Zm9v", 4), -ENOBUFS);
}

TEST(str_knows_utf8)
{
	static const char *const good[] = {"",
					   "a",
					   "\xc3\xa9",
					   "\xe2\x82\xac",
					   "\xf0\x9f\x98\x80",
					   "\xf4\x8f\xbf\xbf"};
	static const char *const bad[] = {
		"\x80",		"\xc0\x80",	"\xc3",
		"\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
		"\xff",		"\xe2\x82",	"a\xc3(",
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		ck_assert_msg(str_utf8(good[i], strlen(good[i])), "good %zu",
			      i);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ck_assert_msg(!str_utf8(bad[i], strlen(bad[i])), "bad %zu", i);
	ck_assert(!str_utf8("a\0b", 3));
}

TEST(str_runes_round_trip)
{
	const char *s = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80";
	const char *p = s;
	char out[16] = "";
	uint32_t r;

	while ((r = str_rune(&p)))
		ck_assert_int_eq(str_add_rune(out, sizeof(out), r), 0);
	ck_assert_str_eq(out, s);
	out[0] = '\0';
	ck_assert_int_eq(str_add_rune(out, 3, 0x20ac), -ENAMETOOLONG);
	ck_assert_str_eq(out, "");
}

TEST(str_bounds)
{
	char b[4] = "";
	uint64_t v;

	ck_assert_int_eq(str_copy(b, sizeof(b), "abcd"), -ENAMETOOLONG);
	ck_assert_str_eq(b, "abc");
	ck_assert_int_eq(str_copy(b, sizeof(b), "xyz"), 0);
	b[0] = '\0';
	ck_assert_int_eq(str_addf(b, sizeof(b), "%d", 12), 0);
	ck_assert_int_eq(str_addf(b, sizeof(b), "%d", 34), -ENAMETOOLONG);
	ck_assert_str_eq(b, "123");
	ck_assert_int_eq(str_u64("18446744073709551615", UINT64_MAX, &v), 0);
	ck_assert(v == UINT64_MAX);
	ck_assert_int_eq(str_u64("18446744073709551616", UINT64_MAX, &v),
			 -ERANGE);
	ck_assert_int_eq(str_u64("5", 4, &v), -ERANGE);
	ck_assert_int_eq(str_u64("", 4, &v), -EINVAL);
	ck_assert_int_eq(str_u64("-1", 4, &v), -EINVAL);
	ck_assert_int_eq(str_u64("1x", 4, &v), -EINVAL);
}

TEST(addr_round_trips)
{
	char s[ADDR_STRLEN];
	struct sockaddr_storage ss;
	struct addr a, b;

	ck_assert_int_eq(addr_parse(&a, "10.1.2.3", 4443), 0);
	ck_assert_str_eq(addr_str(&a, s), "10.1.2.3:4443");
	addr_to_sa(&a, &ss);
	ck_assert_int_eq(addr_from_sa(&b, (struct sockaddr *)&ss), 0);
	ck_assert(addr_eq(&a, &b));
	ck_assert_int_eq(addr_parse(&b, "::ffff:10.1.2.3", 4443), 0);
	ck_assert(addr_eq(&a, &b));
	ck_assert_uint_eq(addr_hash(&a, 5), addr_hash(&b, 5));
	ck_assert_int_eq(addr_parse(&a, "fe80::1", 1), 0);
	a.scope = 3;
	ck_assert_str_eq(addr_str(&a, s), "[fe80::1%3]:1");
	ck_assert_int_eq(addr_parse(&a, "host", 1), -EINVAL);
}

TEST(addr_buckets_v6_by_64)
{
	struct addr a, b;

	addr_parse(&a, "2001:db8:1:2:3:4:5:6", 1);
	addr_parse(&b, "2001:db8:1:2:ffff::9", 2);
	a = addr_bucket(&a);
	b = addr_bucket(&b);
	ck_assert(addr_eq(&a, &b));
	addr_parse(&a, "10.0.0.1", 1);
	addr_parse(&b, "10.0.0.2", 1);
	a = addr_bucket(&a);
	b = addr_bucket(&b);
	ck_assert(!addr_eq(&a, &b));
}

TEST(hist_quantiles_within_a_sixteenth)
{
	static struct hist h, g;

	hist_init(&h);
	hist_init(&g);
	for (uint64_t us = 1; us <= 100000; us++)
		hist_add(us & 1 ? &h : &g, us);
	hist_merge(&h, &g);
	for (int p = 1; p < 100; p++) {
		double want = p * 1000.0;
		double got = (double)hist_quantile(&h, p / 100.0);

		ck_assert_double_ge(got, want * 15 / 16 - 1);
		ck_assert_double_le(got, want * 17 / 16 + 1);
	}
	ck_assert_uint_eq(hist_quantile(&h, 1), 100000);
	hist_add(&h, UINT64_MAX);
	ck_assert_uint_eq(h.max, UINT64_MAX);
}

TEST(hist_recent_forgets_after_two_periods)
{
	static struct hist_recent r;
	static struct hist h;

	hist_recent_init(&r, 10);
	hist_recent_add(&r, 5000, 100);
	hist_recent_add(&r, 7, 109);
	hist_recent_get(&r, 109, &h);
	ck_assert_uint_eq(h.n, 2);
	hist_recent_add(&r, 7, 115);
	hist_recent_get(&r, 119, &h);
	ck_assert_uint_eq(h.max, 5000);
	hist_recent_add(&r, 7, 125);
	hist_recent_get(&r, 125, &h);
	ck_assert_uint_eq(h.max, 7);
	ck_assert_uint_eq(h.n, 2);
	hist_recent_get(&r, 145, &h);
	ck_assert_uint_eq(h.n, 0);
}

TEST(pkt_pool_counts)
{
	struct pkt_pool pool;
	struct pkt *a, *b;

	ck_assert_int_eq(pkt_pool_init(&pool, 2), 0);
	a = pkt_get(&pool);
	b = pkt_ref(pkt_get(&pool));
	ck_assert_ptr_null(pkt_get(&pool));
	ck_assert_uint_eq(pool.missed, 1);
	pkt_put(b);
	ck_assert_uint_eq(pool.used, 2);
	pkt_put(b);
	pkt_put(a);
	ck_assert_uint_eq(pool.used, 0);
	ck_assert_uint_eq(pool.peak, 2);
	pkt_pool_fini(&pool);
}

struct item {
	int v;
	struct list node;
};

TEST(list_keeps_order_and_allows_unlinking)
{
	struct item items[3] = {{.v = 0}, {.v = 1}, {.v = 2}};
	struct list head;
	int n = 0;

	list_init(&head);
	for (int i = 0; i < 3; i++)
		list_push(&head, &items[i].node);
	list_for_each_safe (it, &head) {
		struct item *p = list_entry(it, struct item, node);

		ck_assert_int_eq(p->v, n++);
		if (p->v == 1) {
			list_del(it);
			list_del(it);
		}
	}
	ck_assert_ptr_eq(items[0].node.next, &items[2].node);
	ck_assert(!list_empty(&head));
}

TEST(log_quotes_what_clients_say)
{
	char out[32];

	ck_assert_str_eq(log_q(out, sizeof(out), "a b=\"c\"\n"),
			 "a%20b%3d%22c%22%0a");
	ck_assert_str_eq(log_q(out, 8, "aaaaaaaaaaaa"), "aaa");
}
