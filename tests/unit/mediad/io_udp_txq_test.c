/* Sockets over loopback: what is sent by txq arrives through udp. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/sys/clock.h"
#include "mediad/io/txq.h"
#include "mediad/io/udp.h"
#include "tests/lib/sysno.h"
#include "tests/lib/test.h"

struct node {
	struct pkt_pool pool;
	struct udp *udp;
	struct txq txq;
	struct addr addr; /* 127.0.0.1 or ::1 with the port */
};

static void node_init(struct node *n, const char *bind_to, const char *ip)
{
	struct addr any;
	int fd;

	addr_parse(&any, bind_to, 0);
	fd = udp_socket(&any, 4 << 20);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pkt_pool_init(&n->pool, 1024), 0);
	n->udp = udp_adopt(fd, &n->pool);
	ck_assert_ptr_nonnull(n->udp);
	ck_assert_int_eq(txq_init(&n->txq, udp_fd(n->udp), NULL, 256), 0);
	addr_parse(&n->addr, ip, udp_port(n->udp));
}

static void node_fini(struct node *n)
{
	txq_fini(&n->txq);
	udp_free(n->udp);
	pkt_pool_fini(&n->pool);
}

static void dst_init(struct txq_dst *d, const struct node *from,
		     const struct node *to)
{
	txq_dst_init(&from->txq, d, &from->addr, &to->addr, 0);
}

/* Packets that the kernel's filter lets pass: RTP by first byte. */
static void queue(struct node *n, struct txq_dst *d, uint16_t seq, size_t len)
{
	struct txq_slot *s = txq_slot(&n->txq);

	ck_assert_ptr_nonnull(s);
	memset(s->buf, 0, len);
	s->buf[0] = 0x80;
	s->buf[2] = (uint8_t)(seq >> 8);
	s->buf[3] = (uint8_t)seq;
	txq_commit(&n->txq, s, d, len, seq);
}

/* Collects `want` packets, or what came until 500 ms of silence. */
static int collect(struct node *n, struct rx rx[], int want)
{
	struct pollfd p = {.fd = udp_fd(n->udp), .events = POLLIN};
	int got = 0;

	while (got < want && poll(&p, 1, 500) > 0) {
		int k = udp_recv(n->udp, rx + got, want - got, clock_us());

		ck_assert_int_ge(k, 0);
		if (!k)
			break;
		got += k;
	}
	return got;
}

static void put_all(struct rx rx[], int n)
{
	for (int i = 0; i < n; i++)
		pkt_put(rx[i].pkt);
}

