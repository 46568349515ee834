/* Two associations of ours over a path that the test makes bad. */
#include "mediad/sec/dtls.h"

#include <errno.h>
#include <string.h>

#include "tests/lib/test.h"
#include "tests/lib/vclock.h"

#define STEP_US 1000

struct side {
	struct cert *cert;
	struct dtls_ctx *ctx;
	struct dtls *d;
};

struct wire_pkt {
	uint64_t at_us;
	size_t len;
	int to;
	uint8_t data[DTLS_MTU];
};

struct path {
	struct side side[2]; /* 0: the client, 1: the server */
	struct wire_pkt q[256];
	int n;
	uint64_t now_us;
	uint32_t rng;
	int loss;	/* per cent */
	int dup;	/* per cent */
	int jitter_us;	/* on top of 5 ms */
	uint16_t shift; /* of the client's record numbers in epoch 0 */
};

static uint32_t rnd(struct path *p)
{
	p->rng = p->rng * 1664525u + 1013904223u;
	return p->rng >> 8;
}

static void side_init(struct side *s)
{
	s->cert = cert_new();
	ck_assert_ptr_nonnull(s->cert);
	s->ctx = dtls_ctx_new(s->cert);
	ck_assert_ptr_nonnull(s->ctx);
	s->d = dtls_new(s->ctx);
}

static void side_fini(struct side *s)
{
	dtls_free(s->d);
	dtls_ctx_free(s->ctx);
	cert_free(s->cert);
}

static void path_init(struct path *p, uint32_t seed)
{
	memset(p, 0, sizeof(*p));
	p->rng = seed;
	p->now_us = 1000000000;
	vclock_set(p->now_us);
	side_init(&p->side[0]);
	side_init(&p->side[1]);
}

static void path_fini(struct path *p)
{
	side_fini(&p->side[0]);
	side_fini(&p->side[1]);
}

static void start_side(struct path *p, int side, enum dtls_role role)
{
	size_t n;
	const struct cert_fp *fp = cert_fps(p->side[!side].cert, &n);

	ck_assert_int_eq(dtls_start(p->side[side].d, role, fp, n, p->now_us),
			 0);
}

static void start(struct path *p)
{
	start_side(p, 0, DTLS_CLIENT);
	start_side(p, 1, DTLS_SERVER);
}

static void put(struct path *p, int to, const uint8_t *data, size_t len)
{
	struct wire_pkt *w = &p->q[p->n];

	if ((int)(rnd(p) % 100) < p->loss || p->n == 256)
		return;
	w->to = to;
	w->len = len;
	w->at_us = p->now_us + 5000;
	if (p->jitter_us)
		w->at_us += rnd(p) % (uint32_t)p->jitter_us;
	memcpy(w->data, data, len);
	p->n++;
}

/* Plaintext records may be numbered anew on their way. */
static void renumber(uint8_t *d, size_t len, uint16_t shift)
{
	for (size_t at = 0; at + 13 <= len;) {
		uint16_t n = (uint16_t)(d[at + 9] << 8 | d[at + 10]);

		if (!d[at + 3] && !d[at + 4]) {
			n += shift;
			d[at + 9] = (uint8_t)(n >> 8);
			d[at + 10] = (uint8_t)n;
		}
		at += 13u + (size_t)(d[at + 11] << 8 | d[at + 12]);
	}
}

static void collect(struct path *p, int from)
{
	uint8_t buf[DTLS_MTU];
	size_t n;

	while ((n = dtls_output(p->side[from].d, buf, sizeof(buf))) > 0) {
		if (!from)
			renumber(buf, n, p->shift);
		put(p, !from, buf, n);
		if ((int)(rnd(p) % 100) < p->dup)
			put(p, !from, buf, n);
	}
}

static void step(struct path *p)
{
	p->now_us += STEP_US;
	vclock_set(p->now_us);
	for (int i = 0; i < p->n; i++) {
		struct wire_pkt w = p->q[i];

		if (w.at_us > p->now_us)
			continue;
		p->q[i--] = p->q[--p->n];
		dtls_input(p->side[w.to].d, w.data, w.len, p->now_us);
	}
	for (int i = 0; i < 2; i++) {
		if (dtls_deadline(p->side[i].d) <= p->now_us)
			dtls_tick(p->side[i].d, p->now_us);
		collect(p, i);
	}
}

static bool connected(const struct path *p)
{
	return dtls_state(p->side[0].d) == DTLS_CONNECTED &&
	       dtls_state(p->side[1].d) == DTLS_CONNECTED;
}

