#include "mediad/io/udp.h"

#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/sys/clock.h"

#define CTL_BYTES	 128
#define STAMP_REFRESH_US 50000
#define STAMP_OLDEST_US	 2000000
#define WALL_TRIES	 4
#define WALL_TOOK_US	 20

struct udp {
	int fd;
	bool v6; /* the socket's family */
	uint16_t port;
	struct pkt_pool *pool;
	int64_t wall_ahead_us; /* wall clock minus monotonic clock */
	uint64_t wall_read_us; /* when that was measured */
	uint32_t drops_seen;   /* the kernel's 32-bit counter */
	struct udp_stats stats;
	/* A packet waits in each: only those that were used are fetched. */
	struct pkt *pkts[RX_BATCH];
	struct mmsghdr msgs[RX_BATCH];
	struct iovec iovs[RX_BATCH];
	struct sockaddr_in6 names[RX_BATCH];
	_Alignas(8) uint8_t ctls[RX_BATCH][CTL_BYTES];
};

/*
 * What can be ours by its first byte and its length (RFC 7983); for a UDP
 * socket the filter sees the datagram from its 8-byte header on.
 *
 *	0..3 STUN from 20 bytes, 20..63 DTLS from 13, 128..191 RTP from 12
 */
static const struct sock_filter filter[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
	BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 8 + 12, 0, 10),
	BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 8 + PKT_CAP, 9, 0),
	BPF_STMT(BPF_MISC | BPF_TAX, 0),
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 8),
	BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 192, 6, 0),
	BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 128, 6, 0),
	BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 64, 4, 0),
	BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 20, 4, 0),
	BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 3, 2, 0),
	BPF_STMT(BPF_MISC | BPF_TXA, 0),
	BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 8 + 20, 1, 0),
	BPF_STMT(BPF_RET | BPF_K, 0),
	BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
};

static int set_int(int fd, int level, int name, int val)
{
	return setsockopt(fd, level, name, &val, sizeof(val)) ? -errno : 0;
}

static int get_int(int fd, int level, int name, int *val)
{
	socklen_t len = sizeof(*val);

	return getsockopt(fd, level, name, val, &len) ? -errno : 0;
}

/* FORCE passes the system's limit, but needs a capability. */
static void set_buffers(int fd, int bufsize)
{
	if (set_int(fd, SOL_SOCKET, SO_RCVBUFFORCE, bufsize))
		(void)set_int(fd, SOL_SOCKET, SO_RCVBUF, bufsize);
	if (set_int(fd, SOL_SOCKET, SO_SNDBUFFORCE, bufsize))
		(void)set_int(fd, SOL_SOCKET, SO_SNDBUF, bufsize);
}

static int set_options(int fd, bool v6)
{
	struct sock_fprog prog = {
		.len = sizeof(filter) / sizeof(*filter),
		.filter = (struct sock_filter *)(uintptr_t)filter,
	};
	int err;

	err = v6 ? set_int(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1)
		 : set_int(fd, IPPROTO_IP, IP_PKTINFO, 1);
	if (!err)
		err = set_int(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1);
	if (!err)
		err = set_int(fd, SOL_SOCKET, SO_RXQ_OVFL, 1);
	if (!err &&
	    setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)))
		err = -errno;
	return err;
}

int udp_socket(const struct addr *local, uint32_t bufsize)
{
	struct sockaddr_storage ss;
	struct addr a = *local;
	socklen_t len;
	int fd = -1;
	int err;

	if (addr_is_any(&a) || a.v6) {
		fd = socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
			    0);
		if (fd >= 0)
			a.v6 = 1;
	}
	if (fd < 0 && !local->v6)
		fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
			    0);
	if (fd < 0)
		return -errno;
	len = addr_to_sa(&a, &ss);
	err = a.v6 ? set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, !addr_is_any(local))
		   : 0;
	set_buffers(fd, (int)bufsize);
	if (!err)
		err = set_options(fd, a.v6);
	if (!err && bind(fd, (struct sockaddr *)&ss, len))
		err = -errno;
	if (!err)
		return fd;
	close(fd);
	return err;
}

static void prepare(struct udp *u)
{
	for (int i = 0; i < RX_BATCH; i++) {
		struct msghdr *h = &u->msgs[i].msg_hdr;

		h->msg_name = &u->names[i];
		h->msg_iov = &u->iovs[i];
		h->msg_iovlen = 1;
		h->msg_control = u->ctls[i];
		u->iovs[i].iov_len = PKT_CAP;
	}
}

static int learn(struct udp *u)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	struct addr a;
	int val = 0;
	int err;

	if (getsockname(u->fd, (struct sockaddr *)&ss, &len))
		return -errno;
	u->v6 = ss.ss_family == AF_INET6;
	err = addr_from_sa(&a, (struct sockaddr *)&ss);
	if (err)
		return err;
	u->port = a.port;
	err = set_options(u->fd, u->v6);
	if (!err)
		err = get_int(u->fd, SOL_SOCKET, SO_RCVBUF, &val);
	u->stats.rcvbuf = (uint32_t)val / 2; /* the kernel tells the double */
	if (!err)
		err = get_int(u->fd, SOL_SOCKET, SO_SNDBUF, &val);
	u->stats.sndbuf = (uint32_t)val / 2;
	return err;
}

struct udp *udp_adopt(int fd, struct pkt_pool *pool)
{
	struct udp *u = calloc(1, sizeof(*u));
	int err;

