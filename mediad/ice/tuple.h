/*
 * tuple: one path of datagrams between this host and a peer: local and
 * remote address, protocol, and the interface to answer by.
 */
#ifndef MEDIAD_ICE_TUPLE_H
#define MEDIAD_ICE_TUPLE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/addr.h"

enum tuple_proto {
	TUPLE_UDP = 0,
	TUPLE_TCP = 1,
};

/* Zero the whole struct before filling it. */
struct tuple {
	struct addr local;
	struct addr remote;
	uint32_t ifindex; /* for IP_PKTINFO; no part of the identity */
	uint8_t proto;	  /* enum tuple_proto */
	uint8_t pad[3];
};

bool tuple_eq(const struct tuple *a, const struct tuple *b);
uint64_t tuple_hash(const struct tuple *t, uint64_t seed);

#endif
