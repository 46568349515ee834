#include "signald/room/record.h"

#include <stdlib.h>
#include <string.h>

#define TEXT(field) offsetof(struct record, field)
#define TEXTS_MAX   12

/* Where each kind keeps its texts; 0 ends a row. */
static const size_t texts[RECORD_KINDS][TEXTS_MAX + 1] = {
	[RECORD_ROOM] = {TEXT(r.id)},
	[RECORD_INVITE] = {TEXT(invite.label)},
	[RECORD_BAN] = {TEXT(ban.subject), TEXT(ban.ip), TEXT(ban.browser)},
	[RECORD_PEER] = {TEXT(peer.pid), TEXT(peer.name), TEXT(peer.message),
			 TEXT(peer.subject), TEXT(peer.browser), TEXT(peer.ip),
			 TEXT(peer.device.flag), TEXT(peer.device.name),
			 TEXT(peer.device.version), TEXT(peer.keys.sign),
			 TEXT(peer.keys.seal), TEXT(peer.keys.proof)},
	[RECORD_CHAT] = {TEXT(chat.from), TEXT(chat.to), TEXT(chat.client_id),
			 TEXT(chat.body)},
	[RECORD_AUDIT] = {TEXT(audit.what), TEXT(audit.by), TEXT(audit.on),
			  TEXT(audit.detail)},
	[RECORD_SIGNIN] = {TEXT(signin.subject), TEXT(signin.name)},
};

static const char **text_at(struct record *r, size_t at)
{
	return (const char **)(void *)((char *)r + at);
}

static size_t text_size(const char *s)
{
	return s ? strlen(s) + 1 : 0;
}

/* Copies *s to *at and moves both on. */
static void text_move(const char **s, char **at)
{
	size_t n = text_size(*s);

	if (!n)
		return;
	memcpy(*at, *s, n);
	*s = *at;
	*at += n;
}

struct record *record_dup(const struct record *r)
{
	struct record from = *r, *copy;
	const size_t *t = texts[r->kind];
	bool peer = r->kind == RECORD_PEER;
	size_t len = sizeof(*r);
	char *at;

	for (int i = 0; t[i]; i++)
		len += text_size(*text_at(&from, t[i]));
	if (peer)
		len += from.peer.blob_len;
	copy = malloc(len);
	if (!copy)
		return NULL;
	*copy = from;
	at = (char *)(copy + 1);
	for (int i = 0; t[i]; i++)
		text_move(text_at(copy, t[i]), &at);
	if (peer && copy->peer.blob_len) {
		memcpy(at, copy->peer.blob, copy->peer.blob_len);
		copy->peer.blob = at;
	}
	return copy;
}