	if (!u) {
		close(fd);
		errno = ENOMEM;
		return NULL;
	}
	u->fd = fd;
	u->pool = pool;
	prepare(u);
	err = learn(u);
	if (!err)
		return u;
	udp_free(u);
	errno = -err;
	return NULL;
}

void udp_free(struct udp *u)
{
	if (!u)
		return;
	for (int i = 0; i < RX_BATCH; i++)
		if (u->pkts[i])
			pkt_put(u->pkts[i]);
	close(u->fd);
	free(u);
}

int udp_fd(const struct udp *u)
{
	return u->fd;
}

uint16_t udp_port(const struct udp *u)
{
	return u->port;
}

/* Packets under the first n messages; returns how many have one. */
static int load(struct udp *u, int n)
{
	int i;

	for (i = 0; i < n; i++) {
		struct msghdr *h = &u->msgs[i].msg_hdr;

		if (!u->pkts[i]) {
			u->pkts[i] = pkt_get(u->pool);
			if (!u->pkts[i]) {
				u->stats.no_pkt++;
				break;
			}
			u->iovs[i].iov_base = u->pkts[i]->data;
		}
		h->msg_namelen = sizeof(u->names[i]);
		h->msg_controllen = CTL_BYTES;
	}
	return i;
}

/* Kernel stamps are of the wall clock, which may step. */
static uint64_t stamp_us(struct udp *u, const struct timespec *ts,
			 uint64_t now_us)
{
	int64_t t = (int64_t)ts->tv_sec * 1000000 + ts->tv_nsec / 1000 -
		    u->wall_ahead_us;

	if (t > (int64_t)now_us || t + STAMP_OLDEST_US < (int64_t)now_us)
		return now_us;
	return (uint64_t)t;
}

static void wall_refresh(struct udp *u, uint64_t now_us)
{
	if (u->wall_read_us && now_us - u->wall_read_us < STAMP_REFRESH_US)
		return;
	/* This thread may lose its core between two readings: then again. */
	for (int i = 0; i < WALL_TRIES; i++) {
		uint64_t before = clock_us();
		uint64_t wall = clock_wall_us();
		uint64_t took = clock_us() - before;

		u->wall_ahead_us = (int64_t)(wall - before - took / 2);
		if (took < WALL_TOOK_US)
			break;
	}
	u->wall_read_us = now_us;
}

static void set_local(struct rx *rx, const uint8_t ip[16], uint32_t ifindex)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	if (!memcmp(ip, mapped, sizeof(mapped))) {
		memcpy(rx->local.ip, ip + 12, 4);
		return;
	}
	memcpy(rx->local.ip, ip, 16);
	rx->local.v6 = 1;
	if (ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80)
		rx->local.scope = ifindex;
}

static void read_ctl(struct udp *u, struct msghdr *h, struct rx *rx,
		     uint64_t now_us)
{
	struct cmsghdr *c;
	struct timespec ts;
	struct in_pktinfo p4;
	struct in6_pktinfo p6;
	uint32_t drops;

	for (c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
		if (c->cmsg_level == IPPROTO_IPV6 &&
		    c->cmsg_type == IPV6_PKTINFO) {
			memcpy(&p6, CMSG_DATA(c), sizeof(p6));
			set_local(rx, p6.ipi6_addr.s6_addr, p6.ipi6_ifindex);
		} else if (c->cmsg_level == IPPROTO_IP &&
			   c->cmsg_type == IP_PKTINFO) {
			memcpy(&p4, CMSG_DATA(c), sizeof(p4));
			memcpy(rx->local.ip, &p4.ipi_addr, 4);
		} else if (c->cmsg_level == SOL_SOCKET &&
			   c->cmsg_type == SO_TIMESTAMPNS) {
			memcpy(&ts, CMSG_DATA(c), sizeof(ts));
			rx->pkt->recv_us = stamp_us(u, &ts, now_us);
		} else if (c->cmsg_level == SOL_SOCKET &&
			   c->cmsg_type == SO_RXQ_OVFL) {
			memcpy(&drops, CMSG_DATA(c), sizeof(drops));
			u->stats.kernel_drop += drops - u->drops_seen;
			u->drops_seen = drops;
		}
	}
}

/* Message i into rx; false: it is left out, its packet is used again. */
static bool take(struct udp *u, int i, struct rx *rx, uint64_t now_us)
{
	struct msghdr *h = &u->msgs[i].msg_hdr;

	if (h->msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
		u->stats.truncated++;
		return false;
	}
	memset(rx, 0, sizeof(*rx));
	if (addr_from_sa(&rx->remote, h->msg_name))
		return false;
	rx->pkt = u->pkts[i];
	rx->pkt->len = u->msgs[i].msg_len;
	rx->pkt->recv_us = now_us;
	rx->local.port = u->port;
	read_ctl(u, h, rx, now_us);
	u->pkts[i] = NULL;
	u->stats.packets++;
	u->stats.bytes += rx->pkt->len;
	return true;
}

int udp_recv(struct udp *u, struct rx rx[], int cap, uint64_t now_us)
{
	int want = load(u, cap < RX_BATCH ? cap : RX_BATCH);
	int got;
	int n = 0;

	if (!want)
		return 0;
	do {
		got = recvmmsg(u->fd, u->msgs, (unsigned)want, MSG_DONTWAIT,
			       NULL);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return errno == EAGAIN ? 0 : -errno;
	wall_refresh(u, now_us);
	for (int i = 0; i < got; i++)
		if (take(u, i, &rx[n], now_us))
			n++;
	return n;
}

const struct udp_stats *udp_stats(const struct udp *u)
{
	return &u->stats;
}