/* Milliseconds until both sides have keys; -1: never. */
static int run(struct path *p, int ms)
{
	for (int i = 0; i < ms; i++) {
		if (connected(p))
			return i;
		step(p);
	}
	return -1;
}

static void check_keys(const struct path *p)
{
	struct srtp_keys a;
	struct srtp_keys b;

	ck_assert_int_eq(dtls_keys(p->side[0].d, &a), 0);
	ck_assert_int_eq(dtls_keys(p->side[1].d, &b), 0);
	ck_assert_int_eq(a.profile, SRTP_PROFILE_GCM_128);
	ck_assert_int_eq(b.profile, SRTP_PROFILE_GCM_128);
	ck_assert_mem_eq(a.local, b.remote, 28);
	ck_assert_mem_eq(a.remote, b.local, 28);
	ck_assert_mem_ne(a.local, a.remote, 28);
}

TEST(dtls_connects_and_keys_agree)
{
	struct path p;

	path_init(&p, 1);
	start(&p);
	ck_assert_int_lt(run(&p, 1000), 40);
	check_keys(&p);
	path_fini(&p);
}

/* Signaling is slower than the client's first flight. */
TEST(dtls_server_answers_what_came_before_its_start)
{
	struct path p;

	path_init(&p, 1);
	start_side(&p, 0, DTLS_CLIENT);
	collect(&p, 0);
	p.loss = 100; /* it is not repeated */
	ck_assert_int_eq(run(&p, 3000), -1);
	p.loss = 0;
	start_side(&p, 1, DTLS_SERVER);
	ck_assert_int_ge(run(&p, 30), 0);
	check_keys(&p);
	path_fini(&p);
}

TEST(dtls_client_forgets_what_came_before_its_start)
{
	struct path p;

	path_init(&p, 1);
	start_side(&p, 0, DTLS_CLIENT);
	collect(&p, 0);
	for (int i = 0; i < 10; i++)
		step(&p);
	start_side(&p, 1, DTLS_CLIENT);
	ck_assert_int_eq(dtls_state(p.side[1].d), DTLS_CONNECTING);
	path_fini(&p);
}

/* Loss, duplicates and reordering: all 10 s deadlines are met. */
TEST_SLOW(dtls_connects_over_a_bad_path, 60)
{
	for (int loss = 0; loss <= 30; loss += 10) {
		for (uint32_t seed = 1; seed <= 25; seed++) {
			struct path p;

			path_init(&p, seed);
			p.loss = loss;
			p.dup = 5;
			p.jitter_us = 50000;
			start(&p);
			ck_assert_int_ge(run(&p, 10000), 0);
			check_keys(&p);
			path_fini(&p);
		}
	}
}

TEST(dtls_refuses_another_certificate)
{
	for (int wrong = 0; wrong < 2; wrong++) {
		struct path p;
		struct cert_fp fp[CERT_ALGS];
		const struct cert_fp *good;
		size_t n;

		path_init(&p, 3);
		good = cert_fps(p.side[1].cert, &n);
		memcpy(fp, good, sizeof(fp));
		if (!wrong)
			fp[CERT_SHA512].val[63] ^= 1;
		dtls_start(p.side[0].d, DTLS_CLIENT, fp, n, p.now_us);
		good = cert_fps(p.side[0].cert, &n);
		memcpy(fp, good, sizeof(fp));
		if (wrong)
			fp[CERT_SHA512].val[0] ^= 0x80;
		dtls_start(p.side[1].d, DTLS_SERVER, fp, n, p.now_us);
		ck_assert_int_lt(run(&p, 2000), 0);
		ck_assert_int_eq(dtls_state(p.side[wrong].d), DTLS_FAILED);
		ck_assert_str_eq(dtls_why(p.side[wrong].d), "fingerprint");
		path_fini(&p);
	}
}

TEST(dtls_needs_a_fingerprint)
{
	struct path p;

	path_init(&p, 1);
	ck_assert_int_eq(dtls_start(p.side[1].d, DTLS_SERVER, NULL, 0, 1),
			 -EINVAL);
	ck_assert_int_eq(dtls_state(p.side[1].d), DTLS_NEW);
	path_fini(&p);
}

TEST_SLOW(dtls_gives_up_after_ten_seconds, 30)
{
	struct path p;

	path_init(&p, 1);
	p.loss = 100;
	start(&p);
	ck_assert_int_lt(run(&p, 9990), 0);
	ck_assert_int_eq(dtls_state(p.side[0].d), DTLS_CONNECTING);
	ck_assert_int_lt(run(&p, 20), 0);
	ck_assert_int_eq(dtls_state(p.side[0].d), DTLS_FAILED);
	ck_assert_str_eq(dtls_why(p.side[0].d), "timeout");
	/* Nobody spoke to the server: it waits. */
	ck_assert_int_eq(dtls_state(p.side[1].d), DTLS_CONNECTING);
	path_fini(&p);
}

