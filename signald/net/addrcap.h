/*
 * addrcap: what one address may do: how many connections live at once and
 * how fast new ones come. A refused connection is closed without a word:
 * an answer would cost a TLS handshake.
 */
#ifndef SIGNALD_NET_ADDRCAP_H
#define SIGNALD_NET_ADDRCAP_H

#include "common/addr.h"

#include <stddef.h>
#include <stdint.h>

/* Counts by addr_bucket(). At most `cap` addresses are remembered. */
struct addrcap;

struct addrcap *addrcap_new(size_t cap, uint32_t live_max, double burst,
			    double rate, uint64_t seed);
void addrcap_free(struct addrcap *a);

/* 0: counted as live. -EMFILE: too many live, -EAGAIN: too fast. */
int addrcap_enter(struct addrcap *a, const struct addr *from, uint64_t now_us);
void addrcap_leave(struct addrcap *a, const struct addr *from);

#endif
