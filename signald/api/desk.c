#include "signald/api/desk.h"

#include <stdlib.h>

#include "signald/api/hubstate.h"
#include "signald/api/session.h"
#include "signald/api/wire.h"
#include "signald/media/cons.h"

struct ask {
	struct list node;
	uint32_t id;
	uint64_t object;
	bool sent; /* those that wait for their turn come last */
	char *text;
	size_t len;
};

static struct desk *find(const struct hub *hub, uint64_t peer)
{
	return idmap_get(&hub->desks, peer);
}

struct desk *desk_get(struct hub *hub, uint64_t peer)
{
	struct desk *d = find(hub, peer);

	if (d)
		return d;
	if (!core_peer(hub->core, peer)) /* gone while a worker was asked */
		return NULL;
	d = calloc(1, sizeof(*d));
	if (!d)
		return NULL;
	d->peer = peer;
	list_init(&d->asks);
	if (idmap_put(&hub->desks, peer, d)) {
		free(d);
		return NULL;
	}
	return d;
}

static void end_ask(struct desk *d, struct ask *a)
{
	d->under_way -= a->sent;
	list_del(&a->node);
	free(a->text);
	free(a);
}

static void clear(struct desk *d)
{
	list_for_each_safe (it, &d->asks)
		end_ask(d, list_entry(it, struct ask, node));
	for (int i = 0; i < DESK_DONE; i++)
		d->done[i] = (struct desk_done){0};
}

void desk_drop(struct hub *hub, uint64_t peer)
{
	struct desk *d = idmap_del(&hub->desks, peer);

	if (!d)
		return;
	clear(d);
	free(d);
}

void desk_drop_all(struct hub *hub)
{
	struct desk *d;
	size_t pos = 0;

	while ((d = idmap_next(&hub->desks, &pos))) {
		desk_drop(hub, d->peer);
		pos = 0;
	}
}

void desk_reset(struct hub *hub, uint64_t peer)
{
	struct desk *d = find(hub, peer);

	if (d)
		clear(d);
}

/* Sends what the window has room for. */
static void push(struct hub *hub, struct desk *d)
{
	struct session *s = session_of_peer(hub, d->peer);

	list_for_each (it, &d->asks) {
		struct ask *a = list_entry(it, struct ask, node);

		if (!s || d->under_way >= DESK_WINDOW)
			break;
		if (a->sent)
			continue;
		a->sent = true;
		d->under_way++;
		session_send(s, a->text, a->len);
	}
}

void desk_ask(struct hub *hub, uint64_t peer, const char *method, json_t *data,
	      uint64_t object)
{
	struct desk *d = desk_get(hub, peer);
	struct ask *a = d ? calloc(1, sizeof(*a)) : NULL;
	json_t *o;

	if (!a) {
		json_decref(data);
		return;
	}
	a->id = ++d->next_id;
	a->object = object;
	o = wire_put_bool(json_object(), "request", true);
	o = wire_put_int(o, "id", a->id);
	o = wire_put_str(o, "method", method);
	a->text = wire_dump(wire_put(o, "data", data), &a->len);
	list_push(&d->asks, &a->node);
	push(hub, d);
}

void desk_answered(struct session *s, uint32_t id, bool ok)
{
	struct hub *hub = s->hub;
	const struct peer *p = core_peer_of(hub->core, s->id);
	struct desk *d = p ? find(hub, p->id) : NULL;
	struct consumer *c;

	if (!d)
		return;
	list_for_each_safe (it, &d->asks) {
		struct ask *a = list_entry(it, struct ask, node);

		if (a->id != id)
			continue;
		c = graph_consumer(&hub->media->graph, a->object);
		end_ask(d, a);
		push(hub, d);
		if (c && ok)
			cons_accepted(hub->media, c);
		else if (c)
			cons_close(hub->media, c);
		return;
	}
}

void desk_forget(struct hub *hub, uint64_t peer, uint64_t object)
{
	struct desk *d = find(hub, peer);

	if (!d)
		return;
	list_for_each_safe (it, &d->asks) {
		struct ask *a = list_entry(it, struct ask, node);

		if (a->object == object)
			end_ask(d, a);
	}
	push(hub, d);
}

void desk_resend(struct hub *hub, uint64_t peer)
{
	struct desk *d = find(hub, peer);

	if (!d)
		return;
	list_for_each (it, &d->asks)
		list_entry(it, struct ask, node)->sent = false;
	d->under_way = 0;
	push(hub, d);
}

void desk_remember(struct hub *hub, uint64_t peer, const struct desk_done *done)
{
	struct desk *d = desk_get(hub, peer);

	if (d)
		d->done[d->next_done++ % DESK_DONE] = *done;
}

uint64_t desk_recall(const struct hub *hub, uint64_t peer, uint32_t row,
		     uint32_t req)
{
	const struct desk *d = find(hub, peer);

	for (int i = 0; d && i < DESK_DONE; i++)
		if (d->done[i].row == row && d->done[i].req == req)
			return d->done[i].object;
	return 0;
}