/* Bytes that are no DTLS, torn records, plaintext, zero-length fragments. */
static void throw_junk(struct path *p, int to)
{
	static const uint8_t zero_fragment[25] = {
		22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0x7f, 0xff, 0, 12, 14};
	static const uint8_t future_epoch[] = {22, 0xfe, 0xfd, 0, 9, 0, 0, 0, 0,
					       0,  1,	 0,    4, 1, 2, 3, 4};
	static const uint8_t alert[] = {21, 0xfe, 0xfd, 0, 0, 0, 0, 0,
					0,  0x7f, 0xff, 0, 2, 2, 40};
	uint8_t buf[DTLS_MTU];
	uint64_t now = p->now_us;

	for (int i = 0; i < 200; i++) {
		size_t len = rnd(p) % sizeof(buf);

		for (size_t k = 0; k < len; k++)
			buf[k] = (uint8_t)rnd(p);
		if (len > 20 && i % 2) {
			memcpy(buf, future_epoch, 13);
			buf[0] = (uint8_t)(20 + i % 4);
			buf[4] = (uint8_t)(i % 3);
			buf[11] = (uint8_t)((len - 13) >> 8);
			buf[12] = (uint8_t)(len - 13);
		}
		dtls_input(p->side[to].d, buf, len, now);
	}
	dtls_input(p->side[to].d, zero_fragment, sizeof(zero_fragment), now);
	dtls_input(p->side[to].d, future_epoch, sizeof(future_epoch), now);
	dtls_input(p->side[to].d, alert, sizeof(alert), now);
	dtls_input(p->side[to].d, NULL, 0, now);
}

TEST(dtls_junk_does_not_end_it)
{
	struct path p;

	path_init(&p, 5);
	start(&p);
	ck_assert_int_ge(run(&p, 1000), 0);
	throw_junk(&p, 0);
	throw_junk(&p, 1);
	ck_assert(connected(&p));
	check_keys(&p);
	path_fini(&p);
}

TEST(dtls_server_survives_junk_before_the_hello)
{
	static const uint8_t alert[] = {21, 0xfe, 0xfd, 0, 0, 0, 0, 0,
					0,  0,	  1,	0, 2, 2, 40};
	struct path p;

	path_init(&p, 6);
	start(&p);
	for (int i = 0; i < 5; i++)
		dtls_input(p.side[1].d, alert, sizeof(alert), p.now_us);
	ck_assert_int_ge(run(&p, 3000), 0);
	check_keys(&p);
	path_fini(&p);
}

TEST(dtls_bytes_of_a_handshake_are_capped)
{
	uint8_t buf[DTLS_MTU] = {22, 0xfe, 0xfd};
	struct path p;
	int i;

	path_init(&p, 7);
	start(&p);
	buf[11] = (DTLS_MTU - 13) >> 8;
	buf[12] = (DTLS_MTU - 13) & 255;
	buf[4] = 7; /* an epoch far ahead: kept out by OpenSSL, yet counted */
	for (i = 0; i < 1000; i++)
		if (dtls_input(p.side[1].d, buf, sizeof(buf), p.now_us) ==
		    DTLS_FAILED)
			break;
	ck_assert_int_eq(i, DTLS_BYTES_MAX / DTLS_MTU);
	ck_assert_str_eq(dtls_why(p.side[1].d), "too-many-bytes");
	path_fini(&p);
}

TEST(dtls_close_notify_reaches_the_peer)
{
	struct path p;

	path_init(&p, 8);
	start(&p);
	ck_assert_int_ge(run(&p, 1000), 0);
	dtls_close(p.side[0].d);
	collect(&p, 0);
	for (int i = 0; i < 50; i++)
		step(&p);
	ck_assert_int_eq(dtls_state(p.side[0].d), DTLS_CLOSED);
	ck_assert_int_eq(dtls_state(p.side[1].d), DTLS_CLOSED);
	path_fini(&p);
}

/* The last flight is lost: the client repeats and gets it again. */
TEST(dtls_server_repeats_its_last_flight)
{
	struct path p;
	uint8_t buf[DTLS_MTU];

	path_init(&p, 9);
	start(&p);
	for (int i = 0; i < 1000; i++) {
		step(&p);
		if (dtls_state(p.side[1].d) == DTLS_CONNECTED)
			break;
	}
	ck_assert_int_eq(dtls_state(p.side[0].d), DTLS_CONNECTING);
	p.n = 0; /* what was on its way is lost */
	while (dtls_output(p.side[1].d, buf, sizeof(buf)))
		;
	ck_assert_int_ge(run(&p, 3000), 100);
	check_keys(&p);
	path_fini(&p);
}

