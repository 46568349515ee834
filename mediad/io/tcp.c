#include "mediad/io/tcp.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/list.h"
#include "mediad/wire/rfc4571.h"

#define NEVER	    UINT64_MAX
#define READ_BYTES  16384 /* a turn and connection */
#define EVENTS	    64
#define ACCEPTS	    64	   /* a turn */
#define FULL_US	    100000 /* no accept for so long without descriptors */
#define NOTSENT	    16384
#define SEND_MAX    64	/* frames a writev */
#define MARKS	    512 /* frames a queue */
#define CONNS_LIMIT 65535

/* Where a waiting frame ends, and since when it waits. */
struct mark {
	uint32_t end; /* of the queue's bytes, counted from its start */
	uint64_t at_us;
};

/* What did not fit into the socket; made when first needed. */
struct backlog {
	uint32_t head; /* bytes already written */
	uint32_t len;  /* bytes in all */
	uint32_t first_mark;
	uint32_t n_marks;
	struct mark marks[MARKS];
	uint8_t bytes[TCP_QUEUE_MAX];
};

struct conn {
	uint32_t id; /* 0: free */
	int fd;
	bool broken; /* a write failed: the read side will tell the end */
	bool confirmed;
	uint64_t expires_us; /* while not confirmed */
	struct list node;    /* in tcp.unconfirmed, by age */
	struct addr local;
	struct addr remote;
	struct backlog *backlog;
	struct rfc4571 frames;
};

struct tcp {
	int listen_fd;
	int epoll_fd;
	uint16_t port;
	struct pkt_pool *pool;
	struct conn **conns; /* by the low half of the id, less one */
	uint32_t max_conns;
	uint16_t generation;
	uint32_t next_free; /* where to look for a free place */
	uint64_t accept_again_us;
	struct list unconfirmed;
	struct tcp_stats stats;
	/* Read, but there was no room left to hand it up. */
	uint32_t left_conn;
	size_t left_at;
	size_t left_len;
	uint8_t buf[READ_BYTES];
};

/* ---- sockets ---- */

static int set_int(int fd, int level, int name, int val)
{
	return setsockopt(fd, level, name, &val, sizeof(val)) ? -errno : 0;
}

int tcp_socket(const struct addr *local)
{
	int type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
	struct sockaddr_storage ss;
	struct addr a = *local;
	socklen_t len;
	int fd = -1;
	int err;

	if (addr_is_any(&a) || a.v6) {
		fd = socket(AF_INET6, type, 0);
		if (fd >= 0)
			a.v6 = 1;
	}
	if (fd < 0 && !local->v6)
		fd = socket(AF_INET, type, 0);
	if (fd < 0)
		return -errno;
	len = addr_to_sa(&a, &ss);
	err = set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (!err && a.v6)
		err = set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY,
			      !addr_is_any(local));
	if (!err && (bind(fd, (struct sockaddr *)&ss, len) || listen(fd, 512)))
		err = -errno;
	if (!err)
		return fd;
	close(fd);
	return err;
}

static int watch(struct tcp *t, int op, int fd, uint32_t events, uint32_t id)
{
	struct epoll_event ev = {.events = events, .data.u32 = id};

	return epoll_ctl(t->epoll_fd, op, fd, &ev) ? -errno : 0;
}

static int sock_addr(int fd, struct addr *a)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	if (getsockname(fd, (struct sockaddr *)&ss, &len))
		return -errno;
	return addr_from_sa(a, (struct sockaddr *)&ss);
}

struct tcp *tcp_new(int fd, struct pkt_pool *pool, uint32_t max_conns)
{
	struct tcp *t = calloc(1, sizeof(*t));
	struct addr a;
	int err = -ENOMEM;

	if (!t) {
		close(fd);
		errno = ENOMEM;
		return NULL;
	}
	t->listen_fd = fd;
	t->pool = pool;
	t->max_conns = max_conns < CONNS_LIMIT ? max_conns : CONNS_LIMIT;
	t->accept_again_us = NEVER;
	list_init(&t->unconfirmed);
	t->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	t->conns = calloc(t->max_conns, sizeof(struct conn *));
	if (t->conns && t->epoll_fd >= 0)
		err = sock_addr(fd, &a);
	if (!err) {
		t->port = a.port;
		err = watch(t, EPOLL_CTL_ADD, fd, EPOLLIN, 0);
	}
	if (!err)
		return t;
	tcp_free(t);
	errno = -err;
	return NULL;
}

static struct conn *find(const struct tcp *t, uint32_t id)
{
	uint32_t at = (id & 0xffff) - 1;
	struct conn *c = id && at < t->max_conns ? t->conns[at] : NULL;

