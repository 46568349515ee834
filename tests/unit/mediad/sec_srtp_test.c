/* The facade: every profile both ways, and the window. */
#include "mediad/sec/srtp.h"

#include <errno.h>
#include <string.h>

#include "mediad/sec/replay.h"
#include "mediad/sec/ssrctab.h"
#include "tests/lib/test.h"

static const enum srtp_profile all[] = {
	SRTP_PROFILE_GCM_128,
	SRTP_PROFILE_GCM_256,
	SRTP_PROFILE_CM_SHA1_80,
	SRTP_PROFILE_CM_SHA1_32,
};

struct ends {
	struct srtp_env *env;
	struct srtp_session *a;
	struct srtp_session *b;
};

static void ends_init(struct ends *e, enum srtp_profile p)
{
	struct srtp_keys k = {.profile = p};
	struct srtp_keys back = {.profile = p};

	for (int i = 0; i < SRTP_MASTER_MAX; i++) {
		k.local[i] = (uint8_t)(i + 1);
		k.remote[i] = (uint8_t)(3 * i);
	}
	memcpy(back.local, k.remote, SRTP_MASTER_MAX);
	memcpy(back.remote, k.local, SRTP_MASTER_MAX);
	e->env = srtp_env_new(NULL);
	ck_assert_ptr_nonnull(e->env);
	e->a = srtp_new(e->env, &k);
	e->b = srtp_new(e->env, &back);
	ck_assert(e->a && e->b);
}

static void ends_fini(struct ends *e)
{
	srtp_free(e->a);
	srtp_free(e->b);
	srtp_env_free(e->env);
}

static void round_trip(struct ends *e, uint16_t seq)
{
	uint8_t dst[300] = {0x80, 96, (uint8_t)(seq >> 8), (uint8_t)seq};
	uint8_t pay[200];
	uint8_t again[300];
	size_t len;
	int n;

	memset(pay, seq, sizeof(pay));
	n = srtp_seal_rtp(e->a, dst, sizeof(dst), 12, pay, sizeof(pay));
	ck_assert_int_gt(n, 212);
	ck_assert_mem_ne(dst + 12, pay, sizeof(pay));
	memcpy(again, dst, sizeof(dst));
	len = (size_t)n;
	ck_assert_int_eq(srtp_open_rtp(e->b, dst, &len), SRTP_PASS);
	ck_assert_uint_eq(len, 212);
	ck_assert_mem_eq(dst + 12, pay, sizeof(pay));
	len = (size_t)n;
	memcpy(dst, again, sizeof(dst));
	ck_assert_int_eq(srtp_open_rtp(e->b, dst, &len), SRTP_REPLAY);
	/* The other direction has other keys. */
	len = (size_t)n;
	memcpy(dst, again, sizeof(dst));
	ck_assert_int_eq(srtp_open_rtp(e->a, dst, &len), SRTP_FORGED);
}

static void round_trip_rtcp(struct ends *e)
{
	uint8_t src[28] = {0x80, 200, 0, 6, 1, 2, 3, 4};
	uint8_t dst[64];
	uint8_t bad[64];
	size_t len;
	int n = srtp_seal_rtcp(e->a, dst, sizeof(dst), src, sizeof(src));

	ck_assert_int_gt(n, 28);
	memcpy(bad, dst, sizeof(bad));
	bad[9] ^= 4;
	len = (size_t)n;
	ck_assert_int_eq(srtp_open_rtcp(e->b, bad, &len), SRTP_FORGED);
	len = (size_t)n;
	ck_assert_int_eq(srtp_open_rtcp(e->b, dst, &len), SRTP_PASS);
	ck_assert_uint_eq(len, sizeof(src));
	ck_assert_mem_eq(dst, src, sizeof(src));
}

TEST_SLOW(srtp_every_profile_both_ways, 60)
{
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		struct ends e;

		ends_init(&e, all[i]);
		ck_assert_int_eq(srtp_session_profile(e.a), all[i]);
		for (uint32_t seq = 65400; seq < 65700; seq++)
			round_trip(&e, (uint16_t)seq);
		round_trip_rtcp(&e);
		round_trip_rtcp(&e);
		ends_fini(&e);
	}
}

TEST_SLOW(srtp_no_profile_no_session, 60)
{
	struct srtp_env *env = srtp_env_new("evp");
	struct srtp_keys k = {.profile = SRTP_PROFILE_NONE};

	ck_assert_str_eq(srtp_env_backend(env), "evp");
	ck_assert_ptr_null(srtp_new(env, &k));
	k.profile = (enum srtp_profile)5; /* NULL cipher with a tag */
	ck_assert_ptr_null(srtp_new(env, &k));
	ck_assert_ptr_null(srtp_env_new("no-such"));
	srtp_env_free(env);
}

