#include "mediad/ice/icelite.h"

#include <string.h>

#include "tests/lib/bytes.h"
#include "tests/lib/test.h"

#define UFRAG	"abcdefgh"
#define PWD	"0123456789abcdefghijklmn"
#define CONSENT 30000000u
#define S	1000000u

static const uint8_t secret[ICE_SECRET_LEN] = {1, 2, 3};

/* What a check of the peer says. */
struct check {
	const char *username, *pwd;
	bool use_candidate, controlled, no_integrity, bad_fingerprint;
	uint32_t nomination;
	uint16_t unknown;
};

static const struct check plain = {.username = UFRAG ":peer", .pwd = PWD};

struct rig {
	struct icelite ice;
	struct ice_out o;
	uint8_t out[ICE_OUT_MAX];
	size_t in_len; /* of the last check */
};

static void rig_init(struct rig *r)
{
	memset(r, 0, sizeof(*r));
	ck_assert_int_eq(icelite_init(&r->ice, UFRAG, PWD, secret, CONSENT), 0);
}

static struct tuple tuple_no(int i)
{
	struct tuple t;

	memset(&t, 0, sizeof(t));
	ck_assert_int_eq(addr_parse(&t.local, "10.0.0.1", 40000), 0);
	ck_assert_int_eq(addr_parse(&t.remote, "10.0.0.2", 5000), 0);
	t.remote.port = (uint16_t)(t.remote.port + i);
	return t;
}

static size_t build(const struct check *c, uint8_t *buf, size_t cap)
{
	static uint8_t tid[STUN_TID_LEN];
	struct stun_key key;
	struct wr w = wr_of(buf, cap);
	int len;

	tid[0]++;
	stun_begin(&w, STUN_BINDING, STUN_REQUEST, tid);
	if (c->username)
		stun_put(&w, STUN_USERNAME, c->username, strlen(c->username));
	stun_put_u32(&w, STUN_PRIORITY, 0x6e0001ff);
	stun_put_u64(&w,
		     c->controlled ? STUN_ICE_CONTROLLED : STUN_ICE_CONTROLLING,
		     1);
	if (c->use_candidate)
		stun_put(&w, STUN_USE_CANDIDATE, NULL, 0);
	if (c->nomination)
		stun_put_u32(&w, STUN_NOMINATION, c->nomination);
	if (c->unknown)
		stun_put(&w, c->unknown, "abc", 3);
	stun_key_init(&key, c->pwd, strlen(c->pwd));
	len = stun_end(&w, c->no_integrity ? NULL : &key, true);
	ck_assert_int_gt(len, 0);
	if (c->bad_fingerprint)
		buf[len - 1] ^= 1;
	return (size_t)len;
}

static void input(struct rig *r, const uint8_t *buf, size_t len, int from,
		  uint64_t now_us)
{
	struct tuple t = tuple_no(from);
	struct stun m;

	r->in_len = len;
	ck_assert_int_eq(stun_parse(&m, buf, len), 0);
	icelite_input(&r->ice, &m, &t, now_us, &r->o, r->out);
}

static void check(struct rig *r, const struct check *c, int from,
		  uint64_t now_us)
{
	uint8_t buf[256];

	input(r, buf, build(c, buf, sizeof(buf)), from, now_us);
}

/* The answer in r->out; its error code, 0 for success, -1 for none. */
static int answer(struct rig *r)
{
	struct stun m;

	if (!r->o.len)
		return -1;
	ck_assert_int_eq(stun_parse(&m, r->out, r->o.len), 0);
	ck_assert(stun_fingerprint_ok(&m) && m.fingerprint_off);
	return m.cls == STUN_SUCCESS ? 0 : m.error_code;
}

static bool selected_is(const struct rig *r, int i)
{
	struct tuple t = tuple_no(i);
	const struct tuple *s = icelite_selected(&r->ice);

	return s && tuple_eq(s, &t);
}

/* A connected agent: tuple 0 nominated and proven by DTLS at time `now`. */
static void connect_rig(struct rig *r, uint64_t now_us)
{
	struct tuple t = tuple_no(0);
	struct check c = plain;

	rig_init(r);
	c.use_candidate = true;
	check(r, &c, 0, now_us);
	icelite_dtls_done(&r->ice, &t, &r->o);
	ck_assert(icelite_proven(&r->ice));
}

