/*
 * trend: does the queue on the way grow? The slope of the one-way delay over
 * the last groups of packets, held against a threshold that adapts (after
 * "Analysis and Design of the Google Congestion Control", Carlucci et al.,
 * 2016), and the height of the queue itself, against the least delay seen.
 */
#ifndef MEDIAD_BWE_TREND_H
#define MEDIAD_BWE_TREND_H

#include <stdbool.h>
#include <stdint.h>

#define TREND_POINTS 20

enum trend_state {
	TREND_NORMAL,
	TREND_OVER,  /* the queue grows */
	TREND_UNDER, /* it drains */
};

struct trend_group {
	uint64_t first_us, last_us; /* sent */
	int64_t recv_us;	    /* the last one came */
	bool set;
};

struct trend_point {
	double x, y; /* arrival and smoothed delay, ms */
};

struct trend {
	struct trend_group now, before;
	struct trend_point points[TREND_POINTS];
	uint32_t n;	 /* points ever */
	int64_t zero_us; /* arrival that counts as 0 */
	double sum, smooth;
	double threshold, slope, last_slope;
	double over_ms; /* over the threshold since */
	uint32_t over_n;
	double at_ms;
	enum trend_state state;

	int64_t base_us[2]; /* least delay of this and the last period */
	uint64_t period_us;
	int64_t least_us; /* of this report */
	int64_t low_us;	  /* of its last packets */
};

void trend_init(struct trend *t);

/* A packet of a report, in the order of sending; recv on its own clock. */
void trend_on_packet(struct trend *t, uint64_t sent_us, int64_t recv_us);

/* The last packets of a report follow: they tell the queue's height now. */
void trend_fresh(struct trend *t);

/* The report is over: settles the queue's height. */
void trend_on_report(struct trend *t, uint64_t now_us);

/* Delay over the least one, us: how long the queue is. */
uint64_t trend_queue_us(const struct trend *t);

/* When a packet comes if it need not wait, on the receiver's clock. */
int64_t trend_ready_us(const struct trend *t, uint64_t sent_us);

/* The queue is somebody else's: what there is now counts as empty. */
void trend_rebase(struct trend *t);

#endif