TEST(dtls_lets_openssl_go_after_thirty_seconds)
{
	struct path p;

	path_init(&p, 10);
	start(&p);
	ck_assert_int_ge(run(&p, 1000), 0);
	ck_assert_uint_eq(dtls_deadline(p.side[1].d), UINT64_MAX);
	dtls_settled(p.side[1].d, p.now_us);
	ck_assert_uint_eq(dtls_deadline(p.side[1].d),
			  p.now_us + DTLS_LINGER_US);
	dtls_tick(p.side[1].d, p.now_us + DTLS_LINGER_US);
	ck_assert_uint_eq(dtls_deadline(p.side[1].d), UINT64_MAX);
	throw_junk(&p, 1);
	ck_assert(connected(&p));
	check_keys(&p);
	path_fini(&p);
}

TEST(cert_fingerprints_read_and_write)
{
	struct cert *c = cert_new();
	struct cert_fp fp;
	char text[CERT_FP_STRLEN];
	size_t n;
	const struct cert_fp *fps = cert_fps(c, &n);

	ck_assert_uint_eq(n, CERT_ALGS);
	for (size_t i = 0; i < n; i++) {
		const char *alg = cert_alg_name(fps[i].alg);

		cert_fp_str(&fps[i], text);
		ck_assert_int_eq(cert_fp_parse(&fp, alg, text), 0);
		ck_assert_mem_eq(&fp, &fps[i], sizeof(fp));
		ck_assert(cert_matches(cert_x509(c), &fp, 1));
		text[0] = 'g';
		ck_assert_int_eq(cert_fp_parse(&fp, alg, text), -EINVAL);
		ck_assert_int_eq(cert_fp_parse(&fp, alg, "AB:CD"), -EINVAL);
	}
	ck_assert_int_eq(cert_fp_parse(&fp, "md5", "AB"), -EINVAL);
	ck_assert(!cert_matches(cert_x509(c), fps, 0));
	cert_free(c);
}

/* ---- a ClientHello in pieces ---- */

static void put24(uint8_t *p, size_t v)
{
	p[0] = (uint8_t)(v >> 16);
	p[1] = (uint8_t)(v >> 8);
	p[2] = (uint8_t)v;
}

/* The fragment [off, off + n) of the hello in `d`, as a record of its own. */
static size_t fragment(uint8_t *out, const uint8_t *d, size_t off, size_t n,
		       uint16_t record)
{
	memcpy(out, d, 25);
	out[9] = (uint8_t)(record >> 8);
	out[10] = (uint8_t)record;
	out[11] = (uint8_t)((12 + n) >> 8);
	out[12] = (uint8_t)(12 + n);
	put24(out + 13 + 6, off);
	put24(out + 13 + 9, n);
	memcpy(out + 25, d + 25 + off, n);
	return 25 + n;
}

/*
 * Browsers' hellos come in two datagrams (their key shares are large); here
 * they come in pieces of `n` bytes, backwards if asked, and overlapping.
 */
static void hello_in_pieces(size_t n, bool backwards, size_t overlap)
{
	uint8_t hello[DTLS_MTU];
	uint8_t buf[DTLS_MTU];
	struct path p;
	size_t body;
	uint16_t pieces;

	path_init(&p, 11);
	start(&p);
	body = dtls_output(p.side[0].d, hello, sizeof(hello)) - 25;
	ck_assert_uint_eq(hello[13], 1); /* ClientHello */
	pieces = (uint16_t)((body + n - 1) / n);
	for (uint16_t i = 0; i < pieces; i++) {
		size_t off = (backwards ? pieces - 1u - i : i) * n;
		size_t len =
			body - off < n + overlap ? body - off : n + overlap;
		size_t got = fragment(buf, hello, off, len, i);

		ck_assert_int_eq(dtls_input(p.side[1].d, buf, got, p.now_us),
				 DTLS_CONNECTING);
	}
	p.shift = pieces;
	collect(&p, 1);
	ck_assert_int_gt(p.n, 0); /* it was understood */
	ck_assert_int_lt(run(&p, 1000), 60);
	check_keys(&p);
	path_fini(&p);
}

TEST_SLOW(dtls_hello_in_fragments, 30)
{
	hello_in_pieces(100, false, 0);
	hello_in_pieces(100, true, 0);
	hello_in_pieces(100, false, 30);
	hello_in_pieces(1, false, 0);
}
