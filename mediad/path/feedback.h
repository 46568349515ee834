/*
 * feedback: a decrypted compound RTCP packet, walked once; each part goes to
 * the transport or to the consumer it speaks of. Work is bounded by the
 * bytes of the packet; nothing is expanded into lists.
 */
#ifndef MEDIAD_PATH_FEEDBACK_H
#define MEDIAD_PATH_FEEDBACK_H

#include <stddef.h>
#include <stdint.h>

struct link;

void feedback(struct link *l, const uint8_t *data, size_t len, uint64_t now_us);

#endif
