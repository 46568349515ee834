/*
 * bench: times a body that does `ops` operations, and counts its
 * instructions where valgrind is installed (this kind of machine gives no
 * hardware counters). Prints a JSON line a figure:
 *
 *	static void body(void *arg, uint64_t ops) { ... }
 *	static const struct bench_row rows[] = {
 *		{"parse.rtp", "packet", body, &input},
 *	};
 *	int main(int argc, char **argv)
 *	{
 *		return bench_main(argc, argv, rows, 1);
 *	}
 *
 * gives {"name":"parse.rtp.ns","value":21.5,"unit":"ns/packet"} and
 * {"name":"parse.rtp.instructions",...}. A time is the best of several runs;
 * a body must consume what it computes with bench_keep().
 */
#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

#include <stddef.h>
#include <stdint.h>

struct bench_row {
	const char *name;
	const char *op; /* what one operation is */
	void (*body)(void *arg, uint64_t ops);
	void *arg;
};

int bench_main(int argc, char **argv, const struct bench_row *rows, size_t n);

/* One figure of the caller's own. */
void bench_print(const char *name, const char *suffix, double value,
		 const char *unit);

/*
 * Instructions inside two functions per thing done, by running this program
 * under callgrind as `--count 1` and `--count 3`, which print "forwarded N".
 * 0 where valgrind is not installed.
 */
double bench_instructions(const char *fn1, const char *fn2);

/* CPU nanoseconds of this thread: others on the machine do not count. */
uint64_t bench_ns(void);

/* The optimiser must believe that *p is read and changed. */
static inline void bench_keep(void *p)
{
	__asm__ volatile("" : : "g"(p) : "memory");
}

#endif
