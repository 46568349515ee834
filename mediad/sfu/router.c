#include "mediad/sfu/router.h"

#include <stdlib.h>

#include "mediad/sfu/transport.h"

struct router *router_new(uint64_t id, struct turn *turn, uint64_t now_us)
{
	struct router *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->id = id;
	r->turn = turn;
	turn_note_init(&r->note, NOTE_ROUTER);
	list_init(&r->transports);
	idmap_init(&r->producers);
	idmap_init(&r->consumers);
	speaker_init(&r->speaker, now_us);
	return r;
}

void router_free(struct router *r)
{
	if (!r)
		return;
	while (!list_empty(&r->transports))
		transport_free(list_entry(r->transports.next, struct transport,
					  in_router));
	turn_note_drop(&r->note);
	idmap_fini(&r->producers);
	idmap_fini(&r->consumers);
	free(r);
}

uint64_t router_deadline(const struct router *r)
{
	return r->speaker.n ? r->speaker.due_us : UINT64_MAX;
}

void router_tick(struct router *r, uint64_t now_us)
{
	unsigned news = speaker_tick(&r->speaker, r->loudest, now_us);

	if (news & SPEAKER_CHANGED)
		turn_note(r->turn, &r->note, NOTE_SPEAKER);
	if (news & SPEAKER_VOLUMES)
		turn_note(r->turn, &r->note, NOTE_VOLUMES);
}
