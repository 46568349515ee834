/* ICE-TCP over loopback, with peers that behave badly. */
#include "mediad/io/tcp.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/sys/clock.h"
#include "mediad/io/txq.h"
#include "tests/lib/test.h"

struct bed {
	struct pkt_pool pool;
	struct tcp *tcp;
	struct addr addr;
	uint64_t now_us;
};

static void bed_init(struct bed *b, uint32_t max)
{
	struct addr any;
	int fd;

	addr_parse(&any, "::", 0);
	fd = tcp_socket(&any);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pkt_pool_init(&b->pool, 256), 0);
	b->tcp = tcp_new(fd, &b->pool, max);
	ck_assert_ptr_nonnull(b->tcp);
	addr_parse(&b->addr, "127.0.0.1", tcp_port(b->tcp));
	b->now_us = clock_us();
}

static void bed_fini(struct bed *b)
{
	tcp_free(b->tcp);
	ck_assert_uint_eq(b->pool.used, 0);
	pkt_pool_fini(&b->pool);
}

static int dial(const struct bed *b)
{
	struct sockaddr_storage ss;
	socklen_t len = addr_to_sa(&b->addr, &ss);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	ck_assert_int_eq(connect(fd, (struct sockaddr *)&ss, len), 0);
	return fd;
}

/* Turns until `want` rows came or nothing happened for 500 ms. */
static int turns(struct bed *b, struct rx rx[], int want)
{
	struct pollfd p = {.fd = tcp_fd(b->tcp), .events = POLLIN};
	int n = 0;

	while (n < want) {
		int k = tcp_recv(b->tcp, rx + n, want - n, b->now_us);

		n += k;
		if (!k && poll(&p, 1, 500) <= 0)
			break;
	}
	return n;
}

static void put(struct rx *rx)
{
	if (rx->pkt)
		pkt_put(rx->pkt);
}

static size_t frame(uint8_t *out, uint8_t fill, size_t len)
{
	out[0] = (uint8_t)(len >> 8);
	out[1] = (uint8_t)len;
	memset(out + 2, fill, len);
	return len + 2;
}

TEST(tcp_byte_by_byte_and_coalesced)
{
	struct bed b;
	struct rx rx[8];
	uint8_t buf[4096];
	size_t n = 0;
	int fd;

	bed_init(&b, 10);
	fd = dial(&b);
	for (uint8_t i = 1; i <= 3; i++)
		n += frame(buf + n, i, 100u * i);
	for (size_t i = 0; i < n; i++) {
		ck_assert_int_eq(send(fd, buf + i, 1, 0), 1);
		if (i < 101)
			ck_assert_int_eq(tcp_recv(b.tcp, rx, 8, b.now_us), 0);
	}
	ck_assert_int_eq(send(fd, buf, n, 0), (int)n);
	ck_assert_int_eq(turns(&b, rx, 6), 6);
	for (int i = 0; i < 6; i++) {
		ck_assert_uint_eq(rx[i].pkt->len, 100u * (unsigned)(i % 3 + 1));
		ck_assert_uint_eq(rx[i].pkt->data[99], (unsigned)i % 3 + 1);
		ck_assert_uint_eq(rx[i].conn, rx[0].conn);
		ck_assert_uint_ne(rx[i].conn, 0);
		ck_assert(addr_eq(&rx[i].local, &b.addr));
		put(&rx[i]);
	}
	close(fd);
	ck_assert_int_eq(turns(&b, rx, 1), 1);
	ck_assert_ptr_null(rx[0].pkt);
	bed_fini(&b);
}

/* More frames in one read than the caller has room for. */
TEST(tcp_small_arrays_lose_nothing)
{
	struct bed b;
	struct rx rx[3];
	uint8_t buf[4096];
	size_t n = 0;
	int seen = 0;
	int fd;
	int k;

	bed_init(&b, 10);
	fd = dial(&b);
	for (int i = 0; i < 100; i++)
		n += frame(buf + n, (uint8_t)i, 20);
	ck_assert_int_eq(send(fd, buf, n, 0), (int)n);
	while ((k = turns(&b, rx, 3)) > 0) {
		for (int i = 0; i < k; i++) {
			ck_assert_uint_eq(rx[i].pkt->data[0], (unsigned)seen);
			seen++;
			put(&rx[i]);
		}
	}
	ck_assert_int_eq(seen, 100);
	close(fd);
	bed_fini(&b);
}