TEST(ice_first_check_is_answered)
{
	struct rig r;
	struct tuple t = tuple_no(0);
	struct stun_key key;
	struct stun m;

	rig_init(&r);
	check(&r, &plain, 0, S);
	ck_assert_int_eq(answer(&r), 0);
	ck_assert_int_eq(stun_parse(&m, r.out, r.o.len), 0);
	stun_key_init(&key, PWD, strlen(PWD));
	ck_assert(stun_integrity_ok(&m, &key));
	ck_assert(m.has_mapped && addr_eq(&m.mapped, &t.remote));
	ck_assert(r.o.events ==
		  (ICE_EV_TUPLE_ADDED | ICE_EV_SELECTED | ICE_EV_STATE));
	ck_assert(tuple_eq(&r.o.added, &t) && tuple_eq(&r.o.to, &t));
	ck_assert_int_eq(r.ice.state, ICE_CONNECTED);
	ck_assert(selected_is(&r, 0));
	check(&r, &plain, 0, 2 * S);
	ck_assert_uint_eq(r.o.events, 0);
}

/* ufrag x integrity x role, and what each must be answered. */
TEST(ice_matrix)
{
	static const char *const user[] = {
		UFRAG ":p", "abcdefgX:p", "abcdefg:p", UFRAG, ":p", NULL};
	struct rig r;

	for (size_t u = 0; u < 6; u++) {
		for (int integrity = 0; integrity < 3; integrity++) {
			for (int role = 0; role < 2; role++) {
				struct check c = {.username = user[u]};
				int want = role ? 487 : 0;

				rig_init(&r);
				c.pwd = integrity == 1 ? "wrong" : PWD;
				c.no_integrity = integrity == 2;
				c.controlled = role;
				check(&r, &c, 0, S);
				if (integrity)
					want = integrity == 1 ? 401 : 400;
				if (u > 0)
					want = -1;
				ck_assert_int_eq(answer(&r), want);
				ck_assert_int_eq(r.ice.state == ICE_CONNECTED,
						 want == 0);
				ck_assert_int_eq(r.o.events != 0, want == 0);
				ck_assert_int_eq(r.o.drop == ICE_DROP_NONE,
						 want == 0);
			}
		}
	}
}

TEST(ice_unknown_attribute_is_420)
{
	struct check c = plain;
	struct rig r;

	rig_init(&r);
	c.unknown = 0x7abc;
	check(&r, &c, 0, S);
	ck_assert_int_eq(answer(&r), 420);
	/* Behind the header and ERROR-CODE: the list. */
	ck_assert_mem_eq(r.out + 28, "\x00\x0a\x00\x02\x7a\xbc\x00\x00", 8);
	ck_assert_int_eq(r.ice.state, ICE_NEW);
	c.unknown = 0xfabc; /* comprehension-optional */
	check(&r, &c, 0, S);
	ck_assert_int_eq(answer(&r), 0);
}

TEST(ice_bad_fingerprint_is_dropped)
{
	struct check c = plain;
	struct rig r;

	rig_init(&r);
	c.bad_fingerprint = true;
	check(&r, &c, 0, S);
	ck_assert_int_eq(answer(&r), -1);
	ck_assert_int_eq(r.o.drop, ICE_DROP_FINGERPRINT);
	ck_assert_int_eq(r.ice.state, ICE_NEW);
}

TEST(ice_unauthenticated_answers_are_not_larger)
{
	struct rig r;
	uint8_t buf[256];
	struct wr w = wr_of(buf, sizeof(buf));
	static const uint8_t tid[STUN_TID_LEN] = {9};
	int len;

	rig_init(&r);
	stun_begin(&w, STUN_BINDING, STUN_REQUEST, tid);
	stun_put(&w, STUN_USERNAME, UFRAG ":p", strlen(UFRAG ":p"));
	len = stun_end(&w, NULL, false);
	input(&r, buf, (size_t)len, 0, S);
	ck_assert_int_eq(r.o.drop, ICE_DROP_NO_AUTH);
	ck_assert_uint_le(r.o.len, r.in_len);
}

