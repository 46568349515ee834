/*
 * tunem: joins two network namespaces by TUN devices with an emulated link
 * between them, for kernels without netem. All IP passes, so browsers run
 * over it unchanged.
 *
 *	tunem NS_A ADDR_A NS_B ADDR_B [SEED]	needs root of its namespaces
 *	tunem - 10.88.0.1/24 client 10.88.0.2/24
 *
 * A namespace is a name in /run/netns, "-" the one it runs in. Lines on
 * standard input change the link (netctl.h); its end leaves it as it is. The
 * devices are em0 and em1; "up" on standard output says that they are there.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "tests/lib/netctl.h"

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

static void enter(const char *ns)
{
	char path[256];
	int fd;

	if (!strcmp(ns, "-"))
		return;
	snprintf(path, sizeof(path), "/run/netns/%s", ns);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		die(path);
	close(fd);
}

static void run(const char *cmd)
{
	if (system(cmd))
		die(cmd);
}

/* The device, up and with its address, in a namespace; its descriptor. */
static int open_tun(const char *ns, const char *addr, const char *dev)
{
	struct ifreq req = {.ifr_flags = IFF_TUN | IFF_NO_PI};
	char cmd[256];
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int fd;

	if (home < 0)
		die("namespace");
	enter(ns);
	fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	snprintf(req.ifr_name, sizeof(req.ifr_name), "%s", dev);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &req))
		die("/dev/net/tun");
	snprintf(cmd, sizeof(cmd),
		 "ip addr add %s dev %s && ip link set %s up txqueuelen 4000",
		 addr, dev, dev);
	run(cmd);
	if (setns(home, CLONE_NEWNET))
		die("setns");
	close(home);
	return fd;
}

static void take(struct netctl *c, int side, int fd)
{
	uint8_t buf[65536];
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0)
		simnet_send(c->net,
			    &(struct simnet_dgram){.link = c->link[side],
						   .data = buf,
						   .len = (size_t)n},
			    now_us());
}

static void give(struct netctl *c, const int tun[2])
{
	struct simnet_dgram d;

	/* A full device drops, as any does. */
	while (simnet_next(c->net, now_us(), &d)) {
		int to = d.link == c->link[0] ? tun[1] : tun[0];

		if (write(to, d.data, d.len) < 0 && errno != EAGAIN)
			perror("tun");
	}
}

static void wait_for(struct netctl *c, struct pollfd p[3])
{
	uint64_t due = simnet_deadline(c->net), now = now_us();
	struct timespec ts, *until = NULL;

	if (due != UINT64_MAX) {
		uint64_t left = due > now ? due - now : 0;

		ts.tv_sec = (time_t)(left / 1000000);
		ts.tv_nsec = (long)(left % 1000000) * 1000;
		until = &ts;
	}
	if (ppoll(p, 3, until, NULL) < 0 && errno != EINTR)
		die("poll");
}

int main(int argc, char **argv)
{
	static struct netctl c;
	static const char *const dev[2] = {"em0", "em1"};
	struct pollfd p[3];
	int tun[2];

	if (argc < 5) {
		fprintf(stderr,
			"usage: tunem NS_A ADDR_A NS_B ADDR_B [SEED]\n");
		return 2;
	}
	netctl_init(&c, argc > 5 ? strtoull(argv[5], NULL, 0) : 1);
	for (int i = 0; i < 2; i++) {
		tun[i] = open_tun(argv[1 + 2 * i], argv[2 + 2 * i], dev[i]);
		p[i] = (struct pollfd){.fd = tun[i], .events = POLLIN};
	}
	p[2] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
	puts("up");
	fflush(stdout);
	for (;;) {
		wait_for(&c, p);
		for (int i = 0; i < 2; i++)
			if (p[i].revents)
				take(&c, i, tun[i]);
		if (p[2].revents && !netctl_read(&c, STDIN_FILENO))
			p[2].fd = -1;
		give(&c, tun);
	}
}
