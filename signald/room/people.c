#include "signald/room/people.h"

#include <stdlib.h>
#include <string.h>

#include "common/str.h"
#include "signald/room/audit.h"
#include "signald/room/epoch.h"
#include "signald/room/member.h"
#include "signald/room/save.h"
#include "signald/room/tell.h"
#include "signald/room/text.h"
#include "signald/room/view.h"

#define BLOB_MAX 65536

void people_set_device(struct peer *p, const struct device *d)
{
	const char *const from[] = {d->flag, d->name, d->version};

	for (int i = 0; i < 3; i++)
		text_clean(p->device[i], DEVICE_SIZE, from[i], 64);
	if (!*p->device[0])
		(void)str_copy(p->device[0], DEVICE_SIZE, "unknown");
	if (!*p->device[1])
		(void)str_copy(p->device[1], DEVICE_SIZE, "unknown");
}

void people_join(struct step *s)
{
	struct peer *p = s->me;
	const struct person *others;
	bool first = !p->joined;
	struct answer *a;
	struct person v;
	uint32_t n;

	if (p->plain && first) { /* it said nothing before */
		text_name(p->name, s->e->join.name);
		people_set_device(p, &s->e->join.device);
	}
	p->joined = true;
	others = view_people(s->fx, s->room, p, true, &n);
	a = tell_answer(s, ANSWER_JOINED);
	a->people.v = others;
	a->people.n = n;
	if (!first)
		return;
	save_peer(s, p, RECORD_LAZY);
	v = view_person(s->fx, p);
	tell_all(s, s->room, TELL_JOINED, p, NOTE_NEW_PEER)->person = v;
}

void people_leave(struct step *s)
{
	tell_ok(s);
	member_gone(s, s->me, "left", RECORD_COMMIT);
}

/* Oneself; host and co-hosts also others. */
static struct peer *rename_whom(struct step *s)
{
	struct peer *p = s->me;

	if (s->e->peer)
		p = member_find(s->room, s->e->peer);
	if (!p)
		tell_refusal(s, REFUSE_NO_PEER);
	else if (p != s->me && s->me && s->me->role == ROLE_GUEST)
		tell_refusal(s, REFUSE_FORBIDDEN);
	else if (p->subject) /* the check mark vouches for the name */
		tell_refusal(s, REFUSE_FORBIDDEN);
	else
		return p;
	return NULL;
}

void people_rename(struct step *s)
{
	struct peer *p = rename_whom(s);
	const char *old, *pid, *name;
	char text[NAME_SIZE];
	struct note *n;

	if (!p)
		return;
	text_clean(text, sizeof(text), s->e->text, 64);
	if (!*text) {
		tell_refusal(s, REFUSE_BAD_REQUEST);
		return;
	}
	old = effects_str(s->fx, p->name);
	pid = effects_str(s->fx, p->pid);
	name = effects_str(s->fx, text);
	memcpy(p->name, text, sizeof(text));
	save_peer(s, p, RECORD_LAZY);
	if (p != s->me)
		audit_add(s, s->room, "rename", p, name);
	tell_ok(s);
	if (p->joined) {
		n = tell_all(s, s->room, TELL_JOINED, p, NOTE_PEER_RENAMED);
		n->renamed.peer = pid;
		n->renamed.name = name;
		n->renamed.old_name = old;
	}
	tell_person(s, p);
}

void people_set_hand(struct step *s)
{
	struct peer *p = s->me;

	if (s->e->flag != (p->hand != 0)) {
		p->hand = s->e->flag ? ++s->room->next_hand : 0;
		save_peer(s, p, RECORD_LAZY);
		tell_person(s, p);
		tell_room(s, s->room);
	}
	tell_ok(s);
}

void people_react(struct step *s)
{
	const char *emoji, *pid;
	struct note *n;
	size_t len = s->e->text ? strlen(s->e->text) : 0;

	if (!len || len >= EMOJI_SIZE) {
		tell_refusal(s, REFUSE_BAD_REQUEST);
		return;
	}
	if (s->me->role == ROLE_GUEST && !s->room->settings.allow_reactions) {
		tell_refusal(s, REFUSE_REACTIONS_OFF);
		return;
	}
	emoji = effects_str(s->fx, s->e->text);
	pid = effects_str(s->fx, s->me->pid);
	n = tell_all(s, s->room, TELL_MEMBERS, s->me, NOTE_REACTION);
	n->reaction.peer = pid;
	n->reaction.emoji = emoji;
	tell_ok(s);
}

void people_set_keys(struct step *s)
{
	const char *const in[] = {s->e->keys.sign, s->e->keys.seal,
				  s->e->keys.proof};
	char *copy[3];

	for (int i = 0; i < 3; i++) {
		if (in[i] && *in[i] && strlen(in[i]) < KEY_TEXT_SIZE)
			continue;
		tell_refusal(s, REFUSE_BAD_REQUEST);
		return;
	}
	for (int i = 0; i < 3; i++)
		copy[i] = text_dup(in[i]);
	if (!copy[0] || !copy[1] || !copy[2]) {
		for (int i = 0; i < 3; i++)
			free(copy[i]);
		tell_refusal(s, REFUSE_NO_MEMORY);
		return;
	}
	/* Keys that changed cannot open what was sealed before. */
	if (!s->me->keys[1] || strcmp(s->me->keys[1], copy[1]) != 0)
		s->me->sealed_epoch = 0;
	for (int i = 0; i < 3; i++) {
		free(s->me->keys[i]);
		s->me->keys[i] = copy[i];
	}
	save_peer(s, s->me, RECORD_LAZY);
	tell_ok(s);
	tell_person(s, s->me);
	epoch_newcomer(s, s->me);
}

void people_muted(struct step *s)
{
	if (!s->me || s->me->muted == s->e->muted.muted)
		return;
	s->me->muted = s->e->muted.muted;
	if (peer_is_in(s->me))
		tell_person(s, s->me);
}

void people_blob(struct step *s)
{
	size_t len = s->e->blob.len;
	void *copy = NULL;

	if (!s->me || len > BLOB_MAX)
		return;
	if (len) {
		copy = malloc(len);
		if (!copy) {
			s->fx->oom = true;
			return;
		}
		memcpy(copy, s->e->blob.data, len);
	}
	free(s->me->blob);
	s->me->blob = copy;
	s->me->blob_len = len;
	save_peer(s, s->me, RECORD_LAZY);
}

void people_placed(struct step *s)
{
	if (!s->room || s->room->ended)
		return;
	s->room->worker = s->e->placed.worker;
	s->room->router = s->e->placed.router;
	save_room(s, s->room, RECORD_LAZY);
}
