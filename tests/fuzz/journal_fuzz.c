/*
 * The journal of an earlier run. The first byte tells how it is spoiled:
 * bytes of a good file are replaced, it is the input itself, or its rows hold
 * any values. What is opened is read and restored; what is refused is left
 * as it was, with a reason.
 */
#include <fcntl.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/rd.h"
#include "signald/room/core.h"
#include "signald/store/store.h"
#include "tests/fuzz/fuzz.h"

#define FILE_MAX 262144
#define COLUMNS	 24

static char dir[] = "/tmp/journal-fuzz.XXXXXX", path[64];
static uint8_t good[FILE_MAX], before[FILE_MAX], after[FILE_MAX];
static size_t good_len;

static const char *const tables[] = {"room", "invite", "ban",	"peer",
				     "chat", "audit",  "signin"};

static void clean(void)
{
	char other[80];

	unlink(path);
	snprintf(other, sizeof(other), "%s-wal", path);
	unlink(other);
	snprintf(other, sizeof(other), "%s-shm", path);
	unlink(other);
}

static void leave(void)
{
	clean();
	rmdir(dir);
}

static size_t get(uint8_t *buf)
{
	int fd = open(path, O_RDONLY);
	ssize_t n = read(fd, buf, FILE_MAX);

	FUZZ_CHECK(fd >= 0 && n >= 0 && n < FILE_MAX);
	close(fd);
	return (size_t)n;
}

static void put(const uint8_t *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	FUZZ_CHECK(fd >= 0 && write(fd, data, len) == (ssize_t)len);
	close(fd);
}

/* One row in each table, as they are written today. */
static void fill(struct store *st)
{
	struct record r = {.kind = RECORD_ROOM, .room = 7};

	FUZZ_CHECK(!store_start(st));
	r.r.id = "garden";
	store_push(st, &r, RECORD_COMMIT);
	r = (struct record){.kind = RECORD_INVITE, .room = 7, .id = 1};
	r.invite.label = "for Ben";
	store_push(st, &r, RECORD_COMMIT);
	r = (struct record){.kind = RECORD_BAN, .room = 7, .id = 1};
	r.ban = (struct record_ban){"", "192.0.2.1", ""};
	store_push(st, &r, RECORD_COMMIT);
	r = (struct record){.kind = RECORD_PEER, .room = 7, .id = 9};
	r.peer = (struct record_peer){.pid = "0123456789abcdef",
				      .name = "Ada",
				      .message = "",
				      .subject = "",
				      .browser = "",
				      .ip = "192.0.2.2",
				      .device = {"", "", ""},
				      .keys = {"", "", ""},
				      .joined = true,
				      .blob = "{}",
				      .blob_len = 2};
	store_push(st, &r, RECORD_COMMIT);
	r = (struct record){.kind = RECORD_CHAT, .room = 7, .id = 1};
	r.chat = (struct record_chat){.from = "0123456789abcdef",
				      .to = "",
				      .client_id = "c1",
				      .body = "AAAA"};
	store_push(st, &r, RECORD_COMMIT);
	r = (struct record){.kind = RECORD_AUDIT, .room = 7, .id = 1};
	r.audit = (struct record_audit){"kick", "Ada", "Ben", "", 1};
	store_push(st, &r, RECORD_COMMIT);
	r = (struct record){.kind = RECORD_SIGNIN, .id = 5};
	r.signin = (struct record_signin){.subject = "ada", .name = "Ada"};
	store_push(st, &r, RECORD_COMMIT);
}

static void begin(void)
{
	struct store *st;
	char err[512];

	FUZZ_CHECK(mkdtemp(dir) != NULL);
	snprintf(path, sizeof(path), "%s/journal.db", dir);
	atexit(leave);
	st = store_open(&(struct store_conf){.dir = dir}, err, sizeof(err));
	FUZZ_CHECK(st != NULL);
	fill(st);
	store_close(st);
	good_len = get(good);
}

