/* RFC 7714's vectors, and packet for packet against libsrtp2. */
#include <errno.h>
#include <srtp2/srtp.h>
#include <stdlib.h>
#include <string.h>

#include "common/hex.h"
#include "mediad/sec/aead.h"
#include "mediad/sec/gcm.h"
#include "tests/lib/test.h"

static const char *const backends[] = {"mb", "evp"};

/* A back end this machine lacks is passed over; evp is always there. */
static struct aead *backend(size_t i)
{
	struct aead *a = aead_new(backends[i]);

	if (!strcmp(backends[i], "evp"))
		ck_assert_ptr_nonnull(a);
	return a;
}

static size_t unhex(uint8_t *out, const char *hex)
{
	size_t n = strlen(hex) / 2;

	ck_assert_int_eq(hex_to(out, n, hex), 0);
	return n;
}

/* ---- RFC 7714 sections 16 and 17 ---- */

struct vector {
	size_t key_len; /* of 00 01 02 ... */
	const char *iv;
	const char *aad;
	const char *plain;
	const char *sealed; /* with its tag */
};

static const struct vector vectors[] = {
	{16, "51753c6580c2726f20718414", "8040f17b8041f8d35501a0b2",
	 "47616c6c696120657374206f6d6e697320646976697361"
	 "20696e207061727465732074726573",
	 "f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a"
	 "51c7d19b36de3adf8833899d7f27beb16a9152cf765ee4390cce"},
	{32, "51753c6580c2726f20718414", "8040f17b8041f8d35501a0b2",
	 "47616c6c696120657374206f6d6e697320646976697361"
	 "20696e207061727465732074726573",
	 "32b1de78a822fe12ef9f78fa332e33aab18012389a58e2f3b50b2a02"
	 "76ffae0f1ba63799b87b7aa3db36dfffd6b0f9bb7878d7a76c13"},
	{16, "517524055203726f207170bb", "81c8000d4d617273800005d4",
	 "4e5450314e545032525450200000042a0000e9304c756e61"
	 "deadbeefdeadbeefdeadbeefdeadbeefdeadbeef",
	 "63e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32dc676a5f1"
	 "730d6fda4ce09b4686303ded0bb9275bc84aa45896cf4d2fc5abf872"
	 "45d9eade"},
};

static void check_vector(const struct aead *a, const struct vector *v)
{
	uint8_t key[32];
	uint8_t iv[AEAD_IV];
	uint8_t aad[16];
	uint8_t plain[64];
	uint8_t sealed[96];
	uint8_t out[96];
	struct aead_pkt p = {.iv = iv, .aad = aad, .src = plain, .dst = out};
	struct aead_key *enc;
	struct aead_key *dec;
	size_t n;

	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)i;
	unhex(iv, v->iv);
	p.aad_len = unhex(aad, v->aad);
	p.len = unhex(plain, v->plain);
	n = unhex(sealed, v->sealed);
	ck_assert_uint_eq(n, p.len + AEAD_TAG);
	enc = aead_key_new(a, key, v->key_len, true);
	dec = aead_key_new(a, key, v->key_len, false);
	aead_seal(enc, &p);
	ck_assert_mem_eq(out, sealed, n);
	p.src = out; /* opens in place */
	ck_assert(aead_open(dec, &p));
	ck_assert_mem_eq(out, plain, p.len);
	memcpy(out, sealed, n);
	aad[1] ^= 1;
	ck_assert(!aead_open(dec, &p));
	aead_key_free(enc);
	aead_key_free(dec);
}

TEST_SLOW(gcm_rfc7714_vectors, 60)
{
	for (size_t i = 0; i < 2; i++) {
		struct aead *a = backend(i);

		for (size_t k = 0; a && k < sizeof(vectors) / sizeof(*vectors);
		     k++)
			check_vector(a, &vectors[k]);
		aead_free(a);
	}
}

TEST(aead_takes_two_key_lengths)
{
	uint8_t key[32] = {0};

	ck_assert_ptr_null(aead_new("none"));
	for (size_t i = 0; i < 2; i++) {
		struct aead *a = backend(i);

		if (a)
			ck_assert_ptr_null(aead_key_new(a, key, 24, true));
		aead_free(a);
	}
}

/* ---- against libsrtp2 ---- */

struct pair {
	struct aead *aead;
	struct gcm *seal;
	struct gcm *open;
	srtp_t ref_out;
	srtp_t ref_in;
	size_t key_len;
	uint32_t rng;
};

