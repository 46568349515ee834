#include "tests/load/leg.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/hex.h"
#include "common/sys/clock.h"
#include "common/sys/rng.h"
#include "mediad/wire/demux.h"
#include "mediad/wire/rtcp.h"

#define CHECK_US   50000   /* until the first answer */
#define CONSENT_US 2500000 /* from then on */
#define RCVBUF	   (1 << 20)
#define CTL_BYTES  128

int leg_env_init(struct leg_env *e)
{
	e->cert = cert_new();
	e->dtls = e->cert ? dtls_ctx_new(e->cert) : NULL;
	e->srtp = srtp_env_new(NULL);
	return e->dtls && e->srtp ? 0 : -ENOTSUP;
}

static int open_socket(struct leg *l)
{
	struct sockaddr_storage ss;
	socklen_t len = addr_to_sa(&l->remote.addr, &ss);
	int on = 1;
	int size = RCVBUF;

	l->fd = socket(ss.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
		       0);
	if (l->fd < 0)
		return -errno;
	if (setsockopt(l->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(l->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	setsockopt(l->fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
	setsockopt(l->fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof(on));
	return connect(l->fd, (struct sockaddr *)&ss, len) ? -errno : 0;
}

int leg_open(struct leg *l, const struct leg_env *env,
	     const struct leg_remote *remote, uint64_t now_us)
{
	uint8_t id[4];
	int err;

	memset(l, 0, sizeof(*l));
	l->env = env;
	l->remote = *remote;
	rng_bytes(id, sizeof(id));
	hex_of(l->ufrag, id, sizeof(id));
	l->tiebreaker = rng_id();
	stun_key_init(&l->remote_key, remote->pwd, strlen(remote->pwd));
	err = open_socket(l);
	if (err)
		return err;
	l->dtls = dtls_new(env->dtls);
	l->state = LEG_ICE;
	l->check_us = now_us;
	leg_tick(l, now_us);
	return l->dtls ? 0 : -ENOMEM;
}

void leg_close(struct leg *l)
{
	if (l->state == LEG_NONE)
		return;
	dtls_free(l->dtls);
	srtp_free(l->srtp);
	close(l->fd);
	memset(l, 0, sizeof(*l));
}

void leg_send(struct leg *l, const void *data, size_t len)
{
	if (!l->dark)
		(void)!send(l->fd, data, len, MSG_DONTWAIT);
}

static void check(struct leg *l)
{
	uint8_t buf[256];
	char user[160];
	struct wr w = wr_of(buf, sizeof(buf));
	int n;

	rng_bytes(l->tid, sizeof(l->tid));
	n = snprintf(user, sizeof(user), "%s:%s", l->remote.ufrag, l->ufrag);
	stun_begin(&w, STUN_BINDING, STUN_REQUEST, l->tid);
	stun_put(&w, STUN_USERNAME, user, (size_t)n);
	stun_put_u32(&w, STUN_PRIORITY, 1853693695);
	stun_put_u64(&w, STUN_ICE_CONTROLLING, l->tiebreaker);
	stun_put(&w, STUN_USE_CANDIDATE, NULL, 0);
	n = stun_end(&w, &l->remote_key, true);
	if (n > 0)
		leg_send(l, buf, (size_t)n);
}

/* The server proves a path by a request without USERNAME. */
static void answer(struct leg *l, const struct stun *m)
{
	uint8_t buf[128];
	struct wr w = wr_of(buf, sizeof(buf));
	int n;

	stun_begin(&w, STUN_BINDING, STUN_SUCCESS, m->tid);
	stun_put_xor_mapped(&w, &l->remote.addr);
	n = stun_end(&w, NULL, true);
	if (n > 0)
		leg_send(l, buf, (size_t)n);
}

static void flights(struct leg *l)
{
	uint8_t buf[DTLS_MTU];
	size_t n;

	while ((n = dtls_output(l->dtls, buf, sizeof(buf))) > 0)
		leg_send(l, buf, n);
}

static void on_stun(struct leg *l, const uint8_t *data, size_t len,
		    uint64_t now_us)
{
	struct stun m;

	if (stun_parse(&m, data, len))
		return;
	if (m.cls == STUN_REQUEST) {
		answer(l, &m);
		return;
	}
	if (memcmp(m.tid, l->tid, sizeof(l->tid)))
		return;
	if (m.cls == STUN_ERROR) {
		l->state = LEG_FAILED;
		return;
	}
	if (l->state != LEG_ICE || !stun_integrity_ok(&m, &l->remote_key))
		return;
	l->state = LEG_DTLS;
	l->check_us = now_us + CONSENT_US;
	dtls_start(l->dtls, DTLS_CLIENT, l->remote.fps, l->remote.n_fps,
		   now_us);
	flights(l);
}

/* An empty report: the server sees that the keys are in use. */
static void hello(struct leg *l)
{
	uint8_t buf[16];
	struct wr w = wr_of(buf, sizeof(buf));

	rtcp_put_rr(&w, 1, NULL, 0);
	leg_send_rtcp(l, buf, wr_len(&w));
}

static void on_dtls(struct leg *l, const uint8_t *data, size_t len,
		    uint64_t now_us)
{
	enum dtls_state s = dtls_input(l->dtls, data, len, now_us);
	struct srtp_keys keys;

	flights(l);
	if (s == DTLS_FAILED)
		l->state = LEG_FAILED;
	if (s != DTLS_CONNECTED || l->srtp || dtls_keys(l->dtls, &keys))
		return;
	l->srtp = srtp_new(l->env->srtp, &keys);
	l->state = l->srtp ? LEG_UP : LEG_FAILED;
	dtls_settled(l->dtls, now_us);
	if (l->srtp)
		hello(l);
}

static uint64_t read_ctl(struct leg *l, struct msghdr *h)
{
	struct cmsghdr *c;
	struct timespec ts = {0};
	uint32_t drops;

	for (c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
		if (c->cmsg_level != SOL_SOCKET)
			continue;
		if (c->cmsg_type == SO_TIMESTAMPNS)
			memcpy(&ts, CMSG_DATA(c), sizeof(ts));
		if (c->cmsg_type == SO_RXQ_OVFL) {
			memcpy(&drops, CMSG_DATA(c), sizeof(drops));
			l->drops += drops - l->drops_seen;
			l->drops_seen = drops;
		}
	}
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

/* Whether it is media for the caller. */
static bool sort(struct leg *l, const uint8_t *data, size_t len,
		 uint64_t now_us)
{
	switch (demux_of(data, len)) {
	case DEMUX_STUN:
		on_stun(l, data, len, now_us);
		return false;
	case DEMUX_DTLS:
		on_dtls(l, data, len, now_us);
		return false;
	case DEMUX_RTP:
	case DEMUX_RTCP:
		return l->srtp != NULL;
	default:
		return false;
	}
}

int leg_recv(struct leg *l, struct leg_batch *b, uint64_t now_us, bool *more)
{
	static _Alignas(8) uint8_t ctls[LEG_BATCH][CTL_BYTES];
	struct mmsghdr msgs[LEG_BATCH] = {0};
	struct iovec iovs[LEG_BATCH];
	int got;
	int n = 0;

	for (int i = 0; i < LEG_BATCH; i++) {
		iovs[i].iov_base = b->buf[i];
		iovs[i].iov_len = LEG_BUF;
		msgs[i].msg_hdr.msg_iov = &iovs[i];
		msgs[i].msg_hdr.msg_iovlen = 1;
		msgs[i].msg_hdr.msg_control = ctls[i];
		msgs[i].msg_hdr.msg_controllen = CTL_BYTES;
	}
	got = recvmmsg(l->fd, msgs, LEG_BATCH, MSG_DONTWAIT, NULL);
	*more = got == LEG_BATCH;
	if (l->dark)
		return 0;
	for (int i = 0; i < got; i++) {
		struct leg_pkt *p = &b->pkt[n];

		p->data = b->buf[i];
		p->len = msgs[i].msg_len;
		p->wall_us = read_ctl(l, &msgs[i].msg_hdr);
		p->rtcp = demux_of(p->data, p->len) == DEMUX_RTCP;
		n += sort(l, p->data, p->len, now_us);
	}
	return n;
}

void leg_tick(struct leg *l, uint64_t now_us)
{
	if (l->state == LEG_NONE || l->state == LEG_FAILED)
		return;
	if (now_us >= l->check_us) {
		check(l);
		l->check_us =
			now_us + (l->state == LEG_ICE ? CHECK_US : CONSENT_US);
	}
	if (now_us >= dtls_deadline(l->dtls)) {
		if (dtls_tick(l->dtls, now_us) == DTLS_FAILED)
			l->state = LEG_FAILED;
		flights(l);
	}
}

int leg_move(struct leg *l, uint64_t now_us)
{
	int old = l->fd;
	int err = open_socket(l);

	if (err) {
		l->fd = old;
		return err;
	}
	close(old);
	l->drops_seen = 0;
	l->check_us = now_us;
	leg_tick(l, now_us);
	return 0;
}

void leg_send_rtcp(struct leg *l, const uint8_t *data, size_t len)
{
	uint8_t buf[LEG_BUF];
	int n = srtp_seal_rtcp(l->srtp, buf, sizeof(buf), data, len);

	if (n > 0)
		leg_send(l, buf, (size_t)n);
}

void leg_send_burst(struct leg *l, struct leg_burst *b)
{
	struct mmsghdr msgs[LEG_BATCH] = {0};
	struct iovec iovs[LEG_BATCH];

	for (int i = 0; i < b->n; i++) {
		iovs[i].iov_base = b->buf[i];
		iovs[i].iov_len = b->len[i];
		msgs[i].msg_hdr.msg_iov = &iovs[i];
		msgs[i].msg_hdr.msg_iovlen = 1;
	}
	if (b->n && !l->dark)
		(void)!sendmmsg(l->fd, msgs, (unsigned)b->n, MSG_DONTWAIT);
	b->n = 0;
}
