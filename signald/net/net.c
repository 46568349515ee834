#include "signald/net/net.h"

#include "common/sys/loop.h"
#include "common/sys/rng.h"
#include "signald/net/conn_impl.h"
#include "signald/net/netmask.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define ACCEPT_BATCH	64
#define ACCEPT_PAUSE_US 100000 /* after EMFILE */

void net_conf_defaults(struct net_conf *conf)
{
	*conf = (struct net_conf){
		.conns = 20000,
		.conns_per_addr = 500,
		.addr_burst = 100,
		.addr_rate = 20,
		.handshake_ms = 10000,
		.header_ms = 10000,
		.idle_ms = 30000,
		.ping_ms = 20000,
		.lost_ms = 30000,
		.head_bytes = 8192,
		.body_bytes = 65536,
		.msg_bytes = 65536,
		.in_burst = 131072,
		.in_rate = 65536,
		.out_bytes = 262144,
	};
}

static void set_accepting(struct net *net, bool on)
{
	for (size_t i = 0; i < net->n_listeners; i++)
		loop_fd_want(net->listener[i].watch, on ? LOOP_READ : 0);
}

static uint64_t on_turn(void *arg, uint64_t now_us)
{
	struct net *net = arg;
	struct timer *t;

	while ((t = timerq_pop(&net->timers, now_us))) {
		if (t->kind == TIMER_ACCEPT)
			set_accepting(net, true);
		else if (t->kind == TIMER_PAUSE)
			conn_resume(list_entry(t, struct conn, pause));
		else
			conn_due(list_entry(t, struct conn, timer), now_us);
	}
	/* Each may put itself or others back; that ends within the turn. */
	while (!list_empty(&net->todo)) {
		struct list *it = net->todo.next;

		list_del(it);
		conn_turn(list_entry(it, struct conn, todo));
	}
	return timerq_deadline(&net->timers);
}

struct net *net_new(struct loop *loop, const struct net_conf *conf,
		    const struct net_ops *ops)
{
	struct net *net = calloc(1, sizeof(*net));
	uint64_t seed = rng_id();

	if (!net)
		return NULL;
	net->loop = loop;
	net->conf = *conf;
	net->ops = *ops;
	net->resume.kind = TIMER_ACCEPT;
	list_init(&net->conns);
	list_init(&net->todo);
	idmap_init(&net->by_id);
	timerq_init(&net->timers);
	net->caps = addrcap_new((size_t)conf->conns * 2, conf->conns_per_addr,
				conf->addr_burst, conf->addr_rate, seed);
	if (!net->caps || loop_hook(loop, on_turn, net)) {
		addrcap_free(net->caps);
		free(net);
		return NULL;
	}
	return net;
}

void net_free(struct net *net)
{
	if (!net)
		return;
	net_stop(net);
	list_for_each (it, &net->conns)
		conn_kill(list_entry(it, struct conn, node), NET_END_OURS);
	while (!list_empty(&net->conns))
		conn_turn(list_entry(net->conns.next, struct conn, node));
	loop_unhook(net->loop, net);
	addrcap_free(net->caps);
	timerq_fini(&net->timers);
	idmap_fini(&net->by_id);
	free(net);
}

/* ---- accepting ------------------------------------------------------------
 */

/* 0, or the reason why this address may not come in. */
static int admit(struct net *net, const struct addr *from, bool proxied)
{
	int err;

	if (net->stats.conns >= net->conf.conns) {
		net->stats.refused_conns++;
		return -ENFILE;
	}
	if (proxied)
		return 0;
	err = addrcap_enter(net->caps, from, loop_now_us(net->loop));
	if (err)
		net->stats.refused_addr++;
	return err;
}

static void welcome(struct net_listener *l, int fd, const struct addr *from)
{
	struct net *net = l->net;
	bool inside = l->kind == NET_INTERNAL;
	bool proxied =
		netmask_any(net->conf.proxies, net->conf.n_proxies, from);
	struct conn *c;
	int one = 1;

	if (!inside && admit(net, from, proxied)) {
		close(fd);
		return;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	c = conn_new(net, fd, l->kind, from);
	if (!c) {
		if (!inside && !proxied)
			addrcap_leave(net->caps, from);
		close(fd);
		return;
	}
	c->proxied = proxied;
	c->capped = !inside && !proxied;
	c->cap_addr = *from;
	net->stats.accepted++;
}

/* False: stop for now. */
static bool accept_one(struct net_listener *l)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	int fd = accept4(l->fd, (struct sockaddr *)&ss, &len,
			 SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct addr from;

	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM ||
		    errno == ENOBUFS) {
			struct net *net = l->net;

			set_accepting(net, false);
			timerq_set(&net->timers, &net->resume,
				   loop_now_us(net->loop) + ACCEPT_PAUSE_US);
			return false;
		}
		return errno == ECONNABORTED || errno == EINTR;
	}
	if (addr_from_sa(&from, (struct sockaddr *)&ss)) {
		close(fd);
		return true;
	}
	welcome(l, fd, &from);
	return true;
}

static void on_accept(void *arg, unsigned int ready)
{
	(void)ready;
	for (int i = 0; i < ACCEPT_BATCH && accept_one(arg); i++)
		;
}

int net_listen(struct net *net, int fd, enum net_kind kind)
{
	struct net_listener *l = &net->listener[net->n_listeners];

	if (net->n_listeners == NET_LISTENERS)
		return -ENOSPC;
	*l = (struct net_listener){.net = net, .fd = fd, .kind = kind};
	l->watch = loop_fd_new(net->loop, fd, LOOP_READ, on_accept, l);
	if (!l->watch)
		return -ENOMEM;
	net->n_listeners++;
	return 0;
}

void net_stop(struct net *net)
{
	for (size_t i = 0; i < net->n_listeners; i++) {
		loop_fd_free(net->listener[i].watch);
		close(net->listener[i].fd);
	}
	net->n_listeners = 0;
	timerq_unset(&net->timers, &net->resume);
}

/* ---- the rest -------------------------------------------------------------
 */

size_t net_drop_all(struct net *net)
{
	size_t n = 0;

	list_for_each_safe (it, &net->conns) {
		struct conn *c = list_entry(it, struct conn, node);

		if (c->state != CONN_WS)
			continue;
		conn_kill(c, NET_END_LOST);
		n++;
	}
	return n;
}

void net_close_all(struct net *net, uint16_t code, const char *reason)
{
	list_for_each (it, &net->conns)
		conn_close(list_entry(it, struct conn, node), code, reason);
}

struct conn *net_find(struct net *net, uint64_t id)
{
	return idmap_get(&net->by_id, id);
}

void net_configure(struct net *net, const struct net_conf *conf)
{
	net->conf = *conf;
}

void net_set_files(struct net *net, struct files *files)
{
	net->conf.files = files;
}

const struct net_stats *net_stats(const struct net *net)
{
	return &net->stats;
}
