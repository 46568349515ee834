#include "signald/api/encode.h"

#include "signald/api/wire.h"

static const char *role_name(enum role role)
{
	static const char *const names[] = {
		[ROLE_GUEST] = "guest",
		[ROLE_COHOST] = "cohost",
		[ROLE_HOST] = "host",
	};

	return names[role];
}

static const char *policy_name(enum policy policy)
{
	static const char *const names[] = {
		[POLICY_WAITING] = "waiting",
		[POLICY_OPEN] = "open",
		[POLICY_LOCKED] = "locked",
	};

	return names[policy];
}

static json_t *or_null(const char *s)
{
	return s ? json_string(s) : json_null();
}

static json_t *number64(uint64_t v)
{
	return json_integer((json_int_t)v);
}

/* The demo's page dies without a device. */
static json_t *device(const struct device *d)
{
	const char *flag = d->flag && d->flag[0] ? d->flag : "unknown";
	const char *name = d->name && d->name[0] ? d->name : "unknown";
	json_t *o = wire_put_str(json_object(), "flag", flag);

	o = wire_put_str(o, "name", name);
	return wire_put_str(o, "version", d->version ? d->version : "");
}

static json_t *keys(const struct chat_keys *k)
{
	json_t *o = wire_put_str(json_object(), "sign", k->sign);

	o = wire_put(o, "seal", or_null(k->seal));
	return wire_put(o, "proof", or_null(k->proof));
}

json_t *encode_person(const struct person *p)
{
	json_t *o = wire_put_str(json_object(), "id", p->id);

	o = wire_put_str(o, "displayName", p->name ? p->name : "");
	o = wire_put(o, "device", device(&p->device));
	o = wire_put_str(o, "role", role_name(p->role));
	o = wire_put_bool(o, "muted", p->muted);
	o = wire_put_bool(o, "handRaised", p->hand);
	if (p->away)
		o = wire_put_bool(o, "away", true);
	if (p->signed_in)
		o = wire_put_bool(o, "signedIn", true);
	if (p->plain)
		o = wire_put_bool(o, "plain", true);
	if (p->keys.sign)
		o = wire_put(o, "chatKeys", keys(&p->keys));
	return o;
}

static json_t *people(const struct person *v, uint32_t n)
{
	json_t *a = json_array();

	for (uint32_t i = 0; i < n; i++)
		a = wire_add(a, encode_person(&v[i]));
	return a;
}

static json_t *settings(const struct settings *s)
{
	static const char *const names[] = {
		[SUCCESSION_OLDEST] = "promote-oldest",
		[SUCCESSION_LOCK] = "lock",
		[SUCCESSION_END] = "end",
	};
	json_t *o =
		wire_put_bool(json_object(), "screenShare", s->allow_screen);

	o = wire_put_bool(o, "chat", s->allow_chat);
	o = wire_put_bool(o, "unmute", s->allow_unmute);
	o = wire_put_bool(o, "reactions", s->allow_reactions);
	return wire_put_str(o, "succession", names[s->succession]);
}

json_t *encode_room(const struct room_view *r)
{
	json_t *o = wire_put_str(json_object(), "id", r->id);
	json_t *hands = json_array();

	for (uint32_t i = 0; i < r->n_hands; i++)
		hands = wire_add(hands, json_string(r->hands[i]));
	o = wire_put_str(o, "policy", policy_name(r->policy));
	o = wire_put(o, "createdAt", number64(r->created_ms));
	o = wire_put(o, "settings", settings(&r->settings));
	o = wire_put(o, "host", or_null(r->host));
	o = wire_put(o, "spotlight", or_null(r->spotlight));
	o = wire_put(o, "hands", hands);
	o = wire_put_int(o, "members", r->n_members);
	return wire_put_int(o, "keyEpoch", r->key_epoch);
}

static json_t *knock(const struct knock_view *k)
{
	json_t *o = wire_put_str(json_object(), "peerId", k->id);

	o = wire_put_str(o, "displayName", k->name ? k->name : "");
	if (k->message)
		o = wire_put_str(o, "message", k->message);
	if (k->signed_in)
		o = wire_put_bool(o, "signedIn", true);
	return wire_put(o, "at", number64(k->at_ms));
}

