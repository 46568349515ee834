#include <errno.h>
#include <stdlib.h>

#include "mediad/control/convert.h"
#include "mediad/control/ctl.h"
#include "mediad/path/inlet.h"
#include "mediad/path/link.h"
#include "mediad/path/room.h"
#include "mediad/path/worker.h"
#include "mediad/sfu/producer.h"
#include "proto/media.pb-c.h"

static struct producer *find(struct control *k, const void *msg)
{
	const Media__ObjectId *m = msg;
	struct producer *p = worker_producer(k->w, m->id);

	if (!p)
		k->reason = "no-producer";
	return p;
}

/* Its publisher may have come here from the worker it stood in for. */
static int make(struct control *k, struct transport *t,
		const struct producer_opts *o, struct producer **p)
{
	if (*p && (*p)->transport->piped &&
	    (*p)->transport->router == t->router) {
		if (!inlet_graft(*p, t, o, k->now_us)) {
			free((*p)->ctl);
			return 0;
		}
		inlet_close(*p);
		*p = NULL;
	}
	return *p ? -EEXIST : producer_new(t, o, k->now_us, p);
}

int ctl_producer_create(struct control *k, const void *msg)
{
	const Media__Produce *m = msg;
	struct link *l = idmap_get(&k->w->links, m->transport_id);
	struct producer *p = worker_producer(k->w, m->id);
	struct producer_opts o;
	int err;

	if (!l)
		return control_fail(k, -ENOENT, "no-transport");
	if (p && p->transport == l->t)
		return 0;
	err = convert_produce(m, &o, &k->reason);
	if (err)
		return err;
	o.peer_id = l->t->peer_id;
	err = make(k, l->t, &o, &p);
	if (err)
		return control_fail(k, err,
				    err == -EEXIST ? "in-use" : "producer");
	p->ctl = ctl_label_new(m->label.data, m->label.len);
	room_wake(k->w, l->t->router->id, k->now_us);
	return 0;
}

int ctl_producer_close(struct control *k, const void *msg)
{
	struct producer *p = find(k, msg);

	if (p && p->transport->piped)
		inlet_close(p);
	else if (p)
		producer_free(p);
	return 0;
}

int ctl_producer_pause(struct control *k, const void *msg)
{
	struct producer *p = find(k, msg);

	if (!p)
		return -ENOENT;
	producer_pause(p, k->now_us);
	return 0;
}

int ctl_producer_resume(struct control *k, const void *msg)
{
	struct producer *p = find(k, msg);

	if (!p)
		return -ENOENT;
	producer_resume(p, k->now_us);
	return 0;
}