	return c && c->id == id ? c : NULL;
}

static void conn_free(struct tcp *t, struct conn *c)
{
	t->conns[(c->id & 0xffff) - 1] = NULL;
	if (t->left_conn == c->id)
		t->left_conn = 0;
	list_del(&c->node);
	close(c->fd); /* leaves the epoll by itself */
	free(c->backlog);
	free(c);
	t->stats.conns--;
	t->stats.closed++;
}

void tcp_free(struct tcp *t)
{
	if (!t)
		return;
	for (uint32_t i = 0; t->conns && i < t->max_conns; i++)
		if (t->conns[i])
			conn_free(t, t->conns[i]);
	free(t->conns);
	if (t->epoll_fd >= 0)
		close(t->epoll_fd);
	close(t->listen_fd);
	free(t);
}

int tcp_fd(const struct tcp *t)
{
	return t->epoll_fd;
}

uint16_t tcp_port(const struct tcp *t)
{
	return t->port;
}

/* ---- accepting ---- */

/* An id of a free place: 16 bits of generation, 16 of place + 1; 0: full. */
static uint32_t new_id(struct tcp *t)
{
	for (uint32_t i = 0; i < t->max_conns; i++) {
		uint32_t at = (t->next_free + i) % t->max_conns;

		if (t->conns[at])
			continue;
		t->next_free = at + 1;
		return (uint32_t)++t->generation << 16 | (at + 1);
	}
	return 0;
}

static int conn_new(struct tcp *t, int fd, const struct sockaddr *remote,
		    uint64_t now_us)
{
	uint32_t id = t->stats.conns < t->max_conns ? new_id(t) : 0;
	struct conn *c = id ? calloc(1, sizeof(*c)) : NULL;

	if (!c)
		return -ENOMEM;
	if (addr_from_sa(&c->remote, remote) || sock_addr(fd, &c->local) ||
	    watch(t, EPOLL_CTL_ADD, fd, EPOLLIN, id)) {
		free(c);
		return -EIO;
	}
	(void)set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	(void)set_int(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, NOTSENT);
	c->id = id;
	c->fd = fd;
	c->expires_us = now_us + TCP_CONFIRM_US;
	rfc4571_init(&c->frames);
	list_push(&t->unconfirmed, &c->node);
	t->conns[(id & 0xffff) - 1] = c;
	t->stats.conns++;
	t->stats.accepted++;
	return 0;
}

/* Out of descriptors: a listener left readable would keep the loop busy. */
static void accept_pause(struct tcp *t, uint64_t now_us)
{
	(void)watch(t, EPOLL_CTL_MOD, t->listen_fd, 0, 0);
	t->accept_again_us = now_us + FULL_US;
}

static void accept_all(struct tcp *t, uint64_t now_us)
{
	for (int i = 0; i < ACCEPTS; i++) {
		struct sockaddr_storage ss;
		socklen_t len = sizeof(ss);
		int fd = accept4(t->listen_fd, (struct sockaddr *)&ss, &len,
				 SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0) {
			if (errno == EMFILE || errno == ENFILE ||
			    errno == ENOMEM || errno == ENOBUFS)
				accept_pause(t, now_us);
			if (errno == EINTR || errno == ECONNABORTED)
				continue;
			return;
		}
		if (conn_new(t, fd, (struct sockaddr *)&ss, now_us)) {
			t->stats.refused++;
			close(fd);
		}
	}
}

/* ---- reading ---- */

/* A frame as a packet; false: no packet is free, the frame is lost. */
static bool hand_up(struct tcp *t, const struct conn *c, struct rx *rx,
		    const uint8_t *frame, size_t len, uint64_t now_us)
{
	struct pkt *p = len <= PKT_CAP ? pkt_get(t->pool) : NULL;

	if (!p) {
		t->stats.bad++;
		return false;
	}
	memcpy(p->data, frame, len);
	p->len = (uint32_t)len;
	p->recv_us = now_us;
	rx->pkt = p;
	rx->local = c->local;
	rx->remote = c->remote;
	rx->conn = c->id;
	t->stats.frames_in++;
	return true;
}

/* Frames out of t->buf[left_at .. left_len) while there is room in rx. */
static int parse(struct tcp *t, struct conn *c, struct rx rx[], int cap,
		 uint64_t now_us)
{
	int n = 0;

	while (t->left_at < t->left_len && n < cap) {
		const uint8_t *frame = NULL;
		size_t len = 0;
		uint64_t bad = c->frames.oversized;

		t->left_at +=
			rfc4571_feed(&c->frames, t->buf + t->left_at,
				     t->left_len - t->left_at, &frame, &len);
		t->stats.bad += c->frames.oversized - bad;
		if (frame && hand_up(t, c, &rx[n], frame, len, now_us))
			n++;
	}
	t->left_conn = t->left_at < t->left_len ? c->id : 0;
	return n;
}

