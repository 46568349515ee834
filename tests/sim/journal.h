/*
 * journal: a model of signald/store. Records are queued, written in batches
 * that take a while, and lost or kept at a crash the way SQLite would: a
 * batch is whole or absent, and only a power cut may take back batches that
 * were written without a sync.
 */
#ifndef TESTS_SIM_JOURNAL_H
#define TESTS_SIM_JOURNAL_H

#include "signald/room/core.h"
#include "tests/sim/rnd.h"

struct journal_item {
	struct record *rec;
	uint64_t ticket;
	uint32_t batch; /* 0: still queued */
	bool durable;
};

struct journal {
	struct journal_item *v;
	size_t n, cap;
	uint64_t pushed, committed; /* tickets */
	uint32_t batch;		    /* being written, 0: none */
	uint32_t last_batch, synced_batch;
};

void journal_free(struct journal *j);
uint64_t journal_push(struct journal *j, const struct record *rec,
		      enum record_wait wait);

/* Starts to write all that is queued: false when there is nothing. */
bool journal_begin(struct journal *j);
void journal_commit(struct journal *j);

/* What a crash leaves. */
void journal_crash(struct journal *j, struct rnd *rnd, bool power_cut);

static inline bool journal_is_idle(const struct journal *j)
{
	return !j->batch && j->committed == j->pushed;
}

/* Plays what is committed into a core. 0 or what core_restore() said. */
int journal_load(const struct journal *j, struct core *c, struct instant now);

#endif
