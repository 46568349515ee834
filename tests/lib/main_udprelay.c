/*
 * udprelay: passes datagrams between clients and one server over an emulated
 * link, as a NAT with a bad line would. Needs no rights.
 *
 *	udprelay LISTEN_IP PORT SERVER_IP PORT [SEED]
 *
 * Each client's address gets a socket of its own towards the server. Lines
 * on standard input change the link (netctl.h; ab is towards the server);
 * "rebind" gives all clients new ports, as a NAT that forgot them. "up" on
 * standard output says that it listens.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/lib/netctl.h"

#define CLIENTS_MAX 1000
#define SOCKET_BUF  (4 << 20)

struct relay {
	struct netctl c;
	struct addr listen, server;
	struct addr client[CLIENTS_MAX];
	int n;
	/* Standard input, the clients' side, then a socket a client. */
	struct pollfd p[2 + CLIENTS_MAX];
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static int open_udp(const struct addr *a, bool connected)
{
	struct sockaddr_storage ss;
	socklen_t len = addr_to_sa(a, &ss);
	int size = SOCKET_BUF;
	int fd = socket(ss.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
			0);

	if (fd < 0)
		die("socket");
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	if (connected ? connect(fd, (struct sockaddr *)&ss, len)
		      : bind(fd, (struct sockaddr *)&ss, len))
		die("address");
	return fd;
}

/* The number of a client's address, a new one if need be; -1: too many. */
static int client_of(struct relay *r, const struct addr *a)
{
	for (int i = 0; i < r->n; i++)
		if (addr_eq(&r->client[i], a))
			return i;
	if (r->n == CLIENTS_MAX)
		return -1;
	r->client[r->n] = *a;
	r->p[2 + r->n].fd = open_udp(&r->server, true);
	r->p[2 + r->n].events = POLLIN;
	return r->n++;
}

static void from_clients(struct relay *r)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	uint8_t buf[65536];
	struct addr from;
	ssize_t n;

	while ((n = recvfrom(r->p[1].fd, buf, sizeof(buf), 0,
			     (struct sockaddr *)&ss, &len)) >= 0) {
		len = sizeof(ss);
		if (addr_from_sa(&from, (struct sockaddr *)&ss) == 0 &&
		    client_of(r, &from) >= 0)
			simnet_send(r->c.net,
				    &(struct simnet_dgram){.link = r->c.link[0],
							   .from = from,
							   .to = r->server,
							   .data = buf,
							   .len = (size_t)n},
				    now_us());
	}
}

static void from_server(struct relay *r, int i)
{
	uint8_t buf[65536];
	ssize_t n;

	while ((n = recv(r->p[2 + i].fd, buf, sizeof(buf), 0)) >= 0)
		simnet_send(r->c.net,
			    &(struct simnet_dgram){.link = r->c.link[1],
						   .from = r->server,
						   .to = r->client[i],
						   .data = buf,
						   .len = (size_t)n},
			    now_us());
}

static void give(struct relay *r)
{
	struct simnet_dgram d;

	while (simnet_next(r->c.net, now_us(), &d)) {
		if (d.link == r->c.link[0]) {
			int i = client_of(r, &d.from);

			if (i >= 0)
				send(r->p[2 + i].fd, d.data, d.len, 0);
		} else {
			struct sockaddr_storage ss;
			socklen_t len = addr_to_sa(&d.to, &ss);

			sendto(r->p[1].fd, d.data, d.len, 0,
			       (struct sockaddr *)&ss, len);
		}
	}
}

static void rebind(struct relay *r)
{
	for (int i = 0; i < r->n; i++) {
		int fd = open_udp(&r->server, true);

		close(r->p[2 + i].fd);
		r->p[2 + i].fd = fd;
	}
}

static void wait_for(struct relay *r)
{
	uint64_t due = simnet_deadline(r->c.net), now = now_us();
	struct timespec ts, *until = NULL;

	if (due != UINT64_MAX) {
		uint64_t left = due > now ? due - now : 0;

		ts.tv_sec = (time_t)(left / 1000000);
		ts.tv_nsec = (long)(left % 1000000) * 1000;
		until = &ts;
	}
	if (ppoll(r->p, 2 + (nfds_t)r->n, until, NULL) < 0 && errno != EINTR)
		die("poll");
}

static void turn(struct relay *r)
{
	int n = r->n; /* those that were polled */

	wait_for(r);
	if (r->p[0].revents) {
		r->c.word[0] = '\0';
		if (!netctl_read(&r->c, STDIN_FILENO))
			r->p[0].fd = -1;
		if (!strcmp(r->c.word, "rebind"))
			rebind(r);
	}
	if (r->p[1].revents)
		from_clients(r);
	for (int i = 0; i < n; i++)
		if (r->p[2 + i].revents)
			from_server(r, i);
	give(r);
}

int main(int argc, char **argv)
{
	static struct relay r;

	if (argc < 5 ||
	    addr_parse(&r.listen, argv[1],
		       (uint16_t)strtoul(argv[2], NULL, 10)) ||
	    addr_parse(&r.server, argv[3],
		       (uint16_t)strtoul(argv[4], NULL, 10))) {
		fprintf(stderr, "usage: udprelay LISTEN_IP PORT SERVER_IP PORT "
				"[SEED]\n");
		return 2;
	}
	netctl_init(&r.c, argc > 5 ? strtoull(argv[5], NULL, 0) : 1);
	r.p[0] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
	r.p[1] = (struct pollfd){.fd = open_udp(&r.listen, false),
				 .events = POLLIN};
	puts("up");
	fflush(stdout);
	for (;;)
		turn(&r);
}