static int end(struct tcp *t, struct conn *c, struct rx *rx)
{
	memset(rx, 0, sizeof(*rx));
	rx->local = c->local;
	rx->remote = c->remote;
	rx->conn = c->id;
	conn_free(t, c);
	return 1;
}

static int read_conn(struct tcp *t, struct conn *c, struct rx rx[], int cap,
		     uint64_t now_us)
{
	ssize_t got;

	do {
		got = recv(c->fd, t->buf, sizeof(t->buf), MSG_DONTWAIT);
	} while (got < 0 && errno == EINTR);
	if (got < 0 && errno == EAGAIN)
		return 0;
	if (got <= 0)
		return end(t, c, rx);
	t->left_at = 0;
	t->left_len = (size_t)got;
	return parse(t, c, rx, cap, now_us);
}

/* ---- writing ---- */

/* Writes what waits. 0, or -errno when the connection is no more. */
static int drain(struct tcp *t, struct conn *c)
{
	struct backlog *b = c->backlog;
	ssize_t n;

	while (b->head < b->len) {
		n = send(c->fd, b->bytes + b->head, b->len - b->head,
			 MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0)
			return -errno;
		b->head += (uint32_t)n;
	}
	while (b->n_marks && b->marks[b->first_mark].end <= b->head) {
		b->first_mark = (b->first_mark + 1) % MARKS;
		b->n_marks--;
	}
	if (b->head < b->len)
		return 0;
	free(b);
	c->backlog = NULL;
	return watch(t, EPOLL_CTL_MOD, c->fd, EPOLLIN, c->id);
}

/* Moves what waits to the front, so that a whole queue fits behind it. */
static void compact(struct backlog *b)
{
	memmove(b->bytes, b->bytes + b->head, b->len - b->head);
	for (uint32_t i = 0; i < b->n_marks; i++)
		b->marks[(b->first_mark + i) % MARKS].end -= b->head;
	b->len -= b->head;
	b->head = 0;
}

static bool has_room(struct backlog *b, size_t need, uint64_t now_us)
{
	if (b->n_marks == MARKS)
		return false;
	if (b->n_marks && now_us > b->marks[b->first_mark].at_us + TCP_QUEUE_US)
		return false;
	if (b->len + need > TCP_QUEUE_MAX)
		compact(b);
	return b->len + need <= TCP_QUEUE_MAX;
}

/* `skip` bytes of the frame, its header included, are written already. */
static void append(struct backlog *b, const struct iovec *pkt, size_t skip,
		   uint64_t now_us)
{
	uint8_t hdr[RFC4571_HDR];
	struct mark *m = &b->marks[(b->first_mark + b->n_marks++) % MARKS];
	size_t in_pkt = skip > RFC4571_HDR ? skip - RFC4571_HDR : 0;

	rfc4571_hdr(hdr, (uint16_t)pkt->iov_len);
	for (size_t i = skip; i < RFC4571_HDR; i++)
		b->bytes[b->len++] = hdr[i];
	memcpy(b->bytes + b->len, (const uint8_t *)pkt->iov_base + in_pkt,
	       pkt->iov_len - in_pkt);
	b->len += (uint32_t)(pkt->iov_len - in_pkt);
	m->end = b->len;
	m->at_us = now_us;
}

/* Queues the packets from `skip` bytes on. Returns how many found room. */
static int enqueue(struct tcp *t, struct conn *c, const struct iovec *pkts,
		   int n, size_t skip, uint64_t now_us)
{
	int i;

	if (!c->backlog) {
		c->backlog = malloc(sizeof(*c->backlog));
		if (!c->backlog) {
			/* Half a frame may be out: the stream is lost. */
			c->broken = skip > 0;
			return 0;
		}
		c->backlog->head = 0;
		c->backlog->len = 0;
		c->backlog->first_mark = 0;
		c->backlog->n_marks = 0;
		(void)watch(t, EPOLL_CTL_MOD, c->fd, EPOLLIN | EPOLLOUT, c->id);
	}
	for (i = 0; i < n; i++) {
		size_t need = RFC4571_HDR + pkts[i].iov_len;

		if (!has_room(c->backlog, need, now_us))
			break;
		append(c->backlog, &pkts[i], skip, now_us);
		skip = 0;
	}
	return i;
}

