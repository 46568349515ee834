/*
 * What one protected packet of 1,200 bytes costs: each back end, out of place
 * from one payload into slots, with one key and with a thousand; opening in
 * place; and libsrtp2's counter mode for comparison.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mediad/sec/srtp.h"
#include "tests/bench/bench.h"

#define LEN	1200
#define HDR	28
#define SLOTS	256
#define ROUNDS	9
#define PACKETS 20000

struct bed {
	struct srtp_env *env;
	struct srtp_session *s[1000];
	uint32_t seq; /* a counter: each round of the sessions is one number */
	uint8_t slots[SLOTS][1472];
	uint8_t payload[LEN];
};

static struct bed bed;

static int less(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double v[ROUNDS])
{
	qsort(v, ROUNDS, sizeof(*v), less);
	return v[ROUNDS / 2];
}

static void keys_of(struct srtp_keys *k, enum srtp_profile p, int n)
{
	k->profile = p;
	for (int i = 0; i < SRTP_MASTER_MAX; i++) {
		k->local[i] = (uint8_t)(i * 7 + n);
		k->remote[i] = (uint8_t)(i * 7 + n); /* opens its own */
	}
}

static void header(uint8_t *h, uint16_t seq)
{
	memset(h, 0, HDR);
	h[0] = 0x90;
	h[2] = (uint8_t)(seq >> 8);
	h[3] = (uint8_t)seq;
	h[11] = 1;
	h[12] = 0xbe;
	h[13] = 0xde;
	h[15] = 3;
}

static int seal(int i, int sessions)
{
	struct srtp_session *s = bed.s[i % sessions];
	uint8_t *dst = bed.slots[i % SLOTS];
	const uint8_t *payload = bed.payload;

	if (i % sessions == 0)
		bed.seq++;
	header(dst, (uint16_t)bed.seq);
	bench_keep(&payload);
	return srtp_seal_rtp(s, dst, 1472, HDR, payload, LEN - HDR);
}

static void check(int got)
{
	if (got > 0)
		return;
	fprintf(stderr, "gcm_bench: nothing was sealed\n");
	exit(1);
}

static void bench_seal(const char *backend, enum srtp_profile p, int sessions,
		       const char *name)
{
	struct srtp_keys k;
	double v[ROUNDS];

	bed.env = srtp_env_new(backend);
	if (!bed.env)
		return; /* not on this machine */
	for (int i = 0; i < sessions; i++) {
		keys_of(&k, p, i);
		bed.s[i] = srtp_new(bed.env, &k);
	}
	bed.seq = 0;
	for (int r = 0; r < ROUNDS; r++) {
		double t = (double)bench_ns();

		for (int i = 0; i < PACKETS; i++)
			check(seal(i, sessions));
		v[r] = ((double)bench_ns() - t) / PACKETS;
	}
	bench_print(name, "ns", median(v), "ns");
	for (int i = 0; i < sessions; i++)
		srtp_free(bed.s[i]);
	srtp_env_free(bed.env);
}

/* Sealing is timed apart and taken off. */
static void bench_open(const char *backend, const char *name)
{
	static uint8_t sealed[PACKETS][1472];
	struct srtp_keys k;
	double v[ROUNDS];
	size_t len = 0;

	bed.env = srtp_env_new(backend);
	if (!bed.env)
		return;
	keys_of(&k, SRTP_PROFILE_GCM_128, 1);
	bed.s[0] = srtp_new(bed.env, &k);
	bed.seq = 0;
	for (int r = 0; r < ROUNDS; r++) {
		double t;

		for (int i = 0; i < PACKETS; i++) {
			check(seal(i, 1));
			memcpy(sealed[i], bed.slots[i % SLOTS], 1472);
		}
		t = (double)bench_ns();
		for (int i = 0; i < PACKETS; i++) {
			len = LEN + 16;
			check(srtp_open_rtp(bed.s[0], sealed[i], &len) ==
			      SRTP_PASS);
		}
		v[r] = ((double)bench_ns() - t) / PACKETS;
	}
	bench_print(name, "ns", median(v), "ns");
	srtp_free(bed.s[0]);
	srtp_env_free(bed.env);
}

int main(void)
{
	memset(bed.payload, 0x5a, sizeof(bed.payload));
	bench_seal("mb", SRTP_PROFILE_GCM_128, 1, "srtp.seal.gcm128.mb");
	bench_seal("mb", SRTP_PROFILE_GCM_128, 1000,
		   "srtp.seal.gcm128.mb.1000-keys");
	bench_seal("mb", SRTP_PROFILE_GCM_256, 1, "srtp.seal.gcm256.mb");
	bench_seal("evp", SRTP_PROFILE_GCM_128, 1, "srtp.seal.gcm128.evp");
	bench_seal("evp", SRTP_PROFILE_GCM_128, 1000,
		   "srtp.seal.gcm128.evp.1000-keys");
	bench_seal("evp", SRTP_PROFILE_GCM_256, 1, "srtp.seal.gcm256.evp");
	bench_seal(NULL, SRTP_PROFILE_CM_SHA1_80, 1, "srtp.seal.cm-sha1-80");
	bench_open("mb", "srtp.open.gcm128.mb");
	bench_open("evp", "srtp.open.gcm128.evp");
	return 0;
}
