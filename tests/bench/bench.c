#include "tests/bench/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define RUNS	  7
#define RUN_NS	  30000000 /* a run is at least so long */
#define COUNT_OPS 2000
#define COMMAND                                                                \
	"valgrind --tool=callgrind --callgrind-out-file=/dev/null "            \
	"--collect-atstart=no --toggle-collect=bench_body "

uint64_t bench_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

void bench_print(const char *name, const char *suffix, double value,
		 const char *unit)
{
	printf("{\"name\":\"%s.%s\",\"value\":%.4g,\"unit\":\"%s\"}\n", name,
	       suffix, value, unit);
	fflush(stdout);
}

/* Callgrind counts inside this function alone: it keeps its name. */
__attribute__((noinline)) void bench_body(const struct bench_row *r,
					  uint64_t ops);
void bench_body(const struct bench_row *r, uint64_t ops)
{
	r->body(r->arg, ops);
	__asm__ volatile("" ::: "memory");
}

static uint64_t time_body(const struct bench_row *r, uint64_t ops)
{
	uint64_t from = bench_ns();

	bench_body(r, ops);
	return bench_ns() - from;
}

static double best_ns(const struct bench_row *r)
{
	uint64_t ops = 64, ns = time_body(r, ops);
	double best = 1e18;

	while (ns < RUN_NS) {
		ops *= 2;
		ns = time_body(r, ops);
	}
	for (int i = 0; i < RUNS; i++) {
		double each = (double)time_body(r, ops) / (double)ops;

		best = each < best ? each : best;
	}
	return best;
}

/*
 * Runs this program again under callgrind with these arguments; what it
 * collected, and the number behind "forwarded" if it prints one.
 */
static long long collected(const char *toggle, const char *args,
			   long long *forwarded)
{
	char self[512], cmd[1200], line[256];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	long long count = -1;
	FILE *f;

	if (n <= 0)
		return -1;
	self[n] = '\0';
	snprintf(cmd, sizeof(cmd), COMMAND "%s %s %s 2>&1", toggle, self, args);
	f = popen(cmd, "r");
	while (f && fgets(line, sizeof(line), f)) {
		const char *at = strstr(line, "Collected : ");
		const char *did = strstr(line, "forwarded ");

		if (at)
			count = strtoll(at + 12, NULL, 10);
		if (did && forwarded)
			*forwarded = strtoll(did + 10, NULL, 10);
	}
	if (f)
		pclose(f);
	return count;
}

double bench_instructions(const char *fn1, const char *fn2)
{
	char toggle[256];
	long long did1 = 0, did2 = 0, one, two;

	snprintf(toggle, sizeof(toggle),
		 "--toggle-collect=%s --toggle-collect=%s", fn1, fn2);
	one = collected(toggle, "--count 1", &did1);
	two = collected(toggle, "--count 3", &did2);
	if (one <= 0 || two <= one || did2 <= did1)
		return 0;
	return (double)(two - one) / (double)(did2 - did1);
}

static void count_body(const struct bench_row *r)
{
	/* What is done once a body falls out of the difference. */
	static const char toggle[] = "--toggle-collect=bench_body";
	char args[128], unit[64];
	long long one, two;

	snprintf(args, sizeof(args), "--count %s %d", r->name, COUNT_OPS);
	one = collected(toggle, args, NULL);
	snprintf(args, sizeof(args), "--count %s %d", r->name, 2 * COUNT_OPS);
	two = collected(toggle, args, NULL);

	if (one <= 0 || two <= one)
		return;
	snprintf(unit, sizeof(unit), "instructions/%s", r->op);
	bench_print(r->name, "instructions", (double)(two - one) / COUNT_OPS,
		    unit);
}

int bench_main(int argc, char **argv, const struct bench_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char unit[64];

		if (argc == 4 && !strcmp(argv[1], "--count")) {
			if (!strcmp(argv[2], rows[i].name))
				bench_body(&rows[i],
					   strtoull(argv[3], NULL, 10));
			continue;
		}
		snprintf(unit, sizeof(unit), "ns/%s", rows[i].op);
		bench_print(rows[i].name, "ns", best_ns(&rows[i]), unit);
		count_body(&rows[i]);
	}
	return 0;
}
