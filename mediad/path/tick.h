/*
 * tick: the end of a turn: whatever is due by its deadline. One timer a link
 * stands for all of its parts: consent and path checks, DTLS
 * retransmission, NACK lists, reports, transport-wide feedback, key frame
 * requests, the pacer, estimates.
 */
#ifndef MEDIAD_PATH_TICK_H
#define MEDIAD_PATH_TICK_H

#include <stdint.h>

struct worker;

void tick(struct worker *w, uint64_t now_us);

#endif
