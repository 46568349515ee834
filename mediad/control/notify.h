/*
 * notify: news for signald, merged by object and turn: an object that
 * changed often since the last time tells its present state once.
 *
 *	while (chan_is_up(c) && notify_next(k, now_us, &event))
 *		chan_notify(c, event, k->out, k->out_len);
 */
#ifndef MEDIAD_CONTROL_NOTIFY_H
#define MEDIAD_CONTROL_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "mediad/control/control.h"
#include "mediad/sec/dtls.h"
#include "proto/media.pb-c.h"

/* The next event, packed in k->out; false when there is no news. */
bool notify_next(struct control *k, uint64_t now_us, uint32_t *event);

/* Of every transport: what a server that just came must know. */
void notify_all(struct control *k);

Media__DtlsState notify_dtls_state(enum dtls_state s);

#endif
