#include <errno.h>

#include "mediad/control/ctl.h"
#include "mediad/path/room.h"
#include "mediad/path/worker.h"
#include "proto/media.pb-c.h"

int ctl_router_create(struct control *k, const void *msg)
{
	const Media__CreateRouter *m = msg;
	struct room *r;
	int err = room_new(k->w, m->id, m->label.data, m->label.len, k->now_us,
			   &r);

	if (err == -EEXIST)
		return 0;
	if (err)
		return control_fail(k, err, "router");
	r->router->loudest = m->loudest;
	return 0;
}

int ctl_router_close(struct control *k, const void *msg)
{
	const Media__ObjectId *m = msg;
	struct room *r = idmap_get(&k->w->rooms, m->id);

	if (r)
		room_free(k->w, r);
	return 0;
}
