#include "signald/room/role.h"

#include "signald/room/audit.h"
#include "signald/room/invite.h"
#include "signald/room/member.h"
#include "signald/room/moderate.h"
#include "signald/room/registry.h"
#include "signald/room/save.h"
#include "signald/room/tell.h"
#include "signald/room/view.h"

#define TOMB_MS 60000ull

static struct peer *role_owner(const struct room *r)
{
	list_for_each (it, &r->members)
		if (member_of(it)->owner)
			return member_of(it);
	return NULL;
}

/* An owner keeps trust while another stands in for it. */
static enum role role_after(const struct peer *host)
{
	return host->owner ? ROLE_COHOST : host->role_before;
}

static void role_unseat(struct step *s, struct peer *p)
{
	p->role = role_after(p);
	p->room->host = NULL;
	timerq_unset(&s->c->timers, &p->host_grace);
}

struct peer *role_crown(struct step *s, struct peer *p, bool owner)
{
	struct room *r = p->room;
	struct peer *before = r->host == p ? NULL : r->host;
	struct peer *owned = owner ? role_owner(r) : NULL;

	if (before)
		role_unseat(s, before);
	if (owned && owned != p)
		owned->owner = false;
	if (before)
		save_peer(s, before, RECORD_DURABLE);
	if (owned && owned != p && owned != before)
		save_peer(s, owned, RECORD_DURABLE);
	if (p->role != ROLE_HOST)
		p->role_before = p->role;
	p->role = ROLE_HOST;
	p->owner = owner;
	r->host = p;
	if (p->state == PEER_AWAY) /* given the role while its link is down */
		step_timer(s, &p->host_grace,
			   s->now.us + s->c->conf.host_grace_us);
	if (!r->hosted) {
		r->hosted = true;
		save_room(s, r, RECORD_DURABLE);
	}
	save_peer(s, p, RECORD_DURABLE);
	return before;
}

/* Who becomes a host or co-host is shown who knocks. */
static void tell_line(struct step *s, const struct peer *p)
{
	list_for_each (it, &p->room->line) {
		struct knock_view v = view_knock(s->fx, member_of(it));

		tell_peer(s, p, NOTE_KNOCK)->knock = v;
	}
}

static void tell_host(struct step *s, const struct room *r)
{
	const char *pid = r->host ? effects_str(s->fx, r->host->pid) : NULL;

	tell_all(s, r, TELL_MEMBERS, NULL, NOTE_HOST_CHANGED)->peer = pid;
}

void role_tell(struct step *s, struct peer *p, const struct peer *before)
{
	if (before)
		tell_person(s, before);
	tell_person(s, p);
	tell_host(s, p->room);
	tell_room(s, p->room);
	if (p->role_before == ROLE_GUEST)
		tell_line(s, p);
}

bool role_is_hosts(const struct peer *p)
{
	return p->role == ROLE_HOST || p->owner;
}

void role_void_secrets(struct step *s, const struct peer *p)
{
	struct room *r = p->room;

	invite_void(s, r, p->invite);
	if (!p->owner || !r->created)
		return;
	r->host_key = (struct secret_hash){0};
	save_room(s, r, RECORD_DURABLE);
}

bool role_is_due(const struct peer *p)
{
	return p->owner && p->room->host != p;
}

void role_lose(struct step *s, struct peer *p)
{
	if (p->room->host != p)
		return;
	p->room->host = NULL;
	p->role = ROLE_GUEST;
	timerq_unset(&s->c->timers, &p->host_grace);
}

bool role_has_people(const struct room *r)
{
	list_for_each (it, &r->members)
		if (!member_of(it)->plain)
			return true;
	return false;
}

/* The oldest who is here and has this role at least. */
static struct peer *role_heir(const struct room *r, enum role least)
{
	list_for_each (it, &r->members) {
		struct peer *p = member_of(it);

		if (p->state == PEER_IN && !p->plain && p->role >= least &&
		    p != r->host)
			return p;
	}
	return NULL;
}

static bool role_is_missing(const struct room *r)
{
	const struct peer *h = r->host;

	if (!r->hosted || r->ended || !r->n_members)
		return false;
	return !h || (h->state == PEER_AWAY && !timer_is_set(&h->host_grace));
}

bool role_settle(struct step *s, struct room *r)
{
	struct peer *heir, *before;

	if (!role_is_missing(r))
		return false;
	heir = role_heir(r, ROLE_COHOST);
	if (!heir && r->settings.succession == SUCCESSION_OLDEST)
		heir = role_heir(r, ROLE_GUEST);
	if (!heir)
		return false;
	audit_add(s, r, "succession", heir, "");
	before = role_crown(s, heir, !role_owner(r));
	role_tell(s, heir, before);
	return true;
}

void role_lost(struct step *s, struct room *r)
{
	if (!role_is_missing(r) || role_settle(s, r))
		return;
	if (!r->host)
		tell_host(s, r);
	if (!role_has_people(r))
		return;
	if (r->settings.succession == SUCCESSION_END)
		registry_end(s, r, "host-left", TOMB_MS);
	else if (r->settings.succession == SUCCESSION_LOCK)
		moderate_policy(s, r, POLICY_LOCKED);
}

static bool role_set_is_refused(struct step *s, const struct peer *p)
{
	const struct event *e = s->e;

	if (!p)
		tell_refusal(s, REFUSE_NO_PEER);
	else if (p->plain || p->role == ROLE_HOST)
		tell_refusal(s, REFUSE_FORBIDDEN);
	else if (e->role == ROLE_HOST && !e->admin && s->me != s->room->host)
		tell_refusal(s, REFUSE_FORBIDDEN);
	else
		return false;
	return true;
}

/* One who stands in passes on no more than it has. */
static bool role_gives_for_good(const struct step *s, const struct peer *to)
{
	const struct peer *owner = role_owner(s->room);

	return !s->me || !owner || owner == s->me || owner == to;
}

void role_set(struct step *s)
{
	struct peer *p = member_find(s->room, s->e->peer), *before;
	enum role was;

	if (role_set_is_refused(s, p))
		return;
	if (s->e->role == ROLE_HOST) {
		audit_add(s, s->room, "transfer", p, "");
		before = role_crown(s, p, role_gives_for_good(s, p));
		if (before) { /* the host before keeps its trust */
			before->role = ROLE_COHOST;
			save_peer(s, before, RECORD_DURABLE);
		}
		tell_ok(s);
		role_tell(s, p, before);
		return;
	}
	was = p->role;
	p->role = s->e->role;
	audit_add(s, s->room, "role", p,
		  p->role == ROLE_COHOST ? "cohost" : "guest");
	save_peer(s, p, RECORD_DURABLE);
	tell_ok(s);
	tell_person(s, p);
	if (was == ROLE_GUEST && p->role == ROLE_COHOST)
		tell_line(s, p);
}
