/* Transports: ICE and DTLS of a peer towards its worker. */
#include <errno.h>

#include "common/str.h"
#include "signald/api/api.h"
#include "signald/api/desk.h"
#include "signald/api/hubstate.h"
#include "signald/api/rtpjson.h"
#include "signald/media/call.h"
#include "signald/media/trans.h"

void api_transport_caps(struct api_req *r)
{
	session_ok(r->s, r->id, rtpjson_caps(&r->hub->media->caps));
}

/* The requester's own transport named in the request, or NULL: answered. */
static struct transport *own(struct api_req *r)
{
	uint64_t id = wire_id(&r->w, "transportId", WIRE_MUST);
	struct transport *t;

	if (r->w.bad) {
		dispatch_result(r, -EINVAL);
		return NULL;
	}
	t = graph_transport(&r->hub->media->graph, id);
	if (t && t->seat->id == r->peer->id)
		return t;
	dispatch_result(r, -ENOENT);
	return NULL;
}

/* Remembered at once: it may be asked again before the worker answers. */
static int create(struct api_req *r, const struct trans_opts *opts,
		  const struct media_ticket *ticket)
{
	struct seat *s = api_enter_seat(r->hub, r->peer);
	struct desk_done done = {r->id, r->row, 0};
	int err = s ? trans_create(r->hub->media, s, opts, ticket) : -ENOMEM;

	if (err)
		return err;
	done.object =
		list_entry(s->transports.prev, struct transport, node)->id;
	desk_remember(r->hub, r->peer->id, &done);
	return 0;
}

void api_transport_create(struct api_req *r)
{
	struct media *m = r->hub->media;
	struct media_ticket ticket = dispatch_ticket(r);
	struct trans_opts opts = {
		.producing = wire_bool(&r->w, "producing", WIRE_MAY, false),
		.consuming = wire_bool(&r->w, "consuming", WIRE_MAY, false),
		.force_tcp = wire_bool(&r->w, "forceTcp", WIRE_MAY, false),
	};
	uint64_t done = desk_recall(r->hub, r->peer->id, r->row, r->id);
	struct transport *t = graph_transport(&m->graph, done);

	if (r->w.bad) {
		dispatch_result(r, -EINVAL);
		return;
	}
	/* Asked again after a break: the worker answers the same. */
	if (t && t->seat->id == r->peer->id) {
		dispatch_result(r, trans_ask(m, t, &ticket));
		return;
	}
	dispatch_result(r, create(r, &opts, &ticket));
}

static json_t *ice_json(const Media__IceParameters *ice)
{
	json_t *o = wire_put_str(json_object(), "usernameFragment",
				 ice->username_fragment);

	o = wire_put_str(o, "password", ice->password);
	return wire_put_bool(o, "iceLite", true);
}

static json_t *candidate_json(const Media__IceCandidate *c)
{
	json_t *o = wire_put_str(json_object(), "foundation", c->foundation);

	o = wire_put_int(o, "priority", c->priority);
	o = wire_put_str(o, "ip", c->address);
	o = wire_put_str(o, "address", c->address);
	o = wire_put_str(o, "protocol", c->tcp ? "tcp" : "udp");
	o = wire_put_int(o, "port", c->port);
	o = wire_put_str(o, "type", "host");
	return c->tcp ? wire_put_str(o, "tcpType", "passive") : o;
}

json_t *api_transport_json(uint64_t id, const Media__TransportInfo *info)
{
	json_t *o = wire_put_id(json_object(), "id", id);
	json_t *candidates = json_array();
	json_t *fps = json_array();
	json_t *dtls;

	for (size_t i = 0; i < info->n_candidates; i++)
		candidates = wire_add(candidates,
				      candidate_json(info->candidates[i]));
	/* The client takes the last one. */
	for (size_t i = 0; i < info->n_fingerprints; i++) {
		const Media__Fingerprint *f = info->fingerprints[i];
		json_t *v =
			wire_put_str(json_object(), "algorithm", f->algorithm);

		fps = wire_add(fps, wire_put_str(v, "value", f->value));
	}
	dtls = wire_put(json_object(), "fingerprints", fps);
	dtls = wire_put_str(dtls, "role", "auto");
	o = wire_put(o, "iceParameters", ice_json(info->ice));
	o = wire_put(o, "iceCandidates", candidates);
	return wire_put(o, "dtlsParameters", dtls);
}

void api_transport_created(struct hub *hub, const struct media_out *reply)
{
	const struct media_ticket *t = &reply->reply.ticket;

	session_ok(session_of_ticket(hub, t), t->req,
		   api_transport_json(reply->id, reply->reply.msg));
}

static Media__DtlsRole read_role(struct wire *w)
{
	const char *s = wire_text(w, "role", WIRE_MAY, 16);

	if (!s || str_eq(s, "auto"))
		return MEDIA__DTLS_ROLE__DTLS_AUTO;
	if (str_eq(s, "client"))
		return MEDIA__DTLS_ROLE__DTLS_CLIENT;
	if (str_eq(s, "server"))
		return MEDIA__DTLS_ROLE__DTLS_SERVER;
	w->bad = "role";
	return MEDIA__DTLS_ROLE__DTLS_AUTO;
}

void api_transport_connect(struct api_req *r)
{
	struct transport *t = own(r);
	struct trans_fingerprint fp[TRANS_FINGERPRINTS];
	struct media_ticket ticket = dispatch_ticket(r);
	Media__DtlsRole role;
	const json_t *list;
	struct wire dtls;
	size_t n;

	if (!t)
		return;
	dtls = wire_obj(&r->w, "dtlsParameters", WIRE_MUST);
	role = read_role(&dtls);
	list = wire_arr(&dtls, "fingerprints", WIRE_MUST, TRANS_FINGERPRINTS);
	n = list ? json_array_size(list) : 0;
	for (size_t i = 0; i < n; i++) {
		struct wire f = wire_of(json_array_get(list, i));

		wire_str(&f, "algorithm", WIRE_MUST, fp[i].algorithm,
			 sizeof(fp[i].algorithm));
		wire_str(&f, "value", WIRE_MUST, fp[i].value,
			 sizeof(fp[i].value));
		if (f.bad)
			dtls.bad = f.bad;
	}
	if (r->w.bad || dtls.bad || n == 0)
		dispatch_result(r, -EINVAL);
	else
		dispatch_result(r, trans_connect(r->hub->media, t, role, fp, n,
						 &ticket));
}

void api_transport_restart(struct api_req *r)
{
	struct transport *t = own(r);
	struct media_ticket ticket = dispatch_ticket(r);

	if (t)
		dispatch_result(r,
				trans_restart_ice(r->hub->media, t, &ticket));
}

void api_transport_restarted(struct hub *hub, const struct media_out *reply)
{
	const struct media_ticket *t = &reply->reply.ticket;

	session_ok(session_of_ticket(hub, t), t->req,
		   ice_json(reply->reply.msg));
}

void api_transport_close(struct api_req *r)
{
	struct transport *t = own(r);

	if (!t)
		return;
	trans_close(r->hub->media, t);
	session_ok(r->s, r->id, NULL);
}
