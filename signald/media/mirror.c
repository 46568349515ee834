#include "signald/media/mirror.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/str.h"
#include "common/sys/clock.h"
#include "signald/media/cons.h"
#include "signald/media/ortc.h"
#include "signald/media/pipe.h"
#include "signald/media/place.h"
#include "signald/media/prod.h"
#include "signald/media/rebuild.h"
#include "signald/media/trans.h"

#define WAIT_US 3000000 /* for other workers to tell their inventory */

enum phase {
	MIRROR_IDLE,
	MIRROR_DUMPING,	 /* pages come */
	MIRROR_ADOPTING, /* producers are with the layer above */
};

/* One object of the inventory, label in its own memory. */
struct item {
	Media__DumpObject__Noun noun;
	uint64_t id, parent, peer, producer;
	uint32_t ssrc;
	bool paused, video, piped;
	char mid[RTP_MID_CAP];
	char *label;
	size_t label_len;
};

struct mirror {
	enum phase phase;
	bool known; /* this process' inventory was taken once */
	struct item *items;
	size_t n, cap;
	uint64_t since_us; /* of MIRROR_ADOPTING */
	bool offer;	   /* adopted: what is missing comes next */
};

enum {
	LABEL_PRODUCING = 1,
	LABEL_CONSUMING = 2,
	LABEL_TCP = 4,
};

size_t mirror_label(char out[MIRROR_LABEL_MAX], const struct transport *t)
{
	size_t len = strlen(t->seat->pid);

	/* Only a plain client has a longer name, and it does not come back. */
	if (len + 1 > MIRROR_LABEL_MAX)
		return 0;
	out[0] = (char)((t->producing ? LABEL_PRODUCING : 0) |
			(t->consuming ? LABEL_CONSUMING : 0) |
			(t->force_tcp ? LABEL_TCP : 0));
	memcpy(out + 1, t->seat->pid, len);
	return len + 1;
}

static struct mirror *of(struct media *m, uint32_t index)
{
	return &m->mirrors[index];
}

static void clear(struct mirror *r)
{
	for (size_t i = 0; i < r->n; i++)
		free(r->items[i].label);
	free(r->items);
	r->items = NULL;
	r->n = r->cap = 0;
	r->phase = MIRROR_IDLE;
}

struct mirror *mirror_new(void)
{
	return calloc(WORKERS_MAX, sizeof(struct mirror));
}

bool mirror_is_busy(const struct media *m, uint32_t index)
{
	return m->mirrors[index].phase == MIRROR_DUMPING;
}

bool mirror_is_adopting(const struct media *m)
{
	for (uint32_t i = 0; i < WORKERS_MAX; i++) {
		const struct mirror *r = &m->mirrors[i];

		if (r->phase == MIRROR_ADOPTING ||
		    (r->phase == MIRROR_DUMPING && !r->known))
			return true;
	}
	return false;
}

void mirror_reset(struct media *m, uint32_t index)
{
	clear(of(m, index));
	of(m, index)->known = false;
}

/* ---- our side's digest ---- */

static uint64_t seat_digest(const struct seat *s)
{
	uint64_t d = 0;

	list_for_each (it, &s->transports) {
		struct transport *t = list_entry(it, struct transport, node);

		d ^= t->state == TRANSPORT_LIVE ? chan_mix(t->id) : 0;
	}
	list_for_each (jt, &s->producers) {
		struct producer *p = list_entry(jt, struct producer, node);

		d ^= p->state == PRODUCER_LIVE ? chan_mix(p->id) : 0;
	}
	list_for_each (kt, &s->consumers) {
		struct consumer *c = list_entry(kt, struct consumer, node);

		d ^= c->known && c->transport ? chan_mix(c->id) : 0;
	}
	return d;
}

static uint64_t standin_digest(const struct seat *s, uint32_t worker)
{
	uint64_t d = 0;

	list_for_each (it, &s->producers) {
		struct producer *p = list_entry(it, struct producer, node);

		d ^= pipe_is_at(p, worker) ? chan_mix(p->id) : 0;
	}
	return d;
}

