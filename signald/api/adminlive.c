#include "signald/api/adminlive.h"

#include "common/hex.h"
#include "common/str.h"
#include "signald/api/admincmd.h"
#include "signald/api/adminout.h"
#include "signald/api/hubstate.h"
#include "signald/api/told.h"
#include "signald/media/graph.h"

static const char *limit_of(const struct consumer *k)
{
	if (k->paused)
		return "paused";
	if (k->producer && k->producer->paused)
		return "muted";
	return k->limit ? told_limit((int)k->limit) : "";
}

static const char *name_of(const struct hub *hub, uint64_t peer)
{
	const struct peer *p = core_peer(hub->core, peer);

	return p ? p->pid : "";
}

static void put_consumer(struct adminout *o, const struct hub *hub,
			 const struct room *r, const struct consumer *k)
{
	char layers[16] = "";
	const struct transport *t = k->transport;

	if (k->spatial >= 0 && k->producer->kind == RTP_VIDEO)
		str_addf(layers, sizeof(layers), "%d/%d", k->spatial,
			 k->temporal);
	adminout_row(o);
	adminout_text(o, r->id);
	adminout_text(o, name_of(hub, k->seat->id));
	adminout_text(o, name_of(hub, k->producer->seat->id));
	adminout_text(o, k->producer->kind == RTP_VIDEO ? "video" : "audio");
	adminout_number(o, t ? t->bwe.available / 1000 : 0);
	adminout_number(o, t ? t->bwe.desired / 1000 : 0);
	adminout_number(o, t ? t->bwe.loss_permille : 0);
	adminout_text(o, layers);
	adminout_number(o, k->score);
	adminout_text(o, limit_of(k));
}

static void put_receivers(struct admincmd_call *c, const struct room *r)
{
	list_for_each (it, &r->members) {
		const struct peer *p = list_entry(it, struct peer, node);
		const struct seat *s = graph_seat(&c->hub->media->graph, p->id);

		if (!s)
			continue;
		list_for_each (jt, &s->consumers)
			put_consumer(c->out, c->hub, r,
				     list_entry(jt, struct consumer, node));
	}
}

bool adminlive_receivers(struct admincmd_call *c)
{
	struct adminout *o = c->out;
	const struct room *r;
	size_t pos = 0;

	adminout_column(o, "room", false);
	adminout_column(o, "receiver", false);
	adminout_column(o, "sender", false);
	adminout_column(o, "kind", false);
	adminout_column(o, "estimateKbps", true);
	adminout_column(o, "desiredKbps", true);
	adminout_column(o, "lossPermille", true);
	adminout_column(o, "layers", false);
	adminout_column(o, "score", true);
	adminout_column(o, "reason", false);
	while ((r = core_next_room(c->hub->core, &pos)))
		if (!r->ended && (c->n_words < 2 || str_eq(r->id, c->word[1])))
			put_receivers(c, r);
	return false;
}

/* ---- dump -----------------------------------------------------------------
 */

static void put_object(struct adminout *o, const char *noun, uint64_t id,
		       uint64_t parent, const char *peer, const char *state)
{
	char text[HEX_ID_LEN + 1];

	adminout_row(o);
	adminout_text(o, noun);
	hex_id(text, id);
	adminout_text(o, text);
	hex_id(text, parent);
	adminout_text(o, parent ? text : "");
	adminout_text(o, peer);
	adminout_text(o, state);
}

static void dump_seat(struct adminout *o, const struct seat *s,
		      const char *peer)
{
	static const char *const transports[] = {
		[TRANSPORT_ASKED] = "asked",
		[TRANSPORT_LIVE] = "live",
		[TRANSPORT_LOST] = "lost",
		[TRANSPORT_LEAVING] = "leaving",
	};
	static const char *const producers[] = {
		[PRODUCER_ASKED] = "asked",
		[PRODUCER_LIVE] = "live",
		[PRODUCER_LOST] = "lost",
	};
	static const char *const consumers[] = {
		[CONSUMER_ASKED] = "asked",
		[CONSUMER_OFFERED] = "offered",
		[CONSUMER_ACCEPTED] = "accepted",
		[CONSUMER_LOST] = "lost",
	};

	list_for_each (it, &s->transports) {
		const struct transport *t =
			list_entry(it, struct transport, node);

		put_object(o, "transport", t->id, t->replaces, peer,
			   transports[t->state]);
	}
	list_for_each (jt, &s->producers) {
		const struct producer *p =
			list_entry(jt, struct producer, node);

		put_object(o, "producer", p->id,
			   p->transport ? p->transport->id : 0, peer,
			   p->paused ? "paused" : producers[p->state]);
	}
	list_for_each (kt, &s->consumers) {
		const struct consumer *k =
			list_entry(kt, struct consumer, node);

		put_object(o, "consumer", k->id,
			   k->producer ? k->producer->id : 0, peer,
			   k->paused ? "paused" : consumers[k->state]);
	}
}

bool adminlive_dump(struct admincmd_call *c)
{
	const struct room *r = core_room_named(c->hub->core, c->word[1]);
	struct adminout *o = c->out;

	if (!r || r->ended) {
		adminout_error(o, "no-room");
		return false;
	}
	adminout_column(o, "noun", false);
	adminout_column(o, "id", false);
	/* A producer's transport, a consumer's producer, what a transport
	 * replaces. */
	adminout_column(o, "of", false);
	adminout_column(o, "peer", false);
	adminout_column(o, "state", false);
	list_for_each (it, &r->members) {
		const struct peer *p = list_entry(it, struct peer, node);
		const struct seat *s = graph_seat(&c->hub->media->graph, p->id);

		if (s)
			dump_seat(o, s, p->pid);
	}
	return false;
}