TEST(tcp_lengths_0_and_65535)
{
	struct bed b;
	struct rx rx[4];
	uint8_t *buf = malloc(70000);
	size_t n = frame(buf, 0, 0);
	int fd;

	bed_init(&b, 10);
	fd = dial(&b);
	n += frame(buf + n, 1, 65535);
	n += frame(buf + n, 7, 50);
	for (size_t at = 0; at < n;) {
		ssize_t k = send(fd, buf + at, n - at, MSG_DONTWAIT);

		at += k > 0 ? (size_t)k : 0;
		if (at < n)
			ck_assert_int_eq(tcp_recv(b.tcp, rx, 4, b.now_us), 0);
	}
	ck_assert_int_eq(turns(&b, rx, 1), 1);
	ck_assert_uint_eq(rx[0].pkt->len, 50);
	ck_assert_uint_eq(tcp_stats(b.tcp)->bad, 1);
	put(&rx[0]);
	close(fd);
	free(buf);
	bed_fini(&b);
}

TEST(tcp_half_a_frame_then_the_end)
{
	struct bed b;
	struct rx rx[4];
	uint8_t buf[200];
	int fd;

	bed_init(&b, 10);
	fd = dial(&b);
	frame(buf, 1, 150);
	send(fd, buf, 80, 0);
	close(fd);
	ck_assert_int_eq(turns(&b, rx, 2), 1);
	ck_assert_ptr_null(rx[0].pkt);
	ck_assert_uint_eq(tcp_stats(b.tcp)->conns, 0);
	bed_fini(&b);
}

TEST(tcp_unconfirmed_for_five_seconds_is_closed)
{
	struct bed b;
	struct rx rx[4];
	uint8_t buf[200];
	int quiet;
	int good;

	bed_init(&b, 10);
	quiet = dial(&b);
	good = dial(&b);
	send(good, buf, frame(buf, 1, 60), 0);
	ck_assert_int_eq(turns(&b, rx, 1), 1);
	put(&rx[0]);
	turns(&b, rx, 1);
	ck_assert_uint_eq(tcp_stats(b.tcp)->conns, 2);
	ck_assert_uint_eq(tcp_deadline(b.tcp), b.now_us + TCP_CONFIRM_US);
	tcp_confirm(b.tcp, rx[0].conn);
	tcp_tick(b.tcp, b.now_us + TCP_CONFIRM_US - 1);
	ck_assert_uint_eq(tcp_stats(b.tcp)->conns, 2);
	tcp_tick(b.tcp, b.now_us + TCP_CONFIRM_US);
	ck_assert_uint_eq(tcp_stats(b.tcp)->conns, 1);
	ck_assert_uint_eq(tcp_deadline(b.tcp), UINT64_MAX);
	ck_assert_int_eq(recv(quiet, buf, 1, 0), 0);
	close(quiet);
	close(good);
	bed_fini(&b);
}

TEST(tcp_connections_are_capped)
{
	struct bed b;
	struct rx rx[4];
	int fds[8];
	uint8_t c;

	bed_init(&b, 5);
	for (int i = 0; i < 8; i++)
		fds[i] = dial(&b);
	turns(&b, rx, 1);
	ck_assert_uint_eq(tcp_stats(b.tcp)->conns, 5);
	ck_assert_uint_eq(tcp_stats(b.tcp)->refused, 3);
	ck_assert_int_eq(recv(fds[7], &c, 1, 0), 0);
	for (int i = 0; i < 8; i++)
		close(fds[i]);
	ck_assert_int_eq(turns(&b, rx, 4), 4);
	ck_assert_int_eq(turns(&b, rx, 4), 1);
	ck_assert_uint_eq(tcp_stats(b.tcp)->conns, 0);
	bed_fini(&b);
}

/* Reads n bytes from a blocking socket while the server writes on. */
static void drain(struct bed *b, int fd, uint8_t *buf, size_t n)
{
	struct rx rx[1];
	size_t at = 0;

	while (at < n) {
		ssize_t k = recv(fd, buf + at, n - at, MSG_DONTWAIT);

		ck_assert(k != 0);
		if (k > 0)
			at += (size_t)k;
		else
			turns(b, rx, 1);
	}
}

