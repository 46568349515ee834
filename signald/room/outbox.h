/*
 * outbox: what one peer is to be told, numbered, kept for a replay.
 *
 * Each peer has one, in the core, for as long as it is a session: 500 notes
 * at most. A note is encoded once and shared by all who get it; it holds the
 * text after the sequence number, e.g. `"method":"chat","data":{...}}`, and
 * the sender writes `{"notification":true,"seq":17,` in front. Notifications
 * of media go through the same box, so there is one order.
 *
 *	struct note_text *t = note_text_new(json, len);
 *	for each peer: seq = outbox_push(ob, t); if (ob->conn) send(...)
 *	note_text_put(t);
 *
 * After a break: outbox_can_replay(ob, epoch, last_seq) says whether
 * everything after last_seq is still here; then outbox_at() yields it, else
 * the snapshot serves and outbox_restart() begins a new epoch.
 */
#ifndef SIGNALD_ROOM_OUTBOX_H
#define SIGNALD_ROOM_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "signald/room/note.h"

#define OUTBOX_CAP 500

struct outbox {
	uint32_t epoch; /* changes when the numbering starts anew */
	uint64_t seq;	/* of the newest; the first is 1 */
	uint64_t conn;	/* where notes go now, 0: nowhere (EFFECT_BIND) */
	struct note_text **ring; /* grows with the notes */
	uint32_t cap;		 /* of the ring, OUTBOX_CAP at most */
};

void outbox_init(struct outbox *ob, uint32_t epoch);
void outbox_fini(struct outbox *ob);

/* Takes a reference of its own; the sequence number, 0: no memory. */
uint64_t outbox_push(struct outbox *ob, struct note_text *t);

/* Is everything after last_seq of that epoch still here? */
bool outbox_can_replay(const struct outbox *ob, uint32_t epoch,
		       uint64_t last_seq);

/* The note numbered seq, borrowed; NULL when it is not kept. */
struct note_text *outbox_at(const struct outbox *ob, uint64_t seq);

/* Forgets all and starts with sequence 1 in a new epoch. */
void outbox_restart(struct outbox *ob, uint32_t epoch);

#endif
