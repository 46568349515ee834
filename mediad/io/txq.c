#include "mediad/io/txq.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/sys/clock.h"
#include "mediad/io/tcp.h"

#define CTL_BYTES 64
#define CALL_MSGS 64 /* messages a sendmmsg: its packets share one stamp */
#define RUN_SEGS  64 /* UDP_MAX_SEGMENTS of the kernels we meet */
#define RUN_BYTES 65000

/* A run: one message of packets of the same size to one receiver. */
struct run {
	struct txq_dst *dst;
	uint32_t first; /* slot index + 1 */
	uint32_t n;
};

struct txq_work {
	struct txq_dst **dsts; /* with slots this turn */
	uint32_t n_dsts;
	uint32_t n_msgs;
	struct iovec *iovs;
	uint32_t n_iovs;
	struct run runs[CALL_MSGS];
	struct mmsghdr msgs[CALL_MSGS];
	_Alignas(8) uint8_t ctls[CALL_MSGS][CTL_BYTES];
};

int txq_init(struct txq *q, int fd, struct tcp *tcp, uint32_t n_slots)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	memset(q, 0, sizeof(*q));
	q->fd = fd;
	q->tcp = tcp;
	q->cap = n_slots;
	if (fd >= 0) {
		if (getsockname(fd, (struct sockaddr *)&ss, &len))
			return -errno;
		q->v6 = ss.ss_family == AF_INET6;
	}
	q->slots = aligned_alloc(64, (n_slots * sizeof(*q->slots) + 63) & ~63u);
	q->work = calloc(1, sizeof(*q->work));
	if (q->work) {
		q->work->dsts = calloc(n_slots, sizeof(*q->work->dsts));
		q->work->iovs = calloc(n_slots, sizeof(*q->work->iovs));
	}
	if (q->slots && q->work && q->work->dsts && q->work->iovs)
		return 0;
	txq_fini(q);
	return -ENOMEM;
}

void txq_fini(struct txq *q)
{
	if (q->work) {
		free(q->work->dsts);
		free(q->work->iovs);
	}
	free(q->work);
	free(q->slots);
	memset(q, 0, sizeof(*q));
}

/* ---- destinations ---- */

static void mapped(uint8_t out[16], const struct addr *a)
{
	memset(out, 0, 16);
	if (a->v6) {
		memcpy(out, a->ip, 16);
		return;
	}
	out[10] = 0xff;
	out[11] = 0xff;
	memcpy(out + 12, a->ip, 4);
}

static void dst_v6(struct txq_dst *d, const struct addr *local,
		   const struct addr *remote)
{
	struct cmsghdr *c = (struct cmsghdr *)(void *)d->cmsg;
	struct sockaddr_in6 sa = {.sin6_family = AF_INET6,
				  .sin6_port = htons(remote->port),
				  .sin6_scope_id = remote->scope};
	struct in6_pktinfo info = {.ipi6_ifindex = local->scope};

	mapped(sa.sin6_addr.s6_addr, remote);
	memcpy(d->sa, &sa, sizeof(sa));
	d->sa_len = sizeof(sa);
	mapped(info.ipi6_addr.s6_addr, local);
	c->cmsg_level = IPPROTO_IPV6;
	c->cmsg_type = IPV6_PKTINFO;
	c->cmsg_len = CMSG_LEN(sizeof(info));
	memcpy(CMSG_DATA(c), &info, sizeof(info));
	d->cmsg_len = CMSG_SPACE(sizeof(info));
}

static void dst_v4(struct txq_dst *d, const struct addr *local,
		   const struct addr *remote)
{
	struct cmsghdr *c = (struct cmsghdr *)(void *)d->cmsg;
	struct sockaddr_in sa = {.sin_family = AF_INET,
				 .sin_port = htons(remote->port)};
	struct in_pktinfo info = {.ipi_ifindex = 0};

	memcpy(&sa.sin_addr, remote->ip, 4);
	memcpy(d->sa, &sa, sizeof(sa));
	d->sa_len = sizeof(sa);
	memcpy(&info.ipi_spec_dst, local->ip, 4);
	c->cmsg_level = IPPROTO_IP;
	c->cmsg_type = IP_PKTINFO;
	c->cmsg_len = CMSG_LEN(sizeof(info));
	memcpy(CMSG_DATA(c), &info, sizeof(info));
	d->cmsg_len = CMSG_SPACE(sizeof(info));
}

void txq_dst_init(const struct txq *q, struct txq_dst *d,
		  const struct addr *local, const struct addr *remote,
		  uint32_t conn)
{
	_Static_assert(CMSG_SPACE(sizeof(struct in6_pktinfo)) <=
			       sizeof(d->cmsg),
		       "room for the packet info");
	_Static_assert(sizeof(d->cmsg) + CMSG_SPACE(sizeof(uint16_t)) <=
			       CTL_BYTES,
		       "room for the segment size");
	memset(d, 0, sizeof(*d));
	d->conn = conn;
	if (q->v6)
		dst_v6(d, local, remote);
	else
		dst_v4(d, local, remote);
	if (addr_is_any(local))
		d->cmsg_len = 0; /* the kernel chooses */
}

