#include "signald/room/moderate.h"

#include "signald/room/audit.h"
#include "signald/room/ban.h"
#include "signald/room/epoch.h"
#include "signald/room/lobby.h"
#include "signald/room/member.h"
#include "signald/room/role.h"
#include "signald/room/save.h"
#include "signald/room/tell.h"

static const char *const policies[] = {
	[POLICY_WAITING] = "waiting",
	[POLICY_OPEN] = "open",
	[POLICY_LOCKED] = "locked",
};

void moderate_policy(struct step *s, struct room *r, enum policy policy)
{
	if (r->policy == policy)
		return;
	r->policy = policy;
	audit_add(s, r, "policy", NULL, policies[policy]);
	save_room(s, r, RECORD_DURABLE);
	tell_room(s, r);
	if (policy == POLICY_LOCKED)
		epoch_want(s, r, s->me);
	if (policy == POLICY_OPEN)
		lobby_open(s, r);
}

void moderate_set_policy(struct step *s)
{
	moderate_policy(s, s->room, s->e->policy);
	tell_ok(s);
}

void moderate_settings(struct settings *to, const struct event_settings *e)
{
	if (e->set_screen)
		to->allow_screen = e->to.allow_screen;
	if (e->set_chat)
		to->allow_chat = e->to.allow_chat;
	if (e->set_unmute)
		to->allow_unmute = e->to.allow_unmute;
	if (e->set_reactions)
		to->allow_reactions = e->to.allow_reactions;
	if (e->set_succession)
		to->succession = e->to.succession;
}

void moderate_set_settings(struct step *s)
{
	const struct event *e = s->e;
	struct settings *to = &s->room->settings;

	moderate_settings(to, &e->settings);
	audit_add(s, s->room, "settings", NULL, "");
	save_room(s, s->room, RECORD_COMMIT);
	tell_room(s, s->room);
	tell_ok(s);
	(void)role_settle(s, s->room);
	if (!e->settings.set_screen || to->allow_screen)
		return;
	list_for_each (it, &s->room->members)
		if (member_of(it)->role == ROLE_GUEST)
			tell_media(s, EFFECT_MEDIA_PAUSE, member_of(it),
				   SOURCE_SCREEN | SOURCE_SCREEN_AUDIO);
}

static void mute_one(struct step *s, struct peer *p, uint32_t sources)
{
	const char *by = s->me ? effects_str(s->fx, s->me->pid) : NULL;
	struct note *n;

	tell_media(s, EFFECT_MEDIA_PAUSE, p, sources);
	if (p->asked_unmute && sources & SOURCE_MIC) {
		p->asked_unmute = false;
		save_peer(s, p, RECORD_LAZY);
	}
	if (p->plain)
		return;
	n = tell_peer(s, p, NOTE_MUTED_BY_HOST);
	n->muted.by = by;
	n->muted.sources = sources;
}

void moderate_mute(struct step *s)
{
	struct peer *p = member_find(s->room, s->e->peer);
	uint64_t all = SOURCE_MIC | SOURCE_WEBCAM | SOURCE_SCREEN |
		       SOURCE_SCREEN_AUDIO;

	if (!p) {
		tell_refusal(s, REFUSE_NO_PEER);
		return;
	}
	if (!s->e->number || s->e->number & ~all) {
		tell_refusal(s, REFUSE_BAD_REQUEST);
		return;
	}
	audit_add(s, s->room, "mute", p, "");
	mute_one(s, p, (uint32_t)s->e->number);
	tell_ok(s);
}

void moderate_mute_all(struct step *s)
{
	audit_add(s, s->room, "mute-all", NULL, "");
	list_for_each (it, &s->room->members)
		if (member_of(it) != s->me)
			mute_one(s, member_of(it), SOURCE_MIC);
	tell_ok(s);
}

void moderate_ask_unmute(struct step *s)
{
	struct peer *p = member_find(s->room, s->e->peer);
	const char *by = s->me ? effects_str(s->fx, s->me->pid) : NULL;

	if (!p || p->plain) {
		tell_refusal(s, REFUSE_NO_PEER);
		return;
	}
	p->asked_unmute = true;
	audit_add(s, s->room, "ask-unmute", p, "");
	save_peer(s, p, RECORD_LAZY);
	tell_peer(s, p, NOTE_ASKED_UNMUTE)->peer = by;
	tell_ok(s);
}

void moderate_kick(struct step *s)
{
	struct room *r = s->room;
	struct peer *p = member_find(r, s->e->peer);
	bool ban = s->e->flag;

	if (!p)
		p = member_find_waiting(r, s->e->peer);
	if (!p) {
		tell_refusal(s, REFUSE_NO_PEER);
		return;
	}
	if (p == s->me || (role_is_hosts(p) && !s->e->admin)) {
		tell_refusal(s, REFUSE_FORBIDDEN);
		return;
	}
	if (ban && !ban_add(s, p)) {
		tell_refusal(s, REFUSE_NO_MEMORY);
		return;
	}
	audit_add(s, r, ban ? "ban" : "kick", p, p->name);
	role_void_secrets(s, p);
	/* Wanted of who stays, and asked before the room may end. */
	if (peer_is_in(p))
		epoch_want_without(s, r, s->me, p);
	member_gone(s, p, "kicked", RECORD_DURABLE);
	tell_ok(s);
}

void moderate_lower_hands(struct step *s)
{
	list_for_each (it, &s->room->members) {
		struct peer *p = member_of(it);

		if (!p->hand)
			continue;
		p->hand = 0;
		save_peer(s, p, RECORD_LAZY);
		tell_person(s, p);
	}
	tell_room(s, s->room);
	tell_ok(s);
}

void moderate_spotlight(struct step *s)
{
	const struct peer *p = NULL;

	if (s->e->peer && !(p = member_find(s->room, s->e->peer))) {
		tell_refusal(s, REFUSE_NO_PEER);
		return;
	}
	s->room->spotlight = p ? p->id : 0;
	save_room(s, s->room, RECORD_LAZY);
	tell_room(s, s->room);
	tell_ok(s);
}
