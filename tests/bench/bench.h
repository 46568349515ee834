/*
 * bench: what every benchmark needs. A figure is the median of rounds in CPU
 * time of the thread; it is printed as one JSON line.
 *
 *	BENCH_ROUNDS(ns, 9, 10000, work(i));
 *	bench_print("gcm.seal.1200", ns, "ns");
 *
 * Inputs pass through bench_hide() and results through bench_use(), so that
 * the optimiser cannot remove what is measured.
 */
#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define BENCH_MAX 64

static inline double bench_cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static inline int bench_less(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

static inline double bench_median(double *v, int n)
{
	qsort(v, (size_t)n, sizeof(*v), bench_less);
	return v[n / 2];
}

static inline void bench_print(const char *name, double value, const char *unit)
{
	printf("{\"name\":\"%s\",\"value\":%.4g,\"unit\":\"%s\"}\n", name,
	       value, unit);
	fflush(stdout);
}

static inline void bench_use(const void *p)
{
	__asm__ volatile("" : : "r"(p) : "memory");
}

#define bench_hide(x) __asm__ volatile("" : "+r"(x) : : "memory")

/* Sets `out` to the median of `rounds` rounds of `n` times the statement. */
#define BENCH_ROUNDS(out, rounds, n, ...)                                      \
	do {                                                                   \
		double bench_v[BENCH_MAX];                                     \
		for (int bench_r = 0; bench_r < (rounds); bench_r++) {         \
			double bench_t = bench_cpu_ns();                       \
			for (int i = 0; i < (n); i++) {                        \
				__VA_ARGS__;                                   \
			}                                                      \
			bench_v[bench_r] = (bench_cpu_ns() - bench_t) / (n);   \
		}                                                              \
		(out) = bench_median(bench_v, (rounds));                       \
	} while (0)

#endif
