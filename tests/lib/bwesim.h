/*
 * bwesim: one sender with an estimate, one bottleneck, one receiver that
 * reports; in virtual time. The source is elastic: it sends the estimate, up
 * to what it has, as frames through the pacer.
 */
#ifndef TESTS_LIB_BWESIM_H
#define TESTS_LIB_BWESIM_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/lib/simnet.h"

struct bwesim_conf {
	uint32_t link_bps;
	uint32_t rtt_ms;
	uint32_t queue_ms; /* 0: 200 */
	double loss, burst;
	uint32_t demand_bps; /* of the source; 0: 20 Mb/s */
	uint32_t start_bps;  /* 0: 1 Mb/s */
	uint64_t seed;
	bool greedy; /* a TCP-like flow shares the bottleneck */
};

struct bwesim;

struct bwesim *bwesim_new(const struct bwesim_conf *c);
void bwesim_free(struct bwesim *s);

/* The link changes. */
void bwesim_rate(struct bwesim *s, uint32_t link_bps);

/* Runs on; the figures below are of this stretch. */
void bwesim_run(struct bwesim *s, uint32_t ms);

uint32_t bwesim_estimate(const struct bwesim *s);
uint32_t bwesim_received_bps(const struct bwesim *s);
/* Queueing delay of the bottleneck as packets saw it, ms. */
double bwesim_queue_ms(const struct bwesim *s, double quantile);
/* Of the estimate. */
uint32_t bwesim_min(const struct bwesim *s);
uint32_t bwesim_max(const struct bwesim *s);
uint32_t bwesim_mean(const struct bwesim *s);

#endif
