#include "signald/api/hub.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/str.h"
#include "common/sys/clock.h"
#include "common/sys/loop.h"
#include "common/sys/rng.h"
#include "signald/api/adminrecord.h"
#include "signald/api/api.h"
#include "signald/api/api_signin.h"
#include "signald/api/desk.h"
#include "signald/api/fx.h"
#include "signald/api/hubstate.h"
#include "signald/api/told.h"
#include "signald/media/mirror.h"
#include "signald/media/place.h"
#include "signald/net/conn.h"

#define SECOND_US 1000000ull

struct instant hub_now(struct hub *hub)
{
	return (struct instant){
		.us = loop_now_us(hub->loop),
		.wall_ms = clock_wall_us() / 1000,
	};
}

void hub_step(struct hub *hub, const struct event *e)
{
	struct effects *fx = effects_new();

	if (!fx) {
		hub_give_up(hub, "out of memory");
		return;
	}
	core_step(hub->core, e, hub_now(hub), fx);
	fx_apply(hub, fx);
}

uint64_t hub_journal(struct hub *hub, const struct effect *e)
{
	uint64_t ticket =
		store_push(hub->store, &e->journal.record, e->journal.wait);

	if (ticket == UINT64_MAX)
		hub_give_up(hub, "out of memory");
	return ticket;
}

void hub_give_up(struct hub *hub, const char *why)
{
	log_error("api", "giving up", "why=\"%s\"", why);
	loop_stop(hub->loop);
}

/* ---- the turn ---- */

static uint64_t min64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/*
 * After a start the workers are asked what they carry. Clients that come
 * back meanwhile are held, so that none is told that its media is gone.
 */
#define SETTLE_MIN_US (100 * 1000ull)
#define SETTLE_MAX_US (1000 * 1000ull)

static uint64_t settle(struct hub *hub, uint64_t now_us)
{
	struct session *s;
	size_t pos = 0;

	if (hub->settled)
		return UINT64_MAX;
	if (!hub->settle_by_us)
		hub->settle_by_us = now_us + SETTLE_MAX_US;
	if (now_us < hub->settle_by_us &&
	    (now_us < hub->settle_by_us - SETTLE_MAX_US + SETTLE_MIN_US ||
	     !mirror_is_settled(hub->media)))
		return now_us + 5000;
	hub->settled = true;
	while ((s = idmap_next(&hub->sessions, &pos)))
		session_release(s);
	return now_us;
}

static uint64_t turn(void *arg, uint64_t now_us)
{
	struct hub *hub = arg;
	struct media_out out;
	uint64_t next;

	if (core_deadline(hub->core) <= now_us) {
		struct event e = {.kind = EVENT_TICK};

		hub_step(hub, &e);
	}
	if (hub->settled)
		media_tick(hub->media, now_us);
	while (media_next(hub->media, now_us, &out))
		told_apply(hub, &out);
	if (hub->media->oom)
		hub_give_up(hub, "out of memory");
	next = settle(hub, now_us);
	next = min64(next, core_deadline(hub->core));
	next = min64(next, session_strangers(hub, now_us));
	return min64(next, media_deadline(hub->media));
}

/* ---- connections ---- */

static void on_open(void *arg, struct conn *c, const char *room_id,
		    const char *peer_id)
{
	struct hub *hub = arg;
	struct session *s = session_new(hub, c, room_id, peer_id);

	if (!s) {
		conn_close(c, CONN_CLOSE_FULL, "full");
		return;
	}
	conn_set_user(c, s);
}

static void on_text(void *arg, struct conn *c, const char *text, size_t len)
{
	struct session *s = conn_user(c);

	(void)arg;
	if (s)
		session_text(s, text, len);
}

static void on_close(void *arg, struct conn *c, enum net_end why)
{
	struct hub *hub = arg;
	struct session *s = conn_user(c);
	struct event e = {.kind = EVENT_DISCONNECT};

	(void)why;
	if (!s)
		return;
	conn_set_user(c, NULL);
	e.conn = s->id;
	session_free(s);
	/* The room learns of it after the session is gone. */
	hub_step(hub, &e);
}

static void on_http(void *arg, struct conn *c, const struct http_req *req)
{
	api_http_request(arg, c, req);
}

