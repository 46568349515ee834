#include "signald/store/rows.h"

#include <string.h>

/* What a kind does; several statements run one after the other. */
static const char *const writes[RECORD_KINDS][8] = {
	[RECORD_ROOM] = {"INSERT OR REPLACE INTO room VALUES"
			 "(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"},
	[RECORD_ROOM_DEL] = {"DELETE FROM room WHERE key=?1",
			     "DELETE FROM invite WHERE room=?1",
			     "DELETE FROM ban WHERE room=?1",
			     "DELETE FROM peer WHERE room=?1",
			     "DELETE FROM chat WHERE room=?1",
			     "DELETE FROM audit WHERE room=?1"},
	[RECORD_INVITE] = {"INSERT OR REPLACE INTO invite VALUES"
			   "(?,?,?,?,?,?,?,?,?)"},
	[RECORD_INVITE_DEL] = {"DELETE FROM invite WHERE room=? AND id=?"},
	[RECORD_BAN] = {"INSERT OR REPLACE INTO ban VALUES(?,?,?,?,?)"},
	[RECORD_PEER] = {"INSERT OR REPLACE INTO peer VALUES"
			 "(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,"
			 "?)"},
	[RECORD_PEER_DEL] = {"DELETE FROM peer WHERE room=? AND id=?"},
	[RECORD_CHAT] = {"INSERT OR REPLACE INTO chat VALUES"
			 "(?,?,?,?,?,?,?,?,?)"},
	[RECORD_CHAT_DEL] = {"DELETE FROM chat WHERE room=? AND id<=?"},
	[RECORD_AUDIT] = {"INSERT OR REPLACE INTO audit VALUES"
			  "(?1,?2,?3,?4,?5,?6,?7)",
			  "DELETE FROM audit WHERE room=?1 AND id<=?2-200"},
	[RECORD_SIGNIN] = {"INSERT OR REPLACE INTO signin VALUES(?,?,?,?,?)"},
	[RECORD_SIGNIN_DEL] = {"DELETE FROM signin WHERE id=?"},
};

/* In the order core_restore() wants. */
static const struct {
	enum record_kind kind;
	const char *sql;
} reads[] = {
	{RECORD_ROOM, "SELECT * FROM room"},
	{RECORD_INVITE, "SELECT * FROM invite ORDER BY room, id"},
	{RECORD_BAN, "SELECT * FROM ban ORDER BY room, id"},
	{RECORD_PEER, "SELECT * FROM peer ORDER BY room, place"},
	{RECORD_CHAT, "SELECT * FROM chat ORDER BY room, id"},
	{RECORD_AUDIT, "SELECT * FROM audit ORDER BY room, id"},
	{RECORD_SIGNIN, "SELECT * FROM signin"},
};

#define READS ((int)(sizeof(reads) / sizeof(reads[0])))

int rows_open(struct rows *r, sqlite3 *db)
{
	int rc = SQLITE_OK;

	*r = (struct rows){.db = db};
	for (int k = 0; k < RECORD_KINDS; k++)
		for (int i = 0; i < 8 && writes[k][i] && !rc; i++)
			rc = sqlite3_prepare_v3(db, writes[k][i], -1,
						SQLITE_PREPARE_PERSISTENT,
						&r->put[k][i], NULL);
	return rc;
}

void rows_close(struct rows *r)
{
	for (int k = 0; k < RECORD_KINDS; k++)
		for (int i = 0; i < 8; i++)
			sqlite3_finalize(r->put[k][i]);
	sqlite3_finalize(r->get);
	memset(r, 0, sizeof(*r));
}

/* ---- to a row: the next parameter in turn ---- */

struct bind {
	sqlite3_stmt *q;
	int i;
};

static void bind_u64(struct bind *b, uint64_t v)
{
	sqlite3_bind_int64(b->q, ++b->i, (sqlite3_int64)v);
}

static void bind_text(struct bind *b, const char *s)
{
	sqlite3_bind_text(b->q, ++b->i, s, -1, SQLITE_STATIC);
}

static void bind_hash(struct bind *b, const struct secret_hash *h)
{
	sqlite3_bind_blob(b->q, ++b->i, h->b, sizeof(h->b), SQLITE_STATIC);
}

static void bind_room(struct bind *b, const struct record *rec)
{
	const struct record_room *r = &rec->r;
	const struct settings *t = &r->settings;

	bind_u64(b, rec->room);
	bind_text(b, r->id);
	bind_u64(b, r->created);
	bind_u64(b, r->hosted);
	bind_u64(b, r->ended);
	bind_u64(b, r->policy);
	bind_u64(b, t->allow_screen | t->allow_chat << 1 |
			    t->allow_unmute << 2 | t->allow_reactions << 3);
	bind_u64(b, t->succession);
	bind_hash(b, &r->host_key);
	bind_u64(b, r->created_ms);
	bind_u64(b, r->expires_ms);
	bind_u64(b, r->spotlight);
	bind_u64(b, r->key_epoch);
	bind_u64(b, r->worker);
	bind_u64(b, r->router);
	bind_u64(b, r->epoch_wanted);
}

