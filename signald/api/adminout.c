#include "signald/api/adminout.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/str.h"
#include "proto/adminframe.h"

void adminout_init(struct adminout *o)
{
	*o = (struct adminout){.reply = ADMIN__REPLY__INIT};
	o->reply.ok = 1;
}

void adminout_fini(struct adminout *o)
{
	Admin__Reply *r = &o->reply;

	for (size_t i = 0; i < r->n_column; i++) {
		free(r->column[i]->name);
		free(r->column[i]);
	}
	for (size_t i = 0; i < r->n_row; i++) {
		for (size_t k = 0; k < r->row[i]->n_cell; k++)
			free(r->row[i]->cell[k]);
		free((void *)r->row[i]->cell);
		free(r->row[i]);
	}
	free((void *)r->column);
	free((void *)r->row);
	free(r->error);
	adminout_init(o);
}

/* Room for one more pointer in v; false: no memory. */
static bool grow(struct adminout *o, void ***v, size_t n, size_t *cap)
{
	void **more;

	if (n < *cap)
		return true;
	more = reallocarray((void *)*v, *cap * 2 + 8, sizeof(*more));
	if (!more) {
		o->oom = true;
		return false;
	}
	*v = more;
	*cap = *cap * 2 + 8;
	return true;
}

static char *copy(struct adminout *o, const char *text)
{
	char *s = strdup(text ? text : "");

	o->oom |= !s;
	return s;
}

void adminout_column(struct adminout *o, const char *name, bool number)
{
	Admin__Reply *r = &o->reply;
	void **v = (void **)r->column;
	Admin__Column *c;

	if (!grow(o, &v, r->n_column, &o->col_cap))
		return;
	r->column = (Admin__Column **)v;
	c = malloc(sizeof(*c));
	if (!c) {
		o->oom = true;
		return;
	}
	admin__column__init(c);
	c->name = copy(o, name);
	c->has_number = number;
	c->number = number;
	r->column[r->n_column++] = c;
}

void adminout_row(struct adminout *o)
{
	Admin__Reply *r = &o->reply;
	void **v = (void **)r->row;
	Admin__Row *row;

	if (!grow(o, &v, r->n_row, &o->row_cap))
		return;
	r->row = (Admin__Row **)v;
	row = malloc(sizeof(*row));
	if (!row) {
		o->oom = true;
		return;
	}
	admin__row__init(row);
	o->cell_cap = 0;
	r->row[r->n_row++] = row;
}

void adminout_text(struct adminout *o, const char *text)
{
	Admin__Row *row;
	void **v;

	if (o->oom || !o->reply.n_row)
		return;
	row = o->reply.row[o->reply.n_row - 1];
	v = (void **)row->cell;
	if (!grow(o, &v, row->n_cell, &o->cell_cap))
		return;
	row->cell = (char **)v;
	row->cell[row->n_cell] = copy(o, text);
	if (row->cell[row->n_cell])
		row->n_cell++;
}

void adminout_number(struct adminout *o, uint64_t n)
{
	char text[24] = "";

	(void)str_addf(text, sizeof(text), "%llu", (unsigned long long)n);
	adminout_text(o, text);
}

void adminout_field(struct adminout *o, const char *name, const char *text)
{
	o->reply.has_record = 1;
	o->reply.record = 1;
	adminout_column(o, name, false);
	if (!o->reply.n_row)
		adminout_row(o);
	adminout_text(o, text);
}

void adminout_count(struct adminout *o, const char *name, uint64_t n)
{
	char text[24] = "";

	(void)str_addf(text, sizeof(text), "%llu", (unsigned long long)n);
	adminout_field(o, name, text);
	if (o->oom)
		return;
	o->reply.column[o->reply.n_column - 1]->has_number = 1;
	o->reply.column[o->reply.n_column - 1]->number = 1;
}

void adminout_error(struct adminout *o, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	adminout_fini(o);
	o->reply.ok = 0;
	o->reply.error = copy(o, text);
}

uint8_t *adminout_pack(struct adminout *o, size_t *len)
{
	if (o->oom) {
		o->oom = false;
		adminout_error(o, "out of memory");
	}
	return o->oom ? NULL : adminframe_pack(&o->reply.base, len);
}