static uint32_t rnd(struct pair *p)
{
	p->rng = p->rng * 1664525u + 1013904223u;
	return p->rng >> 8;
}

static srtp_t ref_new(const uint8_t *master, size_t key_len, bool out)
{
	srtp_policy_t policy;
	uint8_t key[64];
	srtp_t s;

	memset(&policy, 0, sizeof(policy));
	memcpy(key, master, 44);
	if (key_len == 16) {
		srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp);
		srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtcp);
	} else {
		srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy.rtp);
		srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy.rtcp);
	}
	policy.ssrc.type = out ? ssrc_any_outbound : ssrc_any_inbound;
	policy.key = key;
	policy.window_size = 1024;
	ck_assert_int_eq(srtp_create(&s, &policy), srtp_err_status_ok);
	return s;
}

static bool pair_init(struct pair *p, size_t which, size_t key_len)
{
	uint8_t master[44];

	memset(p, 0, sizeof(*p));
	p->rng = (uint32_t)(7 * which + key_len);
	p->key_len = key_len;
	p->aead = backend(which);
	if (!p->aead)
		return false;
	for (size_t i = 0; i < sizeof(master); i++)
		master[i] = (uint8_t)rnd(p);
	srtp_init();
	p->seal = gcm_new(p->aead, master, key_len, true);
	p->open = gcm_new(p->aead, master, key_len, false);
	p->ref_out = ref_new(master, key_len, true);
	p->ref_in = ref_new(master, key_len, false);
	return true;
}

static void pair_fini(struct pair *p)
{
	gcm_free(p->seal);
	gcm_free(p->open);
	srtp_dealloc(p->ref_out);
	srtp_dealloc(p->ref_in);
	srtp_shutdown();
	aead_free(p->aead);
}

/* An RTP packet with random CSRCs, extension and payload. */
static size_t make_rtp(struct pair *p, uint8_t *buf, uint32_t ssrc,
		       uint16_t seq, size_t *hdr_len)
{
	size_t n = 12;
	size_t cc = rnd(p) % 4 ? 0 : rnd(p) % 16;
	size_t words = rnd(p) % 5;
	size_t payload = rnd(p) % 1100;

	for (size_t i = 0; i < 12; i++)
		buf[i] = (uint8_t)rnd(p);
	buf[0] = (uint8_t)(0x80 | cc);
	buf[2] = (uint8_t)(seq >> 8);
	buf[3] = (uint8_t)seq;
	for (size_t i = 0; i < 4; i++)
		buf[8 + i] = (uint8_t)(ssrc >> (24 - 8 * i));
	for (size_t i = 0; i < 4 * cc; i++)
		buf[n++] = (uint8_t)rnd(p);
	if (words) {
		buf[0] |= 0x10;
		buf[n++] = 0xbe;
		buf[n++] = 0xde;
		buf[n++] = 0;
		buf[n++] = (uint8_t)words;
		for (size_t i = 0; i < 4 * words; i++)
			buf[n++] = (uint8_t)rnd(p);
	}
	*hdr_len = n;
	for (size_t i = 0; i < payload; i++)
		buf[n++] = (uint8_t)rnd(p);
	return n;
}

static bool ref_pass(srtp_err_status_t err)
{
	return err == srtp_err_status_ok;
}

/* One packet out and in, both ways; a few are lost, doubled or torn. */
static void exchange(struct pair *p, uint32_t ssrc, uint16_t seq)
{
	uint8_t plain[1500];
	uint8_t ours[1600];
	uint8_t ref[1600];
	size_t hdr_len;
	size_t len = make_rtp(p, plain, ssrc, seq, &hdr_len);
	int n = (int)len;
	int got;
	int times = rnd(p) % 10 ? 1 : 2;

	memcpy(ours, plain, hdr_len);
	got = gcm_seal_rtp(p->seal, ours, sizeof(ours), hdr_len,
			   plain + hdr_len, len - hdr_len);
	memcpy(ref, plain, len);
	if (!ref_pass(srtp_protect(p->ref_out, ref, &n))) {
		ck_assert_int_eq(got, -EALREADY);
		return;
	}
	ck_assert_int_eq(got, n);
	ck_assert_mem_eq(ours, ref, (size_t)n);
	if (rnd(p) % 10 == 0)
		return; /* lost */
	while (times--) {
		uint8_t a[1600];
		uint8_t b[1600];
		size_t a_len = (size_t)n;
		int b_len = n;
		enum srtp_verdict v;
		bool ok;

		memcpy(a, ours, (size_t)n);
		if (rnd(p) % 20 == 0)
			a[rnd(p) % a_len] ^= (uint8_t)(1 << rnd(p) % 8);
		memcpy(b, a, (size_t)n);
		v = gcm_open_rtp(p->open, a, &a_len);
		ok = ref_pass(srtp_unprotect(p->ref_in, b, &b_len));
		ck_assert_int_eq(v == SRTP_PASS, ok);
		if (!ok)
			continue;
		ck_assert_uint_eq(a_len, len);
		ck_assert_int_eq(b_len, (int)len);
		ck_assert_mem_eq(a, b, len);
		ck_assert_mem_eq(a, plain, len);
	}
}

