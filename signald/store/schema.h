/*
 * schema: the tables of the journal and how an older file becomes one of
 * today. PRAGMA application_id says that a file is ours, user_version how
 * old it is.
 */
#ifndef SIGNALD_STORE_SCHEMA_H
#define SIGNALD_STORE_SCHEMA_H

#include <sqlite3.h>
#include <stddef.h>

#define SCHEMA_APPLICATION 0x63687472 /* "chtr" */

/* Is this file ours, whole, and not newer than we are? Writes nothing.
 * 0, or -1 with a line in err. An empty file is fine. */
int schema_check(sqlite3 *db, char *err, size_t cap);

/* Brings it to the newest version, one transaction a step. 0 or -1. */
int schema_migrate(sqlite3 *db, char *err, size_t cap);

#endif