static json_t *knocks(const struct knock_view *v, uint32_t n)
{
	json_t *a = json_array();

	for (uint32_t i = 0; i < n; i++)
		a = wire_add(a, knock(&v[i]));
	return a;
}

static json_t *chat(const struct chat_view *c)
{
	json_t *o = wire_put(json_object(), "id", number64(c->id));

	o = wire_put_str(o, "from", c->from);
	if (c->to)
		o = wire_put_str(o, "to", c->to);
	o = wire_put(o, "at", number64(c->at_ms));
	if (c->sealed) {
		o = wire_put_int(o, "epoch", c->seal_epoch);
		return wire_put_str(o, "box", c->body);
	}
	if (c->client_id)
		o = wire_put_str(o, "clientId", c->client_id);
	return wire_put_str(o, "ciphertext", c->body);
}

static json_t *invites(const struct invite_view *v, uint32_t n)
{
	json_t *a = json_array();

	for (uint32_t i = 0; i < n; i++) {
		const struct invite_view *in = &v[i];
		json_t *o = wire_put(json_object(), "id", number64(in->id));

		if (in->label && in->label[0])
			o = wire_put_str(o, "label", in->label);
		o = wire_put_str(o, "role", role_name(in->role));
		o = wire_put_int(o, "uses", in->uses);
		o = wire_put_int(o, "used", in->uses - in->uses_left);
		o = wire_put(o, "createdAt", number64(in->created_ms));
		o = wire_put(o, "expiresAt", number64(in->expires_ms));
		a = wire_add(a, o);
	}
	return a;
}

static json_t *audit(const struct audit_view *v, uint32_t n)
{
	json_t *a = json_array();

	for (uint32_t i = 0; i < n; i++) {
		json_t *o = wire_put_str(json_object(), "what", v[i].what);

		o = wire_put(o, "by", or_null(v[i].by));
		o = wire_put(o, "on", or_null(v[i].on));
		o = wire_put(o, "detail", or_null(v[i].detail));
		o = wire_put(o, "at", number64(v[i].at_ms));
		a = wire_add(a, o);
	}
	return a;
}

static json_t *history(const struct chat_view *v, uint32_t n, bool more)
{
	json_t *a = json_array();
	json_t *o;

	for (uint32_t i = 0; i < n; i++)
		a = wire_add(a, chat(&v[i]));
	o = wire_put(json_object(), "messages", a);
	return wire_put_bool(o, "more", more);
}

json_t *encode_answer(const struct answer *a)
{
	json_t *o = json_object();

	switch (a->kind) {
	case ANSWER_CREATED:
		o = wire_put_str(o, "roomId", a->created.room_id);
		return wire_put_str(o, "hostKey", a->created.host_key);
	case ANSWER_JOINED:
		return wire_put(o, "peers", people(a->people.v, a->people.n));
	case ANSWER_KNOCKS:
		return wire_put(o, "knocks", knocks(a->knocks.v, a->knocks.n));
	case ANSWER_INVITE:
		o = wire_put(o, "id", number64(a->invite.id));
		return wire_put_str(o, "token", a->invite.token);
	case ANSWER_INVITES:
		return wire_put(o, "invites",
				invites(a->invites.v, a->invites.n));
	case ANSWER_CHAT:
		o = wire_put(o, "id", number64(a->sent.id));
		return wire_put(o, "at", number64(a->sent.at_ms));
	case ANSWER_HISTORY:
		json_decref(o);
		return history(a->history.v, a->history.n, a->history.more);
	case ANSWER_AUDIT:
		return wire_put(o, "audit", audit(a->audit.v, a->audit.n));
	case ANSWER_EMPTY:
	case ANSWER_ENTERED:
		break;
	}
	return o;
}

json_t *encode_entered(const struct entered *e)
{
	json_t *o = wire_put_str(json_object(), "status",
				 e->waiting ? "waiting" : "admitted");

	o = wire_put_str(o, "peerId", e->id);
	if (e->token)
		o = wire_put_str(o, "resumeToken", e->token);
	if (e->waiting)
		return wire_put_int(o, "position", e->position);
	o = wire_put_str(o, "role", role_name(e->role));
	return wire_put(o, "room", encode_room(&e->room));
}