static uint64_t digest_of(const struct media *m, const struct worker *w)
{
	uint64_t d = 0;
	struct call *c;
	size_t pos = 0;

	while ((c = idmap_next(&m->graph.calls, &pos))) {
		const struct part *at = graph_part(c, w->index);

		if (!at)
			continue;
		d ^= chan_mix(at->router);
		list_for_each (it, &c->seats) {
			struct seat *s = list_entry(it, struct seat, node);

			d ^= s->worker == w->index
				     ? seat_digest(s)
				     : standin_digest(s, w->index);
		}
	}
	return d;
}

/* ---- asking ---- */

static void ask_page(struct media *m, struct worker *w, uint64_t cursor)
{
	Media__DumpPage msg = MEDIA__DUMP_PAGE__INIT;

	msg.has_cursor = true;
	msg.cursor = cursor;
	if (!media_ask_worker(m, w, MEDIA__METHOD__DUMP, &msg.base))
		return;
	log_warn("media", "no inventory", "worker=%u", w->index);
	clear(of(m, w->index));
}

void mirror_begin(struct media *m, uint32_t index)
{
	clear(of(m, index));
	of(m, index)->phase = MIRROR_DUMPING;
}

void mirror_on_up(struct media *m, struct worker *w, uint64_t digest)
{
	struct mirror *r = of(m, w->index);

	clear(r);
	if (digest_of(m, w) == digest) {
		r->known = true;
		return;
	}
	mirror_begin(m, w->index);
	ask_page(m, w, 0);
}

static int add_item(struct mirror *r, const Media__DumpObject *o)
{
	struct item *it;

	if (r->n == r->cap) {
		size_t cap = r->cap ? 2 * r->cap : 256;
		struct item *v = realloc(r->items, cap * sizeof(*v));

		if (!v)
			return -ENOMEM;
		r->items = v;
		r->cap = cap;
	}
	it = &r->items[r->n++];
	*it = (struct item){.noun = o->noun,
			    .id = o->id,
			    .parent = o->parent_id,
			    .peer = o->peer_id,
			    .producer = o->producer_id,
			    .ssrc = o->ssrc,
			    .paused = o->paused,
			    .piped = o->piped,
			    .video = o->kind == MEDIA__MEDIA_KIND__VIDEO};
	(void)str_copy(it->mid, sizeof(it->mid), o->mid ? o->mid : "");
	/* One more byte, so that it ends like a text. */
	it->label = calloc(1, o->label.len + 1);
	if (!it->label)
		return -ENOMEM;
	if (o->label.len)
		memcpy(it->label, o->label.data, o->label.len);
	it->label_len = o->label.len;
	return 0;
}

/* ---- adopting: calls, seats, transports ---- */

static void close_item(struct media *m, struct worker *w, const struct item *it)
{
	static const uint32_t methods[] = {
		[MEDIA__DUMP_OBJECT__NOUN__ROUTER] =
			MEDIA__METHOD__CLOSE_ROUTER,
		[MEDIA__DUMP_OBJECT__NOUN__TRANSPORT] =
			MEDIA__METHOD__CLOSE_TRANSPORT,
		[MEDIA__DUMP_OBJECT__NOUN__PRODUCER] =
			MEDIA__METHOD__CLOSE_PRODUCER,
		[MEDIA__DUMP_OBJECT__NOUN__CONSUMER] =
			MEDIA__METHOD__CLOSE_CONSUMER,
	};
	Media__ObjectId msg = MEDIA__OBJECT_ID__INIT;

	if (it->noun >= sizeof(methods) / sizeof(*methods) ||
	    !methods[it->noun])
		return;
	msg.id = it->id;
	(void)media_ask_worker(m, w, methods[it->noun], &msg.base);
}

static struct call *call_by_router(const struct media *m,
				   const struct worker *w, uint64_t router)
{
	struct call *c;
	size_t pos = 0;

	while ((c = idmap_next(&m->graph.calls, &pos))) {
		const struct part *at = graph_part(c, w->index);

		if (at && at->router == router)
			return c;
	}
	return NULL;
}