static void bind_invite(struct bind *b, const struct record_invite *r)
{
	bind_hash(b, &r->hash);
	bind_text(b, r->label);
	bind_u64(b, r->role);
	bind_u64(b, r->uses_left);
	bind_u64(b, r->uses);
	bind_u64(b, r->created_ms);
	bind_u64(b, r->expires_ms);
}

static void bind_peer(struct bind *b, const struct record_peer *r)
{
	const char *const text[] = {
		r->pid,		r->name,	r->message,
		r->subject,	r->browser,	r->ip,
		r->device.flag, r->device.name, r->device.version,
		r->keys.sign,	r->keys.seal,	r->keys.proof,
	};

	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++)
		bind_text(b, text[i]);
	bind_hash(b, &r->token);
	bind_u64(b, r->role);
	bind_u64(b, r->role_before);
	bind_u64(b, r->waiting | r->owner << 1 | r->joined << 2 |
			    r->asked_unmute << 3);
	bind_u64(b, r->sealed_epoch);
	bind_u64(b, r->entered_ms);
	bind_u64(b, r->order);
	bind_u64(b, r->hand);
	sqlite3_bind_blob64(b->q, ++b->i, r->blob, r->blob_len, SQLITE_STATIC);
	bind_u64(b, r->invite);
}

static void bind_chat(struct bind *b, const struct record_chat *r)
{
	bind_text(b, r->from);
	bind_text(b, r->to);
	bind_text(b, r->client_id);
	bind_text(b, r->body);
	bind_u64(b, r->sealed);
	bind_u64(b, r->seal_epoch);
	bind_u64(b, r->at_ms);
}

static void bind_audit(struct bind *b, const struct record_audit *r)
{
	bind_text(b, r->what);
	bind_text(b, r->by);
	bind_text(b, r->on);
	bind_text(b, r->detail);
	bind_u64(b, r->at_ms);
}

static void bind_signin(struct bind *b, const struct record *rec)
{
	bind_u64(b, rec->id);
	bind_hash(b, &rec->signin.hash);
	bind_text(b, rec->signin.subject);
	bind_text(b, rec->signin.name);
	bind_u64(b, rec->signin.expires_ms);
}

static void bind_record(struct bind *b, const struct record *rec)
{
	switch (rec->kind) {
	case RECORD_ROOM:
		bind_room(b, rec);
		return;
	case RECORD_ROOM_DEL:
		bind_u64(b, rec->room);
		return;
	case RECORD_SIGNIN:
		bind_signin(b, rec);
		return;
	case RECORD_SIGNIN_DEL:
		bind_u64(b, rec->id);
		return;
	default:
		break;
	}
	bind_u64(b, rec->room);
	bind_u64(b, rec->id);
	if (rec->kind == RECORD_INVITE)
		bind_invite(b, &rec->invite);
	else if (rec->kind == RECORD_PEER)
		bind_peer(b, &rec->peer);
	else if (rec->kind == RECORD_CHAT)
		bind_chat(b, &rec->chat);
	else if (rec->kind == RECORD_AUDIT)
		bind_audit(b, &rec->audit);
	else if (rec->kind == RECORD_BAN) {
		bind_text(b, rec->ban.subject);
		bind_text(b, rec->ban.ip);
		bind_text(b, rec->ban.browser);
	}
}

int rows_put(struct rows *r, const struct record *rec)
{
	int rc = SQLITE_DONE;

	for (int i = 0; i < 8 && r->put[rec->kind][i]; i++) {
		struct bind b = {.q = r->put[rec->kind][i]};

		/* Parameters that a statement does not have are ignored. */
		bind_record(&b, rec);
		rc = sqlite3_step(b.q);
		sqlite3_reset(b.q);
		sqlite3_clear_bindings(b.q);
		if (rc != SQLITE_DONE)
			return rc;
	}
	return SQLITE_OK;
}

/* ---- from a row: the next column in turn ---- */

static uint64_t col_u64(struct bind *b)
{
	return (uint64_t)sqlite3_column_int64(b->q, b->i++);
}

static uint32_t col_u32(struct bind *b)
{
	return (uint32_t)col_u64(b);
}

/* NULL columns are "": that is how they were written. */
static const char *col_text(struct bind *b)
{
	const char *s = (const char *)sqlite3_column_text(b->q, b->i++);

	return s ? s : "";
}

static void col_hash(struct bind *b, struct secret_hash *h)
{
	const void *p = sqlite3_column_blob(b->q, b->i);

	memset(h, 0, sizeof(*h));
	if (p && sqlite3_column_bytes(b->q, b->i) == sizeof(h->b))
		memcpy(h->b, p, sizeof(h->b));
	b->i++;
}

