/*
 * stamp: what publishers write into payloads so that receivers can tell when
 * a packet was made, and that it came through unchanged.
 *
 * A payload is STAMP_AT bytes that servers may rewrite or look into (the VP8
 * descriptor and frame header), then a magic number, stream, counter, wall
 * clock, and a pattern that follows from the counter.
 */
#ifndef TESTS_LOAD_STAMP_H
#define TESTS_LOAD_STAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STAMP_AT  16
#define STAMP_LEN 20
#define STAMP_MIN (STAMP_AT + STAMP_LEN)

struct stamp {
	uint32_t stream;
	uint32_t counter;
	uint64_t wall_us;
};

/* Fills payload[STAMP_AT .. len). */
void stamp_write(uint8_t *payload, size_t len, const struct stamp *s);

/* False: not ours, or changed on its way. */
bool stamp_read(const uint8_t *payload, size_t len, struct stamp *s);

#endif