/* ---- slots ---- */

struct txq_slot *txq_slot(struct txq *q)
{
	if (q->flushed) {
		q->flushed = false;
		q->n_slots = 0;
	}
	if (q->n_slots == q->cap)
		return NULL;
	q->slots[q->n_slots].mark = 0;
	return &q->slots[q->n_slots];
}

void txq_commit(struct txq *q, struct txq_slot *s, struct txq_dst *d,
		size_t len, uint64_t tag)
{
	uint32_t at = q->n_slots + 1;

	assert(s == &q->slots[q->n_slots] && len <= TXQ_BUF);
	s->len = (uint32_t)len;
	s->next = 0;
	s->tag = tag;
	s->dst = d;
	s->sent_us = 0;
	if (d->head)
		q->slots[d->tail - 1].next = at;
	else {
		d->head = at;
		q->work->dsts[q->work->n_dsts++] = d;
	}
	d->tail = at;
	q->n_slots = at;
}

bool txq_send(struct txq *q, struct txq_dst *d, const void *data, size_t len)
{
	struct txq_slot *s = txq_slot(q);

	if (!s || len > TXQ_BUF)
		return false;
	memcpy(s->buf, data, len);
	s->owner = NULL;
	txq_commit(q, s, d, len, 0);
	return true;
}

void txq_forget(struct txq *q, struct txq_dst *d)
{
	struct txq_work *w = q->work;

	for (uint32_t at = d->head; at; at = q->slots[at - 1].next) {
		q->slots[at - 1].dst = NULL;
		q->slots[at - 1].owner = NULL;
	}
	for (uint32_t i = 0; d->head && i < w->n_dsts; i++) {
		if (w->dsts[i] != d)
			continue;
		memmove(&w->dsts[i], &w->dsts[i + 1],
			(w->n_dsts - i - 1) * sizeof(*w->dsts));
		w->n_dsts--;
		break;
	}
	d->head = 0;
	d->tail = 0;
}

/* ---- sending ---- */

static void count(struct txq *q, const struct run *r, uint64_t sent_us)
{
	uint32_t at = r->first;

	for (uint32_t i = 0; i < r->n; i++) {
		struct txq_slot *s = &q->slots[at - 1];

		s->sent_us = sent_us;
		if (sent_us) {
			q->stats.packets++;
			q->stats.bytes += s->len;
		} else {
			q->stats.dropped++;
		}
		at = s->next;
	}
}

/* One packet by itself; 0 or -errno. */
static int send_one(struct txq *q, const struct txq_dst *d, struct txq_slot *s)
{
	struct iovec iov = {.iov_base = s->buf, .iov_len = s->len};
	struct msghdr h = {.msg_name = (void *)(uintptr_t)d->sa,
			   .msg_namelen = d->sa_len,
			   .msg_iov = &iov,
			   .msg_iovlen = 1,
			   .msg_control = (void *)(uintptr_t)d->cmsg,
			   .msg_controllen = d->cmsg_len};

	q->stats.calls++;
	return sendmsg(q->fd, &h, MSG_DONTWAIT) < 0 ? -errno : 0;
}

/* What the kernel did not take as segments goes out packet by packet. */
static void send_singly(struct txq *q, const struct run *r)
{
	uint32_t at = r->first;

	for (uint32_t i = 0; i < r->n; i++) {
		struct txq_slot *s = &q->slots[at - 1];
		struct run one = {.dst = r->dst, .first = at, .n = 1};
		uint64_t t = clock_us();

		at = s->next;
		count(q, &one, send_one(q, r->dst, s) ? 0 : t);
	}
}

/* The first unsent message failed. Returns how many messages to pass over. */
static uint32_t failed(struct txq *q, uint32_t at, int err)
{
	struct txq_work *w = q->work;
	struct run *r = &w->runs[at];

	switch (err) {
	case EINTR:
		return 0;
	case EINVAL:
	case EMSGSIZE:
	case EIO:
		if (r->n == 1)
			break;
		/* No segmentation on this path; others may have it. */
		r->dst->no_gso = true;
		q->stats.fallbacks++;
		send_singly(q, r);
		return 1;
	case EAGAIN:
		/* The socket is full: the rest would not fit either. */
		for (uint32_t i = at; i < w->n_msgs; i++)
			count(q, &w->runs[i], 0);
		return w->n_msgs - at;
	default:
		break;
	}
	count(q, r, 0);
	return 1;
}

