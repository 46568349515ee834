#include "tests/load/usage.h"

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* The first number of a file, 0 when there is none. */
static uint64_t number(const char *path)
{
	FILE *f = fopen(path, "re");
	unsigned long long v = 0;

	if (!f)
		return 0;
	if (fscanf(f, "%llu", &v) != 1)
		v = 0;
	fclose(f);
	return v;
}

/* Walks the threads of a process. */
static pid_t next_thread(DIR *d)
{
	struct dirent *e;

	while ((e = readdir(d)))
		if (e->d_name[0] != '.')
			return (pid_t)strtol(e->d_name, NULL, 10);
	return 0;
}

static DIR *threads(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	return opendir(path);
}

uint64_t usage_cpu_ns(pid_t pid)
{
	DIR *d = threads(pid);
	uint64_t sum = 0;
	char path[96];
	pid_t t;

	if (!d)
		return 0;
	while ((t = next_thread(d)) > 0) {
		snprintf(path, sizeof(path), "/proc/%d/task/%d/schedstat", pid,
			 t);
		sum += number(path);
	}
	closedir(d);
	return sum;
}

uint64_t usage_rss_bytes(pid_t pid)
{
	unsigned long long size;
	unsigned long long rss = 0;
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/statm", pid);
	f = fopen(path, "re");
	if (!f)
		return 0;
	if (fscanf(f, "%llu %llu", &size, &rss) != 2)
		rss = 0;
	fclose(f);
	return rss * (uint64_t)sysconf(_SC_PAGESIZE);
}

static uint64_t drops_in(const char *path, uint16_t port)
{
	FILE *f = fopen(path, "re");
	char line[512];
	uint64_t sum = 0;

	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f)) {
		const char *colon = strchr(line, ':');
		const char *last = strrchr(line, ' ');

		/* "  sl: ADDR:PORT ...", the drops stand last. */
		colon = colon ? strchr(colon + 1, ':') : NULL;
		if (!colon || strtoul(colon + 1, NULL, 16) != port)
			continue;
		while (last && last > line && last[1] <= ' ') {
			line[last - line] = '\0';
			last = strrchr(line, ' ');
		}
		if (last)
			sum += strtoull(last, NULL, 10);
	}
	fclose(f);
	return sum;
}

uint64_t usage_udp_drops(uint16_t port)
{
	return drops_in("/proc/net/udp", port) +
	       drops_in("/proc/net/udp6", port);
}

int usage_pin(pid_t pid, int cpu)
{
	DIR *d = threads(pid);
	cpu_set_t set;
	int err = d ? 0 : -errno;
	pid_t t;

	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	while (d && (t = next_thread(d)) > 0)
		if (sched_setaffinity(t, sizeof(set), &set))
			err = -errno;
	if (d)
		closedir(d);
	return err;
}

void usage_spin(void)
{
	struct sched_param p = {0};
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	for (long i = 0; i < n; i++) {
		if (fork())
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		sched_setscheduler(0, SCHED_IDLE, &p);
		usage_pin(getpid(), (int)i);
		for (volatile bool on = true; on;)
			;
		_exit(0);
	}
}