/* Not every machine and container has it. */
static bool has_v6(void)
{
	struct addr a;
	int fd;

	addr_parse(&a, "::1", 0);
	fd = udp_socket(&a, 65536);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static void both_ways(const char *bind_to, const char *ip)
{
	struct node a;
	struct node b;
	struct txq_dst d;
	struct rx rx[4];
	uint64_t before = clock_us();

	node_init(&a, bind_to, ip);
	node_init(&b, bind_to, ip);
	dst_init(&d, &a, &b);
	queue(&a, &d, 7, 100);
	ck_assert_uint_eq(txq_flush(&a.txq), 1);
	ck_assert_uint_ge(a.txq.slots[0].sent_us, before);
	ck_assert_int_eq(collect(&b, rx, 1), 1);
	ck_assert_uint_eq(rx[0].pkt->len, 100);
	ck_assert(addr_eq(&rx[0].remote, &a.addr));
	ck_assert(addr_eq(&rx[0].local, &b.addr));
	ck_assert_uint_eq(rx[0].conn, 0);
	ck_assert_uint_ge(rx[0].pkt->recv_us + 1000, before);
	ck_assert_uint_le(rx[0].pkt->recv_us, clock_us());
	put_all(rx, 1);
	node_fini(&a);
	node_fini(&b);
	ck_assert_uint_eq(b.pool.used, 0);
}

TEST(udp_v4_and_v6_of_one_socket)
{
	both_ways("::", "127.0.0.1");
	if (has_v6())
		both_ways("::", "::1");
}

TEST(udp_one_address)
{
	both_ways("127.0.0.1", "127.0.0.1");
	if (has_v6())
		both_ways("::1", "::1");
}

/* An answer leaves from the address that was spoken to. */
TEST(udp_source_address_is_ours_to_choose)
{
	struct node a;
	struct node b;
	struct txq_dst d;
	struct rx rx[1];

	node_init(&a, "::", "127.0.0.9");
	node_init(&b, "::", "127.0.0.1");
	dst_init(&d, &a, &b);
	queue(&a, &d, 1, 60);
	txq_flush(&a.txq);
	ck_assert_int_eq(collect(&b, rx, 1), 1);
	ck_assert(addr_eq(&rx[0].remote, &a.addr));
	put_all(rx, 1);
	node_fini(&a);
	node_fini(&b);
}

TEST(udp_stamps_are_of_the_arrival)
{
	struct node a;
	struct node b;
	struct txq_dst d;
	struct rx rx[1];
	uint64_t sent;

	node_init(&a, "::", "127.0.0.1");
	node_init(&b, "::", "127.0.0.1");
	dst_init(&d, &a, &b);
	queue(&a, &d, 1, 60);
	txq_flush(&a.txq);
	sent = clock_us();
	usleep(500000);
	ck_assert_int_eq(collect(&b, rx, 1), 1);
	ck_assert_uint_le(rx[0].pkt->recv_us, sent + 250000);
	put_all(rx, 1);
	node_fini(&a);
	node_fini(&b);
}

/* First byte and length decide in the kernel (RFC 7983). */
TEST(udp_filter_by_first_byte_and_length)
{
	struct node a;
	struct node b;
	struct sockaddr_storage ss;
	struct rx rx[RX_BATCH];
	uint8_t buf[PKT_CAP + 1] = {0};
	socklen_t len;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	int n;

	node_init(&a, "::", "127.0.0.1");
	node_init(&b, "::", "127.0.0.1");
	len = addr_to_sa(&b.addr, &ss);
	for (int first = 0; first < 256; first++) {
		bool stun = first < 4;
		bool ours = stun || (first >= 20 && first < 64) ||
			    (first >= 128 && first < 192);

		buf[0] = (uint8_t)first;
		for (size_t k = 11; k <= 20; k++)
			sendto(fd, buf, k, 0, (struct sockaddr *)&ss, len);
		/* Loopback delivers before sendto() returns. */
		n = udp_recv(b.udp, rx, RX_BATCH, clock_us());
		ck_assert_int_eq(n, !ours ? 0 : stun ? 1 : 9);
		for (int i = 0; i < n; i++)
			ck_assert_uint_eq(rx[i].pkt->data[0], (unsigned)first);
		put_all(rx, n);
	}
	buf[0] = 0x80;
	sendto(fd, buf, PKT_CAP + 1, 0, (struct sockaddr *)&ss, len);
	sendto(fd, buf, PKT_CAP, 0, (struct sockaddr *)&ss, len);
	ck_assert_int_eq(collect(&b, rx, 2), 1);
	ck_assert_uint_eq(rx[0].pkt->len, PKT_CAP);
	put_all(rx, 1);
	close(fd);
	node_fini(&a);
	node_fini(&b);
}

TEST(udp_an_empty_pool_loses_nothing)
{
	struct node a;
	struct node b;
	struct txq_dst d;
	struct rx rx[RX_BATCH];
	struct pkt *held[1024 + 1]; /* and a NULL */
	int n = 0;

	node_init(&a, "::", "127.0.0.1");
	node_init(&b, "::", "127.0.0.1");
	dst_init(&d, &a, &b);
	while ((held[n] = pkt_get(&b.pool)))
		n++;
	queue(&a, &d, 1, 60);
	txq_flush(&a.txq);
	ck_assert_int_eq(udp_recv(b.udp, rx, RX_BATCH, clock_us()), 0);
	ck_assert_uint_ge(udp_stats(b.udp)->no_pkt, 1);
	pkt_put(held[--n]);
	ck_assert_int_eq(collect(&b, rx, 1), 1);
	put_all(rx, 1);
	while (n)
		pkt_put(held[--n]);
	node_fini(&a);
	node_fini(&b);
}

/* Sizes as an encoder makes them: runs, a shorter last, single ones. */
TEST(txq_runs_keep_order_and_size)
{
	static const uint16_t sizes[] = {1200, 1200, 1200, 400,	 401, 401,
					 1000, 999,  998,  1400, 1400};
	struct node a;
	struct node b[3];
	struct txq_dst d[3];
	struct rx rx[RX_BATCH];

	node_init(&a, "::", "127.0.0.1");
	for (int k = 0; k < 3; k++) {
		node_init(&b[k],
			  "::", k == 1 && has_v6() ? "::1" : "127.0.0.1");
		txq_dst_init(&a.txq, &d[k], &a.addr, &b[k].addr, 0);
		if (k == 1)
			d[k].cmsg_len = 0;
	}
	for (uint16_t i = 0; i < 11; i++)
		for (int k = 0; k < 3; k++)
			queue(&a, &d[k], i, sizes[i]);
	ck_assert_uint_eq(txq_flush(&a.txq), 33);
	ck_assert_uint_eq(a.txq.stats.messages, 3 * 5);
	ck_assert_uint_eq(a.txq.stats.calls, 1);
	ck_assert_uint_eq(a.txq.stats.fallbacks, 0);
	for (int k = 0; k < 3; k++) {
		ck_assert_int_eq(collect(&b[k], rx, 11), 11);
		for (uint16_t i = 0; i < 11; i++) {
			ck_assert_uint_eq(rx[i].pkt->data[3], i);
			ck_assert_uint_eq(rx[i].pkt->len, sizes[i]);
		}
		put_all(rx, 11);
		node_fini(&b[k]);
	}
	node_fini(&a);
}

TEST(txq_full_queue_and_next_turn)
{
	struct node a;
	struct node b;
	struct txq_dst d;
	struct rx rx[256];

	node_init(&a, "::", "127.0.0.1");
	node_init(&b, "::", "127.0.0.1");
	dst_init(&d, &a, &b);
	for (int turn = 0; turn < 3; turn++) {
		for (uint16_t i = 0; i < 256; i++)
			queue(&a, &d, i, 1200);
		ck_assert_ptr_null(txq_slot(&a.txq));
		ck_assert(!txq_send(&a.txq, &d, "x", 1));
		ck_assert_uint_eq(txq_flush(&a.txq), 256);
		for (uint16_t i = 0; i < 256; i++) {
			ck_assert_uint_eq(a.txq.slots[i].tag, i);
			ck_assert_uint_ne(a.txq.slots[i].sent_us, 0);
			ck_assert_ptr_eq(a.txq.slots[i].dst, &d);
		}
		ck_assert_uint_eq(txq_flush(&a.txq), 0);
		ck_assert_int_eq(collect(&b, rx, 256), 256);
		put_all(rx, 256);
	}
	ck_assert_uint_eq(a.txq.stats.dropped, 0);
	node_fini(&a);
	node_fini(&b);
}

/*
 * A socket without checksums takes no segments (EINVAL or EIO by kernel):
 * all packets still leave, and the receiver gets single ones from then on.
 */
TEST(txq_falls_back_where_segments_are_refused)
{
	struct node a;
	struct node b;
	struct txq_dst d;
	struct rx rx[16];
	int on = 1;

	node_init(&a, "127.0.0.1", "127.0.0.1");
	node_init(&b, "127.0.0.1", "127.0.0.1");
	dst_init(&d, &a, &b);
	setsockopt(udp_fd(a.udp), SOL_SOCKET, SO_NO_CHECK, &on, sizeof(on));
	for (int turn = 0; turn < 2; turn++) {
		for (uint16_t i = 0; i < 10; i++)
			queue(&a, &d, i, 1000);
		ck_assert_uint_eq(txq_flush(&a.txq), 10);
		ck_assert(d.no_gso);
		ck_assert_uint_eq(a.txq.stats.fallbacks, 1);
		ck_assert_int_eq(collect(&b, rx, 10), 10);
		for (uint16_t i = 0; i < 10; i++)
			ck_assert_uint_eq(rx[i].pkt->data[3], i);
		put_all(rx, 10);
	}
	node_fini(&a);
	node_fini(&b);
}

/* A receiver that cannot be reached costs the others nothing. */
TEST(txq_a_refused_packet_is_counted_and_passed_over)
{
	struct node a;
	struct node b;
	struct txq_dst good;
	struct txq_dst bad;
	struct addr nowhere;
	struct rx rx[8];

	node_init(&a, "::", "127.0.0.1");
	node_init(&b, "::", "127.0.0.1");
	dst_init(&good, &a, &b);
	addr_parse(&nowhere, "255.255.255.255", 9); /* EACCES */
	txq_dst_init(&a.txq, &bad, &a.addr, &nowhere, 0);
	queue(&a, &good, 0, 100);
	queue(&a, &bad, 1, 100);
	queue(&a, &good, 2, 200);
	ck_assert_uint_eq(txq_flush(&a.txq), 2);
	ck_assert_uint_eq(a.txq.stats.dropped, 1);
	ck_assert_uint_eq(a.txq.slots[1].sent_us, 0);
	ck_assert_int_eq(collect(&b, rx, 2), 2);
	put_all(rx, 2);
	node_fini(&a);
	node_fini(&b);
}

TEST(txq_a_full_socket_drops_and_counts)
{
	struct node a;
	struct node b;
	struct txq_dst d;
	struct rx rx[256];
	int small = 4096;

	node_init(&a, "::", "127.0.0.1");
	node_init(&b, "::", "127.0.0.1");
	dst_init(&d, &a, &b);
	setsockopt(udp_fd(a.udp), SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	for (uint16_t i = 0; i < 256; i++)
		queue(&a, &d, i, 1200);
	txq_flush(&a.txq);
	ck_assert_uint_eq(a.txq.stats.packets + a.txq.stats.dropped, 256);
	put_all(rx, collect(&b, rx, 256));
	node_fini(&a);
	node_fini(&b);
}

TEST(txq_forget_drops_what_was_committed)
{
	struct node a;
	struct node b;
	struct txq_dst stay;
	struct txq_dst gone;
	struct rx rx[8];

	node_init(&a, "::", "127.0.0.1");
	node_init(&b, "::", "127.0.0.1");
	dst_init(&stay, &a, &b);
	dst_init(&gone, &a, &b);
	queue(&a, &gone, 1, 100);
	queue(&a, &stay, 2, 100);
	queue(&a, &gone, 3, 100);
	txq_forget(&a.txq, &gone);
	memset(&gone, 0x5a, sizeof(gone));
	ck_assert_uint_eq(txq_flush(&a.txq), 1);
	ck_assert_ptr_null(a.txq.slots[0].dst);
	ck_assert_int_eq(collect(&b, rx, 2), 1);
	ck_assert_uint_eq(rx[0].pkt->data[3], 2);
	put_all(rx, 1);
	node_fini(&a);
	node_fini(&b);
}

TEST(txq_detached_stamps_and_sends_nothing)
{
	struct addr to;
	struct txq_dst d;
	struct txq q;

	ck_assert_int_eq(txq_init(&q, -1, NULL, 16), 0);
	addr_parse(&to, "10.0.0.1", 5000);
	txq_dst_init(&q, &d, &to, &to, 0);
	q.now_us = 77;
	ck_assert(txq_send(&q, &d, "abc", 3));
	ck_assert_uint_eq(txq_flush(&q), 1);
	ck_assert_uint_eq(q.slots[0].sent_us, 77);
	ck_assert_uint_eq(q.slots[0].len, 3);
	ck_assert_uint_eq(q.n_slots, 1);
	txq_fini(&q);
}

/* What the kernel had no room for is counted. */
TEST(udp_counts_what_a_full_socket_lost)
{
	struct node a;
	struct node b;
	struct txq_dst d;
	struct rx rx[RX_BATCH];
	int small = 8192;
	int n = 0;
	int k;

	node_init(&a, "::", "127.0.0.1");
	node_init(&b, "::", "127.0.0.1");
	dst_init(&d, &a, &b);
	setsockopt(udp_fd(b.udp), SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	for (uint16_t i = 0; i < 100; i++)
		queue(&a, &d, i, 1000);
	ck_assert_uint_eq(txq_flush(&a.txq), 100);
	while ((k = udp_recv(b.udp, rx, RX_BATCH, clock_us())) > 0) {
		put_all(rx, k);
		n += k;
	}
	ck_assert_int_lt(n, 100);
	/* The next packet tells of those before it. */
	queue(&a, &d, 100, 1000);
	txq_flush(&a.txq);
	ck_assert_int_eq(collect(&b, rx, 1), 1);
	put_all(rx, 1);
	ck_assert_uint_eq(udp_stats(b.udp)->kernel_drop, (unsigned)(100 - n));
	node_fini(&a);
	node_fini(&b);
}

#define VIEWERS 40
#define FRAME	9
#define FRAMES	280 /* to each: 100,800 packets */

/*
 * Frames to many viewers as the worker sends them, and what comes in. (Check
 * writes to a file at each assertion: none while calls are counted.)
 */
TEST(io_100000_packets_in_few_syscalls)
{
	static struct txq_dst d[VIEWERS];
	struct rx rx[RX_BATCH];
	struct node a, b;
	uint64_t sent = 0, got = 0, out, in;
	bool counts = !sysno_start();

	node_init(&a, "::", "127.0.0.1");
	node_init(&b, "::", "127.0.0.1");
	for (int k = 0; k < VIEWERS; k++)
		dst_init(&d[k], &a, &b);
	out = sysno_calls();
	for (int f = 0; f < FRAMES; f++) {
		sysno_watch(true);
		for (int i = 0; i < VIEWERS * FRAME; i++) {
			struct txq_slot *slot = txq_slot(&a.txq);

			if (!slot) {
				sent += txq_flush(&a.txq);
				slot = txq_slot(&a.txq);
			}
			slot->buf[0] = 0x80;
			txq_commit(&a.txq, slot, &d[i / FRAME], 1200, 1);
		}
		sent += txq_flush(&a.txq);
		sysno_watch(false);
	}
	out = sysno_calls() - out;
	in = sysno_calls();
	for (int n = 1; n > 0; got += n) {
		sysno_watch(true);
		n = udp_recv(b.udp, rx, RX_BATCH, clock_us());
		sysno_watch(false);
		put_all(rx, n);
	}
	in = sysno_calls() - in;
	ck_assert_uint_eq(sent, VIEWERS * FRAME * FRAMES);
	ck_assert_uint_eq(a.txq.stats.messages,
			  VIEWERS * FRAMES +
				  /* cut by a full queue */
				  FRAMES);
	ck_assert_uint_ge(got, 1000);
	if (counts) {
		ck_assert_uint_eq(out, 2 * FRAMES);
		ck_assert_uint_le(in, got / RX_BATCH + 2);
	}
	node_fini(&a);
	node_fini(&b);
}