TEST(ice_mutated_requests_change_nothing)
{
	struct rand rng = {.state = 5};
	uint8_t good[256], buf[256];
	struct rig r;
	size_t len;
	struct check c = plain;

	c.use_candidate = true;
	len = build(&c, good, sizeof(good));
	for (int i = 0; i < 2000; i++) {
		struct tuple t = tuple_no(0);
		struct stun m;

		rig_init(&r);
		memcpy(buf, good, len);
		for (uint32_t n = 1 + rand_below(&rng, 4); n--;)
			buf[rand_below(&rng, (uint32_t)len)] ^=
				(uint8_t)(1 + rand_below(&rng, 255));
		if (!memcmp(buf, good, len) || stun_parse(&m, buf, len))
			continue;
		icelite_input(&r.ice, &m, &t, S, &r.o, r.out);
		/* The fingerprint is behind the authentic part. */
		if (memcmp(buf, good, len - 8) == 0)
			continue;
		ck_assert_int_eq(r.ice.state, ICE_NEW);
		ck_assert_uint_eq(r.o.events, 0);
		ck_assert_uint_le(r.o.len, len);
	}
}

TEST(ice_indications_and_other_methods)
{
	uint8_t buf[64];
	struct rig r;
	struct wr w = wr_of(buf, sizeof(buf));
	static const uint8_t tid[STUN_TID_LEN];

	rig_init(&r);
	stun_begin(&w, STUN_BINDING, STUN_INDICATION, tid);
	stun_end(&w, NULL, true);
	input(&r, buf, wr_len(&w), 0, S);
	ck_assert(r.o.drop == ICE_DROP_METHOD && !r.o.len);
	w = wr_of(buf, sizeof(buf));
	stun_begin(&w, 3, STUN_REQUEST, tid); /* Allocate */
	stun_end(&w, NULL, true);
	input(&r, buf, wr_len(&w), 0, S);
	ck_assert(r.o.drop == ICE_DROP_METHOD && !r.o.len);
}

TEST(ice_nomination_before_dtls)
{
	struct check c = plain;
	struct rig r;

	rig_init(&r);
	check(&r, &plain, 0, S);
	check(&r, &plain, 1, S);
	ck_assert(selected_is(&r, 0));
	c.use_candidate = true;
	check(&r, &c, 1, S);
	ck_assert(selected_is(&r, 1));
	ck_assert_int_eq(r.ice.state, ICE_COMPLETED);
	ck_assert(r.o.events & ICE_EV_SELECTED);
}

TEST(ice_renomination_highest_wins)
{
	struct check c = plain;
	struct rig r;

	rig_init(&r);
	c.nomination = 2;
	check(&r, &c, 0, S);
	c.nomination = 3;
	check(&r, &c, 1, S);
	ck_assert(selected_is(&r, 1));
	c.nomination = 2; /* late */
	check(&r, &c, 0, S);
	ck_assert(selected_is(&r, 1));
	c.nomination = 0;
	c.use_candidate = true; /* and without a value */
	check(&r, &c, 0, S);
	ck_assert(selected_is(&r, 1));
	c.nomination = 4;
	check(&r, &c, 0, S);
	ck_assert(selected_is(&r, 0));
}

/* Sends what is due; returns how many requests of ours went to `to`. */
static int asks(struct rig *r, int to, uint64_t now_us, uint8_t tid[12])
{
	struct tuple t = tuple_no(to);
	int n = 0;

	while (icelite_tick(&r->ice, now_us, &r->o, r->out)) {
		struct stun m;

		if (!r->o.len)
			continue;
		ck_assert_int_eq(stun_parse(&m, r->out, r->o.len), 0);
		ck_assert(m.cls == STUN_REQUEST && !m.username);
		ck_assert(m.fingerprint_off && stun_fingerprint_ok(&m));
		ck_assert(tuple_eq(&r->o.to, &t));
		memcpy(tid, m.tid, STUN_TID_LEN);
		n++;
	}
	return n;
}

static size_t reply_to(uint8_t *buf, size_t cap, const uint8_t *tid,
		       uint16_t error)
{
	struct wr w = wr_of(buf, cap);

	stun_begin(&w, STUN_BINDING, error ? STUN_ERROR : STUN_SUCCESS, tid);
	if (error)
		stun_put_error(&w, error);
	return (size_t)stun_end(&w, NULL, true);
}

