#include "tests/unit/signald/room_kit.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/test.h"

struct kit *kit_with(const struct core_conf *conf)
{
	static const uint8_t seed[16] = "sixteen bytes...";
	struct kit *k = calloc(1, sizeof(*k));

	k->conf = *conf;
	k->core = core_new(conf, seed, 1);
	k->now = (struct instant){.us = 5000000, .wall_ms = 1700000000000};
	k->fx = effects_new();
	k->fresh = 0x1000;
	return k;
}

struct kit *kit_new(void)
{
	struct core_conf conf;

	core_conf_default(&conf);
	return kit_with(&conf);
}

void kit_free(struct kit *k)
{
	core_free(k->core);
	effects_free(k->fx);
	free(k);
}

struct secret_hash kit_hash(const char *text)
{
	struct secret_hash h;

	crypto_generichash(h.b, sizeof(h.b), (const uint8_t *)text,
			   strlen(text), NULL, 0);
	return h;
}

struct event kit_event(struct kit *k, enum event_kind kind, uint64_t conn)
{
	struct event e = {.kind = kind, .conn = conn, .req = 7};
	char ip[32];

	snprintf(ip, sizeof(ip), "127.0.%u.%u", (unsigned)(conn >> 8),
		 (unsigned)(conn & 255));
	addr_parse(&e.from, ip, 1000);
	e.fresh[0] = k->fresh++;
	e.fresh[1] = k->fresh++;
	return e;
}

void kit_run(struct kit *k, const struct event *e)
{
	effects_reset(k->fx);
	core_step(k->core, e, k->now, k->fx);
	ck_assert(!k->fx->oom);
}

void kit_do(struct kit *k, enum event_kind kind, uint64_t conn)
{
	struct event e = kit_event(k, kind, conn);

	kit_run(k, &e);
}

void kit_on(struct kit *k, enum event_kind kind, uint64_t conn, uint64_t peer)
{
	struct event e = kit_event(k, kind, conn);

	e.peer = kit_pid(k, peer);
	kit_run(k, &e);
}

static uint64_t kit_enter_with(struct kit *k, struct event *e)
{
	char token[32];
	const struct answer *a;

	snprintf(token, sizeof(token), "token-%u", (unsigned)e->conn);
	e->fresh_hash = kit_hash(token);
	e->secret = token;
	kit_run(k, e);
	a = kit_answer(k);
	return a ? a->entered.peer : 0;
}

uint64_t kit_enter(struct kit *k, uint64_t conn, const char *room,
		   const char *name)
{
	struct event e = kit_event(k, EVENT_ENTER, conn);

	e.room_id = room;
	e.enter.name = name;
	return kit_enter_with(k, &e);
}

uint64_t kit_resume(struct kit *k, uint64_t conn, const char *room,
		    const char *token)
{
	struct event e = kit_event(k, EVENT_ENTER, conn);

	e.room_id = room;
	e.enter.token = kit_hash(token);
	return kit_enter_with(k, &e);
}

uint64_t kit_redeem(struct kit *k, uint64_t conn, const char *room,
		    const char *invite)
{
	struct event e = kit_event(k, EVENT_ENTER, conn);

	e.room_id = room;
	e.enter.invite = kit_hash(invite);
	return kit_enter_with(k, &e);
}

uint64_t kit_own(struct kit *k, uint64_t conn, const char *room,
		 const char *host_key)
{
	struct event e = kit_event(k, EVENT_ENTER, conn);

	e.room_id = room;
	e.enter.host_key = kit_hash(host_key);
	return kit_enter_with(k, &e);
}

void kit_create(struct kit *k, const char *room, enum policy policy)
{
	struct event e = kit_event(k, EVENT_CREATE, 99);

	e.room_id = room;
	e.fresh_hash = kit_hash("host-key");
	e.secret = "host-key";
	e.create.has_policy = true;
	e.create.policy = policy;
	kit_run(k, &e);
	ck_assert_str_eq(kit_answer(k)->created.host_key, "host-key");
}

uint64_t kit_invite(struct kit *k, uint64_t conn, const char *token,
		    uint32_t uses)
{
	struct event e = kit_event(k, EVENT_CREATE_INVITE, conn);
	const struct answer *a;

	e.fresh_hash = kit_hash(token);
	e.secret = token;
	e.invite.uses = uses;
	kit_run(k, &e);
	a = kit_answer(k);
	return a ? a->invite.id : 0;
}

void kit_sleep(struct kit *k, uint64_t ms)
{
	uint64_t end = k->now.us + ms * 1000;
	struct event e = {.kind = EVENT_TICK};

	effects_reset(k->fx);
	while (core_deadline(k->core) <= end) {
		uint64_t to = core_deadline(k->core);

		if (to > k->now.us) {
			k->now.wall_ms += (to - k->now.us) / 1000;
			k->now.us = to;
		}
		core_step(k->core, &e, k->now, k->fx); /* all of them stay */
	}
	k->now.wall_ms += (end - k->now.us) / 1000;
	k->now.us = end;
}

const struct effect *kit_effect(const struct kit *k, enum effect_kind kind)
{
	for (size_t i = 0; i < k->fx->n; i++)
		if (k->fx->v[i].kind == kind)
			return &k->fx->v[i];
	return NULL;
}

const struct effect *kit_record(const struct kit *k, enum record_kind kind)
{
	for (size_t i = 0; i < k->fx->n; i++)
		if (k->fx->v[i].kind == EFFECT_JOURNAL &&
		    k->fx->v[i].journal.record.kind == kind)
			return &k->fx->v[i];
	return NULL;
}

const struct answer *kit_answer(const struct kit *k)
{
	const struct effect *e = kit_effect(k, EFFECT_REPLY);

	return e ? &e->reply.answer : NULL;
}

int kit_refusal(const struct kit *k)
{
	const struct effect *e = kit_effect(k, EFFECT_REFUSE);

	return e ? (int)e->refuse.refusal.why : -1;
}

static bool is_to(const struct effect *e, uint64_t peer)
{
	for (uint32_t i = 0; i < e->notify.n; i++)
		if (e->notify.to[i] == peer)
			return true;
	return false;
}

const struct note *kit_note(const struct kit *k, enum note_kind kind,
			    uint64_t peer)
{
	for (size_t i = 0; i < k->fx->n; i++) {
		const struct effect *e = &k->fx->v[i];

		if (e->kind == EFFECT_NOTIFY && e->notify.note.kind == kind &&
		    is_to(e, peer))
			return &e->notify.note;
	}
	return NULL;
}

const char *kit_closed(const struct kit *k, uint64_t conn)
{
	for (size_t i = 0; i < k->fx->n; i++)
		if (k->fx->v[i].kind == EFFECT_CLOSE &&
		    k->fx->v[i].close.conn == conn)
			return k->fx->v[i].close.reason;
	return NULL;
}

const struct peer *kit_peer(const struct kit *k, uint64_t id)
{
	return core_peer(k->core, id);
}

const char *kit_pid(const struct kit *k, uint64_t id)
{
	const struct peer *p = kit_peer(k, id);

	return p ? p->pid : NULL;
}