static void exchange_rtcp(struct pair *p, uint32_t ssrc)
{
	uint8_t plain[1200];
	uint8_t ours[1300];
	uint8_t ref[1300];
	uint8_t again[1300];
	size_t len = 8 + 4 * (rnd(p) % 200);
	size_t got_len;
	int n = (int)len;

	for (size_t i = 0; i < len; i++)
		plain[i] = (uint8_t)rnd(p);
	plain[0] = 0x80;
	plain[1] = 200;
	for (size_t i = 0; i < 4; i++)
		plain[4 + i] = (uint8_t)(ssrc >> (24 - 8 * i));
	got_len =
		(size_t)gcm_seal_rtcp(p->seal, ours, sizeof(ours), plain, len);
	memcpy(ref, plain, len);
	ck_assert(ref_pass(srtp_protect_rtcp(p->ref_out, ref, &n)));
	ck_assert_uint_eq(got_len, (size_t)n);
	ck_assert_mem_eq(ours, ref, got_len);
	if (rnd(p) % 10 == 0)
		return;
	memcpy(again, ours, got_len);
	ck_assert_int_eq(gcm_open_rtcp(p->open, ours, &got_len), SRTP_PASS);
	ck_assert_uint_eq(got_len, len);
	ck_assert_mem_eq(ours, plain, len);
	ck_assert(ref_pass(srtp_unprotect_rtcp(p->ref_in, ref, &n)));
	got_len = len + 20;
	ck_assert_int_eq(gcm_open_rtcp(p->open, again, &got_len), SRTP_REPLAY);
}

/* Three rollovers of three SSRCs, steps forward and back within 600. */
static void sequences(size_t which, size_t key_len)
{
	struct pair p;
	uint32_t ssrcs[3];
	uint64_t at[3];

	if (!pair_init(&p, which, key_len))
		return;
	for (int i = 0; i < 3; i++) {
		ssrcs[i] = rnd(&p);
		at[i] = 1000 + rnd(&p) % 30000;
	}
	for (int i = 0; i < 3000; i++) {
		int k = (int)(rnd(&p) % 3);
		uint64_t back = rnd(&p) % 4 ? 0 : rnd(&p) % 600;

		at[k] += rnd(&p) % 400;
		exchange(&p, ssrcs[k], (uint16_t)(at[k] - back));
		if (i % 20 == 0)
			exchange_rtcp(&p, ssrcs[k]);
	}
	pair_fini(&p);
}

TEST_SLOW(gcm_is_libsrtp_packet_for_packet, 60)
{
	for (size_t i = 0; i < 2; i++) {
		sequences(i, 16);
		sequences(i, 32);
	}
}

TEST_SLOW(gcm_100000_replays, 60)
{
	uint8_t pkt[200] = {0x80, 96};
	uint8_t sealed[64][216];
	struct pair p;
	int n = 0;
	int passed = 0;

	ck_assert(pair_init(&p, 1, 16));
	for (int i = 0; i < 64; i++) {
		size_t len;
		uint8_t copy[216];

		memcpy(sealed[i], pkt, 12);
		sealed[i][3] = (uint8_t)i;
		n = gcm_seal_rtp(p.seal, sealed[i], sizeof(sealed[i]), 12,
				 pkt + 12, 188);
		memcpy(copy, sealed[i], sizeof(copy));
		len = (size_t)n;
		ck_assert_int_eq(gcm_open_rtp(p.open, copy, &len), SRTP_PASS);
	}
	for (int i = 0; i < 100000; i++) {
		uint8_t copy[216];
		size_t len = (size_t)n;

		memcpy(copy, sealed[i % 64], sizeof(copy));
		passed += gcm_open_rtp(p.open, copy, &len) != SRTP_REPLAY;
	}
	ck_assert_int_eq(passed, 0);
	pair_fini(&p);
}

