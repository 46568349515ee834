#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TESTS_MAX = 4096, PATIENCE = 8 };

static struct {
	const TTest *test;
	double seconds;
} tests[TESTS_MAX];
static int tests_n;

void test_add(const TTest *t, double seconds)
{
	if (tests_n == TESTS_MAX) {
		fprintf(stderr, "too many tests: raise TESTS_MAX\n");
		exit(2);
	}
	tests[tests_n].test = t;
	tests[tests_n++].seconds = seconds;
}

int main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/');
	Suite *suite = suite_create(name ? name + 1 : argv[0]);
	SRunner *runner;
	int run, failed;

	for (int i = 0; i < tests_n; i++) {
		TCase *tc = tcase_create(tests[i].test->name);

		tcase_set_timeout(tc, PATIENCE * tests[i].seconds);
		tcase_add_test(tc, tests[i].test);
		suite_add_tcase(suite, tc);
	}
	runner = srunner_create(suite);
	srunner_run_all(runner, argc > 1 ? CK_VERBOSE : CK_NORMAL);
	run = srunner_ntests_run(runner);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	printf("%s: %d passed, %d failed\n", name ? name + 1 : argv[0],
	       run - failed, failed);
	return failed || !run;
}
