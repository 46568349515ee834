/* Requests that come by HTTP: rooms made in advance, pages that close. */
#include <stdlib.h>
#include <string.h>

#include "common/str.h"
#include "common/sys/rng.h"
#include "signald/api/api.h"
#include "signald/api/api_signin.h"
#include "signald/api/encode.h"
#include "signald/api/hubstate.h"
#include "signald/api/metrics.h"
#include "signald/net/conn.h"
#include "signald/net/http.h"

void api_http_reply(struct conn *c, int status, json_t *body)
{
	size_t len;
	char *text = wire_dump(body, &len);

	if (text)
		(void)conn_reply(c, status, text, len);
	else
		(void)conn_reply(c, 500, "{}", 2);
	free(text);
}

void api_http_say(struct conn *c, int status, const char *reason,
		  uint64_t retry_ms)
{
	json_t *o = wire_put_str(json_object(), "errorReason", reason);

	if (retry_ms)
		o = wire_put_int(o, "retryAfterMs", (int64_t)retry_ms);
	api_http_reply(c, status, o);
}

void api_http_answer(struct hub *hub, uint64_t conn, const struct answer *a)
{
	struct conn *c = net_find(hub->net, conn);

	if (c)
		api_http_reply(c, 200, encode_answer(a));
}

void api_http_refuse(struct hub *hub, uint64_t conn, const struct refusal *f)
{
	struct conn *c = net_find(hub->net, conn);

	if (c)
		api_http_say(c, refuse_code(f->why), refuse_reason(f->why),
			     f->retry_ms);
}

/* POST /api/rooms {policy?, settings?} -> {roomId, hostKey} */
static void create_room(struct hub *hub, struct conn *c, struct wire *w,
			const struct http_req *req)
{
	struct api_req r = {.hub = hub, .w = *w};
	const struct signin *who;
	char key[SECRET_TEXT_SIZE];
	char id[SECRET_TEXT_SIZE];
	struct wire settings = wire_obj(w, "settings", WIRE_MAY);

	(void)req;
	api_room_read_settings(&settings, &r.e.create.settings);
	r.w.bad = w->bad ? w->bad : settings.bad;
	if (hub->draining) {
		api_http_say(c, 503, "stopping", 0);
		return;
	}
	who = api_signin_find(
		hub, wire_text(w, "signInToken", WIRE_MAY, HUB_SECRET_MAX));
	r.e.create.subject = who ? who->subject : NULL;
	r.e.create.has_policy = wire_has(w, "policy");
	if (r.e.create.has_policy)
		api_room_policy(&r);
	if (r.w.bad) {
		api_http_say(c, 400, "bad-request", 0);
		return;
	}
	/* A room's name is as hard to guess as a secret. */
	secret_make(id);
	secret_make(key);
	secret_hash(&hub->secret, key, &r.e.fresh_hash);
	r.e.kind = EVENT_CREATE;
	r.e.conn = conn_id(c);
	r.e.req = API_HTTP_REQ | 1;
	r.e.room_id = id;
	r.e.secret = key;
	r.e.from = *conn_addr(c);
	r.e.fresh[0] = rng_id();
	r.e.fresh[1] = rng_id();
	hub_step(hub, &r.e);
}

/* POST /api/away {peerId, resumeToken}: the page closes; nothing is said. */
static void away(struct hub *hub, struct conn *c, struct wire *w,
		 const struct http_req *req)
{
	struct event e = {.kind = EVENT_BEACON, .from = *conn_addr(c)};
	const char *token =
		wire_text(w, "resumeToken", WIRE_MUST, HUB_SECRET_MAX);

	(void)req;
	if (token) {
		secret_hash(&hub->secret, token, &e.beacon.token);
		hub_step(hub, &e);
	}
	api_http_reply(c, 200, json_object());
}

static const struct {
	const char *method, *path;
	void (*run)(struct hub *hub, struct conn *c, struct wire *w,
		    const struct http_req *req);
} routes[] = {
	{"POST", "/api/rooms", create_room},
	{"POST", "/api/away", away},
	{"GET", "/api/signin", api_signin_get},
	{"POST", "/api/signin", api_signin_post},
};

static void run(struct hub *hub, struct conn *c, const struct http_req *req,
		size_t route)
{
	const char *why;
	json_t *body = wire_parse(req->body_len ? req->body : "{}",
				  req->body_len ? req->body_len : 2, &why);
	struct wire w = wire_of(body);

	if (body)
		routes[route].run(hub, c, &w, req);
	else
		api_http_say(c, 400, why, 0);
	json_decref(body);
}

/* Fit for new meetings: 200; else 503, and a balancer looks elsewhere. */
static void healthz(struct hub *hub, struct conn *c)
{
	const char *status = "no-workers";

	for (size_t i = 0; i < WORKERS_MAX; i++)
		if (hub->media->workers.w[i].state == WORKER_UP)
			status = "ok";
	if (hub->sick)
		status = "no-journal";
	if (hub->stopping || hub->draining)
		status = "stopping";
	api_http_reply(c, str_eq(status, "ok") ? 200 : 503,
		       wire_put_str(json_object(), "status", status));
}

void api_http_request(struct hub *hub, struct conn *c,
		      const struct http_req *req)
{
	bool known = false;

	if (str_eq(req->path, "/healthz")) {
		healthz(hub, c);
		return;
	}
	if (req->internal && str_eq(req->path, "/metrics")) {
		metrics_reply(hub, c);
		return;
	}
	for (size_t i = 0; i < sizeof(routes) / sizeof(*routes); i++) {
		if (!str_eq(req->path, routes[i].path))
			continue;
		known = true;
		if (!str_eq(req->method, routes[i].method))
			continue;
		run(hub, c, req, i);
		return;
	}
	api_http_say(c, known ? 405 : 404,
		     known ? "method-not-allowed" : "not-found", 0);
}
