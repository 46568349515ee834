#include "signald/api/admincmd.h"

#include <string.h>

#include "common/hex.h"
#include "common/log.h"
#include "common/str.h"
#include "common/sys/clock.h"
#include "common/sys/rng.h"
#include "proto/lifeline.h"
#include "signald/api/admin.h"
#include "signald/api/admindrill.h"
#include "signald/api/adminlive.h"
#include "signald/api/adminout.h"
#include "signald/api/adminrecord.h"
#include "signald/api/hubstate.h"
#include "signald/api/trace.h"
#include "signald/media/place.h"
#include "signald/net/net.h"

#define ARG(c, i) ((c)->word[i])

static const char *const policy_names[] = {
	[POLICY_WAITING] = "waiting",
	[POLICY_OPEN] = "open",
	[POLICY_LOCKED] = "locked",
};

static const char *const role_names[] = {
	[ROLE_GUEST] = "guest",
	[ROLE_COHOST] = "cohost",
	[ROLE_HOST] = "host",
};

static const char *const peer_states[] = {
	[PEER_NEW] = "new",   [PEER_WAITING] = "waiting",
	[PEER_IN] = "in",     [PEER_WAITING_AWAY] = "waiting-away",
	[PEER_AWAY] = "away", [PEER_GONE] = "gone",
};

static const char *const worker_states[] = {
	[WORKER_ABSENT] = "absent",
	[WORKER_STARTING] = "starting",
	[WORKER_UP] = "up",
	[WORKER_SICK] = "sick",
	[WORKER_DRAINING] = "draining",
};

/* ---- what there is --------------------------------------------------------
 */

static void count_rooms(struct hub *hub, uint64_t *rooms, uint64_t *members,
			uint64_t *waiting)
{
	const struct room *r;
	size_t pos = 0;

	while ((r = core_next_room(hub->core, &pos))) {
		if (r->ended)
			continue;
		++*rooms;
		*members += r->n_members;
		*waiting += r->n_line;
	}
}

static bool cmd_status(struct admincmd_call *c)
{
	struct adminout *o = c->out;
	struct hub *hub = c->hub;
	const struct net_stats *st = net_stats(hub->net);
	uint64_t rooms = 0, members = 0, waiting = 0, up = 0;

	count_rooms(hub, &rooms, &members, &waiting);
	for (size_t i = 0; i < WORKERS_MAX; i++)
		up += hub->media->workers.w[i].state == WORKER_UP;
	adminout_field(o, "state",
		       hub->stopping   ? "stopping"
		       : hub->draining ? "draining"
				       : "serving");
	adminout_count(o, "uptimeS",
		       (hub_now(hub).us - hub->born_us) / 1000000);
	adminout_count(o, "workersUp", up);
	adminout_count(o, "rooms", rooms);
	adminout_count(o, "members", members);
	adminout_count(o, "waiting", waiting);
	adminout_count(o, "transports", hub->media->graph.transports.n);
	adminout_count(o, "producers", hub->media->graph.producers.n);
	adminout_count(o, "consumers", hub->media->graph.consumers.n);
	adminout_count(o, "connections", st->conns);
	adminout_count(o, "websockets", st->websockets);
	adminout_count(o, "messagesIn", st->ws_msgs_in);
	adminout_count(o, "messagesOut", st->ws_msgs_out);
	adminout_count(o, "refusedByAddress", st->refused_addr);
	adminout_field(o, "logLevel",
		       (const char *const[]){"error", "warn", "info",
					     "debug"}[log_get_level()]);
	return false;
}

static bool list_workers(struct admincmd_call *c)
{
	struct adminout *o = c->out;

	adminout_column(o, "worker", true);
	adminout_column(o, "generation", true);
	adminout_column(o, "state", false);
	adminout_column(o, "rooms", true);
	adminout_column(o, "transports", true);
	adminout_column(o, "producers", true);
	adminout_column(o, "consumers", true);
	adminout_column(o, "packetsPerS", true);
	adminout_column(o, "cpuPercent", true);
	adminout_column(o, "forwardP99Us", true);
	for (size_t i = 0; i < WORKERS_MAX; i++) {
		const struct worker *w = &c->hub->media->workers.w[i];

		if (w->state == WORKER_ABSENT)
			continue;
		adminout_row(o);
		adminout_number(o, w->index);
		adminout_number(o, w->generation);
		adminout_text(o, worker_states[w->state]);
		adminout_number(o, place_count(c->hub->media, w->index));
		adminout_number(o, w->load.transports);
		adminout_number(o, w->load.producers);
		adminout_number(o, w->load.consumers);
		adminout_number(o, w->load.packets_s);
		adminout_number(o, w->load.cpu_percent);
		adminout_number(o, w->load.forward_p99_us);
	}
	return false;
}

