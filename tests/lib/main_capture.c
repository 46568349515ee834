/*
 * capture: what a browser sends, decrypted, into a file: the source of the
 * recorded packets in tests/fixtures/rtp/ (capture.mjs there drives it).
 *
 *	capture IP PORT UFRAG PWD FILE SECONDS
 *
 * An ICE-lite endpoint that waits for the browser's ClientHello. Prints its
 * certificate's fingerprint, then writes each RTP packet as 32 bits of
 * milliseconds, 16 bits of length, the packet. Asks for a key frame of every
 * SSRC after a second.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "mediad/ice/icelite.h"
#include "mediad/wire/demux.h"
#include "mediad/wire/rtcpfb.h"
#include "mediad/wire/rtp.h"
#include "tests/lib/peer_dtls.h"
#include "tests/lib/peer_srtp.h"

#define SSRCS_MAX 16
#define KEY_AT_MS 1000
#define REMB_MS	  250
#define REMB_BPS  4000000
#define WAIT_US	  30000000 /* for the browser */

struct capture {
	int fd;
	FILE *out;
	struct icelite ice;
	struct peer_dtls *dtls;
	struct peer_srtp *srtp;
	struct addr local;
	uint64_t start_us, packets;
	uint32_t ssrc[SSRCS_MAX];
	size_t n_ssrcs;
	uint64_t next_ms;
	bool asked;
};

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static void send_to(struct capture *c, const struct tuple *t,
		    const uint8_t *data, size_t len)
{
	struct sockaddr_storage ss;
	socklen_t n = addr_to_sa(&t->remote, &ss);

	sendto(c->fd, data, len, 0, (struct sockaddr *)&ss, n);
}

static void on_stun(struct capture *c, const struct tuple *t,
		    const uint8_t *data, size_t len)
{
	uint8_t out[ICE_OUT_MAX];
	struct ice_out o;
	struct stun m;

	if (stun_parse(&m, data, len))
		return;
	icelite_input(&c->ice, &m, t, now_us(), &o, out);
	if (o.len)
		send_to(c, &o.to, out, o.len);
}

static void on_dtls(struct capture *c, const struct tuple *t,
		    const uint8_t *data, size_t len)
{
	uint8_t buf[PEER_MTU], local[PEER_DTLS_KEYS], remote[PEER_DTLS_KEYS];
	const char *name;
	unsigned profile;
	size_t n;

	peer_dtls_input(c->dtls, data, len);
	while ((n = peer_dtls_output(c->dtls, buf, sizeof(buf))))
		send_to(c, t, buf, n);
	if (c->srtp || !peer_dtls_done(c->dtls))
		return;
	profile = peer_dtls_keys(c->dtls, &name, local, remote);
	if (!profile)
		exit(1);
	fprintf(stderr, "connected, %s\n", name);
	c->srtp = peer_srtp_new(profile, local, remote);
	c->start_us = now_us();
}

static void remember(struct capture *c, uint32_t ssrc)
{
	for (size_t i = 0; i < c->n_ssrcs; i++)
		if (c->ssrc[i] == ssrc)
			return;
	if (c->n_ssrcs < SSRCS_MAX)
		c->ssrc[c->n_ssrcs++] = ssrc;
}

static void on_rtp(struct capture *c, uint8_t *data, size_t len)
{
	uint32_t ms = (uint32_t)((now_us() - c->start_us) / 1000);
	uint8_t head[6];
	struct wr w = wr_of(head, sizeof(head));

	if (!c->srtp || !peer_srtp_open_rtp(c->srtp, data, &len))
		return;
	wr_u32(&w, ms);
	wr_u16(&w, (uint16_t)len);
	fwrite(head, 1, sizeof(head), c->out);
	fwrite(data, 1, len, c->out);
	c->packets++;
	remember(c, rtp_ssrc(data));
}

/* A bandwidth that lets all layers be sent, and a key frame once. */
static void feedback(struct capture *c)
{
	const struct tuple *t = icelite_selected(&c->ice);
	uint64_t ms = c->srtp ? (now_us() - c->start_us) / 1000 : 0;
	uint8_t buf[600];
	struct wr w = wr_of(buf, 500);
	size_t len;

	if (!t || !c->n_ssrcs || ms < c->next_ms)
		return;
	c->next_ms = ms + REMB_MS;
	rtcp_put_rr(&w, 1, NULL, 0);
	rtcpfb_put_remb(&w, 1, REMB_BPS, c->ssrc, c->n_ssrcs);
	for (size_t i = 0; i < c->n_ssrcs && !c->asked && ms > KEY_AT_MS; i++)
		rtcpfb_put_pli(&w, 1, c->ssrc[i]);
	c->asked = ms > KEY_AT_MS;
	len = wr_len(&w);
	if (peer_srtp_seal_rtcp(c->srtp, buf, &len))
		send_to(c, t, buf, len);
}

static void receive(struct capture *c)
{
	struct sockaddr_storage ss;
	socklen_t sslen = sizeof(ss);
	uint8_t buf[2048];
	struct tuple t;
	ssize_t n = recvfrom(c->fd, buf, sizeof(buf), 0, (struct sockaddr *)&ss,
			     &sslen);

	memset(&t, 0, sizeof(t));
	t.local = c->local;
	if (n <= 0 || addr_from_sa(&t.remote, (struct sockaddr *)&ss))
		return;
	switch (demux_of(buf, (size_t)n)) {
	case DEMUX_STUN:
		on_stun(c, &t, buf, (size_t)n);
		break;
	case DEMUX_DTLS:
		on_dtls(c, &t, buf, (size_t)n);
		break;
	case DEMUX_RTP:
		on_rtp(c, buf, (size_t)n);
		break;
	default:
		break;
	}
}

static void setup(struct capture *c, char **argv)
{
	static const uint8_t secret[ICE_SECRET_LEN];
	struct peer_conf conf = {.dtls_server = true};
	struct sockaddr_storage ss;
	socklen_t n;

	c->dtls = peer_dtls_new(&conf);
	c->out = fopen(argv[5], "wb");
	if (!c->out ||
	    addr_parse(&c->local, argv[1],
		       (uint16_t)strtoul(argv[2], NULL, 10)) ||
	    icelite_init(&c->ice, argv[3], argv[4], secret, 30000000)) {
		perror(argv[5]);
		exit(1);
	}
	n = addr_to_sa(&c->local, &ss);
	c->fd = socket(ss.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0 || bind(c->fd, (struct sockaddr *)&ss, n)) {
		perror("bind");
		exit(1);
	}
	printf("%s\n", peer_dtls_fingerprint(c->dtls));
	fflush(stdout);
}

int main(int argc, char **argv)
{
	static struct capture c;
	uint64_t for_us, give_up_us;

	if (argc != 7) {
		fprintf(stderr,
			"usage: capture IP PORT UFRAG PWD FILE SECONDS\n");
		return 2;
	}
	setup(&c, argv);
	for_us = 1000000 * strtoull(argv[6], NULL, 10);
	give_up_us = now_us() + WAIT_US;
	while (now_us() < (c.srtp ? c.start_us + for_us : give_up_us)) {
		struct pollfd p = {.fd = c.fd, .events = POLLIN};

		if (poll(&p, 1, 20) > 0)
			receive(&c);
		feedback(&c);
	}
	fclose(c.out);
	fprintf(stderr, "%llu packets\n", (unsigned long long)c.packets);
	return c.packets == 0;
}
