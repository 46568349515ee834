/* Coming in, being seen, going. */
#include <stdlib.h>

#include "common/sys/rng.h"
#include "signald/api/api.h"
#include "signald/api/api_signin.h"
#include "signald/api/hubstate.h"
#include "signald/api/rtpjson.h"
#include "signald/media/call.h"
#include "signald/net/conn.h"

static void read_device(struct wire *w, struct device *out)
{
	struct wire d = wire_obj(w, "device", WIRE_MAY);

	out->flag = wire_text(&d, "flag", WIRE_MAY, DEVICE_SIZE - 1);
	out->name = wire_text(&d, "name", WIRE_MAY, DEVICE_SIZE - 1);
	out->version = wire_text(&d, "version", WIRE_MAY, DEVICE_SIZE - 1);
	if (d.bad)
		w->bad = "device";
}

static void read_secret(struct hub *hub, struct wire *w, const char *name,
			struct secret_hash *out)
{
	const char *s = wire_text(w, name, WIRE_MAY, HUB_SECRET_MAX);

	if (s && s[0])
		secret_hash(&hub->secret, s, out);
}

/* Who has signed in goes by that name, and by no other. */
static void read_person(struct hub *hub, struct wire *w, struct event_enter *en)
{
	const struct signin *who = api_signin_find(
		hub, wire_text(w, "signInToken", WIRE_MAY, HUB_SECRET_MAX));

	if (!who)
		return;
	en->subject = who->subject;
	if (*who->name)
		en->name = who->name;
}

/* What a client that was here before says of it. */
static void read_resume(struct session *s, struct wire *w)
{
	struct wire have = wire_obj(w, "have", WIRE_MAY);

	json_decref(s->resume.have);
	s->resume.epoch =
		(uint32_t)wire_int(w, "epoch", WIRE_MAY, 0, UINT32_MAX, 0);
	s->resume.last_seq =
		(uint64_t)wire_int(w, "lastSeq", WIRE_MAY, 0, INT64_MAX, 0);
	s->resume.have = json_incref((json_t *)(uintptr_t)have.obj);
}

void api_enter_begin(struct api_req *r)
{
	struct event_enter *en = &r->e.enter;
	struct wire *w = &r->w;
	char token[SECRET_TEXT_SIZE];

	en->name = wire_text(w, "displayName", WIRE_MAY, NAME_SIZE * 2);
	en->message = wire_text(w, "message", WIRE_MAY, MESSAGE_SIZE * 2);
	en->browser = wire_text(w, "browserId", WIRE_MAY, BROWSER_SIZE - 1);
	read_device(w, &en->device);
	read_person(r->hub, w, en);
	read_secret(r->hub, w, "resumeToken", &en->token);
	read_secret(r->hub, w, "invite", &en->invite);
	read_secret(r->hub, w, "hostKey", &en->host_key);
	read_resume(r->s, w);
	if (w->bad) {
		session_refuse(r->s, r->id, 400, "bad-request", 0);
		return;
	}
	if (r->hub->draining && !core_room_named(r->hub->core, r->s->room_id)) {
		session_refuse(r->s, r->id, 503, "stopping", 0);
		return;
	}
	if (!en->name)
		en->name = "";
	secret_make(token);
	secret_hash(&r->hub->secret, token, &r->e.fresh_hash);
	r->e.secret = token;
	session_stranger(r->s); /* until it is let in */
	r->e.kind = EVENT_ENTER;
	r->e.room_id = r->s->room_id;
	r->e.from = *conn_addr(r->s->conn);
	r->e.fresh[0] = rng_id();
	r->e.fresh[1] = rng_id();
	hub_step(r->hub, &r->e);
}

bool api_enter_implicit(struct session *s, uint32_t req)
{
	struct event e = {
		.kind = EVENT_IMPLICIT,
		.conn = s->id,
		.req = req,
		.room_id = s->room_id,
		.from = *conn_addr(s->conn),
	};

	e.fresh[0] = rng_id();
	e.fresh[1] = rng_id();
	e.implicit.peer_id = s->peer_id;
	hub_step(s->hub, &e);
	return core_peer_of(s->hub->core, s->id) != NULL;
}

/* After our own restart they are needed to serve this peer on. */
static void keep_caps(struct api_req *r, uint64_t peer,
		      const struct rtp_caps *caps)
{
	struct event e = {.kind = EVENT_MEDIA_BLOB, .id = peer};
	size_t len;
	char *text = wire_dump(rtpjson_caps(caps), &len);

	if (!text)
		return;
	e.blob.data = text;
	e.blob.len = len;
	hub_step(r->hub, &e);
	free(text);
}

/* As at its `join`, which it will not repeat: the journal kept the caps. */
void api_enter_rejoin(struct hub *hub, const struct peer *p, struct seat *s)
{
	struct rtp_caps caps;
	json_t *v = p->blob ? json_loadb(p->blob, p->blob_len, 0, NULL) : NULL;
	struct wire w = wire_of(v);
	bool takes = v && !rtpjson_read_caps(&caps, &w);

	(void)call_join(hub->media, s, takes ? &caps : NULL);
	json_decref(v);
}

/* The seat, also of one who joined before everything was started anew. */
struct seat *api_enter_seat(struct hub *hub, const struct peer *p)
{
	struct seat *s = graph_seat(&hub->media->graph, p->id);

	if (s)
		return s;
	s = call_seat(hub->media, p->room->key, p->id, p->pid);
	if (s && p->joined)
		api_enter_rejoin(hub, p, s);
	return s;
}

void api_enter_join(struct api_req *r)
{
	struct wire caps_w = wire_obj(&r->w, "rtpCapabilities", WIRE_MAY);
	bool takes = caps_w.obj != NULL;
	const struct peer *p;
	struct rtp_caps caps;
	struct seat *seat;

	r->e.join.name =
		wire_text(&r->w, "displayName", WIRE_MAY, NAME_SIZE * 2);
	read_device(&r->w, &r->e.join.device);
	if (takes && rtpjson_read_caps(&caps, &caps_w))
		r->w.bad = "rtpCapabilities";
	if (r->w.bad) {
		session_refuse(r->s, r->id, 400, "bad-request", 0);
		return;
	}
	r->e.kind = EVENT_JOIN;
	hub_step(r->hub, &r->e);
	p = core_peer_of(r->hub->core, r->s->id);
	if (!p || !p->joined)
		return;
	if (takes)
		keep_caps(r, p->id, &caps);
	seat = call_seat(r->hub->media, p->room->key, p->id, p->pid);
	if (seat)
		(void)call_join(r->hub->media, seat, takes ? &caps : NULL);
}

void api_enter_leave(struct api_req *r)
{
	r->e.kind = EVENT_LEAVE;
	hub_step(r->hub, &r->e);
}

void api_enter_knock(struct api_req *r)
{
	r->e.knock.name =
		wire_text(&r->w, "displayName", WIRE_MAY, NAME_SIZE * 2);
	r->e.knock.message =
		wire_text(&r->w, "message", WIRE_MAY, MESSAGE_SIZE * 2);
}