/* Three bytes of input replace one of the file. */
static void patch(struct rd *r)
{
	while (rd_left(r) >= 3) {
		size_t at = rd_u16(r) % good_len;
		uint8_t v = rd_u8(r);

		before[at] = v;
	}
	put(before, good_len);
}

static void bind_any(sqlite3_stmt *q, int i, struct rd *r)
{
	uint8_t what = rd_u8(r);
	size_t n = what >> 3 < rd_left(r) ? what >> 3 : rd_left(r);
	const char *v = (const char *)rd_bytes(r, n);

	if ((what & 7) == 0)
		sqlite3_bind_int64(q, i, (int64_t)rd_u32(r) << (what >> 3));
	else if ((what & 7) == 1)
		sqlite3_bind_double(q, i, (double)what / 3);
	else if ((what & 7) == 2)
		sqlite3_bind_int64(q, i, 7); /* the room that is there */
	else if ((what & 7) == 3)
		sqlite3_bind_blob(q, i, v, (int)n, SQLITE_TRANSIENT);
	else if ((what & 7) < 7)
		sqlite3_bind_text(q, i, v, (int)n, SQLITE_TRANSIENT);
}

/* Replaces what a row may not be by what the input says. */
static void rows(struct rd *r)
{
	sqlite3 *db;
	sqlite3_stmt *q;
	char sql[128];

	put(good, good_len);
	FUZZ_CHECK(sqlite3_open(path, &db) == SQLITE_OK);
	sqlite3_exec(db, "PRAGMA synchronous=OFF", NULL, NULL, NULL);
	while (rd_left(r) && !r->bad) {
		const char *t = tables[rd_u8(r) % 7];
		int n = 0;

		snprintf(sql, sizeof(sql), "SELECT * FROM %s", t);
		FUZZ_CHECK(!sqlite3_prepare_v2(db, sql, -1, &q, NULL));
		n = sqlite3_column_count(q);
		sqlite3_finalize(q);
		FUZZ_CHECK(n > 0 && n <= COLUMNS);
		snprintf(sql, sizeof(sql),
			 "INSERT OR REPLACE INTO %s VALUES(%.*s)", t, 2 * n - 1,
			 "?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,");
		FUZZ_CHECK(!sqlite3_prepare_v2(db, sql, -1, &q, NULL));
		for (int i = 1; i <= n; i++)
			bind_any(q, i, r);
		sqlite3_step(q);
		sqlite3_finalize(q);
	}
	sqlite3_exec(db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL);
	sqlite3_close(db);
}

static void restore(struct store *st)
{
	static const uint8_t seed[16] = {1};
	struct instant now = {.us = 1000000, .wall_ms = 1800000000000};
	struct event tick = {.kind = EVENT_TICK};
	struct core_conf conf;
	struct effects *fx = effects_new();
	struct record rec;
	struct core *core;
	int n;

	core_conf_default(&conf);
	core = core_new(&conf, seed, 1);
	FUZZ_CHECK(core && fx);
	while ((n = store_next(st, &rec)) > 0)
		if (rec.kind != RECORD_SIGNIN)
			core_restore(core, &rec, now);
	FUZZ_CHECK(!n || *store_error(st));
	for (int i = 0; i < 8 && core_deadline(core) != UINT64_MAX; i++) {
		now.us = core_deadline(core);
		core_step(core, &tick, now, fx);
	}
	effects_free(fx);
	core_free(core);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct rd r = rd_of(data, len);
	uint8_t how = rd_u8(&r);
	struct store *st;
	char err[512] = "";
	size_t n;

	if (!good_len)
		begin();
	clean();
	memcpy(before, good, good_len);
	if (how % 3 == 0)
		put(data, len);
	else if (how % 3 == 1)
		patch(&r);
	else
		rows(&r);
	n = get(before);
	st = store_open(&(struct store_conf){.dir = dir}, err, sizeof(err));
	if (st) {
		restore(st);
		store_close(st);
	} else {
		FUZZ_CHECK(*err);
		FUZZ_CHECK(get(after) == n && !memcmp(before, after, n));
	}
	return 0;
}
