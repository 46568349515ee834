/*
 * store_memvfs: a file system of SQLite's that lives in memory, writes down
 * all that is done to it, and can refuse to write.
 *
 *	memvfs_setup();
 *	store_open(&(struct store_conf){.dir = "/m", .vfs = "mem"}, ...);
 *	... n = memvfs_log_len();			   // how far it got
 *	memvfs_crash(n, tear, &rnd);	   // the files as of then
 *	store_open(...)					   // from what is left
 */
#ifndef TESTS_UNIT_SIGNALD_STORE_MEMVFS_H
#define TESTS_UNIT_SIGNALD_STORE_MEMVFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void memvfs_setup(void);  /* registers "mem" */
void memvfs_forget(void); /* no files, no log */

/* Operations written down so far; logging can be stopped. */
size_t memvfs_log_len(void);
void memvfs_log_stop(void);

/* Bytes of operation i when it is a write, else 0. */
size_t memvfs_write_len(size_t i);

/*
 * The files after the first n operations. With tear > 0 so many bytes of the
 * next one, a write, are there too. With chance, as a power cut leaves them:
 * each write since the last sync of its file is there or not.
 */
void memvfs_crash(size_t n, size_t tear, uint64_t *chance);

/* From now on writes fail as on a full disk, or work again. */
void memvfs_full(bool full);

#endif
