/* Producers: what a peer sends. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/str.h"
#include "signald/api/api.h"
#include "signald/api/desk.h"
#include "signald/api/hubstate.h"
#include "signald/api/rtpjson.h"
#include "signald/media/prod.h"

/* What a worker keeps of a producer for us. */
#define LABEL_MAX 4096

/* Absent: by the kind. The demo's share flag is a screen. */
static uint32_t source_of(const char *name, enum rtp_kind kind, bool share)
{
	static const struct {
		const char *name;
		enum source source;
		enum rtp_kind kind;
	} sources[] = {
		{"mic", SOURCE_MIC, RTP_AUDIO},
		{"webcam", SOURCE_WEBCAM, RTP_VIDEO},
		{"screen", SOURCE_SCREEN, RTP_VIDEO},
		{"screen-audio", SOURCE_SCREEN_AUDIO, RTP_AUDIO},
	};

	for (size_t i = 0; i < sizeof(sources) / sizeof(*sources); i++)
		if (str_eq(sources[i].name, name) && sources[i].kind == kind)
			return sources[i].source;
	if (share)
		return kind == RTP_VIDEO ? SOURCE_SCREEN : SOURCE_SCREEN_AUDIO;
	return kind == RTP_VIDEO ? SOURCE_WEBCAM : SOURCE_MIC;
}

static int read_kind(struct wire *w, enum rtp_kind *kind)
{
	const char *s = wire_text(w, "kind", WIRE_MUST, 16);

	*kind = RTP_AUDIO;
	if (s && str_eq(s, "video"))
		*kind = RTP_VIDEO;
	else if (!s || !str_eq(s, "audio"))
		return -EINVAL;
	return 0;
}

struct produce_args {
	struct rtp_params params;
	struct prod_opts opts;
	char app_data[WIRE_APP_DATA];
	char source[32];
	uint64_t transport;
};

static int read_args(struct api_req *r, struct produce_args *a)
{
	struct wire *w = &r->w;
	struct wire app = wire_obj(w, "appData", WIRE_MAY);
	struct wire rtp;
	bool share;

	a->transport = wire_id(w, "transportId", WIRE_MUST);
	if (read_kind(w, &a->opts.kind))
		return -EINVAL;
	rtp = wire_obj(w, "rtpParameters", WIRE_MUST);
	if (w->bad || rtpjson_read_params(&a->params, &rtp, a->opts.kind))
		return -EINVAL;
	wire_app_data(w, a->app_data, a->source, sizeof(a->source));
	share = wire_bool(&app, "share", WIRE_MAY, false);
	a->opts.source = source_of(a->source, a->opts.kind, share);
	a->opts.app_data = a->app_data;
	a->opts.paused = wire_bool(w, "paused", WIRE_MAY, false);
	a->opts.revive = wire_id(w, "producerId", WIRE_MAY);
	return w->bad ? -EINVAL : 0;
}

/* Kept by the worker, enough to know the producer again after our death. */
static char *label(const struct produce_args *a, size_t *len)
{
	json_t *o = wire_put_int(json_object(), "source", a->opts.source);

	o = wire_put_text(o, "appData", a->app_data);
	o = wire_put(o, "rtpParameters", rtpjson_params(&a->params));
	return wire_dump(o, len);
}

static int produce(struct api_req *r, struct produce_args *a)
{
	struct media *m = r->hub->media;
	struct media_ticket ticket = dispatch_ticket(r);
	struct transport *t = graph_transport(&m->graph, a->transport);
	char *text;
	int err;

	if (!t || t->seat->id != r->peer->id)
		return -ENOENT;
	if (!t->producing)
		return -EINVAL;
	if (!core_may_send(r->peer, (enum source)a->opts.source) &&
	    !a->opts.paused)
		return -EPERM;
	prod_set_cname(t, &a->params);
	text = label(a, &a->opts.label_len);
	if (!text)
		return -ENOMEM;
	a->opts.label = text;
	err = a->opts.label_len > LABEL_MAX
		      ? -EINVAL
		      : prod_create(m, t, &a->params, &a->opts, &ticket);
	free(text);
	return err;
}

static json_t *id_json(uint64_t id)
{
	return wire_put_id(json_object(), "id", id);
}

void api_produce_begin(struct api_req *r)
{
	uint64_t done = desk_recall(r->hub, r->peer->id, r->row, r->id);
	struct produce_args *a;
	int err;

	if (done && graph_producer(&r->hub->media->graph, done)) {
		session_ok(r->s, r->id, id_json(done));
		return;
	}
	a = calloc(1, sizeof(*a));
	if (!a) {
		dispatch_result(r, -ENOMEM);
		return;
	}
	r->heap = a;
	err = read_args(r, a);
	dispatch_result(r, err ? err : produce(r, a));
}

void api_produce_end(struct hub *hub, const struct media_out *reply)
{
	const struct media_ticket *t = &reply->reply.ticket;
	struct desk_done done = {t->req, t->row, reply->id};

	desk_remember(hub, t->peer, &done);
	session_ok(session_of_ticket(hub, t), t->req, id_json(reply->id));
}

/* The requester's own producer, or NULL: answered. */
static struct producer *own(struct api_req *r)
{
	uint64_t id = wire_id(&r->w, "producerId", WIRE_MUST);
	struct producer *p;

	if (r->w.bad) {
		dispatch_result(r, -EINVAL);
		return NULL;
	}
	p = graph_producer(&r->hub->media->graph, id);
	if (p && p->seat->id == r->peer->id)
		return p;
	dispatch_result(r, -ENOENT);
	return NULL;
}

void api_produce_close(struct api_req *r)
{
	struct producer *p = own(r);

	if (!p)
		return;
	prod_close(r->hub->media, p);
	session_ok(r->s, r->id, NULL);
}

void api_produce_pause(struct api_req *r)
{
	struct producer *p = own(r);
	struct media_ticket ticket = dispatch_ticket(r);

	if (p)
		dispatch_result(
			r, prod_set_paused(r->hub->media, p, true, &ticket));
}

void api_produce_resume(struct api_req *r)
{
	struct producer *p = own(r);
	struct media_ticket ticket = dispatch_ticket(r);

	if (!p)
		return;
	if (!core_may_send(r->peer, (enum source)p->source))
		dispatch_result(r, -EPERM);
	else
		dispatch_result(
			r, prod_set_paused(r->hub->media, p, false, &ticket));
}
