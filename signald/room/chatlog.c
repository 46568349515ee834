#include "signald/room/chatlog.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/str.h"
#include "signald/room/member.h"
#include "signald/room/save.h"
#include "signald/room/tell.h"
#include "signald/room/text.h"
#include "signald/room/view.h"

#define HISTORY_MAX   100
#define HISTORY_BYTES 131072 /* an answer fits what may wait for a client */

static const char *put(char **at, const char *s)
{
	size_t len = s ? strlen(s) : 0;
	char *p = *at;

	memcpy(p, s ? s : "", len + 1);
	*at += len + 1;
	return p;
}

static size_t len1(const char *s)
{
	return (s ? strlen(s) : 0) + 1;
}

static struct chat *chat_new(uint64_t id, const struct record_chat *rc)
{
	size_t len = len1(rc->from) + len1(rc->to) + len1(rc->client_id) +
		     len1(rc->body);
	struct chat *m = calloc(1, sizeof(*m) + len);
	char *at;

	if (!m)
		return NULL;
	at = m->text;
	m->id = id;
	m->at_ms = rc->at_ms;
	m->sealed = rc->sealed;
	m->seal_epoch = rc->seal_epoch;
	m->from = put(&at, rc->from);
	m->to = put(&at, rc->to);
	m->client_id = put(&at, rc->client_id);
	m->body = put(&at, rc->body);
	m->body_len = strlen(m->body);
	return m;
}

static void chat_drop(struct room *r, struct chat *m)
{
	list_del(&m->node);
	r->n_chat--;
	r->chat_bytes -= m->body_len;
	free(m);
}

static void chat_link(struct room *r, struct chat *m)
{
	list_push(&r->chat, &m->node);
	r->n_chat++;
	r->chat_bytes += m->body_len;
	if (m->id > r->next_chat)
		r->next_chat = m->id;
}

void chatlog_free_all(struct room *r)
{
	list_for_each_safe (it, &r->chat)
		chat_drop(r, list_entry(it, struct chat, node));
}

/* Lets the oldest go until the caps hold: the last id that went, or 0. */
static uint64_t chat_shed(struct room *r)
{
	const struct core_conf *k = &r->core->conf;
	uint64_t upto = 0;

	while (r->n_chat > k->chat_msgs || r->chat_bytes > k->chat_bytes) {
		struct chat *m = list_entry(r->chat.next, struct chat, node);

		upto = m->id;
		chat_drop(r, m);
	}
	return upto;
}

static void chat_trim(struct step *s, struct room *r)
{
	uint64_t upto = chat_shed(r);

	if (upto)
		save_del(s, RECORD_CHAT_DEL, r->key, upto, RECORD_LAZY);
}

static struct chat *chat_append(struct step *s, const struct record_chat *rc)
{
	struct room *r = s->room;
	struct chat *m = chat_new(r->next_chat + 1, rc);

	if (!m)
		return NULL;
	chat_link(r, m);
	save_chat(s, r, m, RECORD_COMMIT);
	return m;
}

/* A client that had no answer sends the same again: it gets the same id. */
static struct chat *chat_sent_before(const struct step *s)
{
	const struct room *r = s->room;

	for (struct list *it = r->chat.prev; it != &r->chat; it = it->prev) {
		struct chat *m = list_entry(it, struct chat, node);

		if (!m->sealed && !strcmp(m->client_id, s->e->chat.client_id) &&
		    !strcmp(m->from, s->me->pid))
			return m;
	}
	return NULL;
}

static void chat_answer(struct step *s, const struct chat *m)
{
	struct answer *a = tell_answer(s, ANSWER_CHAT);

	a->sent.id = m->id;
	a->sent.at_ms = m->at_ms;
}

static void chat_deliver(struct step *s, const struct chat *m,
			 const struct peer *to)
{
	struct chat_view v = view_chat(s->fx, m);

	if (to)
		tell_peer(s, to, NOTE_CHAT)->chat = v;
	else
		tell_all(s, s->room, TELL_MEMBERS, s->me, NOTE_CHAT)->chat = v;
}

static bool chat_is_well_formed(const struct event *e)
{
	size_t len = e->chat.client_id ? strlen(e->chat.client_id) : 0;

	return len && len < CLIENT_ID_SIZE && e->chat.ciphertext &&
	       *e->chat.ciphertext;
}

