#include "mediad/path/inlet.h"

#include <errno.h>
#include <stdlib.h>

#include "mediad/path/room.h"
#include "mediad/path/worker.h"
#include "mediad/sfu/transport.h"

static bool same(const struct inlet *in, const struct inlet_from *f)
{
	return in->t->id == f->transport_id && in->worker == f->worker &&
	       in->generation == f->generation;
}

static struct inlet *find(const struct room *r, const struct inlet_from *f)
{
	list_for_each (it, &r->router->transports) {
		struct transport *t =
			list_entry(it, struct transport, in_router);

		if (t->piped && same(t->link, f))
			return t->link;
	}
	return NULL;
}

static struct inlet *make(struct worker *w, struct room *r,
			  const struct inlet_from *f, uint64_t now_us)
{
	struct transport_opts o = {
		.id = f->transport_id, .peer_id = f->peer_id, .piped = true};
	struct inlet *in = calloc(1, sizeof(*in));

	if (!in)
		return NULL;
	if (transport_new(r->router, &o, now_us, &in->t)) {
		free(in);
		return NULL;
	}
	in->t->link = in;
	in->w = w;
	in->worker = f->worker;
	in->generation = f->generation;
	in->room = r->key;
	in->timer.kind = WORKER_TIMER_INLET;
	return in;
}

static void forget(struct inlet *in)
{
	list_for_each (it, &in->t->producers) {
		struct producer *p =
			list_entry(it, struct producer, in_transport);

		idmap_del(&in->w->pipes.standins, p->id);
	}
}

void inlet_free(struct inlet *in)
{
	forget(in);
	timerq_unset(&in->w->timers, &in->timer);
	transport_free(in->t);
	free(in);
}

/* Gone with its last producer. */
static void release(struct inlet *in)
{
	if (!in->t->n_producers)
		inlet_free(in);
}

static int add(struct inlet *in, const struct producer_opts *o, uint64_t now_us,
	       struct producer **out)
{
	int err = producer_new(in->t, o, now_us, out);

	if (err)
		return err;
	err = idmap_put(&in->w->pipes.standins, o->id, *out);
	if (err)
		producer_free(*out);
	return err;
}

/* From another worker, or another transport, but with the same viewers. */
static int take_over(struct inlet *in, const struct producer_opts *o,
		     uint64_t now_us, struct producer *p)
{
	struct inlet *old = p->transport->link;
	int err = producer_move(p, in->t, o, now_us);

	if (!err)
		release(old);
	return err;
}

int inlet_produce(struct worker *w, struct room *r, const struct inlet_from *f,
		  const struct producer_opts *o, uint64_t now_us,
		  struct producer **out)
{
	struct producer *p = idmap_get(&w->pipes.standins, o->id);
	struct inlet *in = find(r, f);
	int err = -EINVAL;

	if (f->worker >= PIPE_WORKERS || !f->transport_id)
		return -EINVAL;
	if (!in)
		in = make(w, r, f, now_us);
	if (!in)
		return -ENOMEM;
	if (p && p->transport->router == r->router)
		err = take_over(in, o, now_us, p);
	if (p && err) {
		inlet_close(p);
		p = NULL;
		in = find(r, f);
		if (!in)
			in = make(w, r, f, now_us);
		if (!in)
			return -ENOMEM;
	}
	*out = p;
	err = p ? 0 : add(in, o, now_us, out);
	if (err) {
		release(in);
		return err;
	}
	transport_due(in->t, now_us);
	return 0;
}

int inlet_graft(struct producer *p, struct transport *t,
		const struct producer_opts *o, uint64_t now_us)
{
	struct inlet *in = p->transport->link;
	int err = producer_move(p, t, o, now_us);

	if (err)
		return err;
	idmap_del(&in->w->pipes.standins, p->id);
	release(in);
	return 0;
}

void inlet_close(struct producer *p)
{
	struct inlet *in = p->transport->link;

	idmap_del(&in->w->pipes.standins, p->id);
	producer_free(p);
	release(in);
}

void inlet_due(struct inlet *in, uint64_t now_us)
{
	struct pipe_msg m;

	blackbox_for(in->w->box, in->room);
	transport_tick(in->t, now_us);
	while (pipe_next(in->t, now_us, &m))
		(void)pipes_send(in->w, in->worker, in->generation, &m);
	transport_touch(in->t);
}

void inlet_again(struct worker *w, uint32_t worker, uint64_t now_us)
{
	struct producer *p;
	size_t pos = 0;

	while ((p = idmap_next(&w->pipes.standins, &pos))) {
		const struct inlet *in = p->transport->link;

		if (in->worker == worker)
			pipe_again(p->transport, now_us);
	}
}
