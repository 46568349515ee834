#include "signald/api/trace.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "common/str.h"
#include "signald/api/admincmd.h"
#include "signald/api/adminout.h"
#include "signald/api/hubstate.h"
#include "signald/api/session.h"

#define EVENTS	512
#define LOOK_US 10000000 /* nobody asks for so long: it ends */

struct trace_event {
	uint64_t seq, at_ms;
	bool in;
	char what[40], detail[160];
};

struct trace {
	uint64_t peer;
	uint64_t until_us;
	uint64_t seq; /* of the last */
	struct trace_event ring[EVENTS];
};

/* Notifications whose data tells nothing of people. */
static const char *const shown[] = {
	"consumerClosed",	"consumerLayersChanged", "consumerLimit",
	"consumerPaused",	"consumerResumed",	 "consumerScore",
	"downlinkBwe",		"producerScore",	 "producerPaused",
	"producerLayersWanted",
};

static bool is_shown(const char *method)
{
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
		if (str_eq(shown[i], method))
			return true;
	return false;
}

static const char *member(const json_t *msg, const char *key)
{
	const char *s = json_string_value(json_object_get(msg, key));

	return s ? s : "";
}

static void put_data(struct trace_event *e, const json_t *msg)
{
	char *text = json_dumps(json_object_get(msg, "data"), JSON_COMPACT);

	if (text)
		(void)str_addf(e->detail, sizeof(e->detail), "%.150s", text);
	free(text);
}

static void describe(struct trace_event *e, const json_t *msg)
{
	const char *method = member(msg, "method");
	json_int_t id = json_integer_value(json_object_get(msg, "id"));

	if (json_is_true(json_object_get(msg, "response"))) {
		(void)str_addf(e->what, sizeof(e->what), "answer %lld",
			       (long long)id);
		(void)str_addf(e->detail, sizeof(e->detail), "%.60s",
			       json_is_true(json_object_get(msg, "ok"))
				       ? "ok"
				       : member(msg, "errorReason"));
		return;
	}
	(void)str_addf(e->what, sizeof(e->what), "%.36s", method);
	if (json_is_true(json_object_get(msg, "request")))
		(void)str_addf(e->detail, sizeof(e->detail), "request %lld",
			       (long long)id);
	else if (is_shown(method))
		put_data(e, msg);
}

void trace_text(const struct session *s, bool in, const char *text, size_t len)
{
	struct trace *t = s->hub->trace;
	const struct peer *p;
	struct trace_event *e;
	json_t *msg;

	if (!t || !t->peer)
		return;
	if (hub_now(s->hub).us > t->until_us) {
		t->peer = 0;
		return;
	}
	p = core_peer_of(s->hub->core, s->id);
	if (!p || p->id != t->peer)
		return;
	msg = json_loadb(text, len, 0, NULL);
	if (!msg)
		return;
	e = &t->ring[++t->seq % EVENTS];
	*e = (struct trace_event){
		.seq = t->seq, .at_ms = hub_now(s->hub).wall_ms, .in = in};
	describe(e, msg);
	json_decref(msg);
}

static void put_events(struct adminout *o, const struct trace *t,
		       uint64_t since)
{
	uint64_t first = t->seq >= EVENTS ? t->seq - EVENTS + 1 : 1;

	adminout_column(o, "seq", true);
	adminout_column(o, "at", true);
	adminout_column(o, "from", false);
	adminout_column(o, "what", false);
	adminout_column(o, "detail", false);
	for (uint64_t i = since >= first ? since + 1 : first; i <= t->seq;
	     i++) {
		const struct trace_event *e = &t->ring[i % EVENTS];

		adminout_row(o);
		adminout_number(o, e->seq);
		adminout_number(o, e->at_ms);
		adminout_text(o, e->in ? "client" : "server");
		adminout_text(o, e->what);
		adminout_text(o, e->detail);
	}
}

bool trace_events(struct admincmd_call *c)
{
	struct hub *hub = c->hub;
	uint64_t peer = admincmd_peer(hub, c->word[1]), since = 0;

	if (c->n_words > 2 && str_u64(c->word[2], UINT64_MAX, &since)) {
		adminout_error(c->out, "not a number");
		return false;
	}
	if (!peer) {
		adminout_error(c->out, "no-peer");
		return false;
	}
	if (!hub->trace)
		hub->trace = calloc(1, sizeof(*hub->trace));
	if (!hub->trace) {
		adminout_error(c->out, "out of memory");
		return false;
	}
	if (hub->trace->peer != peer)
		memset(hub->trace, 0, sizeof(*hub->trace));
	hub->trace->peer = peer;
	hub->trace->until_us = hub_now(hub).us + LOOK_US;
	put_events(c->out, hub->trace, since);
	return false;
}
