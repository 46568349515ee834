/*
 * dispatch: the table of what clients may ask. A row is the whole cost of a
 * request beside its functions: name, who may, which bucket, how it is read
 * and what happens. proto/client-api.md has a line for each row.
 *
 * A request goes to the rooms (`event`: parse fills r->e, the core answers)
 * or to begin(), which answers itself or asks a worker with dispatch_ticket()
 * and is carried on in end() with ids only.
 */
#ifndef SIGNALD_API_DISPATCH_H
#define SIGNALD_API_DISPATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "signald/api/session.h"
#include "signald/api/wire.h"
#include "signald/media/media.h"
#include "signald/room/core.h"

enum dispatch_phase {
	PHASE_NEW,     /* nobody yet: enter */
	PHASE_WAITING, /* in the waiting room alone */
	PHASE_KNOWN,   /* waiting or in */
	PHASE_IN,      /* admitted */
	PHASE_JOINED,  /* visible in media */
};

struct api_req {
	struct hub *hub;
	struct session *s;
	const struct peer *peer; /* NULL in PHASE_NEW */
	uint32_t id;
	uint32_t row;
	struct wire w;	/* over the request's data */
	struct event e; /* for rows with an event; conn and req are set */
	void *heap;	/* freed after the request */
};

struct dispatch_row {
	const char *name;
	enum dispatch_phase phase;
	enum session_rate rate;
	enum event_kind event; /* EVENT_TICK: none, begin() is called */
	void (*parse)(struct api_req *r);
	void (*begin)(struct api_req *r);
	void (*end)(struct hub *hub, const struct media_out *reply);
};

void dispatch_request(struct session *s, const struct wire_msg *msg);

/* A worker's answer: the row's end(), or the refusal. */
void dispatch_reply(struct hub *hub, const struct media_out *reply);

/* For media: who is to be answered. */
struct media_ticket dispatch_ticket(const struct api_req *r);

/* Answers when nothing could be asked; err is -errno, 0 does nothing. */
void dispatch_result(struct api_req *r, int err);

/* Walks the table; NULL behind the last row. */
const struct dispatch_row *dispatch_row(uint32_t i);

#endif
