#include "signald/api/resume.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/hex.h"
#include "common/log.h"
#include "signald/api/desk.h"
#include "signald/api/encode.h"
#include "signald/api/hubstate.h"
#include "signald/api/session.h"
#include "signald/api/wire.h"
#include "signald/media/call.h"
#include "signald/media/cons.h"
#include "signald/media/prod.h"
#include "signald/media/trans.h"
#include "signald/room/note.h"

/* What the client has, as a set of ids. */
struct have {
	struct idmap ids;
	json_t *lost;
	const struct graph *graph;
	const struct seat *seat;
};

/* Is it still there and his? */
static bool alive(const struct have *h, const char *list, uint64_t id)
{
	const struct transport *t = graph_transport(h->graph, id);
	const struct producer *p = graph_producer(h->graph, id);
	const struct consumer *c = graph_consumer(h->graph, id);

	if (!h->seat)
		return false;
	if (!strcmp(list, "transports"))
		return t && t->seat == h->seat &&
		       (t->state == TRANSPORT_LIVE ||
			t->state == TRANSPORT_LEAVING);
	if (!strcmp(list, "producers"))
		return p && p->seat == h->seat;
	return c && c->seat == h->seat;
}

/* Enters what lives into the set, and what does not into `lost`. */
static void read_list(struct have *h, const json_t *have, const char *name)
{
	const json_t *list = json_object_get(have, name);
	json_t *lost = json_array();

	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *s = json_string_value(json_array_get(list, i));
		uint64_t id;

		if (!s)
			continue;
		if (!hex_to_id(&id, s) && id && alive(h, name, id))
			(void)idmap_put(&h->ids, id, h);
		else
			lost = wire_add(lost, json_string(s));
	}
	h->lost = wire_put(h->lost, name, lost);
}

static bool has(const struct have *h, uint64_t id)
{
	return idmap_get(&h->ids, id) != NULL;
}

/* Closes what the client does not list; what it was not told of stays. */
static void close_rest(struct hub *hub, struct seat *s, const struct have *h)
{
	list_for_each_safe (it, &s->consumers) {
		struct consumer *c = list_entry(it, struct consumer, node);

		if (!has(h, c->id) && c->state == CONSUMER_ACCEPTED)
			cons_close(hub->media, c);
	}
	list_for_each_safe (jt, &s->producers) {
		struct producer *p = list_entry(jt, struct producer, node);

		if (!has(h, p->id))
			prod_close(hub->media, p);
	}
	list_for_each_safe (kt, &s->transports) {
		struct transport *t = list_entry(kt, struct transport, node);

		if (!has(h, t->id) && !t->replaces)
			trans_close(hub->media, t);
	}
}

/* Makes both sides agree on the media; the ids that are lost. */
static json_t *settle_media(struct session *s, uint64_t peer)
{
	struct hub *hub = s->hub;
	struct seat *seat = graph_seat(&hub->media->graph, peer);
	struct have h = {
		.lost = json_object(),
		.graph = &hub->media->graph,
		.seat = seat,
	};

	if (!s->resume.have) {
		call_reset(hub->media, peer);
		desk_reset(hub, peer);
		json_decref(h.lost);
		return NULL;
	}
	idmap_init(&h.ids);
	read_list(&h, s->resume.have, "transports");
	read_list(&h, s->resume.have, "producers");
	read_list(&h, s->resume.have, "consumers");
	if (seat) {
		close_rest(hub, seat, &h);
		cons_offer_all(hub->media, seat);
	}
	idmap_fini(&h.ids);
	return h.lost;
}

/* More than this is told anew by a snapshot, not piece by piece. */
#define MISSED_BYTES (128 * 1024)

static bool can_replay(const struct outbox *ob, const struct session_resume *r)
{
	size_t bytes = 0;

	if (!r->have || !outbox_can_replay(ob, r->epoch, r->last_seq))
		return false;
	for (uint64_t seq = r->last_seq + 1; seq <= ob->seq; seq++) {
		const struct note_text *t = outbox_at(ob, seq);

		bytes += t ? t->len : 0;
	}
	return bytes <= MISSED_BYTES;
}

static json_t *missed(const struct outbox *ob, uint64_t last_seq)
{
	json_t *a = json_array();

	for (uint64_t seq = last_seq + 1; seq <= ob->seq; seq++) {
		const struct note_text *t = outbox_at(ob, seq);
		char head[32];
		int n = snprintf(head, sizeof(head), "{\"seq\":%llu,",
				 (unsigned long long)seq);
		char *text = t ? malloc((size_t)n + t->len) : NULL;

		if (!text)
			continue;
		memcpy(text, head, (size_t)n);
		memcpy(text + n, t->text, t->len);
		a = wire_add(a, json_loadb(text, (size_t)n + t->len, 0, NULL));
		free(text);
	}
	return a;
}

static json_t *catch_up(struct session *s, json_t *o, const struct entered *e)
{
	struct hub *hub = s->hub;
	struct outbox *ob = core_outbox(hub->core, e->peer);
	const struct session_resume *r = &s->resume;

	if (!ob)
		return o;
	if (can_replay(ob, r)) {
		o = wire_put(o, "missed", missed(ob, r->last_seq));
	} else {
		o = wire_put(o, "snapshot",
			     encode_snapshot(&e->snapshot, &e->room));
		outbox_restart(ob, core_new_epoch(hub->core));
	}
	return wire_put_int(o, "epoch", ob->epoch);
}

void resume_answer(struct session *s, uint64_t req, const struct entered *e)
{
	json_t *o = encode_entered(e);
	struct outbox *ob = core_outbox(s->hub->core, e->peer);
	json_t *lost;

	/* One who waits learns nothing but that, and his place. */
	if (!e->waiting && e->resumed) {
		lost = settle_media(s, e->peer);
		o = wire_put_bool(o, "resumed", true);
		o = catch_up(s, o, e);
		if (lost)
			o = wire_put(o, "lost", lost);
	} else if (e->resumed && ob) {
		outbox_restart(ob, core_new_epoch(s->hub->core));
	}
	if (!e->waiting) {
		if (!e->resumed && ob)
			o = wire_put_int(o, "epoch", ob->epoch);
		o = wire_put(o, "peers", encode_peers(&e->snapshot));
	}
	json_decref(s->resume.have);
	s->resume.have = NULL;
	session_ok(s, req, o);
}
