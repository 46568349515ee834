/*
 * floor: what forwarding costs when nothing is done but what cannot be left
 * out: a batched receive, one encryption a receiver by the same back end, and
 * segments to each receiver, two runs of sizes a frame. A child process of
 * its own does that, with the same packets to as many sockets, so that its
 * CPU time compares with a worker's.
 */
#ifndef TESTS_LOAD_FLOOR_H
#define TESTS_LOAD_FLOOR_H

#include "common/hist.h"
#include "tests/load/pub.h"

struct floor_conf {
	unsigned pubs;
	unsigned subs; /* of each publisher */
	unsigned secs;
	int cpu;	     /* the forwarder's core; -1: any */
	const char *backend; /* as srtp_env_new() takes it */
	struct pub_conf pub;
};

/*
 * Packets a CPU-second of the forwarder; 0 when nothing came through. Adds to
 * `latency` how long they took, us.
 */
double floor_run(const struct floor_conf *c, struct hist *latency);

#endif
