#include "signald/api/dispatch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/str.h"
#include "common/sys/loop.h"
#include "signald/api/api.h"
#include "signald/api/hubstate.h"

/* Rows of the rooms: the core answers. Rows of ours: begin and perhaps end. */
#define ROOM(name, phase, rate, event, parse)                                  \
	{                                                                      \
		name, phase, rate, event, parse, NULL, NULL                    \
	}
#define OURS(name, phase, rate, begin, end)                                    \
	{                                                                      \
		name, phase, rate, EVENT_TICK, NULL, begin, end                \
	}

static const struct dispatch_row rows[] = {
	{.name = NULL},
	/* coming and going */
	OURS("enter", PHASE_NEW, RATE_JOIN, api_enter_begin, NULL),
	ROOM("setKnock", PHASE_WAITING, RATE_JOIN, EVENT_SET_KNOCK,
	     api_enter_knock),
	OURS("join", PHASE_IN, RATE_JOIN, api_enter_join, NULL),
	OURS("leave", PHASE_KNOWN, RATE_OTHER, api_enter_leave, NULL),
	/* transports */
	OURS("getRouterRtpCapabilities", PHASE_IN, RATE_OTHER,
	     api_transport_caps, NULL),
	OURS("createWebRtcTransport", PHASE_IN, RATE_PRODUCE,
	     api_transport_create, api_transport_created),
	OURS("connectWebRtcTransport", PHASE_IN, RATE_OTHER,
	     api_transport_connect, NULL),
	OURS("restartIce", PHASE_IN, RATE_OTHER, api_transport_restart,
	     api_transport_restarted),
	OURS("closeTransport", PHASE_IN, RATE_OTHER, api_transport_close, NULL),
	/* producers */
	OURS("produce", PHASE_JOINED, RATE_PRODUCE, api_produce_begin,
	     api_produce_end),
	OURS("closeProducer", PHASE_JOINED, RATE_OTHER, api_produce_close,
	     NULL),
	OURS("pauseProducer", PHASE_JOINED, RATE_OTHER, api_produce_pause,
	     NULL),
	OURS("resumeProducer", PHASE_JOINED, RATE_OTHER, api_produce_resume,
	     NULL),
	/* consumers */
	OURS("pauseConsumer", PHASE_JOINED, RATE_CONSUME, api_consume_pause,
	     NULL),
	OURS("resumeConsumer", PHASE_JOINED, RATE_CONSUME, api_consume_resume,
	     NULL),
	OURS("setConsumerPreferredLayers", PHASE_JOINED, RATE_CONSUME,
	     api_consume_layers, NULL),
	OURS("setConsumerPriority", PHASE_JOINED, RATE_CONSUME,
	     api_consume_priority, NULL),
	OURS("setConsumerViewport", PHASE_JOINED, RATE_CONSUME,
	     api_consume_viewport, NULL),
	OURS("requestConsumerKeyFrame", PHASE_JOINED, RATE_CONSUME,
	     api_consume_key_frame, NULL),
	/* statistics */
	OURS("getTransportStats", PHASE_IN, RATE_OTHER, api_stats_transport,
	     api_stats_transport_end),
	OURS("getProducerStats", PHASE_IN, RATE_OTHER, api_stats_producer,
	     api_stats_producer_end),
	OURS("getConsumerStats", PHASE_IN, RATE_CONSUME, api_stats_consumer,
	     api_stats_consumer_end),
	OURS("reportNetwork", PHASE_IN, RATE_OTHER, api_stats_report, NULL),
	/* everybody in the room */
	ROOM("changeDisplayName", PHASE_IN, RATE_OTHER, EVENT_RENAME,
	     api_room_name),
	ROOM("setHand", PHASE_IN, RATE_OTHER, EVENT_SET_HAND, api_room_hand),
	ROOM("react", PHASE_IN, RATE_CHAT, EVENT_REACT, api_room_react),
	/* chat */
	ROOM("setChatKeys", PHASE_IN, RATE_OTHER, EVENT_SET_KEYS,
	     api_chat_keys),
	ROOM("sendChat", PHASE_IN, RATE_CHAT, EVENT_CHAT, api_chat_send),
	ROOM("deleteChat", PHASE_IN, RATE_CHAT, EVENT_DELETE_CHAT,
	     api_chat_delete),
	ROOM("sealKeys", PHASE_IN, RATE_CHAT, EVENT_SEAL_KEYS, api_chat_seal),
	ROOM("chatHistory", PHASE_IN, RATE_OTHER, EVENT_HISTORY,
	     api_chat_history),
	/* the waiting room */
	ROOM("listKnocks", PHASE_IN, RATE_OTHER, EVENT_LIST_KNOCKS, NULL),
	ROOM("admit", PHASE_IN, RATE_OTHER, EVENT_ADMIT, api_moderate_peer),
	ROOM("admitAll", PHASE_IN, RATE_OTHER, EVENT_ADMIT_ALL, NULL),
	ROOM("deny", PHASE_IN, RATE_OTHER, EVENT_DENY, api_moderate_deny),
	ROOM("sendToWaiting", PHASE_IN, RATE_OTHER, EVENT_SEND_TO_WAITING,
	     api_moderate_peer),
	/* invites */
	ROOM("createInvite", PHASE_IN, RATE_INVITE, EVENT_CREATE_INVITE,
	     api_invite_create),
	ROOM("listInvites", PHASE_IN, RATE_INVITE, EVENT_LIST_INVITES, NULL),
	ROOM("revokeInvite", PHASE_IN, RATE_INVITE, EVENT_REVOKE_INVITE,
	     api_invite_revoke),
	/* hosts */
	ROOM("setPolicy", PHASE_IN, RATE_OTHER, EVENT_SET_POLICY,
	     api_room_policy),
	ROOM("setSettings", PHASE_IN, RATE_OTHER, EVENT_SET_SETTINGS,
	     api_room_settings),
	ROOM("mutePeer", PHASE_IN, RATE_OTHER, EVENT_MUTE_PEER,
	     api_moderate_mute),
	ROOM("muteAll", PHASE_IN, RATE_OTHER, EVENT_MUTE_ALL, NULL),
	ROOM("askUnmute", PHASE_IN, RATE_OTHER, EVENT_ASK_UNMUTE,
	     api_moderate_peer),
	ROOM("kick", PHASE_IN, RATE_OTHER, EVENT_KICK, api_moderate_kick),
	ROOM("setRole", PHASE_IN, RATE_OTHER, EVENT_SET_ROLE,
	     api_moderate_role),
	ROOM("lowerHands", PHASE_IN, RATE_OTHER, EVENT_LOWER_HANDS, NULL),
	ROOM("spotlight", PHASE_IN, RATE_OTHER, EVENT_SPOTLIGHT,
	     api_moderate_spotlight),
	ROOM("endRoom", PHASE_IN, RATE_OTHER, EVENT_END_ROOM, NULL),
	ROOM("listAudit", PHASE_IN, RATE_OTHER, EVENT_LIST_AUDIT, NULL),
};

