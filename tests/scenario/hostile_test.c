/* What must not happen, whoever sends it. */
#include <stdio.h>
#include <string.h>

#include "common/sys/rng.h"
#include "mediad/path/link.h"
#include "mediad/wire/stun.h"
#include "tests/lib/call.h"
#include "tests/lib/test.h"

static const struct addr stranger = {.ip = {10, 99, 99, 99}, .port = 9999};

static size_t binding(uint8_t *buf, size_t cap, const char *ufrag,
		      const char *pwd)
{
	uint8_t tid[STUN_TID_LEN] = {1};
	struct wr w = wr_of(buf, cap);
	struct stun_key key;
	char user[64];

	snprintf(user, sizeof(user), "%s:x", ufrag);
	stun_key_init(&key, pwd, strlen(pwd));
	stun_begin(&w, STUN_BINDING, STUN_REQUEST, tid);
	stun_put(&w, STUN_USERNAME, user, strlen(user));
	stun_put_u32(&w, STUN_PRIORITY, 1);
	stun_put_u64(&w, STUN_ICE_CONTROLLING, 1);
	return (size_t)stun_end(&w, &key, true);
}

/* No answer, no state, no memory: whatever it is. */
TEST_SLOW(hostile_strangers_are_not_answered, 60)
{
	static const uint8_t hello[64] = {22, 254, 253};
	static const uint8_t rtp[64] = {0x80, 96};
	static const uint8_t rtcp[64] = {0x80, 200, 0, 6};
	struct call *c = call_new(1);
	uint8_t junk[1200], buf[256];
	uint64_t out;

	call_join(c, NULL);
	call_run(c, 2 * SECOND);
	out = c->w.stats.packets_out;
	for (int i = 0; i < 5000; i++) {
		rng_bytes(junk, sizeof(junk));
		call_inject(c, &stranger, junk, 1 + rng_below(1199));
	}
	call_inject(c, &stranger, hello, sizeof(hello));
	call_inject(c, &stranger, rtp, sizeof(rtp));
	call_inject(c, &stranger, rtcp, sizeof(rtcp));
	call_inject(c, &stranger, buf,
		    binding(buf, sizeof(buf), "nobodyknowsthat0",
			    "0123456789012345678901"));
	ck_assert_uint_eq(c->w.stats.packets_out, out);
	ck_assert_uint_eq(c->w.tuples.n, 1);
	ck_assert_uint_eq(c->pool.used, 0);
	ck_assert_uint_ge(c->w.stats.drops[DROP_TUPLE], 3);
	ck_assert_uint_ge(c->w.stats.drops[DROP_STUN_STRANGE], 1);
	call_free(c);
}

/* A ufrag may be overheard; without the password it opens nothing. */
TEST_SLOW(hostile_ufrag_alone_makes_no_path, 60)
{
	struct call *c = call_new(2);
	struct link *l;
	uint8_t buf[256];
	size_t n;

	call_join(c, NULL);
	call_run(c, 2 * SECOND);
	l = idmap_get(&c->w.links, c->sides[0]->id);
	n = binding(buf, sizeof(buf), l->ufrag, "not-the-password-22-chars");
	c->hole = stranger;
	call_inject(c, &stranger, buf, n);
	call_run(c, SECOND);
	ck_assert_uint_eq(c->w.tuples.n, 1);
	/* RFC 8489 wants a 401; it is no bigger than what asked for it. */
	ck_assert_uint_le(c->hole_bytes, n);
	ck_assert_uint_ge(c->w.stats.drops[DROP_STUN_AUTH], 1);
	call_free(c);
}

/*
 * A valid peer who forges its source aims media at a victim: who never
 * answers gets three times what was sent in his name, and after half a
 * second nothing. The call goes on where it was.
 */
TEST_SLOW(hostile_forged_source_reflects_little, 60)
{
	struct call *c = call_new(3);
	struct side *a = call_join(c, NULL);
	struct side *b = call_join(c, NULL);
	struct view *v;
	struct link *l;
	uint8_t buf[256];
	uint64_t from;
	size_t n;

	call_run(c, SECOND);
	v = call_watch(c, b, call_single(c, a, 1000000));
	call_run(c, 3 * SECOND);
	peer_recv_mark(v->recv, c->now_us);
	l = idmap_get(&c->w.links, b->id);
	n = binding(buf, sizeof(buf), l->ufrag, l->pwd);
	c->hole = stranger;
	from = c->now_us;
	call_inject(c, &stranger, buf, n);
	call_run(c, 5 * SECOND);
	ck_assert_uint_gt(c->hole_bytes, 0);
	ck_assert_uint_le(c->hole_bytes, 3 * n);
	ck_assert_uint_le(c->hole_us, from + SECOND / 2);
	ck_assert_uint_lt(call_view(v)->gap_us_max, SECOND / 10);
	call_free(c);
}

