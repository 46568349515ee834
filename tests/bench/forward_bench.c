/*
 * What it costs to forward a packet, without sockets: one publisher of VP8
 * at 2.5 Mb/s, N viewers who report, acknowledge and count, in virtual time.
 * Counted is all that the worker does, feedback and timers included, per
 * packet that it forwards. Beside it the floor: bare AES-GCM of the same
 * packets under as many keys, with the same back end.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/sys/rng.h"
#include "mediad/sec/aead.h"
#include "tests/bench/bench.h"
#include "tests/lib/call.h"

#define SETTLE	(2 * SECOND)
#define MEASURE (10 * SECOND)
#define VIEWERS 50
#define PAYLOAD 1150
#define HEADER	44

static struct call *call_make(const char *backend, int viewers,
			      struct view **first)
{
	struct call *c = call_new_with(1, backend);
	struct side *pub = call_join(c, NULL);
	struct side *sub[CALL_SIDES];
	struct cam *cam;

	for (int i = 0; i < viewers; i++)
		sub[i] = call_join(c, NULL);
	call_run(c, SETTLE);
	cam = call_single(c, pub, 2500000);
	for (int i = 0; i < viewers; i++) {
		struct view *v = call_watch(c, sub[i], cam);

		*first = i ? *first : v;
	}
	call_run(c, SETTLE);
	return c;
}

static double forward_ns(const char *backend, int viewers)
{
	struct view *v = NULL;
	struct call *c = call_make(backend, viewers, &v);
	uint64_t ns = c->spent_ns, out = c->w.stats.rtp_out;

	call_run(c, MEASURE);
	ns = c->spent_ns - ns;
	out = c->w.stats.rtp_out - out;
	/* All of it arrived: else the figure would be of something else. */
	assert(call_view(v)->lost == 0);
	assert(out > 200u * (unsigned)viewers * (MEASURE / SECOND));
	call_free(c);
	return (double)ns / (double)out;
}

struct floor_arg {
	struct aead_key *key[VIEWERS];
	uint8_t hdr[HEADER], iv[AEAD_IV];
	uint8_t src[PAYLOAD], dst[64][PAYLOAD + AEAD_TAG];
};

static void floor_body(void *arg, uint64_t ops)
{
	struct floor_arg *f = arg;

	for (uint64_t i = 0; i < ops; i++) {
		struct aead_pkt p = {.iv = f->iv,
				     .aad = f->hdr,
				     .aad_len = HEADER,
				     .src = f->src,
				     .dst = f->dst[i % 64],
				     .len = PAYLOAD};

		f->iv[11] = (uint8_t)i;
		f->hdr[3] = (uint8_t)i;
		aead_seal(f->key[i % VIEWERS], &p);
		bench_keep(p.dst);
	}
}

static double floor_ns(const char *backend)
{
	static struct floor_arg f;
	struct aead *a = aead_new(backend);
	double best = 1e18;
	uint8_t key[16];

	rng_bytes(f.src, sizeof(f.src));
	for (int i = 0; i < VIEWERS; i++) {
		rng_bytes(key, sizeof(key));
		f.key[i] = aead_key_new(a, key, sizeof(key), true);
	}
	for (int run = 0; run < 7; run++) {
		uint64_t from = bench_ns();
		double ns;

		floor_body(&f, 100000);
		ns = (double)(bench_ns() - from) / 100000;
		best = ns < best ? ns : best;
	}
	for (int i = 0; i < VIEWERS; i++)
		aead_key_free(f.key[i]);
	aead_free(a);
	return best;
}

static void figures(const char *backend)
{
	struct aead *a = aead_new(backend);
	char name[64];
	double floor, ns;

	if (!a)
		return; /* not to be had on this machine */
	aead_free(a);
	floor = floor_ns(backend);
	snprintf(name, sizeof(name), "forward.%s.floor", backend);
	bench_print(name, "ns", floor, "ns/packet");
	for (int n = 10; n <= VIEWERS; n *= 5) {
		ns = forward_ns(backend, n);
		snprintf(name, sizeof(name), "forward.%s.%d", backend, n);
		bench_print(name, "ns", ns, "ns/packet");
		bench_print(name, "floor_ratio", ns / floor, "1");
	}
}

/* For callgrind, which counts inside the worker's two functions. */
static int count(const char *seconds)
{
	struct view *v = NULL;
	struct call *c = call_make(NULL, 10, &v);
	uint64_t out = c->w.stats.rtp_out;

	call_run(c, strtoull(seconds, NULL, 10) * SECOND);
	printf("forwarded %llu\n",
	       (unsigned long long)(c->w.stats.rtp_out - out));
	return 0;
}

int main(int argc, char **argv)
{
	double instructions;

	if (rng_setup())
		return 1;
	if (argc == 3 && !strcmp(argv[1], "--count"))
		return count(argv[2]);
	figures("mb");
	figures("evp");
	instructions = bench_instructions("worker_input", "worker_turn");
	if (instructions > 0)
		bench_print("forward.10", "instructions", instructions,
			    "instructions/packet");
	return 0;
}
