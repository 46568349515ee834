#include "signald/store/store.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/list.h"
#include "common/str.h"
#include "common/sys/clock.h"
#include "signald/store/rows.h"
#include "signald/store/schema.h"

#define RETRY_MS     250
#define QUEUE_MAX    50000 /* records; beyond it nothing lazy is kept */
#define CHECKPOINT   4096  /* pages of the log */
#define BUSY_WAIT_MS 2000  /* the server before us may still be closing */

struct item {
	struct list node;
	struct record *rec;
	uint64_t ticket;
	enum record_wait wait;
};

struct store {
	sqlite3 *db;
	struct rows rows;
	char err[4608];
	int fd;
	bool started;
	pthread_t thread;
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t more;
	struct list queue;
	size_t queued;
	uint64_t pushed, committed;
	bool closing, sick;
	int why; /* SQLite's code of the last failure */
};

/* ---- open and load ---- */

static int run_sql(struct store *st, const char *sql)
{
	if (sqlite3_exec(st->db, sql, NULL, NULL, NULL) == SQLITE_OK)
		return 0;
	snprintf(st->err, sizeof(st->err), "%s: %s",
		 sqlite3_db_filename(st->db, NULL), sqlite3_errmsg(st->db));
	return -1;
}

/*
 * First a look without touching anything: a file that is not for us stays
 * byte for byte what it was. Exclusive locking keeps a second server out
 * and needs no shared memory file.
 */