static bool cmd_rooms(struct admincmd_call *c)
{
	struct adminout *o = c->out;
	const struct room *r;
	size_t pos = 0;

	adminout_column(o, "room", false);
	adminout_column(o, "policy", false);
	adminout_column(o, "members", true);
	adminout_column(o, "waiting", true);
	adminout_column(o, "host", false);
	adminout_column(o, "worker", false);
	adminout_column(o, "ageS", true);
	while ((r = core_next_room(c->hub->core, &pos))) {
		char worker[16] = "";

		if (r->ended)
			continue;
		if (r->router)
			(void)str_addf(worker, sizeof(worker), "%u", r->worker);
		adminout_row(o);
		adminout_text(o, r->id);
		adminout_text(o, policy_names[r->policy]);
		adminout_number(o, r->n_members);
		adminout_number(o, r->n_line);
		adminout_text(o, r->host ? r->host->pid : "");
		adminout_text(o, worker);
		adminout_number(o, (hub_now(c->hub).wall_ms - r->created_ms) /
					   1000);
	}
	return false;
}

static void put_peer(struct adminout *o, const struct hub *hub,
		     const struct peer *p)
{
	const struct seat *s = graph_seat(&hub->media->graph, p->id);
	char from[ADDR_STRLEN];

	adminout_row(o);
	adminout_text(o, p->pid);
	adminout_text(o, p->name);
	adminout_text(o, role_names[p->role]);
	adminout_text(o, peer_states[p->state]);
	adminout_text(o, p->muted ? "yes" : "no");
	adminout_number(o, s ? s->n_transports : 0);
	adminout_number(o, s ? s->n_producers : 0);
	adminout_number(o, s ? s->n_consumers : 0);
	adminout_text(o, addr_ip(&p->from, from));
}

static bool cmd_peers(struct admincmd_call *c)
{
	const struct room *r = core_room_named(c->hub->core, ARG(c, 1));
	struct adminout *o = c->out;

	if (!r || r->ended) {
		adminout_error(o, "no-room");
		return false;
	}
	adminout_column(o, "peer", false);
	adminout_column(o, "name", false);
	adminout_column(o, "role", false);
	adminout_column(o, "state", false);
	adminout_column(o, "muted", false);
	adminout_column(o, "transports", true);
	adminout_column(o, "producers", true);
	adminout_column(o, "consumers", true);
	adminout_column(o, "address", false);
	list_for_each (it, &r->members)
		put_peer(o, c->hub, list_entry(it, struct peer, node));
	list_for_each (it, &r->line)
		put_peer(o, c->hub, list_entry(it, struct peer, node));
	return false;
}

/* ---- what the rooms do ----------------------------------------------------
 */

/* Acts in the room of the first argument as a host would. */
static bool act(struct admincmd_call *c, struct event *e)
{
	e->admin = true;
	e->conn = c->conn;
	e->req = ADMIN_REQ;
	e->room_id = ARG(c, 1);
	hub_step(c->hub, e);
	return true;
}

static bool cmd_kick(struct admincmd_call *c)
{
	struct event e = {.kind = EVENT_KICK, .peer = ARG(c, 2)};

	e.flag = c->n_words > 3 && str_eq(ARG(c, 3), "ban");
	return act(c, &e);
}

static bool cmd_policy(struct admincmd_call *c)
{
	struct event e = {.kind = EVENT_SET_POLICY};

	for (size_t i = 0; i < 3; i++)
		if (str_eq(policy_names[i], ARG(c, 2))) {
			e.policy = (enum policy)i;
			return act(c, &e);
		}
	adminout_error(c->out, "waiting, open or locked");
	return false;
}

static bool cmd_lock(struct admincmd_call *c)
{
	return act(c, &(struct event){.kind = EVENT_SET_POLICY,
				      .policy = POLICY_LOCKED});
}

static bool cmd_mute(struct admincmd_call *c)
{
	struct event e = {.kind = EVENT_MUTE_ALL};

	if (c->n_words > 2) {
		e.kind = EVENT_MUTE_PEER;
		e.peer = ARG(c, 2);
		e.number = SOURCE_MIC;
	}
	return act(c, &e);
}

static bool cmd_end(struct admincmd_call *c)
{
	return act(c, &(struct event){.kind = EVENT_END_ROOM});
}

static bool cmd_knocks(struct admincmd_call *c)
{
	return act(c, &(struct event){.kind = EVENT_LIST_KNOCKS});
}

