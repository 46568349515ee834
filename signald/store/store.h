/*
 * store: the journal. One SQLite file in the state directory, written by a
 * thread of its own, so that no request waits for a disk.
 *
 *	st = store_open(&(struct store_conf){.dir = dir}, err, sizeof(err));
 *	while ((n = store_next(st, &rec)) > 0)	 // what was written before
 *		core_restore(core, &rec, now);
 *	store_start(st);			 // from here on it only writes
 *	...
 *	ticket = store_push(st, &rec, wait);	 // copies rec, never blocks
 *	... when store_fd(st) is readable:
 *	gate_committed(gate, store_committed(st));
 *	store_close(st);			 // writes what is queued
 *
 * All that is queued is one transaction. It is synced to the disk when one
 * of its records is RECORD_DURABLE; without, it survives the death of the
 * process, not that of the machine. When the disk is full the writer keeps
 * its queue and tries again four times a second: waiting effects wait, and
 * store_sick() is true.
 *
 * A file that is damaged, of another program, or of a newer version is an
 * error at open and is left as it is.
 */
#ifndef SIGNALD_STORE_STORE_H
#define SIGNALD_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "signald/room/record.h"

struct store;

struct store_conf {
	const char *dir; /* the state directory, 0700; the file: journal.db */
	const char *vfs; /* SQLite's name of a file system; NULL: its own */
};

/* NULL, with a line in err that says why and what to do. */
struct store *store_open(const struct store_conf *conf, char *err, size_t cap);

/*
 * The next record of the file, in the order core_restore() wants; borrowed
 * until the next call. 1, 0 at the end, -EIO (err says what). Only before
 * store_start().
 */
int store_next(struct store *st, struct record *rec);
const char *store_error(const struct store *st);

/* Starts the writer. 0 or -errno. */
int store_start(struct store *st);

/*
 * Queues a copy. Returns the ticket to wait for, 0 for RECORD_LAZY. Without
 * memory the process cannot keep its word: UINT64_MAX, which never comes.
 */
uint64_t store_push(struct store *st, const struct record *rec,
		    enum record_wait wait);

/* Readable when store_committed() has grown, or writing begins to fail. */
int store_fd(const struct store *st);

/* All tickets up to this one are committed; clears the descriptor. */
uint64_t store_committed(struct store *st);

/* The last try to write has failed; it is repeated until it works. */
bool store_sick(struct store *st);
const char *store_why(struct store *st); /* the last failure, in words */

/* Writes what is queued (a sick store tries once), ends the thread. */
void store_close(struct store *st);

#endif