static void call(struct txq *q)
{
	struct txq_work *w = q->work;
	uint32_t at = 0;

	while (at < w->n_msgs) {
		uint64_t t = clock_us();
		int n = sendmmsg(q->fd, w->msgs + at, w->n_msgs - at,
				 MSG_DONTWAIT);

		q->stats.calls++;
		for (int i = 0; i < n; i++)
			count(q, &w->runs[at++], t);
		/* A short count hides its error: the next call tells it. */
		if (n < 0)
			at += failed(q, at, errno);
	}
	q->stats.messages += w->n_msgs;
	w->n_msgs = 0;
	w->n_iovs = 0;
}

static void set_segment(struct msghdr *h, uint8_t *ctl, const struct txq_dst *d,
			uint16_t size)
{
	struct cmsghdr *c = (struct cmsghdr *)(void *)(ctl + d->cmsg_len);

	memcpy(ctl, d->cmsg, d->cmsg_len);
	c->cmsg_level = IPPROTO_UDP;
	c->cmsg_type = UDP_SEGMENT;
	c->cmsg_len = CMSG_LEN(sizeof(size));
	memcpy(CMSG_DATA(c), &size, sizeof(size));
	h->msg_control = ctl;
	h->msg_controllen = d->cmsg_len + CMSG_SPACE(sizeof(size));
}

/*
 * One message of the packets from slot `at` on: equal sizes, the last may be
 * shorter. Returns the slot after them.
 */
static uint32_t add_run(struct txq *q, struct txq_dst *d, uint32_t at)
{
	struct txq_work *w = q->work;
	struct run *r = &w->runs[w->n_msgs];
	struct msghdr *h = &w->msgs[w->n_msgs].msg_hdr;
	uint32_t size = q->slots[at - 1].len;
	uint32_t max = d->no_gso ? 1 : RUN_SEGS;
	uint32_t last = size;

	if (max * size > RUN_BYTES)
		max = RUN_BYTES / size;
	memset(h, 0, sizeof(*h));
	h->msg_name = d->sa;
	h->msg_namelen = d->sa_len;
	h->msg_iov = &w->iovs[w->n_iovs];
	r->dst = d;
	r->first = at;
	r->n = 0;
	while (at && r->n < max && last == size &&
	       q->slots[at - 1].len <= size) {
		struct txq_slot *s = &q->slots[at - 1];

		last = s->len;
		w->iovs[w->n_iovs].iov_base = s->buf;
		w->iovs[w->n_iovs++].iov_len = s->len;
		r->n++;
		at = s->next;
	}
	h->msg_iovlen = r->n;
	h->msg_control = d->cmsg_len ? d->cmsg : NULL;
	h->msg_controllen = d->cmsg_len;
	if (r->n > 1)
		set_segment(h, w->ctls[w->n_msgs], d, (uint16_t)size);
	w->n_msgs++;
	return at;
}

static void flush_udp(struct txq *q, struct txq_dst *d)
{
	uint32_t at = d->head;

	while (at) {
		at = add_run(q, d, at);
		if (q->work->n_msgs == CALL_MSGS)
			call(q);
	}
}

static void flush_tcp(struct txq *q, struct txq_dst *d)
{
	struct iovec iov[RUN_SEGS];
	uint32_t at = d->head;
	uint64_t t = clock_us();

	while (at) {
		struct run r = {.dst = d, .first = at};
		struct run rest = {.dst = d};
		int sent;

		for (; at && r.n < RUN_SEGS; at = q->slots[at - 1].next) {
			iov[r.n].iov_base = q->slots[at - 1].buf;
			iov[r.n++].iov_len = q->slots[at - 1].len;
		}
		sent = q->tcp ? tcp_sendv(q->tcp, d->conn, iov, (int)r.n, t)
			      : 0;
		rest.n = r.n - (uint32_t)sent;
		r.n = (uint32_t)sent;
		rest.first = r.first;
		for (int i = 0; i < sent; i++)
			rest.first = q->slots[rest.first - 1].next;
		count(q, &r, t);
		count(q, &rest, 0);
	}
}

static void flush_detached(struct txq *q, const struct txq_dst *d)
{
	for (uint32_t at = d->head; at; at = q->slots[at - 1].next) {
		struct run one = {.first = at, .n = 1};

		count(q, &one, q->now_us);
	}
}

uint32_t txq_flush(struct txq *q)
{
	struct txq_work *w = q->work;
	uint64_t before = q->stats.packets;

	if (q->flushed)
		return 0;
	for (uint32_t i = 0; i < w->n_dsts; i++) {
		struct txq_dst *d = w->dsts[i];

		if (q->fd < 0)
			flush_detached(q, d);
		else if (d->conn)
			flush_tcp(q, d);
		else
			flush_udp(q, d);
	}
	if (w->n_msgs)
		call(q);
	for (uint32_t i = 0; i < w->n_dsts; i++) {
		w->dsts[i]->head = 0;
		w->dsts[i]->tail = 0;
	}
	w->n_dsts = 0;
	q->flushed = true;
	return (uint32_t)(q->stats.packets - before);
}
