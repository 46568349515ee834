#include "mediad/path/room.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mediad/path/inlet.h"
#include "mediad/path/link.h"
#include "mediad/path/worker.h"
#include "mediad/sfu/transport.h"

int room_new(struct worker *w, uint64_t id, const void *label, size_t label_len,
	     uint64_t now_us, struct room **out)
{
	struct room *r;
	int err;

	if (!id || label_len > ROOM_LABEL_MAX)
		return -EINVAL;
	if (idmap_get(&w->rooms, id))
		return -EEXIST;
	r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->timer.kind = WORKER_TIMER_ROOM;
	r->label_len = (uint8_t)label_len;
	if (label_len)
		memcpy(r->label, label, label_len);
	memcpy(&r->key, r->label, sizeof(r->key));
	r->router = router_new(id, &w->turn, now_us);
	err = r->router ? idmap_put(&w->rooms, id, r) : -ENOMEM;
	if (!err)
		err = timerq_set(&w->timers, &r->timer, now_us);
	if (err) {
		room_free(w, r);
		return err;
	}
	*out = r;
	return 0;
}

void room_free(struct worker *w, struct room *r)
{
	timerq_unset(&w->timers, &r->timer);
	if (r->router) {
		list_for_each_safe (it, &r->router->transports) {
			struct transport *t =
				list_entry(it, struct transport, in_router);

			if (t->piped)
				inlet_free(t->link);
			else
				link_free(t->link);
		}
		idmap_del(&w->rooms, r->router->id);
		router_free(r->router);
	}
	free(r);
}

void room_wake(struct worker *w, uint64_t id, uint64_t now_us)
{
	struct room *r = idmap_get(&w->rooms, id);

	if (r && !timer_is_set(&r->timer))
		(void)timerq_set(&w->timers, &r->timer, now_us);
}

uint64_t room_of(const struct transport *t)
{
	const struct inlet *in = t->piped ? t->link : NULL;
	const struct link *l = t->piped ? NULL : link_of(t);

	if (in)
		return in->room;
	return l ? l->room : 0;
}

void room_tick(struct worker *w, struct room *r, uint64_t now_us)
{
	uint64_t due;

	blackbox_for(w->box, r->key);
	router_tick(r->router, now_us);
	due = router_deadline(r->router);
	if (due != UINT64_MAX)
		(void)timerq_set(&w->timers, &r->timer, due);
}
