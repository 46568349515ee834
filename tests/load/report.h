/*
 * report: one run of chattr-load, read at both ends of its measurement, and
 * what is printed of it: one JSON object, and a line a figure for a file of
 * benchmarks.
 */
#ifndef TESTS_LOAD_REPORT_H
#define TESTS_LOAD_REPORT_H

#include <stdio.h>

#include "tests/load/options.h"
#include "tests/load/peer.h"

/* What is read at both ends of the measurement. */
struct reading {
	uint64_t at_us;
	uint64_t cpu_ns[OPTIONS_PIDS];
	uint64_t rss[OPTIONS_PIDS];
	uint64_t own_ns;
	uint64_t sent; /* by publishers */
	uint64_t server_drops;
	uint64_t own_drops;
	struct sub_count got;
};

/* Resident bytes of the workers, and of all processes named. */
struct memory {
	uint64_t workers;
	uint64_t all;
	unsigned peers;
	unsigned consumers;
};

struct run {
	struct options o;
	struct peer_conf conf;
	struct leg_env env;
	struct peer *peers;
	unsigned n;
	unsigned started;
	int epoll;
	uint64_t tick_us;
	uint64_t next_join_us;
	struct leg_batch batch;
	struct hist latency;
	bool measuring;
	FILE *trail;
	uint64_t late_us;     /* how late its own turns were, this slot */
	uint64_t was_late_us; /* and the one before */
	uint64_t slot_us, harm_us, dark_us, churn_us; /* due; harm.c */
	unsigned churned; /* whose turn it is to leave */
	unsigned left;	  /* so many have left, and come anew */
	bool full;	  /* a core is: the server's or our own */
	double floor;	  /* packets a CPU-second; 0: not asked for */
	struct hist floor_latency;
	struct memory before;  /* anyone joined */
	struct memory settled; /* handshakes are forgotten, one sender sends */
	unsigned until;	       /* peers that may join by now */
	bool *watched;	       /* by peer and leg: its socket is in the epoll */
};

unsigned report_count(const struct run *r, enum peer_state s);
unsigned report_consumers(const struct run *r);
/* Longest gaps count from here on. */
void report_begin(struct run *r);
void report_read(struct run *r, struct reading *x);
void report_memory(const struct run *r, struct memory *m);
void report_print(struct run *r, const struct reading *a,
		  const struct reading *b);

#endif
