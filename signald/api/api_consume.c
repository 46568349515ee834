/* Consumers: what a peer receives. */
#include <errno.h>

#include "signald/api/api.h"
#include "signald/api/hubstate.h"
#include "signald/api/rtpjson.h"
#include "signald/media/cons.h"

/* The requester's own consumer, or NULL: answered. */
static struct consumer *own(struct api_req *r)
{
	uint64_t id = wire_id(&r->w, "consumerId", WIRE_MUST);
	struct consumer *c;

	if (r->w.bad) {
		dispatch_result(r, -EINVAL);
		return NULL;
	}
	c = graph_consumer(&r->hub->media->graph, id);
	if (c && c->seat->id == r->peer->id)
		return c;
	dispatch_result(r, -ENOENT);
	return NULL;
}

static void set_paused(struct api_req *r, bool paused)
{
	struct consumer *c = own(r);
	struct media_ticket ticket = dispatch_ticket(r);

	if (c)
		dispatch_result(
			r, cons_set_paused(r->hub->media, c, paused, &ticket));
}

void api_consume_pause(struct api_req *r)
{
	set_paused(r, true);
}

void api_consume_resume(struct api_req *r)
{
	set_paused(r, false);
}

void api_consume_layers(struct api_req *r)
{
	struct consumer *c = own(r);
	struct media_ticket ticket = dispatch_ticket(r);
	int spatial = (int)wire_int(&r->w, "spatialLayer", WIRE_MUST, 0, 7, 0);
	int temporal =
		(int)wire_int(&r->w, "temporalLayer", WIRE_MAY, 0, 7, -1);

	if (!c)
		return;
	if (r->w.bad)
		dispatch_result(r, -EINVAL);
	else
		dispatch_result(r, cons_set_layers(r->hub->media, c, spatial,
						   temporal, &ticket));
}

void api_consume_priority(struct api_req *r)
{
	struct consumer *c = own(r);
	struct media_ticket ticket = dispatch_ticket(r);
	uint32_t priority =
		(uint32_t)wire_int(&r->w, "priority", WIRE_MUST, 1, 255, 1);

	if (!c)
		return;
	if (r->w.bad)
		dispatch_result(r, -EINVAL);
	else
		dispatch_result(r, cons_set_priority(r->hub->media, c, priority,
						     &ticket));
}

void api_consume_viewport(struct api_req *r)
{
	struct consumer *c = own(r);
	struct media_ticket ticket = dispatch_ticket(r);
	struct cons_viewport v = {
		.width = (uint32_t)wire_int(&r->w, "width", WIRE_MUST, 0, 16384,
					    0),
		.height = (uint32_t)wire_int(&r->w, "height", WIRE_MUST, 0,
					     16384, 0),
		.visible = wire_bool(&r->w, "visible", WIRE_MUST, true),
	};

	if (!c)
		return;
	if (r->w.bad)
		dispatch_result(r, -EINVAL);
	else
		dispatch_result(
			r, cons_set_viewport(r->hub->media, c, &v, &ticket));
}

void api_consume_key_frame(struct api_req *r)
{
	struct consumer *c = own(r);
	struct media_ticket ticket = dispatch_ticket(r);

	if (c)
		dispatch_result(r,
				media_ask_id(r->hub->media, c->seat,
					     MEDIA__METHOD__REQUEST_KEY_FRAME,
					     c->id, &ticket));
}

json_t *api_consume_offer(const struct consumer *c)
{
	const struct producer *p = c->producer;
	struct rtp_params params;
	json_t *o = json_object();

	if (cons_params(c, &params)) {
		json_decref(o);
		return NULL;
	}
	o = wire_put_str(o, "peerId", p->seat->pid);
	o = wire_put_id(o, "transportId", c->transport->id);
	o = wire_put_id(o, "producerId", p->id);
	o = wire_put_id(o, "id", c->id);
	o = wire_put_str(o, "kind", rtpdesc_kind_name(p->kind));
	o = wire_put(o, "rtpParameters", rtpjson_params(&params));
	o = wire_put_str(o, "type", rtpdesc_type_name(p->type));
	o = wire_put_text(o, "appData", p->app_data);
	return wire_put_bool(o, "producerPaused", p->paused);
}
