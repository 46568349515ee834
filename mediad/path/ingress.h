/*
 * ingress: the way of a datagram from the socket to the fan-out, one
 * straight line. No state changes before authentication: from a path that
 * ICE has not accepted only STUN acts, and that by its own integrity.
 */
#ifndef MEDIAD_PATH_INGRESS_H
#define MEDIAD_PATH_INGRESS_H

#include <stdint.h>

#include "mediad/io/rx.h"

struct worker;

/* One datagram, or the end of a TCP connection. Takes over rx->pkt. */
void ingress(struct worker *w, const struct rx *rx, uint64_t now_us);

#endif