struct net_ops hub_net_ops(struct hub *hub)
{
	return (struct net_ops){
		.arg = hub,
		.on_open = on_open,
		.on_text = on_text,
		.on_close = on_close,
		.on_http = on_http,
	};
}

void hub_set_net(struct hub *hub, struct net *net)
{
	hub->net = net;
}

void hub_worker(struct hub *hub, const struct lifeline_worker *w, int recorder)
{
	struct worker_news news = {
		.index = w->index,
		.generation = w->generation,
		.up = w->state == LIFELINE_WORKER_UP ||
		      w->state == LIFELINE_WORKER_DRAINING ||
		      w->state == LIFELINE_WORKER_LEAVING,
		.draining = w->state == LIFELINE_WORKER_DRAINING,
		.leaving = w->state == LIFELINE_WORKER_LEAVING,
		.dead = w->state == LIFELINE_WORKER_DEAD,
		.path = w->path,
	};

	if (recorder >= 0)
		adminrecord_map(hub, w->index, recorder);
	media_worker(hub->media, &news, loop_now_us(hub->loop));
}

void hub_quarantine(struct hub *hub, uint64_t room)
{
	uint64_t us = place_ban(hub->media, room, loop_now_us(hub->loop));

	fx_note_room(
		hub, room, "mediaHalted",
		wire_put_int(json_object(), "forMs", (json_int_t)(us / 1000)));
}

/* ---- life ---- */

static enum policy policy_of(const char *s)
{
	if (str_eq(s, "open"))
		return POLICY_OPEN;
	return str_eq(s, "locked") ? POLICY_LOCKED : POLICY_WAITING;
}

static enum succession succession_of(const char *s)
{
	if (str_eq(s, "lock"))
		return SUCCESSION_LOCK;
	return str_eq(s, "end") ? SUCCESSION_END : SUCCESSION_OLDEST;
}

static void core_conf_of(struct core_conf *out, const struct conf *conf)
{
	const struct conf_rooms *r = &conf->rooms;
	const struct conf_limits *l = &conf->limits;

	core_conf_default(out);
	out->rooms = r->rooms;
	out->seats = r->seats;
	out->knocks = r->knocks;
	out->knocks_per_addr = r->knocks_per_addr;
	out->invites = r->invites;
	out->chat_msgs = r->chat_messages;
	out->chat_bytes = r->chat_kib * 1024;
	out->grace_us = r->grace_s * SECOND_US;
	out->beacon_grace_us = r->away_grace_s * SECOND_US;
	out->host_grace_us = r->host_grace_s * SECOND_US;
	out->typed_linger_us = r->linger_s * SECOND_US;
	out->created_life_ms = r->created_ttl_s * 1000ull;
	out->deny_cooldown_us = r->deny_s * SECOND_US;
	out->invite_ttl_ms = r->invite_ttl_s * 1000ull;
	out->policy = policy_of(r->policy);
	out->settings.succession = succession_of(r->succession);
	out->sign_in_to_join = str_eq(conf->signin.required, "join");
	out->sign_in_to_create =
		out->sign_in_to_join || str_eq(conf->signin.required, "create");
	out->joins[0] = l->addr_conn.burst;
	out->joins[1] = l->addr_conn.rate;
	out->knocking[0] = l->addr_knock.burst;
	out->knocking[1] = l->addr_knock.rate;
	out->talk[0] = l->room.burst;
	out->talk[1] = l->room.rate;
	out->newcomers[0] = l->newcomer.burst;
	out->newcomers[1] = l->newcomer.rate;
	out->fails[0] = l->addr_failures_per_min;
	out->fails[1] = l->addr_failures_per_min / 60.0;
}

static struct media_conf media_conf_of(const struct conf *conf)
{
	return (struct media_conf){
		.transports = conf->rooms.transports,
		.producers = conf->rooms.producers,
		.consumers = conf->rooms.consumers,
		.start_bitrate = conf->media.start_bitrate_kbps * 1000,
		.max_bitrate = conf->media.max_bitrate_kbps * 1000,
		.capacity = conf->media.capacity,
	};
}

static bool make_parts(struct hub *hub)
{
	const struct conf *conf = hub->conf;
	struct core_conf core_conf;
	struct media_conf media_conf = media_conf_of(conf);
	uint8_t seed[16];

	core_conf_of(&core_conf, conf);
	rng_bytes(seed, sizeof(seed));
	hub->core = core_new(&core_conf, seed, rng_u32());
	hub->gate = gate_new();
	hub->media = media_new(hub->loop, &media_conf);
	hub->signin = api_signin_new(hub);
	return hub->core && hub->gate && hub->media && hub->signin &&
	       !loop_hook(hub->loop, turn, hub);
}