json_t *encode_peers(const struct snapshot *s)
{
	return people(s->people, s->n_people);
}

json_t *encode_snapshot(const struct snapshot *s, const struct room_view *room)
{
	json_t *o = wire_put(json_object(), "peers",
			     people(s->people, s->n_people));

	o = wire_put(o, "room", encode_room(room));
	o = wire_put(o, "chatHead", number64(s->chat_head));
	if (s->n_knocks)
		o = wire_put(o, "knocks", knocks(s->knocks, s->n_knocks));
	return o;
}

/* Which kinds of stream a host stopped, in the words of appData.source. */
static json_t *sources(uint32_t set)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} names[] = {
		{SOURCE_MIC, "mic"},
		{SOURCE_WEBCAM, "webcam"},
		{SOURCE_SCREEN, "screen"},
		{SOURCE_SCREEN_AUDIO, "screen-audio"},
	};
	json_t *a = json_array();

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (set & names[i].bit)
			a = wire_add(a, json_string(names[i].name));
	return a;
}

static json_t *room_updated(const struct note *n)
{
	json_t *o = wire_put(json_object(), "room", encode_room(&n->room.room));

	if (n->room.entered)
		o = wire_put(o, "entered", encode_person(n->room.entered));
	if (n->room.gone)
		o = wire_put_str(o, "gone", n->room.gone);
	return o;
}

static json_t *admitted(const struct entered *e)
{
	json_t *o = encode_entered(e);

	o = wire_put(o, "peers", encode_peers(&e->snapshot));
	if (e->snapshot.n_knocks)
		o = wire_put(o, "knocks",
			     knocks(e->snapshot.knocks, e->snapshot.n_knocks));
	return o;
}

static json_t *person_note(const struct note *n)
{
	json_t *o = encode_person(&n->person);

	/* New peers are named by id, changed ones by peerId. */
	if (n->kind == NOTE_PEER_UPDATED)
		o = wire_put_str(o, "peerId", n->person.id);
	return o;
}

json_t *encode_note(const struct note *n)
{
	json_t *o;

	switch (n->kind) {
	case NOTE_NEW_PEER:
	case NOTE_PEER_UPDATED:
		return person_note(n);
	case NOTE_ROOM_UPDATED:
		return room_updated(n);
	case NOTE_KNOCK:
		return knock(&n->knock);
	case NOTE_ADMITTED:
		return admitted(&n->entered);
	case NOTE_CHAT:
	case NOTE_KEY_SEALED:
		return chat(&n->chat);
	default:
		break;
	}
	o = json_object();
	switch (n->kind) {
	case NOTE_PEER_CLOSED:
	case NOTE_KNOCK_GONE:
	case NOTE_HOST_CHANGED:
	case NOTE_ASKED_UNMUTE:
		return wire_put(o, "peerId", or_null(n->peer));
	case NOTE_PEER_RENAMED:
		o = wire_put_str(o, "peerId", n->renamed.peer);
		o = wire_put_str(o, "displayName", n->renamed.name);
		return wire_put_str(o, "oldDisplayName", n->renamed.old_name);
	case NOTE_ROOM_ENDED:
	case NOTE_DENIED:
		return n->text ? wire_put_str(o, "reason", n->text) : o;
	case NOTE_WAITING_STATE:
		return wire_put_int(o, "position", n->position);
	case NOTE_CHAT_DELETED:
		return wire_put(o, "id", number64(n->number));
	case NOTE_EPOCH_WANTED:
		o = wire_put_int(o, "epoch", n->epoch.epoch);
		return n->epoch.peer ? wire_put_str(o, "peerId", n->epoch.peer)
				     : o;
	case NOTE_REACTION:
		o = wire_put_str(o, "peerId", n->reaction.peer);
		return wire_put_str(o, "emoji", n->reaction.emoji);
	case NOTE_MUTED_BY_HOST:
		o = wire_put(o, "by", or_null(n->muted.by));
		return wire_put(o, "sources", sources(n->muted.sources));
	default:
		return o;
	}
}
