/*
 * record: the recorded packets of real browsers in tests/fixtures/rtp/.
 *
 *	struct record r;
 *	record_open(&r, "chromium-vp9");
 *	while (record_next(&r))
 *		rtp_parse(&h, r.data, r.len);
 *	record_close(&r);
 */
#ifndef TESTS_LIB_RECORD_H
#define TESTS_LIB_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct record {
	FILE *file;
	uint32_t at_ms; /* since the connection stood */
	size_t len;
	uint8_t data[2048];
};

/* Exits when there is no such recording. */
void record_open(struct record *r, const char *name);
bool record_next(struct record *r);
void record_close(struct record *r);

#endif