TEST(ice_a_later_tuple_is_asked_first)
{
	struct check c = plain;
	uint8_t tid[12], buf[64];
	struct rig r;

	connect_rig(&r, S);
	c.use_candidate = true;
	check(&r, &c, 1, 2 * S);
	ck_assert_int_eq(answer(&r), 0);
	ck_assert(selected_is(&r, 0));
	ck_assert_uint_le(icelite_deadline(&r.ice), 2 * S);
	ck_assert_int_eq(asks(&r, 1, 2 * S, tid), 1);
	ck_assert_int_eq(asks(&r, 1, 2 * S + 49999, tid), 0);
	ck_assert_int_eq(asks(&r, 1, 2 * S + 50000, tid), 1);
	ck_assert_int_eq(asks(&r, 1, 2 * S + 100000, tid), 1);
	ck_assert_int_eq(asks(&r, 1, 2 * S + 500000, tid), 0);
	/* Its id from another tuple proves nothing. */
	input(&r, buf, reply_to(buf, sizeof(buf), tid, 0), 0, 3 * S);
	ck_assert(r.o.drop == ICE_DROP_UNASKED && selected_is(&r, 0));
	/* An error is as good as a success. */
	input(&r, buf, reply_to(buf, sizeof(buf), tid, 400), 1, 3 * S);
	ck_assert(selected_is(&r, 1) && icelite_proven(&r.ice));
	ck_assert(r.o.events == (ICE_EV_SELECTED | ICE_EV_PROVEN));
	/* Back at once: tuple 0 is proven still. */
	check(&r, &c, 0, 4 * S);
	ck_assert(selected_is(&r, 0));
	ck_assert_int_eq(asks(&r, 0, 4 * S, tid), 0);
}

TEST(ice_guessed_id_proves_nothing)
{
	struct check c = plain;
	uint8_t tid[12], buf[64];
	struct rig r;

	connect_rig(&r, S);
	c.use_candidate = true;
	check(&r, &c, 1, 2 * S);
	memset(tid, 0, sizeof(tid));
	input(&r, buf, reply_to(buf, sizeof(buf), tid, 0), 1, 2 * S);
	ck_assert(r.o.drop == ICE_DROP_UNASKED && selected_is(&r, 0));
	ck_assert_int_eq(asks(&r, 1, 2 * S, tid), 1);
	tid[11] ^= 1;
	input(&r, buf, reply_to(buf, sizeof(buf), tid, 0), 1, 2 * S);
	ck_assert(r.o.drop == ICE_DROP_UNASKED && selected_is(&r, 0));
}

TEST(ice_forged_source_gets_three_times_at_most)
{
	struct check c = plain;
	size_t in = 0, out = 0;
	struct rig r;

	connect_rig(&r, S);
	c.use_candidate = true;
	for (int i = 0; i < 20; i++) {
		uint64_t now = 2 * S + (uint64_t)i * 10000;

		check(&r, &c, 1, now);
		in += r.in_len;
		out += r.o.len;
		while (icelite_tick(&r.ice, now, &r.o, r.out))
			out += r.o.len;
		ck_assert(selected_is(&r, 0));
	}
	for (uint64_t now = 2 * S + 200000; now < 4 * S; now += 10000) {
		while (icelite_tick(&r.ice, now, &r.o, r.out)) {
			out += r.o.len;
			ck_assert_uint_le(now, 2 * S + 500000);
		}
	}
	ck_assert_uint_le(out, ICE_AMPLIFY * in);
}

TEST(ice_first_tuple_has_a_budget_until_dtls)
{
	struct tuple t = tuple_no(0);
	struct rig r;
	size_t out;

	rig_init(&r);
	ck_assert(!icelite_may_send(&r.ice, 1));
	check(&r, &plain, 0, S);
	/* The answer counts, too. */
	for (out = r.o.len; icelite_may_send(&r.ice, 1); out++)
		ck_assert_uint_le(out, ICE_AMPLIFY * r.in_len);
	ck_assert_uint_eq(out, ICE_AMPLIFY * r.in_len);
	icelite_heard(&r.ice, &t, 1000);
	ck_assert(icelite_may_send(&r.ice, 3000));
	ck_assert(!icelite_may_send(&r.ice, 1));
	icelite_dtls_done(&r.ice, &t, &r.o);
	ck_assert(r.o.events & ICE_EV_PROVEN);
	ck_assert(icelite_may_send(&r.ice, 1000000));
}

