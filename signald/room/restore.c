#include "signald/room/restore.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/str.h"
#include "signald/room/audit.h"
#include "signald/room/ban.h"
#include "signald/room/chatlog.h"
#include "signald/room/invite.h"
#include "signald/room/member.h"
#include "signald/room/people.h"
#include "signald/room/registry.h"
#include "signald/room/text.h"

/* Enters while it was written must not be placed before it. */
static void counters_past(struct room *r, const struct peer *p)
{
	if (p->order > r->next_order)
		r->next_order = p->order;
	if (p->hand > r->next_hand)
		r->next_hand = p->hand;
}

static int fill_texts(struct peer *p, const struct record_peer *rp)
{
	const char *const keys[] = {rp->keys.sign, rp->keys.seal,
				    rp->keys.proof};

	if (str_copy(p->pid, sizeof(p->pid), rp->pid) ||
	    str_copy(p->name, sizeof(p->name), rp->name) ||
	    str_copy(p->browser, sizeof(p->browser), rp->browser))
		return -EINVAL;
	people_set_device(p, &rp->device);
	p->message = text_dup(rp->message);
	p->subject = text_dup(rp->subject);
	for (int i = 0; i < 3; i++)
		p->keys[i] = text_dup(keys[i]);
	(void)addr_parse(&p->from, rp->ip, 0);
	if (!rp->blob_len)
		return 0;
	p->blob = malloc(rp->blob_len);
	if (!p->blob)
		return -ENOMEM;
	memcpy(p->blob, rp->blob, rp->blob_len);
	p->blob_len = rp->blob_len;
	return 0;
}

static void fill_state(struct step *s, struct peer *p,
		       const struct record_peer *rp)
{
	struct room *r = p->room;

	p->role = rp->waiting ? ROLE_GUEST : rp->role;
	p->role_before = rp->role_before;
	p->owner = rp->owner;
	p->joined = rp->joined;
	p->asked_unmute = rp->asked_unmute;
	p->entered_ms = rp->entered_ms;
	p->invite = rp->invite;
	p->order = rp->order;
	p->hand = rp->hand;
	p->sealed_epoch = rp->sealed_epoch;
	counters_past(r, p);
	member_set_state(p, rp->waiting ? PEER_WAITING_AWAY : PEER_AWAY);
	step_timer(s, &p->grace, s->now.us + s->c->conf.grace_us);
	if (rp->waiting)
		return;
	timerq_unset(&s->c->timers, &r->life);
	if (r->created)
		registry_rest(s, r);
	if (p->role != ROLE_HOST)
		return;
	if (r->host) { /* a torn change of hosts: the first one stays */
		p->role = p->owner ? ROLE_COHOST : p->role_before;
		return;
	}
	r->host = p;
	r->hosted = true;
	step_timer(s, &p->host_grace, s->now.us + s->c->conf.host_grace_us);
}

static int restore_peer(struct step *s, struct room *r,
			const struct record *rec)
{
	struct peer *p = member_new(s->c, r, rec->id, &rec->peer.token);
	int err;

	if (!p)
		return -ENOMEM;
	err = fill_texts(p, &rec->peer);
	if (err) {
		member_free(s->c, p);
		return err;
	}
	fill_state(s, p, &rec->peer);
	return 0;
}

int restore_record(struct step *s, const struct record *rec)
{
	struct room *r = idmap_get(&s->c->rooms, rec->room);

	if (rec->kind == RECORD_ROOM)
		return r ? -EINVAL : registry_restore(s, rec);
	if (!r || r->ended)
		return -EINVAL;
	switch (rec->kind) {
	case RECORD_INVITE:
		return invite_restore(r, rec);
	case RECORD_BAN:
		return ban_restore(r, rec);
	case RECORD_PEER:
		return restore_peer(s, r, rec);
	case RECORD_CHAT:
		return chatlog_restore(r, rec);
	case RECORD_AUDIT:
		return audit_restore(r, rec);
	case RECORD_ROOM:
	case RECORD_ROOM_DEL:
	case RECORD_INVITE_DEL:
	case RECORD_PEER_DEL:
	case RECORD_CHAT_DEL:
	case RECORD_SIGNIN:
	case RECORD_SIGNIN_DEL:
	case RECORD_KINDS:
		break;
	}
	return -EINVAL;
}
