/*
 * arrival: transport-wide feedback to a sender: when each of its packets
 * came (draft-holmer-rmcat-transport-wide-cc-extensions-01).
 *
 * Owned by a transport that receives. Kernel receive stamps go in, one
 * feedback packet comes out each 50 to 100 ms while packets come.
 *
 *	arrival_on_packet(&a, ext_seq, pkt->recv_us, now_us);
 *	if (arrival_deadline(&a) <= now_us)
 *		len = arrival_build(&a, our_ssrc, now_us, buf, cap);
 */
#ifndef MEDIAD_BWE_ARRIVAL_H
#define MEDIAD_BWE_ARRIVAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mediad/rtp/seq.h"

#define ARRIVAL_RING	1024 /* packets remembered; a power of two */
#define ARRIVAL_FAST_US 50000
#define ARRIVAL_SLOW_US 100000

struct arrival {
	uint64_t *at_us; /* [ARRIVAL_RING] by number, 0: not there */
	struct seq seq;
	uint32_t base;	     /* first number not reported yet */
	uint32_t media_ssrc; /* of the newest packet */
	uint8_t fb_count;
	bool pending;
	uint64_t due_us;
	uint64_t first_us; /* of the packets not reported yet */
	float loss;	   /* share missing in the last reports, smoothed */
};

/* 0 or -ENOMEM. */
int arrival_init(struct arrival *a);
void arrival_fini(struct arrival *a);

void arrival_on_packet(struct arrival *a, uint16_t twcc, uint32_t media_ssrc,
		       uint64_t recv_us, uint64_t now_us);

/* UINT64_MAX while there is nothing to report. */
uint64_t arrival_deadline(const struct arrival *a);

/*
 * One RTCP packet (PT 205, FMT 15) of at most cap bytes; 0 when there is
 * nothing to report. What did not fit is due at once.
 */
size_t arrival_build(struct arrival *a, uint32_t sender_ssrc, uint64_t now_us,
		     uint8_t *buf, size_t cap);

#endif