TEST(ice_dtls_on_another_tuple_than_nominated)
{
	struct tuple t = tuple_no(0);
	struct check c = plain;
	uint8_t tid[12], buf[64];
	struct rig r;

	rig_init(&r);
	check(&r, &plain, 0, S);
	c.use_candidate = true;
	check(&r, &c, 1, S);
	ck_assert(selected_is(&r, 1));
	icelite_dtls_done(&r.ice, &t, &r.o);
	ck_assert(selected_is(&r, 0) && icelite_proven(&r.ice));
	check(&r, &c, 1, 2 * S);
	ck_assert_int_eq(asks(&r, 1, 2 * S, tid), 1);
	input(&r, buf, reply_to(buf, sizeof(buf), tid, 400), 1, 2 * S);
	ck_assert(selected_is(&r, 1));
}

/* Firefox nominates every pair it checks, a worse one last. */
TEST(ice_dtls_is_answered_where_it_comes_from)
{
	struct tuple t[] = {tuple_no(0), tuple_no(1)};
	struct check c = plain;
	struct rig r;

	rig_init(&r);
	c.use_candidate = true;
	check(&r, &c, 0, S);
	icelite_heard(&r.ice, &t[0], 1400);
	icelite_dtls_heard(&r.ice, &t[0], &r.o);
	ck_assert_uint_eq(r.o.events, 0);
	check(&r, &c, 1, S);
	ck_assert(selected_is(&r, 0) && icelite_may_send(&r.ice, 1400));

	rig_init(&r);
	check(&r, &c, 0, S);
	check(&r, &c, 1, S);
	ck_assert(selected_is(&r, 1) && !icelite_may_send(&r.ice, 1000));
	icelite_heard(&r.ice, &t[0], 1400);
	icelite_dtls_heard(&r.ice, &t[0], &r.o);
	ck_assert(r.o.events & ICE_EV_SELECTED);
	ck_assert(selected_is(&r, 0) && icelite_may_send(&r.ice, 1400));
	check(&r, &c, 1, S);
	ck_assert(selected_is(&r, 0));
	icelite_dtls_heard(&r.ice, &t[1], &r.o);
	ck_assert(selected_is(&r, 1));
	icelite_dtls_done(&r.ice, &t[0], &r.o);
	ck_assert(selected_is(&r, 0) && icelite_proven(&r.ice));
	icelite_dtls_heard(&r.ice, &t[1], &r.o);
	ck_assert(selected_is(&r, 0));
}

TEST(ice_consent_is_lost_and_found)
{
	struct rig r;

	connect_rig(&r, S);
	check(&r, &plain, 0, 10 * S);
	ck_assert_uint_eq(icelite_deadline(&r.ice), 10 * S + CONSENT);
	ck_assert(!icelite_tick(&r.ice, 10 * S + CONSENT - 1, &r.o, r.out));
	ck_assert(icelite_tick(&r.ice, 10 * S + CONSENT, &r.o, r.out));
	ck_assert(r.o.events ==
		  (ICE_EV_TUPLE_GONE | ICE_EV_SELECTED | ICE_EV_STATE));
	ck_assert_int_eq(r.ice.state, ICE_DISCONNECTED);
	ck_assert_ptr_null(icelite_selected(&r.ice));
	ck_assert(!icelite_may_send(&r.ice, 1));
	ck_assert_uint_eq(icelite_deadline(&r.ice), UINT64_MAX);
	check(&r, &plain, 0, 60 * S);
	ck_assert_int_eq(r.ice.state, ICE_CONNECTED);
	ck_assert(selected_is(&r, 0));
}

TEST(ice_consent_falls_back_to_a_living_tuple)
{
	uint8_t tid[12], buf[64];
	struct rig r;

	connect_rig(&r, S);
	check(&r, &plain, 1, 20 * S);
	ck_assert_int_eq(asks(&r, 1, 20 * S, tid), 1);
	input(&r, buf, reply_to(buf, sizeof(buf), tid, 400), 1, 20 * S);
	ck_assert(selected_is(&r, 0));
	ck_assert(icelite_tick(&r.ice, S + CONSENT, &r.o, r.out));
	ck_assert(selected_is(&r, 1) && r.ice.state == ICE_COMPLETED);
}

