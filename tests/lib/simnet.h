/*
 * simnet: a network in virtual time. Datagrams go in on one-way links and
 * come out later, or not at all; all chance comes from the seed, so that a
 * run repeats exactly.
 *
 *	struct simnet *net = simnet_new(42);
 *	int up = simnet_link(net, &(struct simnet_conf){.loss = 0.02,
 *						.delay_us = 20000});
 *	simnet_send(net, &(struct simnet_dgram){.link = up, .from = a,
 *			.to = b, .data = data, .len = len}, now_us);
 *	while (simnet_next(net, now_us, &d))
 *		deliver(d.link, &d.from, &d.to, d.data, d.len);
 *	now_us = simnet_deadline(net);
 */
#ifndef TESTS_LIB_SIMNET_H
#define TESTS_LIB_SIMNET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/addr.h"

/* All zero: a perfect link. */
struct simnet_conf {
	double loss;	    /* share of datagrams, 0..1 */
	double burst;	    /* mean length of a run of losses; 0 or 1: single */
	double dup;	    /* share sent twice */
	double reorder;	    /* share that overtakes what waits for delay */
	uint64_t delay_us;  /* one way */
	uint64_t jitter_us; /* uniform, on top; keeps the order */
	uint64_t rate_bps;  /* of the bottleneck; 0: no limit */
	uint64_t queue_us;  /* its drop-tail queue in time; 0: 200 ms */
};

struct simnet_stats {
	uint64_t sent, delivered;
	uint64_t lost;	  /* by chance */
	uint64_t dropped; /* at the full queue */
	uint64_t bytes;	  /* delivered */
	uint64_t queue_us_max;
};

struct simnet_dgram {
	int link;
	struct addr from, to;
	uint64_t sent_us, due_us;
	const uint8_t *data; /* of simnet_next(): until the next call */
	size_t len;
};

struct simnet;

struct simnet *simnet_new(uint64_t seed);
void simnet_free(struct simnet *net);

/* A new link; its number. simnet_set() changes it at any time. */
int simnet_link(struct simnet *net, const struct simnet_conf *conf);
void simnet_set(struct simnet *net, int link, const struct simnet_conf *conf);
const struct simnet_stats *simnet_stats(const struct simnet *net, int link);

/* Takes a copy; the times in `d` are not looked at. */
void simnet_send(struct simnet *net, const struct simnet_dgram *d,
		 uint64_t now_us);

/* What arrives by now, in order of time; UINT64_MAX: nothing under way. */
bool simnet_next(struct simnet *net, uint64_t now_us, struct simnet_dgram *d);
uint64_t simnet_deadline(const struct simnet *net);

#endif
