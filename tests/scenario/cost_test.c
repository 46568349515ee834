/*
 * What one datagram may cost, of CPU time: the least of many batches, for
 * what else the machine does only adds to it.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "mediad/path/feedback.h"
#include "mediad/path/link.h"
#include "mediad/wire/stun.h"
#include "tests/lib/call.h"
#include "tests/lib/test.h"

#define BATCH	200
#define BATCHES 40
#define MTU	1500

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SLOWER 20
#else
#define SLOWER 1
#endif

static const struct addr stranger = {.ip = {10, 99, 99, 99}, .port = 9999};

static uint64_t cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* A datagram from nowhere or, with a link, a compound of its peer. */
static uint64_t cost_ns(struct call *c, struct link *l, const uint8_t *data,
			size_t len)
{
	uint64_t least = UINT64_MAX;

	for (int b = 0; b < BATCHES; b++) {
		uint64_t from = cpu_ns(), gone;

		for (int i = 0; i < BATCH; i++) {
			if (l)
				feedback(l, data, len, c->now_us);
			else
				call_inject(c, &stranger, data, len);
		}
		gone = (cpu_ns() - from) / BATCH;
		least = gone < least ? gone : least;
	}
	return least;
}

/* A check as long as that, right but for its integrity, or of nobody. */
static size_t check_of(uint8_t *buf, const char *ufrag, size_t len)
{
	uint8_t tid[STUN_TID_LEN] = {1};
	static const uint8_t filling[MTU - 100];
	struct wr w = wr_of(buf, MTU);
	struct stun_key key;
	char user[64];

	snprintf(user, sizeof(user), "%s:x", ufrag);
	stun_key_init(&key, "wrong", 5);
	stun_begin(&w, STUN_BINDING, STUN_REQUEST, tid);
	stun_put(&w, STUN_USERNAME, user, strlen(user));
	stun_put(&w, 0x8022, filling, len - 100 - strlen(user));
	return (size_t)stun_end(&w, &key, true);
}

TEST_SLOW(cost_of_a_stranger_is_five_microseconds, 60)
{
	static const uint8_t first[] = {0, 22, 128, 129, 200, 64, 255};
	struct call *c = call_new(1);
	struct side *a = call_join(c, NULL);
	struct link *l;
	uint8_t buf[MTU];
	size_t n;

	call_run(c, 2 * SECOND);
	for (size_t i = 0; i < sizeof(first); i++) {
		memset(buf, 0x5a, sizeof(buf));
		buf[0] = first[i];
		ck_assert_uint_le(cost_ns(c, NULL, buf, sizeof(buf)),
				  5000 * SLOWER);
	}
	l = idmap_get(&c->w.links, a->id);
	for (size_t len = 200; len <= MTU; len += 50) {
		n = check_of(buf, "nobodyknowsthat0", len);
		ck_assert_uint_le(cost_ns(c, NULL, buf, n), 5000 * SLOWER);
		n = check_of(buf, l->ufrag, len);
		ck_assert_uint_le(cost_ns(c, NULL, buf, n), 5000 * SLOWER);
	}
	call_free(c);
}

/* Compounds of 1,500 bytes that ask for as much as they can. */
static size_t storm(uint8_t *buf, uint8_t pt, uint8_t fmt, uint32_t ssrc,
		    bool many)
{
	size_t at = 0;

	memset(buf, 0xff, MTU);
	while (at + 12 < MTU) {
		size_t len = many ? 20 : MTU - 4 - at;
		struct wr w = wr_of(buf + at, len);

		len &= ~(size_t)3;
		wr_u8(&w, 0x80 | fmt);
		wr_u8(&w, pt);
		wr_u16(&w, (uint16_t)(len / 4 - 1));
		wr_u32(&w, 7);
		wr_u32(&w, ssrc);
		at += len;
		if (!many)
			break;
	}
	return at;
}

TEST_SLOW(cost_of_a_report_is_fifty_microseconds, 60)
{
	static const struct {
		uint8_t pt, fmt;
	} kinds[] = {{200, 1},	{201, 31}, {202, 31}, {203, 31}, {205, 1},
		     {205, 15}, {206, 1},  {206, 4},  {206, 15}, {207, 0}};
	struct call *c = call_new(2);
	struct side *a = call_join(c, NULL), *b = call_join(c, NULL);
	uint8_t buf[MTU];
	struct view *v;
	uint32_t ssrc;
	struct link *l;

	call_run(c, 2 * SECOND);
	v = call_watch(c, b, call_camera(c, a));
	call_run(c, 5 * SECOND);
	l = idmap_get(&c->w.links, b->id);
	ssrc = worker_consumer(&c->w, v->id)->ssrc;
	for (size_t i = 0; i < 2 * sizeof(kinds) / sizeof(*kinds); i++) {
		size_t n = storm(buf, kinds[i / 2].pt, kinds[i / 2].fmt, ssrc,
				 i % 2);

		ck_assert_uint_le(cost_ns(c, l, buf, n), 50000 * SLOWER);
	}
	call_free(c);
}