/* A reader that stops: a bounded queue, whole frames, then none at all. */
TEST_SLOW(tcp_slow_reader_drops_whole_frames, 30)
{
	struct bed b;
	struct rx rx[1];
	uint8_t pay[1000];
	uint8_t *buf = malloc(8 << 20);
	struct iovec v = {.iov_base = pay, .iov_len = sizeof(pay)};
	uint32_t sent = 0;
	uint32_t refused = 0;
	int fd;

	bed_init(&b, 10);
	fd = dial(&b);
	send(fd, buf, frame(buf, 1, 60), 0);
	ck_assert_int_eq(turns(&b, rx, 1), 1);
	put(&rx[0]);
	for (uint32_t i = 0; i < 4000 && refused < 100; i++) {
		memset(pay, (int)sent, sizeof(pay));
		if (tcp_sendv(b.tcp, rx[0].conn, &v, 1, b.now_us))
			sent++;
		else
			refused++;
		b.now_us += 1000;
	}
	ck_assert_uint_eq(refused, 100);
	ck_assert_uint_le(tcp_backlog(b.tcp, rx[0].conn), TCP_QUEUE_MAX);
	drain(&b, fd, buf, (size_t)sent * 1002);
	for (uint32_t i = 0; i < sent; i++) {
		ck_assert_uint_eq(buf[1002 * i], 1000 >> 8);
		ck_assert_uint_eq(buf[1002 * i + 1], 1000 & 255);
		ck_assert_uint_eq(buf[1002 * i + 2], i & 255);
		ck_assert_uint_eq(buf[1002 * i + 1001], i & 255);
	}
	ck_assert_uint_eq(tcp_backlog(b.tcp, rx[0].conn), 0);
	ck_assert_int_eq(tcp_sendv(b.tcp, rx[0].conn, &v, 1, b.now_us), 1);
	close(fd);
	free(buf);
	turns(&b, rx, 1);
	ck_assert_int_eq(tcp_sendv(b.tcp, rx[0].conn, &v, 1, b.now_us), 0);
	bed_fini(&b);
}

/* Without descriptors the listener rests instead of keeping the loop busy. */
TEST(tcp_out_of_descriptors)
{
	struct bed b;
	struct rx rx[1];
	struct rlimit lim;
	struct rlimit none;
	struct pollfd p = {.events = POLLIN};
	int fd;

	bed_init(&b, 10);
	fd = dial(&b);
	p.fd = tcp_fd(b.tcp);
	getrlimit(RLIMIT_NOFILE, &lim);
	none = lim;
	none.rlim_cur = 0;
	setrlimit(RLIMIT_NOFILE, &none);
	ck_assert_int_eq(tcp_recv(b.tcp, rx, 1, b.now_us), 0);
	none.rlim_cur = lim.rlim_cur;
	setrlimit(RLIMIT_NOFILE, &none);
	ck_assert_int_eq(poll(&p, 1, 0), 0);
	tcp_tick(b.tcp, tcp_deadline(b.tcp));
	ck_assert_int_eq(turns(&b, rx, 1), 0);
	ck_assert_uint_eq(tcp_stats(b.tcp)->conns, 1);
	close(fd);
	bed_fini(&b);
}

/* The send queue treats a connection as one more receiver. */
TEST(tcp_takes_what_txq_flushes)
{
	struct bed b;
	struct rx rx[1];
	struct txq_dst d;
	struct txq q;
	uint8_t buf[200 * 102];
	uint32_t sent;
	int fd;

	bed_init(&b, 10);
	fd = dial(&b);
	send(fd, buf, frame(buf, 1, 60), 0);
	ck_assert_int_eq(turns(&b, rx, 1), 1);
	put(&rx[0]);
	ck_assert_int_eq(txq_init(&q, fd, b.tcp, 256), 0);
	txq_dst_init(&q, &d, &rx[0].local, &rx[0].remote, rx[0].conn);
	for (uint32_t i = 0; i < 200; i++) {
		struct txq_slot *s = txq_slot(&q);

		memset(s->buf, (int)i, 100);
		txq_commit(&q, s, &d, 100, i);
	}
	sent = txq_flush(&q);
	ck_assert_uint_eq(sent, 200);
	drain(&b, fd, buf, sizeof(buf));
	for (uint32_t i = 0; i < 200; i++) {
		ck_assert_uint_ne(q.slots[i].sent_us, 0);
		ck_assert_uint_eq(buf[102 * i + 1], 100);
		ck_assert_uint_eq(buf[102 * i + 2], i);
		ck_assert_uint_eq(buf[102 * i + 101], i);
	}
	/* A connection that is gone loses them, and says so. */
	tcp_close(b.tcp, rx[0].conn);
	ck_assert(txq_send(&q, &d, "x", 1));
	ck_assert_uint_eq(txq_flush(&q), 0);
	ck_assert_uint_eq(q.slots[0].sent_us, 0);
	ck_assert_uint_eq(q.stats.dropped, 1);
	txq_fini(&q);
	close(fd);
	bed_fini(&b);
}
