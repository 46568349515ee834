#include "tests/unit/signald/store_memvfs.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define FILES_MAX 8

struct data {
	char name[128];
	bool used;
	uint8_t *bytes;
	size_t len, cap;
};

enum op_kind {
	OP_WRITE,
	OP_TRUNCATE,
	OP_SYNC,
	OP_DELETE,
};

struct op {
	enum op_kind kind;
	int file;
	size_t at, len;
	uint8_t *bytes;
};

struct file {
	sqlite3_file base;
	int n;
};

static struct data files[FILES_MAX];
static struct op *ops;
static size_t n_ops, cap_ops;
static bool logging;
static atomic_bool disk_full;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* ---- the files ---- */

static void grow(struct data *d, size_t len)
{
	if (len > d->cap) {
		d->cap = len * 2;
		d->bytes = realloc(d->bytes, d->cap);
	}
	if (len > d->len) {
		memset(d->bytes + d->len, 0, len - d->len);
		d->len = len;
	}
}

static void do_write(int n, const void *bytes, size_t len, size_t at)
{
	files[n].used = true;
	grow(&files[n], at + len);
	memcpy(files[n].bytes + at, bytes, len);
}

static void log_op(enum op_kind kind, int file, const void *bytes, size_t len,
		   size_t at)
{
	struct op *o;

	if (!logging)
		return;
	if (n_ops == cap_ops) {
		cap_ops = cap_ops ? 2 * cap_ops : 1024;
		ops = realloc(ops, cap_ops * sizeof(*ops));
	}
	o = &ops[n_ops++];
	*o = (struct op){.kind = kind, .file = file, .at = at, .len = len};
	if (kind != OP_WRITE)
		return;
	o->bytes = malloc(len);
	memcpy(o->bytes, bytes, len);
}

static int find(const char *name)
{
	int unused = -1;

	for (int i = 0; i < FILES_MAX; i++) {
		if (!strcmp(files[i].name, name))
			return i;
		if (!*files[i].name && unused < 0)
			unused = i;
	}
	strncpy(files[unused].name, name, sizeof(files[0].name) - 1);
	return unused;
}

/* ---- what SQLite calls ---- */

static int file_no(sqlite3_file *f)
{
	return ((struct file *)(void *)f)->n;
}

static int x_close(sqlite3_file *f)
{
	(void)f;
	return SQLITE_OK;
}

