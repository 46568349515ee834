/*
 * Whole packet sequences through both GCM back ends and libsrtp2 at once:
 * all three seal the same bytes, accept the same packets, refuse the same.
 *
 * The input is a program: each step takes four bytes (what to do, an SSRC, a
 * step of the sequence number) and makes one packet of them.
 */
#include <assert.h>
#include <srtp2/srtp.h>
#include <stdint.h>
#include <string.h>

#include "common/rd.h"
#include "mediad/sec/aead.h"
#include "mediad/sec/gcm.h"

#define BACKENDS 2
#define SSRCS	 4
#define CAP	 1500

struct bed {
	struct gcm *seal[BACKENDS];
	struct gcm *open[BACKENDS];
	int n;
	srtp_t ref_out;
	srtp_t ref_in;
	uint64_t at[SSRCS];
	uint8_t last[CAP]; /* the packet sealed last */
	size_t last_len;
};

static struct aead *aeads[BACKENDS];
static srtp_t keep; /* libsrtp2 on NSS is slow at its first session */

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static srtp_t ref_new(const uint8_t *master, size_t key_len, bool out)
{
	srtp_policy_t policy;
	uint8_t key[64] = {0};
	srtp_t s = NULL;

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
	assert(srtp_create(&s, &policy) == srtp_err_status_ok);
	return s;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const uint8_t master[44];

	(void)argc;
	(void)argv;
	srtp_init();
	aeads[0] = aead_new("evp");
	aeads[1] = aead_new("mb");
	assert(aeads[0]);
	keep = ref_new(master, 16, true);
	return 0;
}

static void bed_init(struct bed *b, const uint8_t *master, size_t key_len)
{
	memset(b, 0, sizeof(*b));
	for (int i = 0; i < BACKENDS && aeads[i]; i++) {
		b->seal[i] = gcm_new(aeads[i], master, key_len, true);
		b->open[i] = gcm_new(aeads[i], master, key_len, false);
		b->n++;
	}
	b->ref_out = ref_new(master, key_len, true);
	b->ref_in = ref_new(master, key_len, false);
}

static void bed_fini(struct bed *b)
{
	for (int i = 0; i < b->n; i++) {
		gcm_free(b->seal[i]);
		gcm_free(b->open[i]);
	}
	srtp_dealloc(b->ref_out);
	srtp_dealloc(b->ref_in);
}

static size_t make(uint8_t *buf, uint8_t what, uint8_t k, uint16_t seq)
{
	size_t words = what % 7;
	size_t n = 12;

	memset(buf, what, CAP);
	buf[0] = words ? 0x90 : 0x80;
	buf[1] = 96;
	buf[2] = (uint8_t)(seq >> 8);
	buf[3] = (uint8_t)seq;
	buf[8] = k;
	if (words) {
		buf[n + 2] = 0;
		buf[n + 3] = (uint8_t)words;
		n += 4 + 4 * words;
	}
	return n;
}

static void seal(struct bed *b, uint8_t what, uint8_t k, uint16_t seq)
{
	uint8_t plain[CAP];
	uint8_t ref[CAP + SRTP_MAX_TRAILER_LEN];
	size_t hdr = make(plain, what, k, seq);
	size_t len = (size_t)what * 5;
	int n = (int)(hdr + len);
	bool ok;

	memcpy(ref, plain, hdr + len);
	ok = srtp_protect(b->ref_out, ref, &n) == srtp_err_status_ok;
	for (int i = 0; i < b->n; i++) {
		uint8_t dst[CAP];
		int got;

		memcpy(dst, plain, hdr);
		got = gcm_seal_rtp(b->seal[i], dst, CAP, hdr, plain + hdr, len);
		assert((got > 0) == ok);
		assert(!ok || (got == n && !memcmp(dst, ref, (size_t)n)));
	}
	if (ok) {
		memcpy(b->last, ref, (size_t)n);
		b->last_len = (size_t)n;
	}
}

/* The last sealed packet, or a torn or changed copy of it. */
static void open(struct bed *b, uint8_t what, uint8_t cut)
{
	uint8_t in[CAP];
	uint8_t ref[CAP];
	size_t len = b->last_len;
	int n;
	bool ok;

	memcpy(in, b->last, len);
	if (what & 1 && len)
		in[(cut * 7) % len] ^= (uint8_t)(1 << (cut & 7));
	if (what & 2)
		len -= cut < len ? cut : len;
	if (!len)
		return;
	memcpy(ref, in, len);
	n = (int)len;
	ok = srtp_unprotect(b->ref_in, ref, &n) == srtp_err_status_ok;
	for (int i = 0; i < b->n; i++) {
		uint8_t mine[CAP];
		size_t l = len;

		memcpy(mine, in, len);
		assert((gcm_open_rtp(b->open[i], mine, &l) == SRTP_PASS) == ok);
		assert(!ok || (l == (size_t)n && !memcmp(mine, ref, l)));
	}
}

static void rtcp(struct bed *b, uint8_t what, uint8_t k)
{
	uint8_t plain[CAP] = {0x80, 200, 0, 0, k};
	uint8_t ref[CAP + SRTP_MAX_TRAILER_LEN + 4];
	size_t len = 8 + 4 * (size_t)what;
	int n = (int)len;

	memset(plain + 8, what, len - 8);
	memcpy(ref, plain, len);
	assert(srtp_protect_rtcp(b->ref_out, ref, &n) == srtp_err_status_ok);
	for (int i = 0; i < b->n; i++) {
		uint8_t dst[CAP];
		size_t l =
			(size_t)gcm_seal_rtcp(b->seal[i], dst, CAP, plain, len);

		assert(l == (size_t)n && !memcmp(dst, ref, l));
		if (k & 1)
			continue;
		assert(gcm_open_rtcp(b->open[i], dst, &l) == SRTP_PASS);
		assert(l == len && !memcmp(dst, plain, len));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct rd r = rd_of(data, len);
	uint8_t master[44] = {0};
	struct bed b;

	rd_copy(&r, master, 8);
	bed_init(&b, master, rd_u8(&r) & 1 ? 32 : 16);
	while (!r.bad && rd_left(&r) >= 4) {
		uint8_t op = rd_u8(&r);
		uint8_t what = rd_u8(&r);
		uint8_t k = rd_u8(&r) % SSRCS;
		int8_t step = (int8_t)rd_u8(&r);

		if (op < 120) {
			/* Far leaps now and then, to reach the rollovers. */
			b.at[k] += (uint64_t)step * (op < 20 ? 250 : 1);
			seal(&b, what, k, (uint16_t)b.at[k]);
		} else if (op < 220) {
			open(&b, op > 180 ? what : 0, (uint8_t)step);
		} else {
			rtcp(&b, what, k);
		}
	}
	bed_fini(&b);
	return 0;
}
