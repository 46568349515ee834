/*
 * rx: what a socket hands up: one datagram, or one frame of a TCP connection.
 *
 * The array is the caller's; each pkt carries one reference, which is the
 * caller's too. `pkt` is NULL only for a TCP connection that has ended.
 */
#ifndef MEDIAD_IO_RX_H
#define MEDIAD_IO_RX_H

#include <stdint.h>

#include "common/addr.h"
#include "common/pkt.h"

#define RX_BATCH 64

struct rx {
	struct pkt *pkt;    /* len and recv_us are set */
	struct addr local;  /* where it was sent to */
	struct addr remote; /* where it came from */
	uint32_t conn;	    /* 0: UDP; else the TCP connection's id */
};

#endif