void chatlog_send(struct step *s)
{
	const struct event *e = s->e;
	struct peer *to = NULL;
	struct chat *m;

	if (!chat_is_well_formed(e)) {
		tell_refusal(s, REFUSE_BAD_REQUEST);
		return;
	}
	if (strlen(e->chat.ciphertext) > CHAT_MAX) {
		tell_refusal(s, REFUSE_TOO_LARGE);
		return;
	}
	if (s->me->role == ROLE_GUEST && !s->room->settings.allow_chat) {
		tell_refusal(s, REFUSE_CHAT_OFF);
		return;
	}
	if (e->chat.to)
		to = member_find(s->room, e->chat.to);
	if (e->chat.to && (!to || to->plain)) {
		tell_refusal(s, REFUSE_NO_PEER);
		return;
	}
	m = chat_sent_before(s);
	if (m) {
		chat_answer(s, m);
		return;
	}
	m = chat_append(s, &(struct record_chat){
				   .from = s->me->pid,
				   .to = to ? to->pid : NULL,
				   .client_id = e->chat.client_id,
				   .body = e->chat.ciphertext,
				   .at_ms = s->now.wall_ms,
			   });
	if (!m) {
		tell_refusal(s, REFUSE_NO_MEMORY);
		return;
	}
	chat_answer(s, m);
	chat_deliver(s, m, to);
	chat_trim(s, s->room);
}

bool chatlog_seal(struct step *s, const struct peer *to, const char *box,
		  uint32_t epoch)
{
	struct chat *m = chat_append(s, &(struct record_chat){
						.from = s->me->pid,
						.to = to->pid,
						.body = box,
						.sealed = true,
						.seal_epoch = epoch,
						.at_ms = s->now.wall_ms,
					});
	struct chat_view v;

	if (!m)
		return false;
	v = view_chat(s->fx, m);
	tell_peer(s, to, NOTE_KEY_SEALED)->chat = v;
	chat_trim(s, s->room);
	return true;
}

static struct chat *chat_find(const struct room *r, uint64_t id)
{
	list_for_each (it, &r->chat) {
		struct chat *m = list_entry(it, struct chat, node);

		if (m->id == id && !m->sealed)
			return m;
	}
	return NULL;
}

/* Overwrites the ciphertext before the record goes out without it. */
static void chat_erase(struct room *r, struct chat *m)
{
	char *body = m->text + (m->body - m->text);

	r->chat_bytes -= m->body_len;
	memset(body, 0, m->body_len);
	m->body_len = 0;
}

void chatlog_delete(struct step *s)
{
	struct room *r = s->room;
	struct chat *m = chat_find(r, s->e->number);
	struct peer *to, *from;
	bool mine;

	if (!m || (*m->to && !str_eq(m->to, s->me->pid) &&
		   !str_eq(m->from, s->me->pid))) {
		tell_refusal(s, REFUSE_NOT_FOUND);
		return;
	}
	mine = !strcmp(m->from, s->me->pid);
	if (!mine && s->me->role == ROLE_GUEST) {
		tell_refusal(s, REFUSE_FORBIDDEN);
		return;
	}
	chat_erase(r, m);
	save_chat(s, r, m, RECORD_COMMIT);
	tell_ok(s);
	if (!*m->to) {
		tell_all(s, r, TELL_MEMBERS, NULL, NOTE_CHAT_DELETED)->number =
			m->id;
		return;
	}
	to = member_find(r, m->to);
	from = member_find(r, m->from);
	if (to)
		tell_peer(s, to, NOTE_CHAT_DELETED)->number = m->id;
	if (from)
		tell_peer(s, from, NOTE_CHAT_DELETED)->number = m->id;
}

static bool chat_is_for(const struct chat *m, const struct peer *p)
{
	if (m->sealed)
		return !strcmp(m->to, p->pid);
	return !*m->to || !strcmp(m->to, p->pid) || !strcmp(m->from, p->pid);
}

void chatlog_history(struct step *s)
{
	const struct room *r = s->room;
	uint32_t want = s->e->history.limit, n = 0;
	uint64_t before = s->e->history.before;
	struct chat_view *v;
	struct answer *a;
	size_t bytes = 0;
	bool more = false;

	if (!want || want > HISTORY_MAX)
		want = HISTORY_MAX;
	v = effects_alloc(s->fx, want, sizeof(*v));
	for (struct list *it = r->chat.prev; v && it != &r->chat;
	     it = it->prev) {
		const struct chat *m = list_entry(it, struct chat, node);

		if ((before && m->id >= before) || !chat_is_for(m, s->me))
			continue;
		bytes += m->body_len;
		more = n == want || (n && bytes > HISTORY_BYTES);
		if (more)
			break;
		v[want - ++n] = view_chat(s->fx, m); /* from the back */
	}
	a = tell_answer(s, ANSWER_HISTORY);
	a->history.v = v ? v + (want - n) : NULL;
	a->history.n = n;
	a->history.more = more;
}

int chatlog_restore(struct room *r, const struct record *rec)
{
	struct chat *m = chat_new(rec->id, &rec->chat);

	if (!m)
		return -ENOMEM;
	chat_link(r, m);
	(void)chat_shed(r); /* the row that said so may have been lost */
	return 0;
}
