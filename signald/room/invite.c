#include "signald/room/invite.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "signald/room/audit.h"
#include "signald/room/save.h"
#include "signald/room/tell.h"
#include "signald/room/text.h"

#define USES_MAX 1000
#define DEAD_MAX 50 /* used or expired ones kept for the list */

static bool invite_is_live(const struct step *s, const struct invite *i)
{
	return i->uses_left && i->expires_ms > s->now.wall_ms;
}

struct invite *invite_find(const struct step *s, const struct room *r,
			   const struct secret_hash *hash)
{
	list_for_each (it, &r->invites) {
		struct invite *i = list_entry(it, struct invite, node);

		if (invite_is_live(s, i) &&
		    !memcmp(&i->hash, hash, sizeof(*hash)))
			return i;
	}
	return NULL;
}

void invite_spend(struct step *s, struct room *r, struct invite *i)
{
	i->uses_left--;
	save_invite(s, r, i, RECORD_DURABLE);
}

void invite_void(struct step *s, struct room *r, uint64_t id)
{
	list_for_each (it, &r->invites) {
		struct invite *i = list_entry(it, struct invite, node);

		if (i->id != id || !i->uses_left)
			continue;
		i->uses_left = 0;
		save_invite(s, r, i, RECORD_DURABLE);
	}
}

static void invite_free(struct room *r, struct invite *i)
{
	list_del(&i->node);
	free(i);
	r->n_invites--;
}

void invite_free_all(struct room *r)
{
	list_for_each_safe (it, &r->invites)
		invite_free(r, list_entry(it, struct invite, node));
}

/* Counts the live ones and lets the oldest dead ones go. */
static uint32_t invite_tidy(struct step *s, struct room *r)
{
	uint32_t live = 0, dead;

	list_for_each (it, &r->invites)
		live += invite_is_live(s, list_entry(it, struct invite, node));
	dead = r->n_invites - live;
	list_for_each_safe (it, &r->invites) {
		struct invite *i = list_entry(it, struct invite, node);

		if (dead <= DEAD_MAX)
			break;
		if (invite_is_live(s, i))
			continue;
		save_del(s, RECORD_INVITE_DEL, r->key, i->id, RECORD_LAZY);
		invite_free(r, i);
		dead--;
	}
	return live;
}

static void invite_fill(struct step *s, struct invite *i)
{
	const struct core_conf *k = &s->c->conf;
	const struct event *e = s->e;
	uint64_t ttl = e->invite.ttl_ms ? e->invite.ttl_ms : k->invite_ttl_ms;

	if (ttl > k->invite_ttl_max_ms)
		ttl = k->invite_ttl_max_ms;
	i->id = ++s->room->next_invite;
	i->hash = e->fresh_hash;
	i->role = e->invite.role == ROLE_COHOST ? ROLE_COHOST : ROLE_GUEST;
	i->uses = e->invite.uses ? e->invite.uses : 1;
	i->uses_left = i->uses;
	i->created_ms = s->now.wall_ms;
	i->expires_ms = s->now.wall_ms + ttl;
	text_clean(i->label, sizeof(i->label), e->invite.label, 64);
}

void invite_create(struct step *s)
{
	struct room *r = s->room;
	struct invite *i;
	struct answer *a;

	if (s->e->invite.role == ROLE_HOST || s->e->invite.uses > USES_MAX) {
		tell_refusal(s, REFUSE_BAD_REQUEST);
		return;
	}
	if (invite_tidy(s, r) >= s->c->conf.invites) {
		tell_refusal(s, REFUSE_TOO_MANY_INVITES);
		return;
	}
	i = calloc(1, sizeof(*i));
	if (!i) {
		tell_refusal(s, REFUSE_NO_MEMORY);
		return;
	}
	invite_fill(s, i);
	list_push(&r->invites, &i->node);
	r->n_invites++;
	if (r->created && r->expires_ms < i->expires_ms) {
		r->expires_ms = i->expires_ms;
		save_room(s, r, RECORD_LAZY);
	}
	save_invite(s, r, i, RECORD_DURABLE);
	audit_add(s, r, "invite", NULL, i->label);
	a = tell_answer(s, ANSWER_INVITE);
	a->invite.id = i->id;
	a->invite.token = effects_str(s->fx, s->e->secret);
}

void invite_list(struct step *s)
{
	const struct room *r = s->room;
	struct invite_view *v = effects_alloc(s->fx, r->n_invites, sizeof(*v));
	struct answer *a = tell_answer(s, ANSWER_INVITES);
	uint32_t n = 0;

	list_for_each (it, &r->invites) {
		const struct invite *i = list_entry(it, struct invite, node);

		if (!v)
			break;
		v[n++] = (struct invite_view){
			.id = i->id,
			.label = effects_str(s->fx, i->label),
			.role = i->role,
			.uses = i->uses,
			.uses_left = i->uses_left,
			.created_ms = i->created_ms,
			.expires_ms = i->expires_ms,
		};
	}
	a->invites.v = v;
	a->invites.n = n;
}

void invite_revoke(struct step *s)
{
	struct room *r = s->room;

	list_for_each_safe (it, &r->invites) {
		struct invite *i = list_entry(it, struct invite, node);

		if (i->id != s->e->number)
			continue;
		save_del(s, RECORD_INVITE_DEL, r->key, i->id, RECORD_DURABLE);
		audit_add(s, r, "revoke-invite", NULL, i->label);
		invite_free(r, i);
		tell_ok(s);
		return;
	}
	tell_refusal(s, REFUSE_NOT_FOUND);
}

int invite_restore(struct room *r, const struct record *rec)
{
	const struct record_invite *ri = &rec->invite;
	struct invite *i = calloc(1, sizeof(*i));

	if (!i)
		return -ENOMEM;
	i->id = rec->id;
	i->hash = ri->hash;
	i->role = ri->role;
	i->uses = ri->uses;
	i->uses_left = ri->uses_left;
	i->created_ms = ri->created_ms;
	i->expires_ms = ri->expires_ms;
	text_clean(i->label, sizeof(i->label), ri->label, 64);
	list_push(&r->invites, &i->node);
	r->n_invites++;
	if (i->id > r->next_invite)
		r->next_invite = i->id;
	return 0;
}
