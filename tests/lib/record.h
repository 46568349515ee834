/*
 * record: the recorded packets of real browsers in tests/fixtures/rtp/.
 *
 *	struct record r;
 *	record_open(&r, "chromium-vp9");
 *	while (record_next(&r))
 *		if (!rtp_parse(&h, r.data, r.len) &&
 *		    h.pt == record_pt(&r, "VP9/90000"))
 *			...
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
	char sdp[2048]; /* lines of the offer, from the .sdp beside it */
	uint32_t at_ms; /* since the connection stood */
	size_t len;
	uint8_t data[2048];
};

/* Exits when there is no such recording. */
void record_open(struct record *r, const char *name);
bool record_next(struct record *r);
/*
 * The first payload type of a codec, and the id of the header extension whose
 * URI ends so; 0 when it was not offered.
 */
uint8_t record_pt(const struct record *r, const char *codec);
uint8_t record_ext(const struct record *r, const char *uri_end);
void record_close(struct record *r);

#endif