TEST_SLOW(srtp_short_packets, 60)
{
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		uint8_t b[32] = {0x80, 200};
		struct ends e;

		ends_init(&e, all[i]);
		for (size_t n = 0; n < 12; n++) {
			size_t len = n;

			ck_assert_int_eq(srtp_open_rtp(e.a, b, &len),
					 SRTP_SHORT);
			len = n < 8 ? n : 7;
			ck_assert_int_eq(srtp_open_rtcp(e.a, b, &len),
					 SRTP_SHORT);
		}
		ends_fini(&e);
	}
}

TEST(replay_window_is_1024_wide)
{
	struct replay r = {0};

	for (uint64_t i = 0; i <= 5000; i += 2)
		replay_mark(&r, i);
	ck_assert(replay_fresh(&r, 4999));
	ck_assert(!replay_fresh(&r, 4998));
	ck_assert(replay_fresh(&r, 5001 - 1024));
	ck_assert(!replay_fresh(&r, 5000 - 1024));
	ck_assert(!replay_fresh(&r, 4999 - 1024));
	replay_mark(&r, 4999);
	ck_assert(!replay_fresh(&r, 4999));
	/* A leap clears all that it passes. */
	replay_mark(&r, 1000000);
	for (uint64_t i = 1000000 - 1023; i < 1000000; i++)
		ck_assert(replay_fresh(&r, i));
}

TEST(replay_index_follows_rollovers)
{
	struct replay r = {0};

	ck_assert_uint_eq(replay_index(&r, 65535), 65535);
	replay_mark(&r, 10);
	/* Before the first rollover there is nothing behind zero. */
	ck_assert_uint_eq(replay_index(&r, 65530), 65530);
	replay_mark(&r, 65530);
	ck_assert_uint_eq(replay_index(&r, 5), 0x10005);
	replay_mark(&r, 0x10005);
	ck_assert_uint_eq(replay_index(&r, 65531), 65531);
	ck_assert_uint_eq(replay_index(&r, 6), 0x10006);
}

TEST(ssrctab_finds_what_it_holds)
{
	struct ssrctab t;

	ssrctab_init(&t, 600, 12345);
	ck_assert_ptr_null(ssrctab_find(&t, 0));
	for (uint32_t i = 0; i < 600; i++)
		ck_assert_ptr_nonnull(ssrctab_add(&t, i * 65536));
	ck_assert_ptr_null(ssrctab_add(&t, 1));
	for (uint32_t i = 0; i < 600; i++) {
		ck_assert_ptr_nonnull(ssrctab_find(&t, i * 65536));
		ck_assert_ptr_null(ssrctab_find(&t, i * 65536 + 1));
	}
	ssrctab_fini(&t);
}

static int seal(struct ends *e, uint8_t *dst, uint16_t seq, bool again)
{
	static const uint8_t pay[100] = {7};
	const uint8_t hdr[12] = {0x80, 96, (uint8_t)(seq >> 8), (uint8_t)seq};

	memcpy(dst, hdr, sizeof(hdr));
	if (again)
		return srtp_seal_rtp_again(e->a, dst, 300, 12, pay,
					   sizeof(pay));
	return srtp_seal_rtp(e->a, dst, 300, 12, pay, sizeof(pay));
}

static void again(enum srtp_profile p)
{
	uint8_t sent[300], repeat[300];
	struct ends e;
	size_t len;
	int n;

	ends_init(&e, p);
	ck_assert_int_eq(seal(&e, repeat, 65530, true), -ENOENT);
	n = seal(&e, sent, 65530, false);
	ck_assert_int_eq(seal(&e, repeat, 65530, false), -EALREADY);
	ck_assert_int_eq(seal(&e, repeat, 65530, true), n);
	ck_assert_mem_eq(sent, repeat, (size_t)n);
	/* Over a rollover, and it is what the receiver waits for. */
	for (uint32_t seq = 65531; seq < 65536 + 900; seq++)
		ck_assert_int_eq(seal(&e, repeat, (uint16_t)seq, false), n);
	ck_assert_int_eq(seal(&e, repeat, 65530, true), n);
	ck_assert_mem_eq(sent, repeat, (size_t)n);
	len = (size_t)n;
	ck_assert_int_eq(srtp_open_rtp(e.b, repeat, &len), SRTP_PASS);
	/* 1,024 later it is too old to tell. */
	for (uint32_t seq = 900; seq < 1100; seq++)
		seal(&e, sent, (uint16_t)seq, false);
	ck_assert_int_eq(seal(&e, repeat, 65530, true), -ENOENT);
	ck_assert_int_eq(seal(&e, repeat, 65530, false), -EALREADY);
	ends_fini(&e);
}

/* A repeat is the same packet, and nothing that was not sent before. */
TEST_SLOW(srtp_again_gives_the_same_bytes, 60)
{
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		again(all[i]);
}