/* The same with nomination, again and again: three times, no more. */
TEST_SLOW(hostile_forged_nomination_moves_no_media, 60)
{
	struct call *c = call_new(4);
	struct side *a = call_join(c, NULL);
	struct side *b = call_join(c, NULL);
	uint8_t tid[STUN_TID_LEN] = {9}, buf[256];
	struct stun_key key;
	struct view *v;
	struct link *l;
	uint64_t sent = 0;
	char user[64];

	call_run(c, SECOND);
	v = call_watch(c, b, call_single(c, a, 1000000));
	call_run(c, 3 * SECOND);
	peer_recv_mark(v->recv, c->now_us);
	l = idmap_get(&c->w.links, b->id);
	snprintf(user, sizeof(user), "%s:x", l->ufrag);
	stun_key_init(&key, l->pwd, strlen(l->pwd));
	c->hole = stranger;
	for (int i = 0; i < 20; i++) {
		struct wr w = wr_of(buf, sizeof(buf));
		int n;

		tid[1] = (uint8_t)i;
		stun_begin(&w, STUN_BINDING, STUN_REQUEST, tid);
		stun_put(&w, STUN_USERNAME, user, strlen(user));
		stun_put_u32(&w, STUN_PRIORITY, 1);
		stun_put_u64(&w, STUN_ICE_CONTROLLING, 1);
		stun_put(&w, STUN_USE_CANDIDATE, NULL, 0);
		n = stun_end(&w, &key, true);
		sent += (uint64_t)n;
		call_inject(c, &stranger, buf, (size_t)n);
		call_run(c, SECOND / 4);
	}
	ck_assert_uint_le(c->hole_bytes, 3 * sent);
	ck_assert_uint_lt(call_view(v)->gap_us_max, SECOND / 10);
	call_run(c, SECOND);
	ck_assert_uint_lt(c->hole_us, c->now_us - SECOND / 2);
	call_free(c);
}

/* Junk on a live path, unprotected: counted, and nobody notices. */
TEST_SLOW(hostile_junk_on_a_live_path, 60)
{
	struct call *c = call_new(5);
	struct side *a = call_join(c, NULL);
	struct side *b = call_join(c, NULL);
	struct addr at;
	struct view *v;
	uint8_t junk[1200];

	call_run(c, SECOND);
	v = call_watch(c, b, call_single(c, a, 500000));
	call_run(c, 2 * SECOND);
	peer_recv_mark(v->recv, c->now_us);
	addr_parse(&at, "10.0.0.1", 5000);
	for (int i = 0; i < 3000; i++) {
		rng_bytes(junk, sizeof(junk));
		if (i % 3 == 0)
			junk[0] = 0x80 | (junk[0] & 0x1f);
		if (i % 3 == 1)
			junk[0] = 20 + junk[0] % 44;
		call_inject(c, &at, junk, 12 + rng_below(1100));
		if (i % 100 == 0)
			call_run(c, SECOND / 10);
	}
	call_run(c, 2 * SECOND);
	ck_assert_int_eq(peer_state(a->peer), PEER_CONNECTED);
	ck_assert_int_eq(a->dtls, MEDIA__DTLS_STATE__DTLS_CONNECTED);
	ck_assert_uint_eq(call_view(v)->lost, 0);
	ck_assert_uint_lt(call_view(v)->gap_us_max, SECOND / 10);
	ck_assert_uint_gt(c->w.stats.drops[DROP_SRTP_FORGED], 500);
	call_free(c);
}

/* Who has no transport of the room gets none of its media (P5). */
TEST_SLOW(hostile_consumer_of_another_room, 60)
{
	struct call *c = call_new(6);
	struct side *a = call_join(c, NULL);
	struct cam *cam;
	Media__CreateRouter r = MEDIA__CREATE_ROUTER__INIT;
	Media__CreateTransport t = MEDIA__CREATE_TRANSPORT__INIT;
	Media__Consume m = MEDIA__CONSUME__INIT;
	Media__RtpParameters rtp = MEDIA__RTP_PARAMETERS__INIT;

	call_run(c, SECOND);
	cam = call_single(c, a, 500000);
	r.id = 77;
	call_ask(c, MEDIA__METHOD__CREATE_ROUTER, &r.base);
	t.id = 78;
	t.router_id = 77;
	t.peer_id = 79;
	call_ask(c, MEDIA__METHOD__CREATE_TRANSPORT, &t.base);
	m.id = 80;
	m.transport_id = 78;
	m.producer_id = cam->id;
	m.rtp = &rtp;
	ck_assert_int_lt(call_try(c, MEDIA__METHOD__CONSUME, &m.base), 0);
	ck_assert_str_eq(c->k.reason, "no-producer");
	call_free(c);
}
