#include "tests/sim/journal.h"

#include <stdlib.h>
#include <string.h>

#include "common/idmap.h"

void journal_free(struct journal *j)
{
	for (size_t i = 0; i < j->n; i++)
		free(j->v[i].rec);
	free(j->v);
	*j = (struct journal){0};
}

uint64_t journal_push(struct journal *j, const struct record *rec,
		      enum record_wait wait)
{
	if (j->n == j->cap) {
		j->cap = j->cap ? 2 * j->cap : 256;
		j->v = realloc(j->v, j->cap * sizeof(*j->v));
	}
	j->v[j->n++] = (struct journal_item){
		.rec = record_dup(rec),
		.ticket = ++j->pushed,
		.durable = wait == RECORD_DURABLE,
	};
	return wait == RECORD_LAZY ? 0 : j->pushed;
}

bool journal_begin(struct journal *j)
{
	size_t i = j->n;

	if (j->batch || j->committed == j->pushed)
		return false;
	j->batch = ++j->last_batch;
	while (i && !j->v[i - 1].batch)
		j->v[--i].batch = j->batch;
	return true;
}

void journal_commit(struct journal *j)
{
	for (size_t i = j->n;
	     i && (!j->v[i - 1].batch || j->v[i - 1].batch == j->batch); i--) {
		const struct journal_item *it = &j->v[i - 1];

		if (!it->batch)
			continue;
		if (it->durable)
			j->synced_batch = j->batch;
		if (it->ticket > j->committed)
			j->committed = it->ticket;
	}
	j->batch = 0;
}

void journal_crash(struct journal *j, struct rnd *rnd, bool power_cut)
{
	uint32_t last;

	if (j->batch && rnd_below(rnd, 2))
		journal_commit(j); /* it was done and could not say so */
	last = j->batch ? j->batch - 1 : j->last_batch;
	if (power_cut && last > j->synced_batch)
		last -= rnd_below(rnd, last - j->synced_batch + 1);
	while (j->n && (!j->v[j->n - 1].batch || j->v[j->n - 1].batch > last))
		free(j->v[--j->n].rec);
	j->pushed = j->committed = j->n ? j->v[j->n - 1].ticket : 0;
	j->last_batch = last;
	j->batch = 0;
	if (j->synced_batch > last)
		j->synced_batch = last;
}

/* ---- the tables that the log amounts to ---- */

static const enum record_kind order[] = {
	RECORD_ROOM, RECORD_INVITE, RECORD_BAN,
	RECORD_PEER, RECORD_CHAT,   RECORD_AUDIT,
};

static uint64_t row_key(enum record_kind kind, uint64_t room, uint64_t id)
{
	struct rnd r = {.s = room ^ (uint64_t)kind << 56};
	uint64_t h = rnd_u64(&r);

	r.s = h ^ id;
	return rnd_u64(&r) | 1;
}

static void row_put(struct idmap *rows, const struct record *rec)
{
	uint64_t key = row_key(rec->kind, rec->room, rec->id);

	free(idmap_del(rows, key));
	(void)idmap_put(rows, key, record_dup(rec));
}

static void row_del(struct idmap *rows, uint64_t key)
{
	free(idmap_del(rows, key));
}

static bool is_doomed(const struct record *row, const struct record *del)
{
	if (row->room != del->room)
		return false;
	if (del->kind == RECORD_ROOM_DEL)
		return true;
	return del->kind == RECORD_CHAT_DEL && row->kind == RECORD_CHAT &&
	       row->id <= del->id;
}

static void rows_del(struct idmap *rows, const struct record *del)
{
	uint64_t doomed[4096];
	size_t n = 0, pos = 0;
	struct record *row;

	while ((row = idmap_next(rows, &pos)))
		if (is_doomed(row, del) && n < 4096)
			doomed[n++] = row_key(row->kind, row->room, row->id);
	while (n)
		row_del(rows, doomed[--n]);
}

static void apply(struct idmap *rows, const struct record *rec)
{
	switch (rec->kind) {
	case RECORD_ROOM_DEL:
	case RECORD_CHAT_DEL:
		rows_del(rows, rec);
		break;
	case RECORD_INVITE_DEL:
		row_del(rows, row_key(RECORD_INVITE, rec->room, rec->id));
		break;
	case RECORD_PEER_DEL:
		row_del(rows, row_key(RECORD_PEER, rec->room, rec->id));
		break;
	default:
		row_put(rows, rec);
		break;
	}
}

static uint64_t place(const struct record *r)
{
	return r->kind == RECORD_PEER ? r->peer.order : r->id;
}

static int by_place(const void *a, const void *b)
{
	const struct record *const *x = a, *const *y = b;

	if ((*x)->room != (*y)->room)
		return (*x)->room < (*y)->room ? -1 : 1;
	if (place(*x) == place(*y))
		return 0;
	return place(*x) < place(*y) ? -1 : 1;
}

static int load_rows(struct idmap *rows, struct core *c, struct instant now)
{
	struct record **v = calloc(rows->n + 1, sizeof(struct record *)), *row;
	size_t n = 0, pos = 0;
	int err = 0;

	while ((row = idmap_next(rows, &pos)))
		v[n++] = row;
	qsort(v, n, sizeof(struct record *), by_place);
	for (size_t k = 0; k < sizeof(order) / sizeof(order[0]); k++)
		for (size_t i = 0; i < n && !err; i++)
			if (v[i]->kind == order[k])
				err = core_restore(c, v[i], now);
	for (size_t i = 0; i < n; i++)
		free(v[i]);
	free(v);
	return err;
}

int journal_load(const struct journal *j, struct core *c, struct instant now)
{
	struct idmap rows;
	int err;

	idmap_init(&rows);
	for (size_t i = 0; i < j->n && j->v[i].ticket <= j->committed; i++)
		apply(&rows, j->v[i].rec);
	err = load_rows(&rows, c, now);
	idmap_fini(&rows);
	return err;
}