static int adopt_router(struct media *m, const struct worker *w,
			const struct item *it)
{
	uint64_t room;
	struct call *c;

	if (it->label_len != sizeof(room))
		return -EINVAL;
	memcpy(&room, it->label, sizeof(room));
	c = graph_call(&m->graph, room);
	if (!c)
		c = graph_add_call(&m->graph, room);
	if (!c || graph_part(c, w->index))
		return -EEXIST;
	return graph_add_part(c, w->index, it->id) ? 0 : -ENOSPC;
}

/*
 * A mid that was used before our time must not come again, and has at most
 * eight digits: count on from tenths of a second.
 */
static uint32_t first_mid(void)
{
	return 1000 + (uint32_t)(clock_wall_us() / 100000 % 90000000);
}

static int adopt_transport(struct media *m, const struct worker *w,
			   const struct item *it)
{
	struct call *c = call_by_router(m, w, it->parent);
	struct seat *s = graph_seat(&m->graph, it->peer);
	struct transport *t;
	struct media_out *o;

	if (!c || it->label_len < 1)
		return -EINVAL;
	if (!s) {
		s = graph_add_seat(&m->graph, c, it->peer, it->label + 1);
		if (!s)
			return -ENOMEM;
		s->worker = w->index;
		o = media_out(m, MEDIA_ADOPT_SEAT);
		o->peer = it->peer;
		o->room = c->room;
	}
	if (s->call != c || s->worker != w->index)
		return -EINVAL;
	t = graph_add_transport(&m->graph, s, it->id);
	if (!t)
		return -EINVAL;
	t->state = TRANSPORT_LIVE;
	t->producing = it->label[0] & LABEL_PRODUCING;
	t->consuming = it->label[0] & LABEL_CONSUMING;
	t->force_tcp = it->label[0] & LABEL_TCP;
	t->next_mid = first_mid();
	return 0;
}

static void offer_producer(struct media *m, const struct item *it)
{
	struct media_out *o = media_out(m, MEDIA_ADOPT_PRODUCER);

	o->peer = it->peer;
	o->id = it->id;
	o->on = it->paused;
	o->adopt.transport = it->parent;
	o->adopt.video = it->video;
	o->adopt.label = it->label;
}

static void adopt(struct media *m, struct worker *w)
{
	struct mirror *r = of(m, w->index);
	int err = 0;

	for (size_t i = 0; i < r->n; i++) {
		const struct item *it = &r->items[i];

		if (it->noun == MEDIA__DUMP_OBJECT__NOUN__ROUTER)
			err = adopt_router(m, w, it);
		else if (it->noun == MEDIA__DUMP_OBJECT__NOUN__TRANSPORT)
			err = adopt_transport(m, w, it);
		else
			continue;
		if (err)
			close_item(m, w, it);
	}
	for (size_t i = 0; i < r->n; i++)
		if (r->items[i].noun == MEDIA__DUMP_OBJECT__NOUN__PRODUCER &&
		    !r->items[i].piped)
			offer_producer(m, &r->items[i]);
	r->phase = MIRROR_ADOPTING;
	r->since_us = m->now_us;
}

int mirror_adopt(struct media *m, const struct mirror_producer *a)
{
	struct transport *t = graph_transport(&m->graph, a->transport);
	struct ortc_mapping map;
	struct producer *p;
	int err;

	if (!t)
		return -ENOENT;
	p = graph_add_producer(&m->graph, t, a->id);
	if (!p)
		return -ENOMEM;
	p->state = PRODUCER_LIVE;
	p->known = true;
	p->kind = a->kind;
	p->source = a->source;
	p->paused = a->paused;
	p->app_data = strdup(a->app_data);
	/* The names of its streams were made before; ours are not used. */
	err = ortc_check_producer(a->kind, a->params, &p->type);
	if (!err)
		err = ortc_mapping(&map, a->params, &m->caps, ORTC_SSRC_MIN);
	if (!err)
		err = ortc_consumable(&p->tmpl, a->kind, a->params, &m->caps,
				      &map);
	if (!err)
		err = prod_keep(p, a->params, &map);
	if (err || !p->app_data) {
		prod_close(m, p);
		return err ? err : -ENOMEM;
	}
	(void)str_copy(t->cname, sizeof(t->cname), a->params->cname);
	prod_update_muted(m, p->seat);
	return 0;
}

