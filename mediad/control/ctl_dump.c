/*
 * The inventory in pages. The cursor counts the objects told so far, so a
 * server asks all pages before anything else.
 */
#include <errno.h>

#include "mediad/control/ctl.h"
#include "mediad/path/link.h"
#include "mediad/path/room.h"
#include "mediad/path/worker.h"
#include "mediad/sfu/consumer.h"
#include "mediad/sfu/producer.h"
#include "proto/media.pb-c.h"

#define PAGE_BYTES   (64u * 1024)
#define PAGE_OBJECTS 512

struct page {
	uint64_t skip; /* objects of the pages before */
	uint64_t seen;
	size_t bytes, n;
	bool full;
	Media__DumpObject *obj;
	Media__DumpObject *list[PAGE_OBJECTS];
};

/* A place for the next object, or NULL: told before, or on a later page. */
static Media__DumpObject *take(struct page *p, size_t label_len)
{
	Media__DumpObject *o;
	size_t bytes = label_len + 96;

	if (p->seen < p->skip) {
		p->seen++;
		return NULL;
	}
	if (p->n == PAGE_OBJECTS || p->bytes + bytes > PAGE_BYTES)
		p->full = true;
	if (p->full)
		return NULL;
	p->seen++;
	p->bytes += bytes;
	o = &p->obj[p->n];
	p->list[p->n++] = o;
	media__dump_object__init(o);
	return o;
}

static void label(Media__DumpObject *o, const void *data, size_t len)
{
	o->has_label = len > 0;
	o->label.data = (uint8_t *)(uintptr_t)data;
	o->label.len = len;
}

static size_t blob_len(const void *ctl)
{
	const struct ctl_label *l = ctl;

	return l ? l->len : 0;
}

static void blob(Media__DumpObject *o, const void *ctl)
{
	const struct ctl_label *l = ctl;

	if (l)
		label(o, l->data, l->len);
}

static void dump_router(struct page *pg, const struct room *r)
{
	Media__DumpObject *o = take(pg, r->label_len);

	if (!o)
		return;
	o->noun = MEDIA__DUMP_OBJECT__NOUN__ROUTER;
	o->id = r->router->id;
	label(o, r->label, r->label_len);
}

static void dump_transport(struct page *pg, const struct transport *t)
{
	const struct link *l = link_of(t);
	Media__DumpObject *o = take(pg, l->label_len);

	if (!o)
		return;
	o->noun = MEDIA__DUMP_OBJECT__NOUN__TRANSPORT;
	o->id = t->id;
	o->has_parent_id = 1;
	o->parent_id = t->router->id;
	o->has_peer_id = 1;
	o->peer_id = t->peer_id;
	label(o, l->label, l->label_len);
}

static void dump_producer(struct page *pg, const struct producer *p)
{
	Media__DumpObject *o = take(pg, blob_len(p->ctl));

	if (!o)
		return;
	o->noun = MEDIA__DUMP_OBJECT__NOUN__PRODUCER;
	o->id = p->id;
	o->has_parent_id = 1;
	o->parent_id = p->transport->id;
	o->has_peer_id = 1;
	o->peer_id = p->peer_id;
	o->has_piped = p->transport->piped;
	o->piped = p->transport->piped;
	o->has_paused = 1;
	o->paused = p->paused;
	o->has_kind = 1;
	o->kind = p->kind == MEDIA_AUDIO ? MEDIA__MEDIA_KIND__AUDIO
					 : MEDIA__MEDIA_KIND__VIDEO;
	o->has_type = 1;
	o->type = p->type == PRODUCER_SIMPLE ? MEDIA__STREAM_TYPE__SIMPLE
		  : p->type == PRODUCER_SIMULCAST
			  ? MEDIA__STREAM_TYPE__SIMULCAST
			  : MEDIA__STREAM_TYPE__SVC;
	o->mid = *p->rtp.mid ? (char *)(uintptr_t)p->rtp.mid : NULL;
	blob(o, p->ctl);
}

static void dump_consumer(struct page *pg, const struct consumer *c)
{
	Media__DumpObject *o = take(pg, blob_len(c->ctl));

	if (!o)
		return;
	o->noun = MEDIA__DUMP_OBJECT__NOUN__CONSUMER;
	o->id = c->id;
	o->has_parent_id = 1;
	o->parent_id = c->transport->id;
	o->has_peer_id = 1;
	o->peer_id = c->transport->peer_id;
	o->has_producer_id = 1;
	o->producer_id = c->producer->id;
	o->has_paused = 1;
	o->paused = c->paused;
	o->has_ssrc = 1;
	o->ssrc = c->ssrc;
	o->mid = *c->mid ? (char *)(uintptr_t)c->mid : NULL;
	blob(o, c->ctl);
}

/* Parents before children. */
static void dump_room(struct page *pg, const struct room *r)
{
	const struct router *router = r->router;
	const struct producer *p;
	const struct consumer *c;
	size_t pos = 0;

	dump_router(pg, r);
	list_for_each (it, &router->transports) {
		const struct transport *t =
			list_entry(it, struct transport, in_router);

		if (!t->piped)
			dump_transport(pg, t);
	}
	while ((p = idmap_next(&router->producers, &pos)))
		dump_producer(pg, p);
	pos = 0;
	while ((c = idmap_next(&router->consumers, &pos)))
		dump_consumer(pg, c);
}

int ctl_dump(struct control *k, const void *msg)
{
	const Media__DumpPage *m = msg;
	Media__Dump out = MEDIA__DUMP__INIT;
	const struct room *r;
	struct page pg = {.skip = m->cursor};
	size_t pos = 0;

	pg.obj = arena_take(&k->arena, PAGE_OBJECTS * sizeof(*pg.obj));
	if (!pg.obj)
		return control_fail(k, -ENOMEM, "arena");
	while (!pg.full && (r = idmap_next(&k->w->rooms, &pos)))
		dump_room(&pg, r);
	out.objects = pg.list;
	out.n_objects = pg.n;
	out.has_next = pg.full;
	out.next = pg.seen;
	return control_answer(k, &out.base);
}