static bool cmd_admit(struct admincmd_call *c)
{
	struct event e = {.kind = EVENT_ADMIT_ALL};

	if (c->n_words > 2) {
		e.kind = EVENT_ADMIT;
		e.peer = ARG(c, 2);
	}
	return act(c, &e);
}

static bool cmd_deny(struct admincmd_call *c)
{
	return act(c, &(struct event){.kind = EVENT_DENY, .peer = ARG(c, 2)});
}

static bool cmd_invites(struct admincmd_call *c)
{
	return act(c, &(struct event){.kind = EVENT_LIST_INVITES});
}

static bool cmd_invite(struct admincmd_call *c)
{
	struct event e = {.kind = EVENT_CREATE_INVITE};
	char token[SECRET_TEXT_SIZE];

	secret_make(token);
	secret_hash(&c->hub->secret, token, &e.fresh_hash);
	e.secret = token;
	e.fresh[0] = rng_id();
	e.fresh[1] = rng_id();
	e.invite.label = c->n_words > 2 ? ARG(c, 2) : NULL;
	return act(c, &e);
}

static bool cmd_revoke(struct admincmd_call *c)
{
	struct event e = {.kind = EVENT_REVOKE_INVITE};

	if (hex_to_id(&e.number, ARG(c, 2))) {
		adminout_error(c->out, "not an invite's id");
		return false;
	}
	return act(c, &e);
}

static bool cmd_audit(struct admincmd_call *c)
{
	return act(c, &(struct event){.kind = EVENT_LIST_AUDIT});
}

/* ---- the process ----------------------------------------------------------
 */

static bool cmd_log(struct admincmd_call *c)
{
	struct lifeline_msg m = {.type = LIFELINE_LOG};
	int level = log_level_parse(ARG(c, 1));

	if (level < 0) {
		adminout_error(c->out, "error, warn, info or debug");
		return false;
	}
	log_set_level((enum log_level)level);
	m.u.log_level = (uint32_t)level;
	/* The supervisor passes it on to the workers. */
	lifeline_send(c->lifeline, &m, NULL, 0);
	return false;
}

/* The message about the worker of an argument; false: there is none. */
static bool set_worker(struct admincmd_call *c, enum lifeline_state wish)
{
	struct lifeline_msg m = {.type = LIFELINE_DRAIN};

	if (!admindrill_worker(c, ARG(c, 2), &m))
		return false;
	if (wish != LIFELINE_WORKER_UP &&
	    !place_elsewhere(c->hub->media, m.u.worker.index)) {
		adminout_error(c->out, "no other worker takes its rooms");
		return false;
	}
	m.u.worker.state = wish;
	return admindrill_tell(c, &m);
}

static bool cmd_workers(struct admincmd_call *c)
{
	static const struct {
		const char *name;
		enum lifeline_state wish;
	} wishes[] = {
		{"drain", LIFELINE_WORKER_DRAINING},
		{"resume", LIFELINE_WORKER_UP},
		{"remove", LIFELINE_WORKER_LEAVING},
	};
	const char *what = c->n_words > 1 ? ARG(c, 1) : "";

	if (c->n_words == 1)
		return list_workers(c);
	if (c->n_words == 2 && str_eq(what, "add"))
		return admindrill_tell(
			c, &(struct lifeline_msg){.type = LIFELINE_SPAWN});
	if (c->n_words == 2 && str_eq(what, "restart"))
		return admindrill_tell(
			c, &(struct lifeline_msg){.type = LIFELINE_RENEW});
	for (size_t i = 0; c->n_words == 3 && i < 3; i++)
		if (str_eq(wishes[i].name, what))
			return set_worker(c, wishes[i].wish);
	adminout_error(c->out, "add, restart, or drain, resume, remove WORKER");
	return false;
}

static bool cmd_upgrade(struct admincmd_call *c)
{
	return admindrill_tell(
		c, &(struct lifeline_msg){.type = LIFELINE_UPGRADE});
}

/* ---- the table ------------------------------------------------------------
 */

uint64_t admincmd_peer(const struct hub *hub, const char *pid)
{
	const struct room *r;
	size_t pos = 0;

	while ((r = core_next_room(hub->core, &pos)))
		list_for_each (it, &r->members)
			if (str_eq(list_entry(it, struct peer, node)->pid, pid))
				return list_entry(it, struct peer, node)->id;
	return 0;
}

