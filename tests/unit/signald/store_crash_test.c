/*
 * The real SQLite at its crash points: the process or the machine dies at
 * each write, with the last one torn at any byte; what was acknowledged is
 * there afterwards, whole and without a hole.
 *
 * STORE_CRASH_POINTS=10000 in the environment tries that many.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/str.h"
#include "signald/store/store.h"
#include "tests/lib/test.h"
#include "tests/unit/signald/store_memvfs.h"

#define RECORDS 60

/* Operations after which a record was acknowledged. */
static size_t acked_at[RECORDS + 1];

static bool is_durable(uint64_t id)
{
	return id % 3 == 0;
}

static struct store *open_mem(char *err, size_t cap)
{
	return store_open(&(struct store_conf){.dir = "/m", .vfs = "mem"}, err,
			  cap);
}

static void wait_for(struct store *st, uint64_t ticket)
{
	struct pollfd p = {.fd = store_fd(st), .events = POLLIN};

	while (store_committed(st) < ticket)
		ck_assert_int_eq(poll(&p, 1, 20000), 1);
}

static struct record record_of(uint64_t id)
{
	struct record r = {.kind = RECORD_CHAT, .room = 1, .id = id};
	static char body[700];

	snprintf(body, sizeof(body), "%0600llu", (unsigned long long)id);
	r.chat = (struct record_chat){.from = "f", .to = "", .body = body};
	return r;
}

/* Half of it, a clean end, a new start, the other half. */
static void workload(void)
{
	uint64_t id = 0, ticket;
	struct record rec, got;
	struct store *st;
	char err[256];

	for (int half = 1; half <= 2; half++) {
		st = open_mem(err, sizeof(err));
		ck_assert_msg(st != NULL, "%s", err);
		while (store_next(st, &got) > 0)
			;
		ck_assert_int_eq(store_start(st), 0);
		while (id < (uint64_t)(RECORDS * half / 2)) {
			rec = record_of(++id);
			ticket = store_push(st, &rec,
					    is_durable(id) ? RECORD_DURABLE
							   : RECORD_COMMIT);
			wait_for(st, ticket);
			acked_at[id] = memvfs_log_len();
		}
		store_close(st);
	}
}

/* What must be there after a crash at operation n. */
static uint64_t promised(size_t n, bool power_cut)
{
	uint64_t last = 0;

	for (uint64_t id = 1; id <= RECORDS; id++)
		if (acked_at[id] <= n && (is_durable(id) || !power_cut))
			last = id;
	return last;
}

static void check_point(size_t n, size_t tear, uint64_t *chance)
{
	struct record rec, want;
	struct store *st;
	char err[256] = "";
	uint64_t id = 0;
	int got;

	memvfs_crash(n, tear, chance);
	st = open_mem(err, sizeof(err));
	ck_assert_msg(st != NULL, "at %zu + %zu: %s", n, tear, err);
	while ((got = store_next(st, &rec)) > 0) {
		want = record_of(++id);
		ck_assert_uint_eq(rec.id, id);
		ck_assert_str_eq(rec.chat.body, want.chat.body);
	}
	ck_assert_int_eq(got, 0);
	ck_assert_msg(id >= promised(n, chance != NULL),
		      "at %zu + %zu: %llu of %llu", n, tear,
		      (unsigned long long)id,
		      (unsigned long long)promised(n, chance != NULL));
	store_close(st);
}

static uint64_t points(void)
{
	const char *s = getenv("STORE_CRASH_POINTS");
	uint64_t n;

	return s && !str_u64(s, 10000000, &n) ? n : 600;
}

TEST_SLOW(store_crash_points, 600)
{
	uint64_t chance = 42, left = points();
	size_t end;

	memvfs_setup();
	workload();
	end = memvfs_log_len();
	ck_assert_uint_gt(end, 200);
	for (size_t n = 0; n <= end; n++) /* each write boundary */
		check_point(n, 0, NULL);
	while (left--) { /* torn tails, and power cuts */
		size_t n = (size_t)((chance >> 20) % end);
		size_t len = memvfs_write_len(n);
		size_t tear = len ? (size_t)((chance >> 40) % len) : 0;

		chance = chance * 6364136223846793005u + 1;
		check_point(n, tear, left % 2 ? &chance : NULL);
	}
}

TEST(store_waits_for_a_full_disk)
{
	struct record rec = record_of(1), got;
	struct store *st;
	uint64_t ticket;
	char err[256];
	struct pollfd p = {.events = POLLIN};

	memvfs_setup();
	st = open_mem(err, sizeof(err));
	store_start(st);
	p.fd = store_fd(st);
	memvfs_full(true);
	ticket = store_push(st, &rec, RECORD_DURABLE);
	ck_assert_int_eq(poll(&p, 1, 2000), 1); /* it says so, once */
	ck_assert_uint_lt(store_committed(st), ticket);
	ck_assert(store_sick(st));
	ck_assert_str_eq(store_why(st), "database or disk is full");
	ck_assert_int_eq(poll(&p, 1, 600), 0); /* and waits */
	ck_assert(store_sick(st));
	ck_assert_uint_lt(store_committed(st), ticket);
	rec = record_of(2);
	ticket = store_push(st, &rec, RECORD_COMMIT);
	memvfs_full(false);
	wait_for(st, ticket);
	ck_assert(!store_sick(st));
	store_close(st);
	st = open_mem(err, sizeof(err));
	ck_assert_int_eq(store_next(st, &got), 1);
	ck_assert_uint_eq(got.id, 1);
	ck_assert_int_eq(store_next(st, &got), 1);
	ck_assert_uint_eq(got.id, 2);
	ck_assert_int_eq(store_next(st, &got), 0);
	store_close(st);
}