/* Writes frames at once. Returns bytes written or -errno. */
static ssize_t write_frames(struct conn *c, const struct iovec *pkts, int n)
{
	uint8_t hdr[SEND_MAX][RFC4571_HDR];
	struct iovec iov[2 * SEND_MAX];
	struct msghdr h = {.msg_iov = iov, .msg_iovlen = 2 * (size_t)n};
	ssize_t sent;

	for (int i = 0; i < n; i++) {
		rfc4571_hdr(hdr[i], (uint16_t)pkts[i].iov_len);
		iov[2 * i].iov_base = hdr[i];
		iov[2 * i].iov_len = RFC4571_HDR;
		iov[2 * i + 1] = pkts[i];
	}
	do {
		sent = sendmsg(c->fd, &h, MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	if (sent < 0)
		return errno == EAGAIN ? 0 : -errno;
	return sent;
}

int tcp_sendv(struct tcp *t, uint32_t conn, const struct iovec *pkts, int n,
	      uint64_t now_us)
{
	struct conn *c = find(t, conn);
	ssize_t sent = 0;
	int whole = 0;

	if (!c || c->broken || n <= 0)
		return 0;
	assert(n <= SEND_MAX);
	if (!c->backlog)
		sent = write_frames(c, pkts, n);
	if (sent < 0) {
		c->broken = true;
		return 0;
	}
	while (whole < n && (size_t)sent >= RFC4571_HDR + pkts[whole].iov_len) {
		sent -= (ssize_t)(RFC4571_HDR + pkts[whole].iov_len);
		whole++;
	}
	if (whole < n)
		whole += enqueue(t, c, pkts + whole, n - whole, (size_t)sent,
				 now_us);
	t->stats.frames_out += (uint64_t)whole;
	t->stats.dropped += (uint64_t)(n - whole);
	return whole;
}

/* ---- the turn ---- */

static int on_event(struct tcp *t, const struct epoll_event *ev, struct rx rx[],
		    int cap, uint64_t now_us)
{
	struct conn *c;

	if (!ev->data.u32) {
		accept_all(t, now_us);
		return 0;
	}
	c = find(t, ev->data.u32);
	if (!c)
		return 0;
	if (ev->events & EPOLLOUT && c->backlog && drain(t, c))
		return end(t, c, rx);
	if (ev->events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		return read_conn(t, c, rx, cap, now_us);
	return 0;
}

int tcp_recv(struct tcp *t, struct rx rx[], int cap, uint64_t now_us)
{
	struct epoll_event ev[EVENTS];
	struct conn *left = find(t, t->left_conn);
	int n = 0;
	int got;

	if (left)
		n = parse(t, left, rx, cap, now_us);
	if (n == cap)
		return n;
	got = epoll_wait(t->epoll_fd, ev, EVENTS, 0);
	/* What is not handled now is told again: level-triggered. */
	for (int i = 0; i < got && n < cap; i++)
		n += on_event(t, &ev[i], rx + n, cap - n, now_us);
	return n;
}

void tcp_confirm(struct tcp *t, uint32_t conn)
{
	struct conn *c = find(t, conn);

	if (!c || c->confirmed)
		return;
	c->confirmed = true;
	list_del(&c->node);
}

void tcp_close(struct tcp *t, uint32_t conn)
{
	struct conn *c = find(t, conn);

	if (c)
		conn_free(t, c);
}

uint32_t tcp_backlog(const struct tcp *t, uint32_t conn)
{
	const struct conn *c = find(t, conn);

	return c && c->backlog ? c->backlog->len - c->backlog->head : 0;
}

uint64_t tcp_deadline(const struct tcp *t)
{
	uint64_t due = t->accept_again_us;
	const struct conn *c;

	if (list_empty(&t->unconfirmed))
		return due;
	c = list_entry(t->unconfirmed.next, struct conn, node);
	return c->expires_us < due ? c->expires_us : due;
}

void tcp_tick(struct tcp *t, uint64_t now_us)
{
	if (now_us >= t->accept_again_us) {
		t->accept_again_us = NEVER;
		(void)watch(t, EPOLL_CTL_MOD, t->listen_fd, EPOLLIN, 0);
	}
	list_for_each_safe (it, &t->unconfirmed) {
		struct conn *c = list_entry(it, struct conn, node);

		if (now_us < c->expires_us)
			break;
		t->stats.expired++;
		conn_free(t, c);
	}
}

const struct tcp_stats *tcp_stats(const struct tcp *t)
{
	return &t->stats;
}