static void on_committed(void *arg, unsigned int what)
{
	struct hub *hub = arg;
	bool sick = store_sick(hub->store);

	(void)what;
	if (sick && !hub->sick)
		log_error("store", "cannot write; what must be kept waits",
			  "why=\"%s\"", store_why(hub->store));
	else if (!sick && hub->sick)
		log_warn("store", "writes again", "held=%zu",
			 gate_held(hub->gate));
	hub->sick = sick;
	fx_committed(hub, store_committed(hub->store));
}

static int restore(struct hub *hub, const struct record *rec)
{
	if (rec->kind == RECORD_SIGNIN)
		return api_signin_restore(hub->signin, rec);
	return core_restore(hub->core, rec, hub_now(hub));
}

/* The rooms as the journal knows them; then it only writes. */
static bool open_journal(struct hub *hub, char *err, size_t cap)
{
	struct store_conf conf = {.dir = hub->conf->server.state_dir};
	struct record rec;
	int more;

	if (secret_load(&hub->secret, conf.dir, err, cap))
		return false;
	hub->store = store_open(&conf, err, cap);
	if (!hub->store)
		return false;
	while ((more = store_next(hub->store, &rec)) > 0)
		if (restore(hub, &rec) == -ENOMEM)
			break;
	if (more > 0) {
		(void)str_copy(err, cap, "out of memory");
		return false;
	}
	if (more < 0) {
		(void)str_copy(err, cap, store_error(hub->store));
		return false;
	}
	if (store_start(hub->store)) {
		(void)str_copy(err, cap, "the journal's thread cannot start");
		return false;
	}
	hub->store_fd = loop_fd_new(hub->loop, store_fd(hub->store), LOOP_READ,
				    on_committed, hub);
	return hub->store_fd != NULL;
}

void hub_configure(struct hub *hub, const struct conf *conf)
{
	struct core_conf core_conf;

	core_conf_of(&core_conf, conf);
	core_configure(hub->core, &core_conf);
	hub->media->conf = media_conf_of(conf);
	hub->conf = conf;
}

void hub_set_lifeline(struct hub *hub, int lifeline)
{
	hub->lifeline = lifeline;
}

struct hub *hub_new(struct loop *loop, const struct conf *conf, char *err,
		    size_t cap)
{
	struct hub *hub = calloc(1, sizeof(*hub));

	if (!hub) {
		(void)str_copy(err, cap, "out of memory");
		return NULL;
	}
	hub->loop = loop;
	hub->conf = conf;
	hub->born_us = loop_now_us(loop);
	idmap_init(&hub->sessions);
	list_init(&hub->strangers);
	idmap_init(&hub->desks);
	if (!make_parts(hub)) {
		(void)str_copy(err, cap, "out of memory");
		hub_free(hub);
		return NULL;
	}
	if (!open_journal(hub, err, cap)) {
		hub_free(hub);
		return NULL;
	}
	return hub;
}

void hub_free(struct hub *hub)
{
	if (!hub)
		return;
	desk_drop_all(hub);
	loop_fd_free(hub->store_fd);
	if (hub->store)
		store_close(hub->store);
	api_signin_free(hub->signin);
	media_free(hub->media);
	gate_free(hub->gate);
	core_free(hub->core);
	idmap_fini(&hub->sessions);
	idmap_fini(&hub->desks);
	free(hub->trace);
	adminrecord_unmap_all(hub);
	free(hub);
}

static void tell_restart(struct hub *hub, uint32_t in_ms)
{
	struct session *s;
	size_t pos = 0;

	while ((s = idmap_next(&hub->sessions, &pos)))
		session_notify(s, "serverRestarting",
			       wire_put_int(json_object(), "inMs", in_ms));
}

void hub_drain(struct hub *hub, uint32_t in_ms)
{
	hub->draining = true;
	tell_restart(hub, in_ms);
}

void hub_stop(struct hub *hub, uint32_t in_ms)
{
	hub->stopping = true;
	tell_restart(hub, in_ms);
	net_close_all(hub->net, CONN_CLOSE_RESTART, "restart");
}
