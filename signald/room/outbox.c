#include "signald/room/outbox.h"

#include <stdlib.h>

void outbox_init(struct outbox *ob, uint32_t epoch)
{
	*ob = (struct outbox){.epoch = epoch};
}

static void outbox_drop(struct outbox *ob)
{
	if (!ob->ring)
		return;
	for (size_t i = 0; i < OUTBOX_CAP; i++) {
		note_text_put(ob->ring[i]);
		ob->ring[i] = NULL;
	}
}

void outbox_fini(struct outbox *ob)
{
	outbox_drop(ob);
	free(ob->ring);
	ob->ring = NULL;
}

uint64_t outbox_push(struct outbox *ob, struct note_text *t)
{
	struct note_text **slot;

	if (!ob->ring)
		ob->ring = calloc(OUTBOX_CAP, sizeof(struct note_text *));
	if (!ob->ring)
		return 0;
	slot = &ob->ring[++ob->seq % OUTBOX_CAP];
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
	return ob->ring[seq % OUTBOX_CAP];
}

void outbox_restart(struct outbox *ob, uint32_t epoch)
{
	outbox_drop(ob);
	ob->epoch = epoch;
	ob->seq = 0;
}