/* Sealing other bytes under one nonce would give the key away. */
TEST_SLOW(gcm_seals_no_index_twice, 60)
{
	uint8_t dst[1500] = {0x80, 96, 0x10, 0x00};
	uint8_t pay[100] = {0};
	struct pair p;

	ck_assert(pair_init(&p, 1, 16));
	ck_assert_int_eq(gcm_seal_rtp(p.seal, dst, sizeof(dst), 12, pay, 100),
			 128);
	dst[4] ^= 1;
	ck_assert_int_eq(gcm_seal_rtp(p.seal, dst, sizeof(dst), 12, pay, 100),
			 -EALREADY);
	dst[2] = 0x20;
	ck_assert_int_eq(gcm_seal_rtp(p.seal, dst, sizeof(dst), 12, pay, 100),
			 128);
	dst[2] = 0x1b; /* 1,280 behind */
	ck_assert_int_eq(gcm_seal_rtp(p.seal, dst, sizeof(dst), 12, pay, 100),
			 -EALREADY);
	ck_assert_int_eq(gcm_seal_rtp(p.seal, dst, 127, 12, pay, 100),
			 -ENOBUFS);
	ck_assert_int_eq(gcm_seal_rtp(p.seal, dst, sizeof(dst), 11, pay, 100),
			 -EINVAL);
	pair_fini(&p);
}

TEST_SLOW(gcm_ssrcs_are_capped_and_forged_ones_cost_nothing, 30)
{
	uint8_t pay[4] = {0};
	struct pair p;
	size_t len;

	ck_assert(pair_init(&p, 1, 16));
	for (uint32_t i = 0; i < SRTP_SSRCS_MAX + 10; i++) {
		uint8_t dst[64] = {0x80, 96};
		struct gcm *other = i % 2 ? NULL : p.open;
		uint8_t forged[64] = {0x80, 96};
		int n;

		dst[8] = (uint8_t)(i >> 8);
		dst[9] = (uint8_t)i;
		forged[10] = (uint8_t)(i >> 8);
		forged[11] = (uint8_t)i;
		len = 40;
		if (other && i < SRTP_SSRCS_MAX)
			ck_assert_int_eq(gcm_open_rtp(other, forged, &len),
					 SRTP_FORGED);
		n = gcm_seal_rtp(p.seal, dst, sizeof(dst), 12, pay, 4);
		if (i >= SRTP_SSRCS_MAX) {
			ck_assert_int_eq(n, -EOVERFLOW);
			len = 32;
			ck_assert_int_eq(gcm_open_rtp(p.open, dst, &len),
					 SRTP_FULL);
			continue;
		}
		ck_assert_int_eq(n, 32);
		len = 32;
		ck_assert_int_eq(gcm_open_rtp(p.open, dst, &len), SRTP_PASS);
	}
	pair_fini(&p);
}

TEST_SLOW(gcm_every_cut_of_a_packet, 60)
{
	uint8_t pkt[80] = {0x9f, 96, 0, 1};
	struct pair p;

	ck_assert(pair_init(&p, 1, 16));
	pkt[72] = 0xbe;
	pkt[75] = 0xff; /* an extension longer than the packet */
	for (size_t n = 0; n <= sizeof(pkt); n++) {
		size_t len = n;
		uint8_t *cut = malloc(n ? n : 1);

		memcpy(cut, pkt, n);
		ck_assert_int_eq(gcm_open_rtp(p.open, cut, &len), SRTP_SHORT);
		memcpy(cut, pkt, n);
		len = n;
		ck_assert_int_ne(gcm_open_rtcp(p.open, cut, &len), SRTP_PASS);
		free(cut);
	}
	pair_fini(&p);
}

/* RTCP that was not encrypted was not agreed on. */
TEST_SLOW(gcm_plain_rtcp_is_refused, 60)
{
	uint8_t src[28] = {0x80, 200, 0, 6};
	uint8_t dst[64];
	struct pair p;
	size_t len;

	ck_assert(pair_init(&p, 1, 16));
	len = (size_t)gcm_seal_rtcp(p.seal, dst, sizeof(dst), src, sizeof(src));
	dst[len - 4] &= 0x7f;
	ck_assert_int_eq(gcm_open_rtcp(p.open, dst, &len), SRTP_FORGED);
	pair_fini(&p);
}
