/*
 * busy: what the link carries while packets wait for it. A source that sends
 * less than it might says nothing about the link by what arrives, but each of
 * its bursts does: of two packets that had to wait, the second comes as much
 * later as the link needed for it.
 */
#ifndef MEDIAD_BWE_BUSY_H
#define MEDIAD_BWE_BUSY_H

#include <stdint.h>

struct busy {
	int64_t at_us; /* the newest arrival; 0: none */
	int64_t from_us;
	uint64_t bytes[2], us[2]; /* of this and the last period */
	uint32_t n[2];
};

/*
 * Arrivals in their order; ready_us is when this one could have been here if
 * nothing had been in its way.
 */
void busy_on_packet(struct busy *b, uint32_t len, int64_t ready_us,
		    int64_t recv_us);

/* 0: not seen at work lately. */
uint32_t busy_bps(const struct busy *b);

#endif