static int open_db(struct store *st, const struct store_conf *conf,
		   const char *path)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
		    SQLITE_OPEN_NOMUTEX;

	if (sqlite3_open_v2(path, &st->db, flags, conf->vfs) != SQLITE_OK) {
		snprintf(st->err, sizeof(st->err), "%s: %s", path,
			 st->db ? sqlite3_errmsg(st->db) : "no memory");
		return -1;
	}
	sqlite3_busy_timeout(st->db, BUSY_WAIT_MS);
	sqlite3_db_config(st->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	if (run_sql(st, "PRAGMA locking_mode=EXCLUSIVE") ||
	    schema_check(st->db, st->err, sizeof(st->err)))
		return -1;
	sqlite3_db_config(st->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
	if (run_sql(st, "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
			"PRAGMA secure_delete=ON; PRAGMA temp_store=MEMORY;"
			"PRAGMA cache_size=-4096"))
		return -1;
	sqlite3_wal_autocheckpoint(st->db, CHECKPOINT);
	if (schema_migrate(st->db, st->err, sizeof(st->err)))
		return -1;
	if (rows_open(&st->rows, st->db) == SQLITE_OK)
		return 0;
	snprintf(st->err, sizeof(st->err), "%s: %s", path,
		 sqlite3_errmsg(st->db));
	return -1;
}

static void store_free(struct store *st)
{
	rows_close(&st->rows);
	sqlite3_close(st->db);
	if (st->fd >= 0)
		close(st->fd);
	pthread_mutex_destroy(&st->lock);
	pthread_cond_destroy(&st->more);
	free(st);
}

static struct store *store_new(void)
{
	struct store *st = calloc(1, sizeof(*st));
	pthread_condattr_t attr;

	if (!st)
		return NULL;
	list_init(&st->queue);
	pthread_mutex_init(&st->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&st->more, &attr);
	pthread_condattr_destroy(&attr);
	st->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return st;
}

struct store *store_open(const struct store_conf *conf, char *err, size_t cap)
{
	struct store *st = store_new();
	char path[4096] = "";
	mode_t mask;
	int bad;

	if (!st || st->fd < 0 ||
	    str_addf(path, sizeof(path), "%s/journal.db", conf->dir)) {
		snprintf(err, cap, "%s/journal.db: %s", conf->dir,
			 strerror(!st ? ENOMEM : errno));
		if (st)
			store_free(st);
		return NULL;
	}
	mask = umask(077);
	bad = open_db(st, conf, path);
	umask(mask);
	if (!bad)
		return st;
	snprintf(err, cap, "%s", st->err);
	store_free(st);
	return NULL;
}

int store_next(struct store *st, struct record *rec)
{
	int rc = rows_next(&st->rows, rec);

	if (rc == SQLITE_ROW || rc == SQLITE_DONE)
		return rc == SQLITE_ROW;
	snprintf(st->err, sizeof(st->err), "%s: %s",
		 sqlite3_db_filename(st->db, NULL), sqlite3_errmsg(st->db));
	return -EIO;
}

const char *store_error(const struct store *st)
{
	return st->err;
}

/* ---- the writer ---- */

static void items_free(struct list *l)
{
	list_for_each_safe (it, l) {
		struct item *i = list_entry(it, struct item, node);

		list_del(it);
		free(i->rec);
		free(i);
	}
}

static int write_items(struct store *st, const struct list *l)
{
	list_for_each (it, l) {
		int rc = rows_put(&st->rows,
				  list_entry(it, struct item, node)->rec);

		if (rc != SQLITE_OK)
			return rc;
	}
	return SQLITE_OK;
}

/* The whole list, or nothing of it: SQLite's code. */
static int write_batch(struct store *st, const struct list *l)
{
	bool durable = false;
	int rc;

	list_for_each (it, l)
		durable |= list_entry(it, struct item, node)->wait ==
			   RECORD_DURABLE;
	rc = sqlite3_exec(st->db,
			  durable ? "PRAGMA synchronous=FULL"
				  : "PRAGMA synchronous=NORMAL",
			  NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(st->db, "BEGIN", NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = write_items(st, l);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(st->db, "COMMIT", NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		sqlite3_exec(st->db, "ROLLBACK", NULL, NULL, NULL);
	return rc;
}

static void take_all(struct list *from, struct list *to)
{
	list_init(to);
	if (list_empty(from))
		return;
	*to = *from;
	to->next->prev = to;
	to->prev->next = to;
	list_init(from);
}

static void wait_a_little(struct store *st)
{
	uint64_t until_us = clock_us() + RETRY_MS * 1000;
	struct timespec t = {
		.tv_sec = (time_t)(until_us / 1000000),
		.tv_nsec = (long)(until_us % 1000000) * 1000,
	};

	pthread_cond_timedwait(&st->more, &st->lock, &t);
}

/* With the lock held; gives it up while it writes. */
static bool write_once(struct store *st)
{
	const uint64_t one = 1;
	struct list batch;
	size_t n = st->queued;
	uint64_t last;
	int rc;

	take_all(&st->queue, &batch);
	last = list_entry(batch.prev, struct item, node)->ticket;
	st->queued = 0;
	pthread_mutex_unlock(&st->lock);
	rc = write_batch(st, &batch);
	pthread_mutex_lock(&st->lock);
	if (rc != SQLITE_OK && !st->sick)
		(void)!write(st->fd, &one, sizeof(one));
	st->sick = rc != SQLITE_OK;
	if (rc != SQLITE_OK) {
		st->why = rc;
		/* back in front of what has come meanwhile */
		list_for_each_safe (it, &st->queue) {
			list_del(it);
			list_push(&batch, it);
		}
		take_all(&batch, &st->queue);
		st->queued += n;
		return false;
	}
	st->committed = last;
	items_free(&batch);
	(void)!write(st->fd, &one, sizeof(one));
	return true;
}

static void *writer(void *arg)
{
	struct store *st = arg;

	pthread_mutex_lock(&st->lock);
	for (;;) {
		while (list_empty(&st->queue) && !st->closing)
			pthread_cond_wait(&st->more, &st->lock);
		if (list_empty(&st->queue))
			break;
		if (write_once(st))
			continue;
		if (st->closing)
			break;
		wait_a_little(st);
	}
	pthread_mutex_unlock(&st->lock);
	return NULL;
}

int store_start(struct store *st)
{
	sigset_t all, old;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&st->thread, NULL, writer, st);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	st->started = !err;
	return -err;
}

/* ---- the loop's side ---- */

uint64_t store_push(struct store *st, const struct record *rec,
		    enum record_wait wait)
{
	struct item *i = malloc(sizeof(*i));
	uint64_t ticket = 0;

	if (!i || !(i->rec = record_dup(rec))) {
		free(i);
		return UINT64_MAX;
	}
	i->wait = wait;
	pthread_mutex_lock(&st->lock);
	if (wait == RECORD_LAZY && st->queued > QUEUE_MAX) {
		pthread_mutex_unlock(&st->lock);
		free(i->rec);
		free(i);
		return 0;
	}
	i->ticket = ++st->pushed;
	ticket = wait == RECORD_LAZY ? 0 : i->ticket;
	st->queued++;
	list_push(&st->queue, &i->node);
	pthread_cond_signal(&st->more);
	pthread_mutex_unlock(&st->lock);
	return ticket;
}

int store_fd(const struct store *st)
{
	return st->fd;
}

uint64_t store_committed(struct store *st)
{
	uint64_t n, committed;

	(void)!read(st->fd, &n, sizeof(n));
	pthread_mutex_lock(&st->lock);
	committed = st->committed;
	pthread_mutex_unlock(&st->lock);
	return committed;
}

bool store_sick(struct store *st)
{
	bool sick;

	pthread_mutex_lock(&st->lock);
	sick = st->sick;
	pthread_mutex_unlock(&st->lock);
	return sick;
}

const char *store_why(struct store *st)
{
	int why;

	pthread_mutex_lock(&st->lock);
	why = st->why;
	pthread_mutex_unlock(&st->lock);
	return sqlite3_errstr(why);
}

void store_close(struct store *st)
{
	if (!st)
		return;
	if (st->started) {
		pthread_mutex_lock(&st->lock);
		st->closing = true;
		pthread_cond_signal(&st->more);
		pthread_mutex_unlock(&st->lock);
		pthread_join(st->thread, NULL);
	}
	items_free(&st->queue);
	store_free(st);
}