static void col_room(struct bind *b, struct record *rec)
{
	struct record_room *r = &rec->r;
	struct settings *t = &r->settings;
	uint64_t allow;

	r->id = col_text(b);
	r->created = col_u64(b);
	r->hosted = col_u64(b);
	r->ended = col_u64(b);
	r->policy = (enum policy)col_u64(b);
	allow = col_u64(b);
	t->allow_screen = allow & 1;
	t->allow_chat = allow & 2;
	t->allow_unmute = allow & 4;
	t->allow_reactions = allow & 8;
	t->succession = (enum succession)col_u64(b);
	col_hash(b, &r->host_key);
	r->created_ms = col_u64(b);
	r->expires_ms = col_u64(b);
	r->spotlight = col_u64(b);
	r->key_epoch = col_u32(b);
	r->worker = col_u32(b);
	r->router = col_u64(b);
	r->epoch_wanted = col_u32(b);
}

static void col_invite(struct bind *b, struct record_invite *r)
{
	col_hash(b, &r->hash);
	r->label = col_text(b);
	r->role = (enum role)col_u64(b);
	r->uses_left = col_u32(b);
	r->uses = col_u32(b);
	r->created_ms = col_u64(b);
	r->expires_ms = col_u64(b);
}

static void col_peer(struct bind *b, struct record_peer *r)
{
	const char **const text[] = {
		&r->pid,	 &r->name,	  &r->message,
		&r->subject,	 &r->browser,	  &r->ip,
		&r->device.flag, &r->device.name, &r->device.version,
		&r->keys.sign,	 &r->keys.seal,	  &r->keys.proof,
	};
	uint64_t bits;

	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++)
		*text[i] = col_text(b);
	col_hash(b, &r->token);
	r->role = (enum role)col_u64(b);
	r->role_before = (enum role)col_u64(b);
	bits = col_u64(b);
	r->waiting = bits & 1;
	r->owner = bits & 2;
	r->joined = bits & 4;
	r->asked_unmute = bits & 8;
	r->sealed_epoch = col_u32(b);
	r->entered_ms = col_u64(b);
	r->order = col_u64(b);
	r->hand = col_u64(b);
	r->blob = sqlite3_column_blob(b->q, b->i);
	r->blob_len = (size_t)sqlite3_column_bytes(b->q, b->i++);
	r->invite = col_u64(b);
}

static void col_chat(struct bind *b, struct record_chat *r)
{
	r->from = col_text(b);
	r->to = col_text(b);
	r->client_id = col_text(b);
	r->body = col_text(b);
	r->sealed = col_u64(b);
	r->seal_epoch = col_u32(b);
	r->at_ms = col_u64(b);
}

static void col_audit(struct bind *b, struct record_audit *r)
{
	r->what = col_text(b);
	r->by = col_text(b);
	r->on = col_text(b);
	r->detail = col_text(b);
	r->at_ms = col_u64(b);
}

static void col_signin(struct bind *b, struct record_signin *r)
{
	col_hash(b, &r->hash);
	r->subject = col_text(b);
	r->name = col_text(b);
	r->expires_ms = col_u64(b);
}

static void col_record(struct bind *b, struct record *rec)
{
	if (rec->kind == RECORD_SIGNIN) {
		rec->id = col_u64(b);
		col_signin(b, &rec->signin);
		return;
	}
	rec->room = col_u64(b);
	if (rec->kind == RECORD_ROOM) {
		col_room(b, rec);
		return;
	}
	rec->id = col_u64(b);
	if (rec->kind == RECORD_INVITE)
		col_invite(b, &rec->invite);
	else if (rec->kind == RECORD_PEER)
		col_peer(b, &rec->peer);
	else if (rec->kind == RECORD_CHAT)
		col_chat(b, &rec->chat);
	else if (rec->kind == RECORD_AUDIT)
		col_audit(b, &rec->audit);
	else if (rec->kind == RECORD_BAN) {
		rec->ban.subject = col_text(b);
		rec->ban.ip = col_text(b);
		rec->ban.browser = col_text(b);
	}
}

int rows_next(struct rows *r, struct record *rec)
{
	int rc;

	for (; r->loading < READS; r->loading++) {
		struct bind b;

		rc = SQLITE_OK;
		if (!r->get)
			rc = sqlite3_prepare_v2(r->db, reads[r->loading].sql,
						-1, &r->get, NULL);
		if (rc == SQLITE_OK)
			rc = sqlite3_step(r->get);
		if (rc == SQLITE_ROW) {
			b = (struct bind){.q = r->get};
			*rec = (struct record){.kind = reads[r->loading].kind};
			col_record(&b, rec);
			return rc;
		}
		sqlite3_finalize(r->get);
		r->get = NULL;
		if (rc != SQLITE_DONE)
			return rc;
	}
	return SQLITE_DONE;
}
