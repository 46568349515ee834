#include "tests/load/floor.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/sys/clock.h"
#include "common/sys/rng.h"
#include "mediad/io/txq.h"
#include "mediad/io/udp.h"
#include "tests/load/usage.h"

#define HDR	32 /* as our forwarded headers: five extensions */
#define STAMP	16 /* where in them the time of sending stands */
#define CTL	64
#define FRAME	64 /* packets of one at most */
#define TICK_US 5000
#define RCVBUF	(1 << 20)

struct floor {
	const struct floor_conf *c;
	struct addr server;
	int *sinks; /* pubs x subs sockets */
	int source;
	pid_t child;
	uint64_t received;
	struct hist *latency; /* NULL: warming up */
};

static void die(const char *what)
{
	fprintf(stderr, "chattr-load: floor: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* ---- the forwarder ---- */

struct fwd {
	struct udp *udp;
	struct txq txq;
	struct txq_dst *dsts;
	struct srtp_session **srtp;
	uint16_t *seqs;
	unsigned pubs;
	unsigned subs;
};

static void fwd_setup(struct fwd *f, struct floor *fl, int fd,
		      struct pkt_pool *pool)
{
	unsigned n = fl->c->pubs * fl->c->subs;
	struct srtp_env *env = srtp_env_new(fl->c->backend);
	struct srtp_keys keys = {.profile = SRTP_PROFILE_GCM_128};

	f->pubs = fl->c->pubs;
	f->subs = fl->c->subs;
	f->dsts = calloc(n, sizeof(*f->dsts));
	f->srtp = calloc(n, sizeof(struct srtp_session *));
	f->seqs = calloc(n, sizeof(*f->seqs));
	f->udp = udp_adopt(fd, pool);
	if (!env || !f->dsts || !f->srtp || !f->seqs || !f->udp ||
	    txq_init(&f->txq, fd, NULL, 256))
		die("set-up");
	for (unsigned i = 0; i < n; i++) {
		struct sockaddr_storage ss;
		socklen_t len = sizeof(ss);
		struct addr to;

		getsockname(fl->sinks[i], (struct sockaddr *)&ss, &len);
		addr_from_sa(&to, (struct sockaddr *)&ss);
		txq_dst_init(&f->txq, &f->dsts[i], &fl->server, &to, 0);
		rng_bytes(keys.local, sizeof(keys.local));
		f->srtp[i] = srtp_new(env, &keys);
	}
}

/* The packet's publisher stands in its SSRC. */
static void forward(struct fwd *f, const struct pkt *p, unsigned to)
{
	struct txq_slot *s = txq_slot(&f->txq);
	uint16_t seq = f->seqs[to]++;
	int n;

	if (!s) {
		txq_flush(&f->txq);
		s = txq_slot(&f->txq);
	}
	memcpy(s->buf, p->data, HDR);
	s->buf[2] = (uint8_t)(seq >> 8);
	s->buf[3] = (uint8_t)seq;
	n = srtp_seal_rtp(f->srtp[to], s->buf, TXQ_BUF, HDR, p->data + HDR,
			  p->len - HDR);
	if (n > 0)
		txq_commit(&f->txq, s, &f->dsts[to], (size_t)n, 0);
}

/* Receiver by receiver: all packets of the batch for one stand together. */
static void fwd_batch(struct fwd *f, const struct rx *rx, int n)
{
	for (unsigned pub = 0; pub < f->pubs; pub++)
		for (unsigned k = 0; k < f->subs; k++)
			for (int i = 0; i < n; i++)
				if (rx[i].pkt->data[11] == pub)
					forward(f, rx[i].pkt,
						pub * f->subs + k);
}

static void fwd_run(struct floor *fl, int fd, int ready)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	struct pkt_pool pool;
	struct rx rx[RX_BATCH];
	struct fwd f = {0};

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (fl->c->cpu >= 0)
		usage_pin(getpid(), fl->c->cpu);
	if (pkt_pool_init(&pool, 4096))
		die("pool");
	fwd_setup(&f, fl, fd, &pool);
	close(ready);
	while (poll(&p, 1, -1) > 0) {
		int n = udp_recv(f.udp, rx, RX_BATCH, clock_us());

		fwd_batch(&f, rx, n);
		txq_flush(&f.txq);
		for (int i = 0; i < n; i++)
			pkt_put(rx[i].pkt);
	}
	_exit(0);
}

/* ---- source and sinks ---- */

static void sinks_open(struct floor *fl)
{
	unsigned n = fl->c->pubs * fl->c->subs;
	struct sockaddr_storage ss;
	struct addr any;
	socklen_t len;
	int size = RCVBUF;
	int on = 1;

	addr_parse(&any, "127.0.0.1", 0);
	len = addr_to_sa(&any, &ss);
	fl->sinks = calloc(n, sizeof(int));
	if (!fl->sinks)
		die("calloc");
	for (unsigned i = 0; i < n; i++) {
		int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

		if (fd < 0 || bind(fd, (struct sockaddr *)&ss, len))
			die("socket");
		setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
		setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
		fl->sinks[i] = fd;
	}
}

/* From the stamp in the clear header to the kernel's at the receiver. */
static void time_packet(struct floor *fl, const uint8_t *data, struct msghdr *h)
{
	uint64_t sent;

	memcpy(&sent, data + STAMP, sizeof(sent));
	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
		struct timespec ts;
		uint64_t at;

		if (c->cmsg_level != SOL_SOCKET ||
		    c->cmsg_type != SO_TIMESTAMPNS)
			continue;
		memcpy(&ts, CMSG_DATA(c), sizeof(ts));
		at = (uint64_t)ts.tv_sec * 1000000 +
		     (uint64_t)ts.tv_nsec / 1000;
		hist_add(fl->latency, at > sent ? at - sent : 0);
	}
}

