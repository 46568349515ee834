#include "signald/ctl/print.h"

#include "common/str.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

/* Columns on a terminal: code points, not bytes. */
static int width(const char *s)
{
	int n = 0;

	if (!str_utf8(s, strlen(s)))
		return (int)strlen(s);
	while (str_rune(&s))
		n++;
	return n;
}

static const char *cell(const Admin__Row *row, size_t i)
{
	return i < row->n_cell ? row->cell[i] : "";
}

/* Control characters of client text must not reach a terminal. */
static void put_clean(const char *s)
{
	for (; *s; s++)
		putchar((unsigned char)*s < 0x20 || *s == 0x7f ? '?' : *s);
}

static void put_padded(const char *s, int to, bool right)
{
	int pad = to - width(s);

	if (right)
		printf("%*s", pad > 0 ? pad : 0, "");
	put_clean(s);
	if (!right)
		printf("%*s", pad > 0 ? pad : 0, "");
}

static int column_width(const Admin__Reply *r, size_t i)
{
	int w = width(r->column[i]->name);

	for (size_t k = 0; k < r->n_row; k++) {
		int n = width(cell(r->row[k], i));

		w = n > w ? n : w;
	}
	return w;
}

static void print_record(const Admin__Reply *r)
{
	int w = 0;

	for (size_t i = 0; i < r->n_column; i++) {
		int n = width(r->column[i]->name);

		w = n > w ? n : w;
	}
	for (size_t i = 0; i < r->n_column; i++) {
		put_padded(r->column[i]->name, w + 2, false);
		put_clean(cell(r->row[0], i));
		putchar('\n');
	}
}

void print_text(const Admin__Reply *r)
{
	if (r->record && r->n_row) {
		print_record(r);
		return;
	}
	for (size_t k = 0; r->n_column && k <= r->n_row; k++) {
		for (size_t i = 0; i < r->n_column; i++) {
			const char *s =
				k ? cell(r->row[k - 1], i) : r->column[i]->name;

			if (i)
				fputs("  ", stdout);
			put_padded(s, column_width(r, i), r->column[i]->number);
		}
		putchar('\n');
	}
}

void print_rows(const Admin__Reply *r)
{
	for (size_t k = 0; k < r->n_row; k++) {
		for (size_t i = 0; i < r->n_column; i++) {
			if (i)
				fputs("  ", stdout);
			put_clean(cell(r->row[k], i));
		}
		putchar('\n');
	}
}

static json_t *value(const Admin__Column *c, const char *text)
{
	uint64_t n;

	if (c->number && !str_u64(text, INT64_MAX, &n))
		return json_integer((json_int_t)n);
	return json_string(text);
}

static json_t *object(const Admin__Reply *r, const Admin__Row *row)
{
	json_t *o = json_object();

	for (size_t i = 0; i < r->n_column; i++)
		json_object_set_new(o, r->column[i]->name,
				    value(r->column[i], cell(row, i)));
	return o;
}

void print_json(FILE *f, const Admin__Reply *r)
{
	json_t *all;

	if (r->record && r->n_row)
		all = object(r, r->row[0]);
	else
		all = r->n_column ? json_array() : json_object();
	for (size_t k = 0; !r->record && k < r->n_row; k++)
		json_array_append_new(all, object(r, r->row[k]));
	json_dumpf(all, f, JSON_COMPACT);
	fputc('\n', f);
	json_decref(all);
}
