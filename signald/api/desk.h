/*
 * desk: what is open between signald and one peer across its connections:
 * requests of ours that it has not answered, and requests of its own that
 * made something and may be sent again after a break.
 *
 * Made at a peer's first need, ended with the peer.
 */
#ifndef SIGNALD_API_DESK_H
#define SIGNALD_API_DESK_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/list.h"

struct hub;
struct session;

#define DESK_DONE 32 /* finished creations that are remembered */

/*
 * Questions that may be under way to a client at once. Who joins a full room
 * is asked by the hundred, a kilobyte or two each: more than a slow line
 * takes before the connection counts as stuck.
 */
#define DESK_WINDOW 50

struct desk_done {
	uint32_t req;
	uint32_t row; /* 0: free */
	uint64_t object;
};

struct desk {
	uint64_t peer;
	uint32_t next_id;
	struct list asks;
	uint32_t under_way; /* of the asks: sent, not answered */
	struct desk_done done[DESK_DONE];
	uint32_t next_done;
};

/* Finds or makes; NULL: no memory, or the peer is gone. */
struct desk *desk_get(struct hub *hub, uint64_t peer);
void desk_drop(struct hub *hub, uint64_t peer);
void desk_drop_all(struct hub *hub);

/* A page was loaded anew: nothing is open any more. */
void desk_reset(struct hub *hub, uint64_t peer);

/*
 * Asks the client, at once, or when it has answered others or comes back; data
 * is stolen. `object` is the consumer that it is about.
 */
void desk_ask(struct hub *hub, uint64_t peer, const char *method, json_t *data,
	      uint64_t object);

/* The client answered; what it is about is carried on. */
void desk_answered(struct session *s, uint32_t id, bool ok);

/* No answer about this object matters any more. */
void desk_forget(struct hub *hub, uint64_t peer, uint64_t object);

/* After a resume: sends all that is unanswered again. */
void desk_resend(struct hub *hub, uint64_t peer);

/* A creation under (row, req) ended with this object. */
void desk_remember(struct hub *hub, uint64_t peer, const struct desk_done *d);
/* Its object, 0: not known. */
uint64_t desk_recall(const struct hub *hub, uint64_t peer, uint32_t row,
		     uint32_t req);

#endif
