/*
 * adminout: an answer to chattrctl, built cell by cell.
 *
 *	struct adminout o;
 *	adminout_init(&o);
 *	adminout_column(&o, "room", false);
 *	adminout_column(&o, "members", true);
 *	adminout_row(&o);
 *	adminout_text(&o, r->id);
 *	adminout_number(&o, r->n_members);
 *
 * Out of memory is sticky: the answer becomes an error.
 */
#ifndef SIGNALD_API_ADMINOUT_H
#define SIGNALD_API_ADMINOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/admin.pb-c.h"

struct adminout {
	Admin__Reply reply;
	size_t col_cap, row_cap, cell_cap;
	bool oom;
};

void adminout_init(struct adminout *o);
void adminout_fini(struct adminout *o);

void adminout_column(struct adminout *o, const char *name, bool number);
void adminout_row(struct adminout *o);			  /* begins one */
void adminout_text(struct adminout *o, const char *text); /* NULL: "" */
void adminout_number(struct adminout *o, uint64_t n);

/* One field of a record: column and cell at once. */
void adminout_field(struct adminout *o, const char *name, const char *text);
void adminout_count(struct adminout *o, const char *name, uint64_t n);

/* The answer is a refusal; a printf format. */
void adminout_error(struct adminout *o, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* The frame to send, to be freed; NULL: no memory. */
uint8_t *adminout_pack(struct adminout *o, size_t *len);

#endif