static void drain(struct floor *fl)
{
	static uint8_t bufs[RX_BATCH][2048];
	static _Alignas(8) uint8_t ctls[RX_BATCH][CTL];
	struct mmsghdr msgs[RX_BATCH];
	struct iovec iovs[RX_BATCH];

	for (unsigned i = 0; i < fl->c->pubs * fl->c->subs; i++) {
		int n;

		for (int k = 0; k < RX_BATCH; k++) {
			iovs[k].iov_base = bufs[k];
			iovs[k].iov_len = sizeof(bufs[k]);
			memset(&msgs[k], 0, sizeof(msgs[k]));
			msgs[k].msg_hdr.msg_iov = &iovs[k];
			msgs[k].msg_hdr.msg_iovlen = 1;
			msgs[k].msg_hdr.msg_control = ctls[k];
			msgs[k].msg_hdr.msg_controllen = CTL;
		}
		n = recvmmsg(fl->sinks[i], msgs, RX_BATCH, MSG_DONTWAIT, NULL);
		fl->received += n > 0 ? (uint64_t)n : 0;
		for (int k = 0; fl->latency && k < n; k++)
			time_packet(fl, bufs[k], &msgs[k].msg_hdr);
	}
}

/* A frame of one publisher in one call: the larger packets last. */
static void frame(struct floor *fl, unsigned pub)
{
	static uint8_t bufs[FRAME][1500];
	const struct pub_conf *c = &fl->c->pub;
	uint32_t bytes = c->video_bps / c->fps / 8;
	uint32_t n = (bytes + c->payload / 2) / c->payload;
	struct mmsghdr msgs[FRAME] = {0};
	struct iovec iovs[FRAME];
	uint64_t now = clock_wall_us();

	n = n ? n < FRAME ? n : FRAME : 1;
	for (uint32_t i = 0; i < n; i++) {
		bufs[i][0] = 0x90;
		bufs[i][1] = 101;
		bufs[i][11] = (uint8_t)pub;
		memcpy(bufs[i] + STAMP, &now, sizeof(now));
		iovs[i].iov_base = bufs[i];
		iovs[i].iov_len = HDR + bytes / n + (i >= n - bytes % n);
		msgs[i].msg_hdr.msg_iov = &iovs[i];
		msgs[i].msg_hdr.msg_iovlen = 1;
	}
	(void)!sendmmsg(fl->source, msgs, n, 0);
}

static void drive(struct floor *fl, unsigned secs)
{
	uint64_t frame_us = 1000000 / fl->c->pub.fps;
	uint64_t end = clock_us() + secs * (uint64_t)1000000;
	uint64_t next[256];
	uint64_t tick = 0;

	for (unsigned i = 0; i < fl->c->pubs; i++)
		next[i] = clock_us() + frame_us * i / fl->c->pubs;
	for (;;) {
		uint64_t now = clock_us();
		uint64_t due = tick;

		if (now >= end)
			return;
		for (unsigned i = 0; i < fl->c->pubs; i++) {
			if (next[i] <= now) {
				frame(fl, i);
				next[i] += frame_us;
			}
			due = next[i] < due ? next[i] : due;
		}
		if (now >= tick) {
			drain(fl);
			tick = now + TICK_US;
		}
		now = clock_us();
		if (due > now)
			usleep((useconds_t)(due - now));
	}
}

static void start(struct floor *fl)
{
	struct sockaddr_storage ss;
	struct addr local;
	int ready[2];
	socklen_t len;
	char c;
	int fd;

	sinks_open(fl);
	addr_parse(&local, "127.0.0.1", 0);
	fd = udp_socket(&local, 8 << 20);
	len = sizeof(ss);
	if (fd < 0 || getsockname(fd, (struct sockaddr *)&ss, &len))
		die("udp_socket");
	addr_from_sa(&fl->server, (struct sockaddr *)&ss);
	fl->source = socket(AF_INET, SOCK_DGRAM, 0);
	if (connect(fl->source, (struct sockaddr *)&ss, len))
		die("connect");
	if (pipe(ready))
		die("pipe");
	fl->child = fork();
	if (!fl->child)
		fwd_run(fl, fd, ready[1]);
	close(fd);
	close(ready[1]);
	(void)!read(ready[0], &c, 1); /* ends when the child has closed it */
	close(ready[0]);
}

double floor_run(const struct floor_conf *c, struct hist *latency)
{
	struct floor fl = {.c = c};
	uint64_t cpu;
	uint64_t got;
	double cpu_s;

	if (c->pubs > 256 || !c->pubs || !c->subs)
		return 0;
	start(&fl);
	drive(&fl, 1);
	cpu = usage_cpu_ns(fl.child);
	got = fl.received;
	fl.latency = latency;
	drive(&fl, c->secs);
	drain(&fl);
	cpu_s = (double)(usage_cpu_ns(fl.child) - cpu) / 1e9;
	got = fl.received - got;
	kill(fl.child, SIGKILL);
	waitpid(fl.child, NULL, 0);
	for (unsigned i = 0; i < c->pubs * c->subs; i++)
		close(fl.sinks[i]);
	free(fl.sinks);
	return cpu_s > 0 ? (double)got / cpu_s : 0;
}
