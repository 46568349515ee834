/*
 * control: requests of signald, and news for it.
 *
 * A request is a row in the table of control.c (method, message type,
 * handler), a handler in ctl_<noun>.c and a message in media.proto: that is
 * the whole cost of one more. Every value that comes in is checked in
 * convert.c before it meets the worker. A repeated request creates nothing
 * twice: what exists already with that id, or is gone already, is success.
 *
 *	err = control_call(k, m.method, m.body, m.body_len, now_us);
 *	chan_reply(c, m.id, err, k->reason, k->out, k->out_len);
 *
 * Neither knows of the channel: bytes come in, bytes go out.
 */
#ifndef MEDIAD_CONTROL_CONTROL_H
#define MEDIAD_CONTROL_CONTROL_H

#include <stddef.h>
#include <stdint.h>

#include "proto/arena.h"

#define CONTROL_OUT_MAX (96u * 1024)

struct worker;

struct control {
	struct worker *w; /* borrowed */
	uint64_t now_us;  /* of the request being served */
	struct arena arena;
	const char *reason; /* of the last error, one word, or NULL */
	size_t out_len;
	uint8_t out[CONTROL_OUT_MAX]; /* the packed answer */
};

/* 0 or -ENOMEM. */
int control_init(struct control *k, struct worker *w);
void control_fini(struct control *k);

/* One request. 0 with the answer in k->out, or -errno with k->reason. */
int control_call(struct control *k, uint32_t method, const uint8_t *body,
		 size_t len, uint64_t now_us);

/* XOR of chan_mix(id) over everything there is. */
uint64_t control_digest(const struct control *k);

/* For handlers: packs the answer; -EMSGSIZE when it is too long. */
int control_answer(struct control *k, const ProtobufCMessage *m);

/* For handlers: the reason beside an error, e.g. fail(k, -ENOENT, "x"). */
static inline int control_fail(struct control *k, int err, const char *reason)
{
	k->reason = reason;
	return err;
}

#endif
