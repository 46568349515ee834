#include "tests/unit/signald/site.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/log.h"
#include "common/sys/loop.h"
#include "common/sys/rng.h"
#include "signald/api/hub.h"
#include "tests/lib/test.h"

static int listen_on(uint16_t *port)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
				.sin_port = htons(*port),
				.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	int on = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	ck_assert_int_eq(listen(fd, 128), 0);
	getsockname(fd, (struct sockaddr *)&a, &len);
	*port = ntohs(a.sin_port);
	return fd;
}

/* What the server role does, but for TLS, files and the supervisor. */
static void serve(int fd)
{
	struct net_conf conf;
	struct net_ops ops;
	struct loop *loop = loop_new();
	struct conf *c;
	struct hub *hub;
	struct net *net;
	char err[256];

	rng_setup();
	log_setup("signald", LOG_ERROR, false);
	c = conf_load(NULL, err, sizeof(err));
	hub = c ? hub_new(loop, c, err, sizeof(err)) : NULL;
	if (!hub) {
		fprintf(stderr, "site: %s\n", err);
		_exit(2);
	}
	net_conf_defaults(&conf);
	ops = hub_net_ops(hub);
	net = net_new(loop, &conf, &ops);
	hub_set_net(hub, net);
	net_listen(net, fd, NET_PLAIN);
	loop_run(loop);
	_exit(0);
}

static void spawn(struct site *k)
{
	int fd = listen_on(&k->port);

	k->pid = fork();
	ck_assert_int_ge(k->pid, 0);
	if (k->pid == 0)
		serve(fd);
	close(fd);
}

struct site *site_start(const char *policy)
{
	struct site *k = calloc(1, sizeof(*k));

	strcpy(k->dir, "/tmp/chattr-site-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(k->dir));
	setenv("CHATTR_SERVER_STATE_DIR", k->dir, 1);
	setenv("CHATTR_ROOMS_POLICY", policy, 1);
	signal(SIGPIPE, SIG_IGN);
	spawn(k);
	return k;
}

static void end(struct site *k)
{
	kill(k->pid, SIGKILL);
	waitpid(k->pid, NULL, 0);
}

void site_crash(struct site *k)
{
	end(k);
	spawn(k);
}

void site_stop(struct site *k)
{
	static const char *const files[] = {"journal.db", "journal.db-wal",
					    "journal.db-shm", "secret.key"};
	char path[128];

	end(k);
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		snprintf(path, sizeof(path), "%s/%s", k->dir, files[i]);
		unlink(path);
	}
	rmdir(k->dir);
	free(k);
}
