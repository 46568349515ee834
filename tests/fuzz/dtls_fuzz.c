/*
 * A DTLS association, as server or client, fed with whatever came: a list of
 * datagrams, each behind a 16-bit length, and now and then a tick. The first
 * byte says the role and whether a real client's hello comes first.
 */
#include <assert.h>
#include <stdint.h>

#include "common/rd.h"
#include "mediad/sec/dtls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void drain(struct dtls *d)
{
	uint8_t buf[DTLS_MTU];
	size_t n;

	while ((n = dtls_output(d, buf, sizeof(buf))) > 0)
		assert(n <= DTLS_MTU);
}

/* A genuine first flight into the server. */
static void hello(struct dtls_ctx *ctx, struct dtls *server,
		  const struct cert_fp *fp, uint64_t now_us)
{
	struct dtls *client = dtls_new(ctx);
	uint8_t buf[DTLS_MTU];
	size_t n;

	assert(!dtls_start(client, DTLS_CLIENT, fp, 1, now_us));
	n = dtls_output(client, buf, sizeof(buf));
	assert(n);
	dtls_input(server, buf, n, now_us);
	dtls_free(client);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct cert *cert;
	static struct dtls_ctx *ctx;
	struct rd r = rd_of(data, len);
	const struct cert_fp *fp;
	uint64_t now_us = 1000000;
	struct srtp_keys keys;
	struct dtls *d;
	uint8_t how;
	size_t n;

	if (!cert) {
		cert = cert_new();
		ctx = dtls_ctx_new(cert);
		assert(ctx);
	}
	fp = cert_fps(cert, &n);
	how = rd_u8(&r);
	d = dtls_new(ctx);
	assert(!dtls_start(d, how & 1 ? DTLS_SERVER : DTLS_CLIENT, fp, 1,
			   now_us));
	if (how & 1 && how & 2)
		hello(ctx, d, fp, now_us);
	while (rd_left(&r) >= 2) {
		uint16_t want = rd_u16(&r);
		size_t take = want & 0x7ff;

		if (take > rd_left(&r))
			take = rd_left(&r);
		now_us += want & 0x8000 ? 400000 : 1000;
		dtls_input(d, rd_bytes(&r, take), take, now_us);
		if (dtls_deadline(d) <= now_us)
			dtls_tick(d, now_us);
		drain(d);
	}
	/* Nobody without the certificate's key gets this far. */
	assert(dtls_state(d) != DTLS_CONNECTED && dtls_keys(d, &keys));
	dtls_free(d);
	return 0;
}
