#include "signald/media/call.h"

#include <errno.h>

#include "signald/media/cons.h"
#include "signald/media/move.h"
#include "signald/media/place.h"
#include "signald/media/prod.h"
#include "signald/media/trans.h"

struct seat *call_seat(struct media *m, uint64_t room, uint64_t peer,
		       const char *pid)
{
	struct seat *s = graph_seat(&m->graph, peer);
	struct call *c;

	if (s)
		return s;
	c = graph_call(&m->graph, room);
	if (!c)
		c = graph_add_call(&m->graph, room);
	return c ? graph_add_seat(&m->graph, c, peer, pid) : NULL;
}

int call_join(struct media *m, struct seat *s, const struct rtp_caps *caps)
{
	const struct rtp_caps *kept = NULL;

	if (caps) {
		kept = capset_take(&m->graph.caps, caps);
		if (!kept)
			return -ENOMEM;
		capset_put(&m->graph.caps, s->caps);
		s->caps = kept;
	}
	s->joined = true;
	cons_offer_all(m, s);
	return 0;
}

static void empty_seat(struct media *m, struct seat *s)
{
	Media__ClosePeer msg = MEDIA__CLOSE_PEER__INIT;

	msg.router_id = graph_router(s);
	msg.peer_id = s->id;
	move_tell_peer(m, s);
	if (!list_empty(&s->transports))
		(void)media_ask(m, s, MEDIA__METHOD__CLOSE_PEER, &msg.base,
				s->id, NULL);
	list_for_each_safe (it, &s->transports)
		trans_drop(m, list_entry(it, struct transport, node));
	/* Lost ones have no transport. */
	list_for_each_safe (jt, &s->producers)
		prod_drop(m, list_entry(jt, struct producer, node));
}

void call_reset(struct media *m, uint64_t peer)
{
	struct seat *s = graph_seat(&m->graph, peer);

	if (s)
		empty_seat(m, s);
}

void call_stop(struct media *m, uint64_t peer)
{
	struct seat *s = graph_seat(&m->graph, peer);
	struct call *c;

	if (!s)
		return;
	c = s->call;
	empty_seat(m, s);
	place_leave(m, s);
	graph_del_seat(&m->graph, s);
	if (!list_empty(&c->seats))
		return;
	graph_del_call(&m->graph, c);
}

void call_end(struct media *m, uint64_t room)
{
	struct call *c = graph_call(&m->graph, room);

	if (!c)
		return;
	place_end(m, c);
	list_for_each_safe (it, &c->seats) {
		struct seat *s = list_entry(it, struct seat, node);

		empty_seat(m, s);
		graph_del_seat(&m->graph, s);
	}
	graph_del_call(&m->graph, c);
}
