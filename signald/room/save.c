#include "signald/room/save.h"

#include <string.h>

struct record *save_record(struct step *s, enum record_kind kind, uint64_t room,
			   enum record_wait wait)
{
	struct effect *e = effects_add(s->fx, EFFECT_JOURNAL, room);

	e->journal.wait = wait;
	e->journal.record.kind = kind;
	e->journal.record.room = room;
	return &e->journal.record;
}

void save_room(struct step *s, const struct room *r, enum record_wait wait)
{
	struct record *rec = save_record(s, RECORD_ROOM, r->key, wait);

	rec->r = (struct record_room){
		.id = effects_str(s->fx, r->id),
		.created = r->created,
		.hosted = r->hosted,
		.ended = r->ended,
		.policy = r->policy,
		.settings = r->settings,
		.host_key = r->host_key,
		.created_ms = r->created_ms,
		.expires_ms = r->expires_ms,
		.spotlight = r->spotlight,
		.key_epoch = r->key_epoch,
		.epoch_wanted = r->epoch_wanted,
		.worker = r->worker,
		.router = r->router,
	};
}

static const void *blob_copy(struct effects *fx, const struct peer *p)
{
	void *copy = p->blob_len ? effects_alloc(fx, p->blob_len, 1) : NULL;

	if (copy)
		memcpy(copy, p->blob, p->blob_len);
	return copy;
}

void save_peer(struct step *s, const struct peer *p, enum record_wait wait)
{
	struct effects *fx = s->fx;
	char ip[ADDR_STRLEN];
	struct record *rec;

	if (p->plain)
		return; /* ends with its connection */
	rec = save_record(s, RECORD_PEER, p->room->key, wait);
	rec->id = p->id;
	rec->peer = (struct record_peer){
		.pid = effects_str(fx, p->pid),
		.name = effects_str(fx, p->name),
		.message = effects_str(fx, p->message),
		.subject = effects_str(fx, p->subject),
		.browser = effects_str(fx, p->browser),
		.ip = effects_str(fx, addr_ip(&p->from, ip)),
		.device.flag = effects_str(fx, p->device[0]),
		.device.name = effects_str(fx, p->device[1]),
		.device.version = effects_str(fx, p->device[2]),
		.keys.sign = effects_str(fx, p->keys[0]),
		.keys.seal = effects_str(fx, p->keys[1]),
		.keys.proof = effects_str(fx, p->keys[2]),
		.token = p->token,
		.role = p->role,
		.role_before = p->role_before,
		.waiting = peer_is_waiting(p),
		.owner = p->owner,
		.joined = p->joined,
		.asked_unmute = p->asked_unmute,
		.entered_ms = p->entered_ms,
		.invite = p->invite,
		.order = p->order,
		.hand = p->hand,
		.sealed_epoch = p->sealed_epoch,
		.blob = blob_copy(fx, p),
		.blob_len = p->blob_len,
	};
}

void save_invite(struct step *s, const struct room *r, const struct invite *i,
		 enum record_wait wait)
{
	struct record *rec = save_record(s, RECORD_INVITE, r->key, wait);

	rec->id = i->id;
	rec->invite = (struct record_invite){
		.hash = i->hash,
		.label = effects_str(s->fx, i->label),
		.role = i->role,
		.uses_left = i->uses_left,
		.uses = i->uses,
		.created_ms = i->created_ms,
		.expires_ms = i->expires_ms,
	};
}

void save_chat(struct step *s, const struct room *r, const struct chat *m,
	       enum record_wait wait)
{
	struct record *rec = save_record(s, RECORD_CHAT, r->key, wait);

	rec->id = m->id;
	rec->chat = (struct record_chat){
		.from = effects_str(s->fx, m->from),
		.to = effects_str(s->fx, m->to),
		.client_id = effects_str(s->fx, m->client_id),
		.body = effects_str(s->fx, m->body),
		.sealed = m->sealed,
		.seal_epoch = m->seal_epoch,
		.at_ms = m->at_ms,
	};
}

void save_del(struct step *s, enum record_kind kind, uint64_t room, uint64_t id,
	      enum record_wait wait)
{
	save_record(s, kind, room, wait)->id = id;
}
