#include "signald/room/outbox.h"

#include <stdlib.h>

#define FIRST_CAP 16 /* notes; most peers are told little */

void outbox_init(struct outbox *ob, uint32_t epoch)
{
	*ob = (struct outbox){.epoch = epoch};
}

static void outbox_drop(struct outbox *ob)
{
	if (!ob->ring)
		return;
	for (size_t i = 0; i < ob->cap; i++) {
		note_text_put(ob->ring[i]);
		ob->ring[i] = NULL;
	}
}

void outbox_fini(struct outbox *ob)
{
	outbox_drop(ob);
	free(ob->ring);
	ob->ring = NULL;
	ob->cap = 0;
}

/* Twice as large; what is kept moves to its place there. */
static bool grow(struct outbox *ob)
{
	uint32_t cap = ob->cap ? 2 * ob->cap : FIRST_CAP;
	struct note_text **ring;

	if (cap > OUTBOX_CAP)
		cap = OUTBOX_CAP;
	ring = calloc(cap, sizeof(*ring));
	if (!ring)
		return false;
	for (uint64_t i = 0; i < ob->cap && i < ob->seq; i++)
		ring[(ob->seq - i) % cap] = ob->ring[(ob->seq - i) % ob->cap];
	free(ob->ring);
	ob->ring = ring;
	ob->cap = cap;
	return true;
}

uint64_t outbox_push(struct outbox *ob, struct note_text *t)
{
	struct note_text **slot;

	if (ob->seq >= ob->cap && ob->cap < OUTBOX_CAP && !grow(ob))
		return 0;
	slot = &ob->ring[++ob->seq % ob->cap];
	note_text_put(*slot);
	t->refs++;
	*slot = t;
	return ob->seq;
}

bool outbox_can_replay(const struct outbox *ob, uint32_t epoch,
		       uint64_t last_seq)
{
	return epoch == ob->epoch && last_seq <= ob->seq &&
	       ob->seq - last_seq <= OUTBOX_CAP;
}

struct note_text *outbox_at(const struct outbox *ob, uint64_t seq)
{
	if (!ob->ring || !seq || seq > ob->seq || ob->seq - seq >= OUTBOX_CAP)
		return NULL;
	return ob->ring[seq % ob->cap];
}

void outbox_restart(struct outbox *ob, uint32_t epoch)
{
	outbox_drop(ob);
	ob->epoch = epoch;
	ob->seq = 0;
}