TEST(ice_ninth_tuple_evicts_the_oldest)
{
	struct tuple first = tuple_no(1);
	struct rig r;

	connect_rig(&r, S);
	for (int i = 1; i < ICE_PAIRS; i++)
		check(&r, &plain, i, (uint64_t)(i + 1) * S);
	ck_assert(!(r.o.events & ICE_EV_TUPLE_GONE));
	check(&r, &plain, ICE_PAIRS, 20 * S);
	ck_assert(r.o.events & ICE_EV_TUPLE_GONE);
	ck_assert(tuple_eq(&r.o.gone, &first));
	ck_assert(selected_is(&r, 0) && !icelite_has(&r.ice, &first));
}

TEST(ice_restart_overlaps)
{
	struct check c = plain;
	struct check n = {.username = "newufrag:p",
			  .pwd = "nnnnnnnnnnnnnnnnnnnnnnnn",
			  .use_candidate = true};
	char gone[ICE_UFRAG_MAX + 1];
	uint8_t tid[12], buf[64];
	struct rig r;

	connect_rig(&r, S);
	ck_assert_int_eq(icelite_restart(&r.ice, "newufrag", n.pwd, gone), 0);
	ck_assert_str_eq(gone, "");
	c.use_candidate = true;
	check(&r, &c, 0, 2 * S); /* the old ones go on */
	ck_assert(answer(&r) == 0 && selected_is(&r, 0));
	check(&r, &n, 1, 2 * S);
	ck_assert(selected_is(&r, 0) && !(r.o.events & ICE_EV_UFRAG_GONE));
	check(&r, &c, 0, 2 * S); /* an old nomination comes late */
	ck_assert_int_eq(asks(&r, 1, 2 * S, tid), 1);
	input(&r, buf, reply_to(buf, sizeof(buf), tid, 400), 1, 2 * S);
	ck_assert(selected_is(&r, 1));
	ck_assert(r.o.events & ICE_EV_UFRAG_GONE);
	ck_assert_str_eq(r.o.gone_ufrag, UFRAG);
	check(&r, &c, 0, 3 * S);
	ck_assert(r.o.drop == ICE_DROP_UFRAG && !r.o.len);
}

TEST(ice_restart_on_the_same_tuple)
{
	struct check n = {.username = "newufrag:p",
			  .pwd = "nnnnnnnnnnnnnnnnnnnnnnnn",
			  .use_candidate = true};
	char gone[ICE_UFRAG_MAX + 1];
	struct rig r;

	connect_rig(&r, S);
	ck_assert_int_eq(icelite_restart(&r.ice, "newufrag", n.pwd, gone), 0);
	check(&r, &n, 0, 2 * S);
	ck_assert_int_eq(answer(&r), 0);
	ck_assert(r.o.events == ICE_EV_UFRAG_GONE && selected_is(&r, 0));
	/* Twice in a row: the oldest credentials go at once. */
	ck_assert_int_eq(icelite_restart(&r.ice, "ufrag333", PWD, gone), 0);
	ck_assert_str_eq(gone, "");
	ck_assert_int_eq(icelite_restart(&r.ice, "ufrag444", PWD, gone), 0);
	ck_assert_str_eq(gone, "newufrag");
	ck_assert_int_lt(icelite_restart(&r.ice, "x", PWD, gone), 0);
	ck_assert_int_lt(icelite_restart(&r.ice, "abcd", "short", gone), 0);
	ck_assert_int_lt(icelite_restart(&r.ice, "ab:d", PWD, gone), 0);
}

TEST(ice_tcp_is_proven_and_can_close)
{
	struct tuple t = tuple_no(3);
	struct check c = plain;
	uint8_t buf[256];
	struct rig r;
	struct stun m;
	size_t len;

	connect_rig(&r, S);
	c.use_candidate = true;
	t.proto = TUPLE_TCP;
	len = build(&c, buf, sizeof(buf));
	ck_assert_int_eq(stun_parse(&m, buf, len), 0);
	icelite_input(&r.ice, &m, &t, 2 * S, &r.o, r.out);
	ck_assert(tuple_eq(icelite_selected(&r.ice), &t));
	ck_assert(!icelite_tick(&r.ice, 2 * S, &r.o, r.out));
	icelite_tuple_closed(&r.ice, &t, &r.o);
	ck_assert(r.o.events == (ICE_EV_TUPLE_GONE | ICE_EV_SELECTED));
	ck_assert(selected_is(&r, 0));
	t = tuple_no(0);
	icelite_tuple_closed(&r.ice, &t, &r.o);
	ck_assert_int_eq(r.ice.state, ICE_DISCONNECTED);
}

