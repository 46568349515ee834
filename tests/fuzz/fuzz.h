/*
 * fuzz: a target reads its input, and checks what must hold of the result
 * with FUZZ_CHECK, so that wrong answers are found and not only bad reads.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define FUZZ_CHECK(expr) fuzz_check((expr), #expr, __LINE__)

static inline void fuzz_check(int ok, const char *expr, int line)
{
	if (ok)
		return;
	fprintf(stderr, "line %d: does not hold: %s\n", line, expr);
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#endif