#define ROWS (sizeof(rows) / sizeof(*rows))

#define HELD_MAX 100000 /* effects that wait for the journal */

const struct dispatch_row *dispatch_row(uint32_t i)
{
	return i + 1 < ROWS ? &rows[i + 1] : NULL;
}

static uint32_t find(const char *method)
{
	for (uint32_t i = 1; i < ROWS; i++)
		if (str_eq(rows[i].name, method))
			return i;
	return 0;
}

static const struct {
	int err, code;
	const char *reason;
} failures[] = {
	{-EINVAL, 400, "bad-request"},
	{-ENOENT, 404, "not-found"},
	{-ENOTSUP, 400, "unsupported-codec"},
	{-ENOSPC, 403, "too-many"},
	{-EEXIST, 409, "exists"},
	{-EPERM, 403, "forbidden"},
	{-ENOTCONN, 503, "no-worker"},
	{-ETIMEDOUT, 503, "worker-timeout"},
	{-ENOBUFS, 503, "busy"},
	{-EKEYREVOKED, 503, "media-halted"},
	{-ENOMEM, 503, "no-memory"},
};

static void refuse_errno(struct session *s, uint32_t req, int err)
{
	for (size_t i = 0; i < sizeof(failures) / sizeof(*failures); i++) {
		if (failures[i].err != err)
			continue;
		session_refuse(s, req, failures[i].code, failures[i].reason,
			       failures[i].code == 503 ? 500 : 0);
		return;
	}
	session_refuse(s, req, 500, "internal", 0);
}

