#include "signald/store/schema.h"

#include <stdio.h>
#include <string.h>

/*
 * steps[v] makes version v + 1 of version v. A change of the tables is one
 * more step, never an edit of an older one.
 */
static const char *const steps[] = {
	"CREATE TABLE room(key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,"
	" created INT, hosted INT, ended INT, policy INT, allow INT,"
	" succession INT, host_key BLOB, created_ms INT, expires_ms INT,"
	" spotlight INT, key_epoch INT, worker INT, router INT);"
	"CREATE TABLE invite(room INT, id INT, hash BLOB, label TEXT, role INT,"
	" uses_left INT, uses INT, created_ms INT, expires_ms INT,"
	" PRIMARY KEY(room, id)) WITHOUT ROWID;"
	"CREATE TABLE ban(room INT, id INT, subject TEXT, ip TEXT,"
	" browser TEXT, PRIMARY KEY(room, id)) WITHOUT ROWID;"
	"CREATE TABLE peer(room INT, id INT, pid TEXT, name TEXT,"
	" message TEXT, subject TEXT, browser TEXT, ip TEXT, flag TEXT,"
	" device TEXT, version TEXT, sign TEXT, seal TEXT, proof TEXT,"
	" token BLOB, role INT, role_before INT, bits INT, sealed_epoch INT,"
	" entered_ms INT, place INT, hand INT, media BLOB,"
	" PRIMARY KEY(room, id)) WITHOUT ROWID;"
	"CREATE TABLE chat(room INT, id INT, sender TEXT, receiver TEXT,"
	" client_id TEXT, body TEXT, sealed INT, seal_epoch INT, at_ms INT,"
	" PRIMARY KEY(room, id)) WITHOUT ROWID;"
	"CREATE TABLE audit(room INT, id INT, what TEXT, who TEXT, whom TEXT,"
	" detail TEXT, at_ms INT, PRIMARY KEY(room, id)) WITHOUT ROWID;"
	"CREATE TABLE signin(id INTEGER PRIMARY KEY, hash BLOB, subject TEXT,"
	" name TEXT, expires_ms INT);",
	"ALTER TABLE room ADD COLUMN epoch_wanted INT;"
	"ALTER TABLE peer ADD COLUMN invite INT;",
};

#define VERSION ((int)(sizeof(steps) / sizeof(steps[0])))

static int fail(sqlite3 *db, char *err, size_t cap)
{
	snprintf(err, cap, "%s: %s", sqlite3_db_filename(db, NULL),
		 sqlite3_errmsg(db));
	return -1;
}

static int pragma_int(sqlite3 *db, const char *sql, int *out)
{
	sqlite3_stmt *q = NULL;
	int rc = sqlite3_prepare_v2(db, sql, -1, &q, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(q);
	if (rc == SQLITE_ROW)
		*out = sqlite3_column_int(q, 0);
	sqlite3_finalize(q);
	return rc == SQLITE_ROW ? 0 : -1;
}

/* "ok" or the first complaint. */
static int integrity(sqlite3 *db, char *err, size_t cap)
{
	sqlite3_stmt *q = NULL;
	const char *said = NULL;
	int rc = sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &q, NULL);

	if (rc == SQLITE_OK && sqlite3_step(q) == SQLITE_ROW)
		said = (const char *)sqlite3_column_text(q, 0);
	if (said && !strcmp(said, "ok")) {
		sqlite3_finalize(q);
		return 0;
	}
	snprintf(err, cap, "%s is damaged: %s; move it away to begin anew",
		 sqlite3_db_filename(db, NULL),
		 said ? said : sqlite3_errmsg(db));
	sqlite3_finalize(q);
	return -1;
}

int schema_check(sqlite3 *db, char *err, size_t cap)
{
	const char *path = sqlite3_db_filename(db, NULL);
	int app = 0, version = 0, tables = 0;

	if (pragma_int(db, "PRAGMA application_id", &app) ||
	    pragma_int(db, "PRAGMA user_version", &version) ||
	    pragma_int(db, "SELECT count(*) FROM sqlite_schema", &tables))
		return fail(db, err, cap);
	if (!app && !version && !tables)
		return 0;
	if (app != SCHEMA_APPLICATION) {
		snprintf(err, cap, "%s belongs to another program", path);
		return -1;
	}
	if (version < 0) {
		snprintf(err, cap, "%s is damaged: version %d", path, version);
		return -1;
	}
	if (version > VERSION) {
		snprintf(err, cap,
			 "%s is of version %d, this program knows %d: run the "
			 "newer one",
			 path, version, VERSION);
		return -1;
	}
	return integrity(db, err, cap);
}

int schema_migrate(sqlite3 *db, char *err, size_t cap)
{
	char mark[128];
	int v = 0;

	if (pragma_int(db, "PRAGMA user_version", &v))
		return fail(db, err, cap);
	for (; v < VERSION; v++) {
		snprintf(mark, sizeof(mark),
			 "PRAGMA application_id=%d; PRAGMA user_version=%d;"
			 "COMMIT",
			 SCHEMA_APPLICATION, v + 1);
		if (sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) ||
		    sqlite3_exec(db, steps[v], NULL, NULL, NULL) ||
		    sqlite3_exec(db, mark, NULL, NULL, NULL)) {
			fail(db, err, cap);
			sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
			return -1;
		}
	}
	return 0;
}