TEST(ice_asks_nobody_before_dtls)
{
	struct check c = plain;
	struct rig r;

	rig_init(&r);
	check(&r, &plain, 0, S);
	c.use_candidate = true;
	check(&r, &c, 1, S);
	ck_assert(!icelite_tick(&r.ice, 2 * S, &r.o, r.out));
	ck_assert_uint_eq(icelite_deadline(&r.ice), S + CONSENT);
}

TEST(ice_many_checks_are_one_question)
{
	uint8_t tid[12];
	struct rig r;
	int n = 0;

	connect_rig(&r, S);
	for (int i = 0; i < 5; i++) {
		check(&r, &plain, 1, 2 * S + (uint64_t)i * 10000);
		n += asks(&r, 1, 2 * S + (uint64_t)i * 10000, tid);
	}
	ck_assert_int_eq(n, 1);
}

TEST(ice_an_answer_counts_once)
{
	uint8_t tid[12], buf[64];
	struct rig r;

	connect_rig(&r, S);
	check(&r, &plain, 1, 2 * S);
	ck_assert_int_eq(asks(&r, 1, 2 * S, tid), 1);
	input(&r, buf, reply_to(buf, sizeof(buf), tid, 400), 1, 2 * S);
	ck_assert_int_eq(r.o.drop, ICE_DROP_NONE);
	input(&r, buf, reply_to(buf, sizeof(buf), tid, 400), 1, 2 * S);
	ck_assert_int_eq(r.o.drop, ICE_DROP_UNASKED);
}

TEST(ice_no_answer_to_the_shortest_request)
{
	static const uint8_t tid[STUN_TID_LEN] = {9};
	uint8_t buf[64];
	struct wr w = wr_of(buf, sizeof(buf));
	struct rig r;

	rig_init(&r);
	ck_assert_int_eq(icelite_init(&r.ice, "abcd", PWD, secret, CONSENT), 0);
	stun_begin(&w, STUN_BINDING, STUN_REQUEST, tid);
	stun_put(&w, STUN_USERNAME, "abcd:p", 6);
	input(&r, buf, (size_t)stun_end(&w, NULL, false), 0, S);
	ck_assert_int_eq(r.o.drop, ICE_DROP_NO_AUTH);
	ck_assert_uint_eq(r.o.len, 0);
}

TEST(ice_equal_nomination_moves_nothing)
{
	struct check c = plain;
	struct rig r;

	rig_init(&r);
	c.nomination = 2;
	check(&r, &c, 0, S);
	check(&r, &c, 1, S);
	ck_assert(selected_is(&r, 0));
}

TEST(ice_restart_begins_nominations_anew)
{
	struct check c = plain;
	struct check n = {.username = "newufrag:p",
			  .pwd = "nnnnnnnnnnnnnnnnnnnnnnnn"};
	char gone[ICE_UFRAG_MAX + 1];
	struct rig r;

	rig_init(&r);
	c.nomination = 9;
	check(&r, &c, 0, S);
	ck_assert_int_eq(icelite_restart(&r.ice, "newufrag", n.pwd, gone), 0);
	n.nomination = 1;
	check(&r, &n, 1, S);
	ck_assert(selected_is(&r, 1));
	n.nomination = 2;
	check(&r, &n, 2, S);
	ck_assert(selected_is(&r, 2));
}

TEST(ice_falls_back_to_a_proven_tuple_first)
{
	uint8_t tid[12], buf[64];
	struct rig r;

	connect_rig(&r, S);
	check(&r, &plain, 1, 10 * S);
	ck_assert_int_eq(asks(&r, 1, 10 * S, tid), 1);
	input(&r, buf, reply_to(buf, sizeof(buf), tid, 400), 1, 10 * S);
	check(&r, &plain, 2, 20 * S); /* fresher, never proven */
	while (icelite_tick(&r.ice, 20 * S + 200000, &r.o, r.out))
		;
	ck_assert(icelite_tick(&r.ice, S + CONSENT, &r.o, r.out));
	ck_assert(selected_is(&r, 1) && icelite_proven(&r.ice));
}
