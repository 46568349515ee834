/*
 * probe: short bursts above the estimate, to see whether there is more.
 * One cluster at a time: media and padding together at a target rate.
 */
#ifndef MEDIAD_BWE_PROBE_H
#define MEDIAD_BWE_PROBE_H

#include <stdbool.h>
#include <stdint.h>

enum probe_state {
	PROBE_IDLE,
	PROBE_SENDING,
	PROBE_WAITING, /* for the reports */
};

struct probe {
	enum probe_state state;
	uint8_t id; /* of the cluster; never 0 */
	uint32_t target_bps;
	uint32_t from_bps; /* the estimate before */
	uint64_t start_us; /* of sending */
	uint32_t sent;	   /* bytes */
	uint32_t packets;
	uint16_t last; /* number of the last packet */

	uint32_t acked, acked_n;
	uint32_t first_len, last_len;
	uint64_t sent_first, sent_last;
	int64_t recv_first, recv_last;

	uint64_t next_us; /* earliest next cluster */
	uint64_t pause_us;
};

void probe_init(struct probe *p, uint64_t now_us);

/* Starts a cluster when it is time and `want_bps` is above the estimate. */
bool probe_start(struct probe *p, uint32_t est_bps, uint32_t want_bps,
		 uint64_t now_us);

/* Bytes of padding due now. */
uint32_t probe_due(struct probe *p, uint64_t now_us);

/* A packet leaves: its cluster, 0 when none is running. */
uint8_t probe_on_sent(struct probe *p, uint16_t seq, uint32_t len);

void probe_on_acked(struct probe *p, uint8_t cluster, uint32_t len,
		    uint64_t sent_us, int64_t recv_us);

/*
 * After a report, and the first number it does not speak of yet: the rate
 * that got through, 0 when not known yet. Reports may be late by seconds.
 */
uint32_t probe_result(struct probe *p, uint16_t next_report, uint64_t now_us);

uint64_t probe_deadline(const struct probe *p);

#endif
