#include <errno.h>

#include "mediad/control/convert.h"
#include "mediad/control/ctl.h"
#include "mediad/path/inlet.h"
#include "mediad/path/room.h"
#include "mediad/path/worker.h"
#include "mediad/sfu/pipe.h"
#include "mediad/sfu/transport.h"
#include "proto/media.pb-c.h"

static struct producer *own(struct control *k, uint64_t id)
{
	struct producer *p = worker_producer(k->w, id);

	return p && !p->transport->piped ? p : NULL;
}

int ctl_pipe_out(struct control *k, const void *msg)
{
	const Media__PipeProducer *m = msg;
	struct producer *p = own(k, m->id);
	int err;

	if (!p)
		return control_fail(k, -ENOENT, "no-producer");
	if (m->worker >= PIPE_WORKERS)
		return control_fail(k, -EINVAL, "worker");
	err = pipe_add(p, m->worker, m->generation);
	return err ? control_fail(k, err, "pipe") : 0;
}

int ctl_pipe_out_end(struct control *k, const void *msg)
{
	const Media__PipeProducer *m = msg;
	struct producer *p = own(k, m->id);
	const struct outlet *o = p ? pipe_outlet(p, m->worker) : NULL;

	if (o && o->generation == m->generation)
		pipe_del(p, m->worker, k->now_us);
	return 0;
}

static bool same(const struct producer *p, const struct inlet_from *f)
{
	const struct inlet *in =
		p->transport->piped ? p->transport->link : NULL;

	return in && in->t->id == f->transport_id && in->worker == f->worker &&
	       in->generation == f->generation;
}

int ctl_pipe_in(struct control *k, const void *msg)
{
	const Media__ProducePiped *m = msg;
	struct room *r = idmap_get(&k->w->rooms, m->router_id);
	struct producer *p = worker_producer(k->w, m->produce->id);
	struct inlet_from from = {.transport_id = m->produce->transport_id,
				  .peer_id = m->peer_id,
				  .worker = m->worker,
				  .generation = m->generation};
	struct producer_opts o;
	int err;

	if (!r)
		return control_fail(k, -ENOENT, "no-router");
	if (p && same(p, &from))
		return 0;
	err = convert_produce(m->produce, &o, &k->reason);
	if (err)
		return err;
	o.peer_id = m->peer_id;
	if (p && !p->transport->piped)
		return control_fail(k, -EEXIST, "in-use");
	err = inlet_produce(k->w, r, &from, &o, k->now_us, &p);
	if (err)
		return control_fail(k, err, "producer");
	room_wake(k->w, m->router_id, k->now_us);
	return 0;
}