static const struct {
	const char *name;
	size_t min, max; /* arguments */
	bool (*run)(struct admincmd_call *c);
} commands[] = {
	{"status", 0, 0, cmd_status},
	{"workers", 0, 2, cmd_workers},
	{"rooms", 0, 0, cmd_rooms},
	{"peers", 1, 1, cmd_peers},
	{"knocks", 1, 1, cmd_knocks},
	{"admit", 1, 2, cmd_admit},
	{"deny", 2, 2, cmd_deny},
	{"kick", 2, 3, cmd_kick},
	{"mute", 1, 2, cmd_mute},
	{"lock", 1, 1, cmd_lock},
	{"policy", 2, 2, cmd_policy},
	{"end", 1, 1, cmd_end},
	{"invites", 1, 1, cmd_invites},
	{"invite", 1, 2, cmd_invite},
	{"revoke", 2, 2, cmd_revoke},
	{"audit", 1, 1, cmd_audit},
	{"log", 1, 1, cmd_log},
	{"simulate", 1, 3, admindrill_run},
	{"upgrade", 0, 0, cmd_upgrade},
	{"receivers", 0, 1, adminlive_receivers},
	{"dump", 1, 1, adminlive_dump},
	{"record", 1, 1, adminrecord_run},
	{"events", 1, 2, trace_events},
};

bool admincmd_run(struct admincmd_call *c)
{
	size_t n = c->n_words;

	for (size_t i = 0; n && i < sizeof(commands) / sizeof(*commands); i++) {
		if (!str_eq(commands[i].name, ARG(c, 0)))
			continue;
		if (n - 1 < commands[i].min || n - 1 > commands[i].max) {
			adminout_error(c->out, "%s: wrong number of arguments",
				       commands[i].name);
			return false;
		}
		return commands[i].run(c);
	}
	adminout_error(c->out, "no such command");
	return false;
}

/* ---- answers of the rooms -------------------------------------------------
 */

static void put_time(struct adminout *o, uint64_t ms)
{
	adminout_number(o, ms / 1000);
}

static void show_knocks(struct adminout *o, const struct answer *a)
{
	adminout_column(o, "peer", false);
	adminout_column(o, "name", false);
	adminout_column(o, "message", false);
	adminout_column(o, "at", true);
	for (uint32_t i = 0; i < a->knocks.n; i++) {
		const struct knock_view *k = &a->knocks.v[i];

		adminout_row(o);
		adminout_text(o, k->id);
		adminout_text(o, k->name);
		adminout_text(o, k->message);
		put_time(o, k->at_ms);
	}
}

static void show_invites(struct adminout *o, const struct answer *a)
{
	adminout_column(o, "invite", false);
	adminout_column(o, "label", false);
	adminout_column(o, "role", false);
	adminout_column(o, "uses", true);
	adminout_column(o, "usesLeft", true);
	adminout_column(o, "expiresAt", true);
	for (uint32_t i = 0; i < a->invites.n; i++) {
		const struct invite_view *v = &a->invites.v[i];
		char id[HEX_ID_LEN + 1];

		hex_id(id, v->id);
		adminout_row(o);
		adminout_text(o, id);
		adminout_text(o, v->label);
		adminout_text(o, role_names[v->role]);
		adminout_number(o, v->uses);
		adminout_number(o, v->uses_left);
		put_time(o, v->expires_ms);
	}
}

static void show_audit(struct adminout *o, const struct answer *a)
{
	adminout_column(o, "at", true);
	adminout_column(o, "what", false);
	adminout_column(o, "by", false);
	adminout_column(o, "on", false);
	adminout_column(o, "detail", false);
	for (uint32_t i = 0; i < a->audit.n; i++) {
		const struct audit_view *v = &a->audit.v[i];

		adminout_row(o);
		put_time(o, v->at_ms);
		adminout_text(o, v->what);
		adminout_text(o, v->by);
		adminout_text(o, v->on);
		adminout_text(o, v->detail);
	}
}

void admincmd_show(struct adminout *out, const struct answer *a)
{
	char id[HEX_ID_LEN + 1];

	switch (a->kind) {
	case ANSWER_KNOCKS:
		show_knocks(out, a);
		break;
	case ANSWER_INVITES:
		show_invites(out, a);
		break;
	case ANSWER_AUDIT:
		show_audit(out, a);
		break;
	case ANSWER_INVITE:
		hex_id(id, a->invite.id);
		adminout_field(out, "invite", id);
		adminout_field(out, "token", a->invite.token);
		break;
	case ANSWER_EMPTY:
	case ANSWER_CREATED:
	case ANSWER_ENTERED:
	case ANSWER_JOINED:
	case ANSWER_CHAT:
	case ANSWER_HISTORY:
		break;
	}
}
