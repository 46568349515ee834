/* print: an answer of the admin socket as text on stdout, or as JSON. */
#ifndef SIGNALD_CTL_PRINT_H
#define SIGNALD_CTL_PRINT_H

#include <stdio.h>

#include "proto/admin.pb-c.h"

/* "name  value" lines of a record, or a table with a heading. */
void print_text(const Admin__Reply *r);

/* The rows alone, without a heading. */
void print_rows(const Admin__Reply *r);

/* One line: an object of a record, else an array of objects. */
void print_json(FILE *f, const Admin__Reply *r);

#endif