static int adopt_consumer(struct media *m, const struct item *it)
{
	struct transport *t = graph_transport(&m->graph, it->parent);
	struct producer *p = graph_producer(&m->graph, it->producer);
	struct consumer *c;
	struct media_out *o;

	if (!t || !p || !t->seat->caps)
		return -ENOENT;
	c = graph_add_consumer(&m->graph, t, p, it->id);
	if (!c)
		return -ENOMEM;
	c->known = true;
	c->ssrc = it->ssrc;
	(void)str_copy(c->mid, sizeof(c->mid), it->mid);
	c->state = it->paused ? CONSUMER_OFFERED : CONSUMER_ACCEPTED;
	if (!it->paused)
		return 0;
	/* Perhaps it was never accepted: who has it says so at once. */
	o = media_out(m, MEDIA_NEW_CONSUMER);
	o->peer = t->seat->id;
	o->id = c->id;
	return 0;
}

static void offer_missing(struct media *m, struct call *c)
{
	pipe_home(m, c);
	list_for_each (it, &c->seats)
		cons_offer_all(m, list_entry(it, struct seat, node));
}

/* Everything above is known now. */
static void finish(struct media *m, struct worker *w)
{
	struct mirror *r = of(m, w->index);
	size_t n = r->n;

	for (size_t i = 0; i < r->n; i++) {
		const struct item *it = &r->items[i];

		if (it->noun == MEDIA__DUMP_OBJECT__NOUN__PRODUCER &&
		    (it->piped ? pipe_adopt(m, w, it->id) != 0
			       : !graph_producer(&m->graph, it->id)))
			close_item(m, w, it);
		else if (it->noun == MEDIA__DUMP_OBJECT__NOUN__CONSUMER &&
			 adopt_consumer(m, it))
			close_item(m, w, it);
	}
	clear(r);
	r->known = true;
	r->offer = true; /* by mirror_step() */
	rebuild_worker_up(m, w);
	log_info("media", "inventory adopted", "worker=%u objects=%zu",
		 w->index, n);
}

/* ---- reconciling ---- */

static bool in_graph(const struct media *m, const struct worker *w,
		     const struct item *it)
{
	const struct producer *p;

	switch (it->noun) {
	case MEDIA__DUMP_OBJECT__NOUN__ROUTER:
		return call_by_router(m, w, it->id) != NULL;
	case MEDIA__DUMP_OBJECT__NOUN__TRANSPORT:
		return graph_transport(&m->graph, it->id) != NULL;
	case MEDIA__DUMP_OBJECT__NOUN__PRODUCER:
		p = graph_producer(&m->graph, it->id);
		if (it->piped)
			return p && pipe_is_at(p, w->index);
		return p != NULL;
	case MEDIA__DUMP_OBJECT__NOUN__CONSUMER:
		return graph_consumer(&m->graph, it->id) != NULL;
	default:
		return true;
	}
}

static void drop_gone_streams(struct media *m, struct seat *s,
			      const struct idmap *there)
{
	list_for_each_safe (it, &s->consumers) {
		struct consumer *c = list_entry(it, struct consumer, node);

		if (c->state != CONSUMER_ASKED && c->transport &&
		    !idmap_get(there, c->id))
			cons_drop(m, c, true);
	}
	list_for_each_safe (jt, &s->producers) {
		struct producer *p = list_entry(jt, struct producer, node);
		struct media_out *o;

		if (p->state != PRODUCER_LIVE || idmap_get(there, p->id))
			continue;
		o = media_out(m, MEDIA_PRODUCER_CLOSED);
		o->peer = s->id;
		o->id = p->id;
		prod_drop(m, p);
	}
}

/* Stand-ins that are gone or not as they should be. */
static void check_standins(struct media *m, struct seat *s, uint32_t worker,
			   const struct idmap *there)
{
	list_for_each (it, &s->producers) {
		struct producer *p = list_entry(it, struct producer, node);
		const struct item *x = idmap_get(there, p->id);

		if (!pipe_is_at(p, worker))
			continue;
		if (!x)
			pipe_forget(p, worker);
		else if (x->paused != p->paused)
			(void)media_ask_id_at(
				m, worker,
				p->paused ? MEDIA__METHOD__PAUSE_PRODUCER
					  : MEDIA__METHOD__RESUME_PRODUCER,
				p->id);
	}
}

