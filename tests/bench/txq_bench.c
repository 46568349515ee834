/*
 * What one sent packet costs on loopback, by the length of the runs that go
 * out as segments of one message, and what the size of the slot array does
 * for a frame of nine packets to a hundred receivers. The cost holds the
 * kernel's whole way up to the receiver's queue, as loopback has it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/sys/clock.h"
#include "mediad/io/txq.h"
#include "mediad/io/udp.h"
#include "tests/bench/bench.h"

#define RECEIVERS 100
#define LEN	  1216
#define ROUNDS	  40

static struct txq q;
static struct txq_dst dsts[RECEIVERS];
static int socks[RECEIVERS];

static int less(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double v[ROUNDS])
{
	qsort(v, ROUNDS, sizeof(*v), less);
	return v[ROUNDS / 2];
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* Receivers' queues are emptied between the rounds, not timed. */
static void drain(void)
{
	uint8_t buf[2048];

	for (int i = 0; i < RECEIVERS; i++)
		while (recv(socks[i], buf, sizeof(buf), MSG_DONTWAIT) > 0)
			;
}

static int setup(uint32_t slots)
{
	struct addr local;
	int size = 1 << 20;
	int fd;

	addr_parse(&local, "127.0.0.1", 0);
	fd = udp_socket(&local, 4 << 20);
	if (fd < 0 || txq_init(&q, fd, NULL, slots))
		die("txq_bench");
	for (int i = 0; i < RECEIVERS; i++) {
		struct sockaddr_storage ss;
		socklen_t len;
		struct addr to;

		len = addr_to_sa(&local, &ss);
		socks[i] = socket(AF_INET, SOCK_DGRAM, 0);
		setsockopt(socks[i], SOL_SOCKET, SO_RCVBUFFORCE, &size,
			   sizeof(size));
		if (socks[i] < 0 ||
		    bind(socks[i], (struct sockaddr *)&ss, len) ||
		    getsockname(socks[i], (struct sockaddr *)&ss, &len))
			die("txq_bench");
		addr_from_sa(&to, (struct sockaddr *)&ss);
		txq_dst_init(&q, &dsts[i], &local, &to, 0);
	}
	return fd;
}

static void teardown(int fd)
{
	for (int i = 0; i < RECEIVERS; i++)
		close(socks[i]);
	txq_fini(&q);
	close(fd);
}

static void put(int receiver, size_t len)
{
	struct txq_slot *s = txq_slot(&q);

	if (!s) {
		txq_flush(&q);
		s = txq_slot(&q);
	}
	s->buf[0] = 0x80;
	txq_commit(&q, s, &dsts[receiver], len, 0);
}

/* `run` packets to a receiver, then the next, until all had some. */
static void by_run(int run)
{
	int fd = setup(256);
	double v[ROUNDS];
	char name[64];
	int n = 256 / run * run;

	for (int r = 0; r < ROUNDS; r++) {
		double t = (double)bench_ns();

		for (int i = 0; i < n; i++)
			put(i / run % RECEIVERS, LEN);
		txq_flush(&q);
		v[r] = ((double)bench_ns() - t) / n;
		drain();
	}
	if (q.stats.dropped)
		die("txq_bench: packets were dropped");
	snprintf(name, sizeof(name), "txq.send.run-%d", run);
	bench_print(name, "ns", median(v), "ns");
	teardown(fd);
}

/*
 * A frame as browsers cut it: two sizes a byte apart, to one receiver after
 * the other.
 */
static void by_slots(uint32_t slots)
{
	int fd = setup(slots);
	double v[ROUNDS];
	char name[64];

	for (int r = 0; r < ROUNDS; r++) {
		double t = (double)bench_ns();

		for (int i = 0; i < 9 * RECEIVERS; i++)
			put(i / 9, i % 9 < 4 ? LEN - 1 : LEN);
		txq_flush(&q);
		v[r] = ((double)bench_ns() - t) / (9 * RECEIVERS);
		drain();
	}
	snprintf(name, sizeof(name), "txq.frame-to-100.slots-%u", slots);
	bench_print(name, "ns", median(v), "ns");
	teardown(fd);
}

int main(void)
{
	static const int runs[] = {1, 2, 4, 8, 16, 32};
	static const uint32_t slots[] = {128, 256, 512, 1024, 2048};

	for (size_t i = 0; i < sizeof(runs) / sizeof(*runs); i++)
		by_run(runs[i]);
	for (size_t i = 0; i < sizeof(slots) / sizeof(*slots); i++)
		by_slots(slots[i]);
	return 0;
}