void dispatch_result(struct api_req *r, int err)
{
	if (err)
		refuse_errno(r->s, r->id, err);
}

struct media_ticket dispatch_ticket(const struct api_req *r)
{
	return (struct media_ticket){
		.peer = r->peer->id,
		.conn = r->s->id,
		.req = r->id,
		.row = r->row,
	};
}

void dispatch_reply(struct hub *hub, const struct media_out *reply)
{
	const struct media_ticket *t = &reply->reply.ticket;
	struct session *s = session_of_ticket(hub, t);

	if (reply->reply.error)
		refuse_errno(s, t->req, reply->reply.error);
	else if (rows[t->row].end)
		rows[t->row].end(hub, reply);
	else
		session_ok(s, t->req, NULL);
}

/* NULL: allowed. */
static const char *refused_phase(const struct dispatch_row *row,
				 const struct peer *p)
{
	switch (row->phase) {
	case PHASE_NEW:
		return p ? "already-entered" : NULL;
	case PHASE_WAITING:
		return p && peer_is_waiting(p) ? NULL : "not-waiting";
	case PHASE_KNOWN:
		return p ? NULL : "not-admitted";
	case PHASE_IN:
		return p && peer_is_in(p) ? NULL : "not-admitted";
	case PHASE_JOINED:
		if (!p || !peer_is_in(p))
			return "not-admitted";
		return p->joined ? NULL : "not-joined";
	}
	return "not-admitted";
}

static void perform(struct api_req *r, const struct dispatch_row *row)
{
	if (row->parse)
		row->parse(r);
	if (r->w.bad) {
		session_refuse(r->s, r->id, 400, "bad-request", 0);
		return;
	}
	if (row->begin) {
		row->begin(r);
		return;
	}
	/* The disk is full for long: more would only fill the memory. */
	if (gate_held(r->hub->gate) > HELD_MAX) {
		session_refuse(r->s, r->id, 503, "busy", 1000);
		return;
	}
	r->e.kind = row->event;
	hub_step(r->hub, &r->e);
}

void dispatch_request(struct session *s, const struct wire_msg *msg)
{
	struct api_req r = {.hub = s->hub, .s = s, .id = msg->id};
	const struct dispatch_row *row;
	const char *refused;
	uint64_t wait_us;

	r.row = find(msg->method);
	if (!r.row) {
		session_refuse(s, msg->id, 404, "unknown-method", 0);
		return;
	}
	row = &rows[r.row];
	r.peer = core_peer_of(s->hub->core, s->id);
	/* A plain mediasoup client starts with whatever it needs first. */
	if (!r.peer && row->phase >= PHASE_IN) {
		if (!api_enter_implicit(s, msg->id))
			return; /* the rooms have said why */
		r.peer = core_peer_of(s->hub->core, s->id);
	}
	refused = refused_phase(row, r.peer);
	if (refused) {
		session_refuse(s, msg->id, row->phase == PHASE_NEW ? 409 : 403,
			       refused, 0);
		return;
	}
	wait_us = bucket_take(&s->buckets[row->rate], 1,
			      loop_now_us(s->hub->loop));
	if (wait_us) {
		session_refuse(s, msg->id, 429, "rate-limited",
			       wait_us / 1000 + 1);
		return;
	}
	r.w = wire_of(msg->data);
	r.e.conn = s->id;
	r.e.req = msg->id;
	perform(&r, row);
	free(r.heap);
}