static void reconcile_call(struct media *m, struct call *c, uint32_t worker,
			   const struct idmap *there)
{
	if (!idmap_get(there, graph_part(c, worker)->router)) {
		rebuild_part(m, c, worker);
		return;
	}
	list_for_each (it, &c->seats) {
		struct seat *s = list_entry(it, struct seat, node);

		if (s->worker != worker) {
			check_standins(m, s, worker, there);
			continue;
		}
		drop_gone_streams(m, s, there);
		list_for_each (jt, &s->transports) {
			struct transport *t =
				list_entry(jt, struct transport, node);

			if (t->state == TRANSPORT_LIVE &&
			    !idmap_get(there, t->id))
				rebuild_lose_transport(m, t);
		}
		rebuild_seat(m, s);
	}
}

static void reconcile(struct media *m, struct worker *w)
{
	struct mirror *r = of(m, w->index);
	struct idmap there;
	struct call *c;
	size_t pos = 0;

	idmap_init(&there);
	for (size_t i = 0; i < r->n; i++) {
		(void)idmap_put(&there, r->items[i].id, &r->items[i]);
		if (!in_graph(m, w, &r->items[i]))
			close_item(m, w, &r->items[i]);
	}
	while ((c = idmap_next(&m->graph.calls, &pos)))
		if (graph_part(c, w->index))
			reconcile_call(m, c, w->index, &there);
	idmap_fini(&there);
	clear(r);
	pos = 0;
	while ((c = idmap_next(&m->graph.calls, &pos)))
		if (graph_part(c, w->index))
			offer_missing(m, c);
	rebuild_worker_up(m, w);
	log_info("media", "inventory reconciled", "worker=%u", w->index);
}

void mirror_on_page(struct media *m, struct worker *w, const Media__Dump *page)
{
	struct mirror *r = of(m, w->index);

	if (r->phase != MIRROR_DUMPING)
		return;
	for (size_t i = 0; page && i < page->n_objects; i++)
		if (add_item(r, page->objects[i]))
			m->oom = true;
	if (!page) {
		/* The channel is in doubt: it comes up anew. */
		clear(r);
		return;
	}
	if (page->has_next) {
		ask_page(m, w, page->next);
		return;
	}
	r->phase = MIRROR_IDLE;
	if (r->known)
		reconcile(m, w);
	else
		adopt(m, w);
}

/* Whose producers may have a stand-in elsewhere that is not known yet. */
static bool others_tell(const struct media *m)
{
	for (uint32_t i = 0; i < WORKERS_MAX; i++)
		if (m->workers.w[i].state == WORKER_STARTING ||
		    m->mirrors[i].phase == MIRROR_DUMPING)
			return true;
	return false;
}

/* Only now it is known what everybody has. */
static bool offer_rest(struct media *m)
{
	bool any = false;
	struct call *c;
	size_t pos = 0;

	for (uint32_t i = 0; i < WORKERS_MAX; i++)
		any |= m->mirrors[i].offer;
	if (!any || mirror_is_adopting(m))
		return false;
	for (uint32_t i = 0; i < WORKERS_MAX; i++)
		m->mirrors[i].offer = false;
	while ((c = idmap_next(&m->graph.calls, &pos)))
		offer_missing(m, c);
	return true;
}

bool mirror_step(struct media *m)
{
	bool wait = others_tell(m);

	for (uint32_t i = 0; i < WORKERS_MAX; i++) {
		const struct mirror *r = &m->mirrors[i];

		if (r->phase != MIRROR_ADOPTING ||
		    (wait && r->since_us + WAIT_US > m->now_us))
			continue;
		m->mirrors[i].phase = MIRROR_IDLE;
		finish(m, &m->workers.w[i]);
		return true;
	}
	return offer_rest(m);
}

bool mirror_is_settled(const struct media *m)
{
	for (uint32_t i = 0; i < WORKERS_MAX; i++) {
		enum worker_state state = m->workers.w[i].state;

		if (state == WORKER_STARTING ||
		    m->mirrors[i].phase != MIRROR_IDLE)
			return false;
	}
	return true;
}
