/*
 * rows: a record as a row of its table, and back. The statements are
 * prepared once; each kind of record has one to write it, and the kinds
 * that are loaded have one to read all of them.
 */
#ifndef SIGNALD_STORE_ROWS_H
#define SIGNALD_STORE_ROWS_H

#include <sqlite3.h>

#include "signald/room/record.h"

struct rows {
	sqlite3 *db;
	sqlite3_stmt *put[RECORD_KINDS][8]; /* ROOM_DEL has many */
	sqlite3_stmt *get;		    /* of the table being loaded */
	int loading;			    /* which table */
};

int rows_open(struct rows *r, sqlite3 *db); /* SQLITE_OK or an error */
void rows_close(struct rows *r);

int rows_put(struct rows *r, const struct record *rec);

/* SQLITE_ROW with rec filled, SQLITE_DONE after the last, or an error. */
int rows_next(struct rows *r, struct record *rec);

#endif
