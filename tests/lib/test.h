/*
 * test: a unit test is a function in any file of its folder.
 *
 *	TEST(bucket_refills)
 *	{
 *		ck_assert_int_eq(...);
 *	}
 *
 * Check runs each in a fork of its own, so a crash or a hang is one failed
 * test. TEST_SLOW(name, seconds) may take longer than the usual 10 s; a busy
 * machine gives it a fraction of its time, so it is ended after 8 times that.
 * CK_RUN_CASE=name in the environment runs one test; CK_FORK=no under gdb.
 */
#ifndef TESTS_LIB_TEST_H
#define TESTS_LIB_TEST_H

#include <check.h>

void test_add(const TTest *t, double seconds);

#define TEST_SLOW(fn, seconds)                                                 \
	static void fn(int _i);                                                \
	static const TTest test_##fn = {#fn, fn, __FILE__, __LINE__};          \
	__attribute__((constructor)) static void test_add_##fn(void)           \
	{                                                                      \
		test_add(&test_##fn, seconds);                                 \
	}                                                                      \
	static void fn(int _i __attribute__((unused)))

#define TEST(fn) TEST_SLOW(fn, 10)

#endif