static int x_read(sqlite3_file *f, void *out, int len, sqlite3_int64 at)
{
	const struct data *d = &files[file_no(f)];
	size_t have = (size_t)at < d->len ? d->len - (size_t)at : 0;

	if (have > (size_t)len)
		have = (size_t)len;
	memset(out, 0, (size_t)len);
	if (have)
		memcpy(out, d->bytes + at, have);
	return have == (size_t)len ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static int x_write(sqlite3_file *f, const void *in, int len, sqlite3_int64 at)
{
	if (atomic_load(&disk_full))
		return SQLITE_FULL;
	pthread_mutex_lock(&lock);
	do_write(file_no(f), in, (size_t)len, (size_t)at);
	log_op(OP_WRITE, file_no(f), in, (size_t)len, (size_t)at);
	pthread_mutex_unlock(&lock);
	return SQLITE_OK;
}

static int x_truncate(sqlite3_file *f, sqlite3_int64 len)
{
	struct data *d = &files[file_no(f)];

	pthread_mutex_lock(&lock);
	if ((size_t)len < d->len)
		d->len = (size_t)len;
	log_op(OP_TRUNCATE, file_no(f), NULL, (size_t)len, 0);
	pthread_mutex_unlock(&lock);
	return SQLITE_OK;
}

static int x_sync(sqlite3_file *f, int flags)
{
	(void)flags;
	pthread_mutex_lock(&lock);
	log_op(OP_SYNC, file_no(f), NULL, 0, 0);
	pthread_mutex_unlock(&lock);
	return SQLITE_OK;
}

static int x_size(sqlite3_file *f, sqlite3_int64 *len)
{
	*len = (sqlite3_int64)files[file_no(f)].len;
	return SQLITE_OK;
}

static int x_lock(sqlite3_file *f, int how)
{
	(void)f;
	(void)how;
	return SQLITE_OK;
}

static int x_check_lock(sqlite3_file *f, int *out)
{
	(void)f;
	*out = 0;
	return SQLITE_OK;
}

static int x_control(sqlite3_file *f, int op, void *arg)
{
	(void)f;
	(void)op;
	(void)arg;
	return SQLITE_NOTFOUND;
}

static int x_sector(sqlite3_file *f)
{
	(void)f;
	return 512;
}

static int x_traits(sqlite3_file *f)
{
	(void)f;
	return 0;
}

static const sqlite3_io_methods methods = {
	.iVersion = 1,
	.xClose = x_close,
	.xRead = x_read,
	.xWrite = x_write,
	.xTruncate = x_truncate,
	.xSync = x_sync,
	.xFileSize = x_size,
	.xLock = x_lock,
	.xUnlock = x_lock,
	.xCheckReservedLock = x_check_lock,
	.xFileControl = x_control,
	.xSectorSize = x_sector,
	.xDeviceCharacteristics = x_traits,
};

static int x_open(sqlite3_vfs *v, const char *name, sqlite3_file *f, int flags,
		  int *out)
{
	struct file *mine = (struct file *)(void *)f;

	(void)v;
	mine->base.pMethods = &methods;
	mine->n = find(name ? name : "temporary");
	files[mine->n].used = true;
	if (out)
		*out = flags;
	return SQLITE_OK;
}

static int x_delete(sqlite3_vfs *v, const char *name, int sync)
{
	int n = find(name);

	(void)v;
	(void)sync;
	pthread_mutex_lock(&lock);
	files[n].used = false;
	files[n].len = 0;
	log_op(OP_DELETE, n, NULL, 0, 0);
	pthread_mutex_unlock(&lock);
	return SQLITE_OK;
}

static int x_access(sqlite3_vfs *v, const char *name, int flags, int *out)
{
	(void)v;
	(void)flags;
	*out = files[find(name)].used;
	return SQLITE_OK;
}

static int x_full_path(sqlite3_vfs *v, const char *name, int cap, char *out)
{
	(void)v;
	strncpy(out, name, (size_t)cap - 1);
	out[cap - 1] = '\0';
	return SQLITE_OK;
}

/* ---- what the tests call ---- */

void memvfs_setup(void)
{
	static sqlite3_vfs mem;

	mem = *sqlite3_vfs_find(NULL); /* its clock and its chance */
	mem.iVersion = 1;
	mem.szOsFile = sizeof(struct file);
	mem.zName = "mem";
	mem.pNext = NULL;
	mem.xOpen = x_open;
	mem.xDelete = x_delete;
	mem.xAccess = x_access;
	mem.xFullPathname = x_full_path;
	sqlite3_vfs_register(&mem, 0);
	memvfs_forget();
}

static void forget_files(void)
{
	for (int i = 0; i < FILES_MAX; i++) {
		files[i].used = false;
		files[i].len = 0;
	}
}

void memvfs_forget(void)
{
	forget_files();
	for (size_t i = 0; i < n_ops; i++)
		free(ops[i].bytes);
	n_ops = 0;
	logging = true;
}

size_t memvfs_log_len(void)
{
	size_t n;

	pthread_mutex_lock(&lock);
	n = n_ops;
	pthread_mutex_unlock(&lock);
	return n;
}

void memvfs_log_stop(void)
{
	logging = false;
}

size_t memvfs_write_len(size_t i)
{
	return i < n_ops && ops[i].kind == OP_WRITE ? ops[i].len : 0;
}

static bool coin(uint64_t *chance)
{
	*chance = *chance * 6364136223846793005u + 1442695040888963407u;
	return *chance >> 63;
}

static bool is_synced(size_t i, size_t n)
{
	for (size_t k = i + 1; k < n; k++)
		if (ops[k].kind == OP_SYNC && ops[k].file == ops[i].file)
			return true;
	return false;
}

static void redo(const struct op *o)
{
	switch (o->kind) {
	case OP_WRITE:
		do_write(o->file, o->bytes, o->len, o->at);
		break;
	case OP_TRUNCATE:
		if (o->len < files[o->file].len)
			files[o->file].len = o->len;
		break;
	case OP_DELETE:
		files[o->file].used = false;
		files[o->file].len = 0;
		break;
	case OP_SYNC:
		break;
	}
}

void memvfs_crash(size_t n, size_t tear, uint64_t *chance)
{
	memvfs_log_stop();
	forget_files();
	for (size_t i = 0; i < n; i++)
		if (ops[i].kind != OP_WRITE || !chance || is_synced(i, n) ||
		    coin(chance))
			redo(&ops[i]);
	if (tear && n < n_ops && ops[n].kind == OP_WRITE)
		do_write(ops[n].file, ops[n].bytes, tear, ops[n].at);
}

void memvfs_full(bool full)
{
	atomic_store(&disk_full, full);
}
