#include "signald/server.h"

#include "common/log.h"
#include "common/str.h"
#include "common/sys/clock.h"
#include "common/sys/loop.h"
#include "common/sys/rng.h"
#include "common/sys/sandbox.h"
#include "proto/lifeline.h"
#include "signald/api/admin.h"
#include "signald/api/hub.h"
#include "signald/conf_reload.h"
#include "signald/net/files.h"
#include "signald/net/net.h"
#include "signald/net/tls.h"
#include "signald/sockets.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define START_MS  5000
#define LINGER_US 500000 /* for close frames to leave, at the end */
#define NAMES_MAX 32
#define PATH_CAP  512

struct server {
	const struct conf *conf;
	struct loop *loop;
	struct loop_fd *watch;
	int lifeline;
	struct heartbeat *beat;
	struct tls *tls;
	struct files *files;
	struct hub *hub;
	struct net *net;
	struct admin *admin;
	struct conf *own;   /* of a reload, with those before; conf is it */
	uint64_t drain_us;  /* when meetings must have ended; 0: serving */
	uint64_t stop_us;   /* when to leave the loop; 0: serving */
	uint64_t orphan_us; /* life without a supervisor ends; 0: has one */
	uint32_t orphan_ms;
};

static void stop(struct server *s)
{
	if (s->stop_us)
		return;
	s->stop_us = loop_now_us(s->loop) + LINGER_US;
	net_stop(s->net);
	hub_stop(s->hub, 0);
}

static uint64_t on_turn(void *arg, uint64_t now_us)
{
	struct server *s = arg;

	if (s->beat) {
		s->beat->beat_us = now_us;
		s->beat->turns++;
	}
	if (s->orphan_us && now_us >= s->orphan_us)
		stop(s);
	if (s->drain_us && !s->stop_us &&
	    (now_us >= s->drain_us || !net_stats(s->net)->websockets))
		stop(s);
	if (s->stop_us && (now_us >= s->stop_us || !net_stats(s->net)->conns))
		loop_stop(s->loop);
	return now_us + LIFELINE_BEAT_US;
}

/* Where the certificate and its key are. */
static void cert_paths(const struct conf *conf, char cert[PATH_CAP],
		       char key[PATH_CAP])
{
	const struct conf_listen *l = &conf->listen;
	const char *dir = conf->server.state_dir;

	cert[0] = key[0] = '\0';
	str_addf(cert, PATH_CAP, *l->cert ? "%s" : "%s/cert.pem",
		 *l->cert ? l->cert : dir);
	str_addf(key, PATH_CAP, *l->key ? "%s" : "%s/key.pem",
		 *l->key ? l->key : dir);
}

static void fill_net_conf(const struct server *s, struct net_conf *nc);

/* Connections stay; each part that cannot be had keeps what it has. */
static void reload(struct server *s)
{
	char err[512] = "", cert[PATH_CAP], key[PATH_CAP];
	struct conf *fresh = conf_reload(s->conf, err, sizeof(err));
	struct net_conf nc;

	if (!fresh) {
		log_error("server", "configuration not reloaded",
			  "error=\"%s\"", err);
	} else {
		fresh->before = s->own;
		s->conf = s->own = fresh;
		log_set_level((enum log_level)log_level_parse(
			fresh->server.log_level));
		fill_net_conf(s, &nc);
		net_configure(s->net, &nc);
		hub_configure(s->hub, fresh);
	}
	cert_paths(s->conf, cert, key);
	if (s->tls && tls_reload(s->tls, cert, key, err, sizeof(err)))
		log_error("server", "certificate not reloaded", "error=\"%s\"",
			  err);
	else
		log_info("server", "reloaded", "tls=%d", s->tls != NULL);
}

/* The end is near: at once, or when the last meeting ends. */
static void drain(struct server *s, uint32_t ms)
{
	if (!ms || s->drain_us) {
		stop(s);
		return;
	}
	s->drain_us = loop_now_us(s->loop) + ms * 1000ull;
	hub_drain(s->hub, ms);
	log_info("server", "draining", "s=%u", ms / 1000);
}

static void on_message(struct server *s, const struct lifeline_msg *m,
		       const int *fds, size_t n_fds)
{
	switch (m->type) {
	case LIFELINE_WORKER:
		hub_worker(s->hub, &m->u.worker, n_fds ? fds[0] : -1);
		break;
	case LIFELINE_QUARANTINE:
		hub_quarantine(s->hub, m->u.room);
		break;
	case LIFELINE_RELOAD:
		reload(s);
		break;
	case LIFELINE_LOG:
		log_set_level((enum log_level)m->u.log_level);
		break;
	case LIFELINE_STOP:
		drain(s, m->u.drain_ms);
		break;
	case LIFELINE_LET_GO:
		stop(s);
		break;
	default:
		break;
	}
}

static void on_lifeline(void *arg, unsigned int ready)
{
	struct server *s = arg;
	struct lifeline_msg m;
	int fds[PROC_MAX_FDS];
	size_t n_fds;
	int got;

	(void)ready;
	while ((got = lifeline_recv(s->lifeline, &m, fds, &n_fds)) == 1) {
		on_message(s, &m, fds, n_fds);
		while (n_fds)
			close(fds[--n_fds]);
	}
	if (got == -EAGAIN)
		return;
	loop_fd_free(s->watch);
	s->watch = NULL;
	s->orphan_us = loop_now_us(s->loop) + (uint64_t)s->orphan_ms * 1000 + 1;
}

/* ---- set-up ---------------------------------------------------------------
 */

static void on_term(void *arg, int signo)
{
	(void)signo;
	stop(arg);
}

/* The names of this machine for a certificate of its own. */
static size_t own_names(const struct conf *conf, const char **names,
			char text[NAMES_MAX][ADDR_STRLEN])
{
	struct addr addr[LIFELINE_ADDRS];
	size_t n = sockets_own_addrs(addr, LIFELINE_ADDRS), k = 0;

	for (size_t i = 0; i < n; i++, k++)
		names[k] = addr_ip(&addr[i], text[k]);
	if (!gethostname(text[k], ADDR_STRLEN - 1) && *text[k]) {
		text[k][ADDR_STRLEN - 1] = '\0';
		names[k] = text[k];
		k++;
	}
	for (size_t i = 0; i < conf->listen.names.n && k < NAMES_MAX; i++)
		names[k++] = conf->listen.names.v[i];
	return k;
}

static int open_tls(struct server *s, char *err, size_t cap)
{
	const struct conf_listen *l = &s->conf->listen;
	char cert[PATH_CAP], key[PATH_CAP], text[NAMES_MAX][ADDR_STRLEN];
	const char *names[NAMES_MAX];

	if (!l->tls)
		return 0;
	cert_paths(s->conf, cert, key);
	if (!*l->cert) {
		int made = tls_self_sign(cert, key, names,
					 own_names(s->conf, names, text));

		if (made > 0)
			log_info("server", "certificate made", "file=%s", cert);
		if (made < 0) {
			str_addf(err, cap, "%s: %s", cert, strerror(-made));
			return made;
		}
	}
	s->tls = tls_new(cert, key, err, cap);
	return s->tls ? 0 : -EINVAL;
}

static void fill_net_conf(const struct server *s, struct net_conf *nc)
{
	const struct conf_listen *l = &s->conf->listen;

	net_conf_defaults(nc);
	nc->conns = l->conns;
	nc->conns_per_addr = l->conns_per_addr;
	nc->addr_burst = s->conf->limits.addr_conn.burst;
	nc->addr_rate = s->conf->limits.addr_conn.rate;
	nc->handshake_ms = l->handshake_ms;
	nc->header_ms = l->header_ms;
	nc->idle_ms = l->idle_ms;
	nc->ping_ms = l->ping_ms;
	nc->lost_ms = l->lost_ms;
	nc->out_bytes = l->out_bytes;
	nc->origins = (const char *const *)l->origins.v;
	nc->n_origins = l->origins.n;
	nc->proxies = (const char *const *)l->proxies.v;
	nc->n_proxies = l->proxies.n;
	nc->tls = s->tls;
	nc->files = s->files;
}

static int open_net(struct server *s)
{
	struct net_conf nc;
	struct net_ops ops = hub_net_ops(s->hub);

	fill_net_conf(s, &nc);
	s->net = net_new(s->loop, &nc, &ops);
	if (!s->net)
		return -ENOMEM;
	hub_set_net(s->hub, s->net);
	return 0;
}

/* Hands each descriptor to its user. */
static int take_fds(struct server *s, const struct lifeline_start *st,
		    const int *fds)
{
	int err = 0;

	for (uint32_t i = 0; !err && i < st->n_fds; i++) {
		switch (st->fd[i]) {
		case LIFELINE_FD_HEARTBEAT:
			s->beat = lifeline_heartbeat(fds[i]);
			close(fds[i]);
			break;
		case LIFELINE_FD_HTTPS:
			err = net_listen(s->net, fds[i], NET_TLS);
			break;
		case LIFELINE_FD_HTTP:
			err = net_listen(s->net, fds[i], NET_PLAIN);
			break;
		case LIFELINE_FD_METRICS:
			err = net_listen(s->net, fds[i], NET_INTERNAL);
			break;
		case LIFELINE_FD_ADMIN:
			s->admin =
				admin_new(s->loop, s->hub, fds[i], s->lifeline);
			err = s->admin ? 0 : -ENOMEM;
			break;
		default:
			close(fds[i]);
		}
	}
	return err;
}

static int open_all(struct server *s, char *err, size_t cap)
{
	err[0] = '\0';
	s->loop = loop_new();
	if (!s->loop || loop_signal(s->loop, SIGTERM, on_term, s))
		return -ENOMEM;
	if (open_tls(s, err, cap))
		return -EINVAL;
	s->files = files_load(s->conf->listen.web_root);
	if (!s->files)
		log_warn("server", "no web client", "folder=%s error=\"%s\"",
			 s->conf->listen.web_root, strerror(errno));
	return 0;
}

/* The folder of a file, or "" for none. */
static void folder_of(char *out, size_t cap, const char *file)
{
	char *slash;

	str_copy(out, cap, file);
	slash = strrchr(out, '/');
	if (slash)
		slash[slash == out] = '\0';
	else
		str_copy(out, cap, *file ? "." : "");
}

/*
 * Before the threads of journal and bus, so that they are meant, too. Folders
 * of certificate and configuration, not the files: they are replaced by
 * renaming.
 */
static int confine(struct server *s)
{
	char cert[512], key[512], conf[512];
	const struct sandbox_path paths[] = {
		{s->conf->server.state_dir, true},
		{s->conf->server.run_dir, true},
		{s->conf->listen.web_root, false},
		{cert, false},
		{key, false},
		{conf, false},
		{"/etc/resolv.conf", false},
		{"/etc/hosts", false},
		{"/etc/nsswitch.conf", false},
		{"/etc/gai.conf", false},
		{"/etc/ssl", false},
		{"/usr/share/ca-certificates", false},
		{"/usr/lib", false}, /* the resolver's libraries */
		{"/lib", false},
		{"/proc/self", false},
		{"/dev/null", true},
	};

	folder_of(cert, sizeof(cert), s->conf->listen.cert);
	folder_of(key, sizeof(key), s->conf->listen.key);
	folder_of(conf, sizeof(conf), s->conf->path ? s->conf->path : "");
	return sandbox_enter(SANDBOX_SIGNALD, paths,
			     sizeof(paths) / sizeof(paths[0]));
}

/* An upgrade: the old server still serves; wait until it has let go. */
static int stand_by(struct server *s)
{
	struct lifeline_msg m = {.type = LIFELINE_STANDBY};
	int fds[PROC_MAX_FDS];
	size_t n_fds;
	int got = lifeline_send(s->lifeline, &m, NULL, 0);

	if (got)
		return got;
	for (;;) {
		struct pollfd p = {.fd = s->lifeline, .events = POLLIN};

		if (poll(&p, 1, -1) < 0)
			continue;
		got = lifeline_recv(s->lifeline, &m, fds, &n_fds);
		while (n_fds)
			close(fds[--n_fds]);
		if (got == 0)
			return -EPIPE;
		if (got == 1 && m.type == LIFELINE_GO)
			return 0;
		if (got == 1 && m.type == LIFELINE_STOP)
			return -ECANCELED;
	}
}

/* From here on this is the one server: journal, bus, connections. */
static int open_hub(struct server *s, char *err, size_t cap)
{
	s->hub = hub_new(s->loop, s->conf, err, cap);
	if (!s->hub)
		return -EINVAL;
	hub_set_lifeline(s->hub, s->lifeline);
	return open_net(s);
}

static int serve(struct server *s, const struct lifeline_start *st,
		 const int *fds)
{
	struct lifeline_msg ready = {.type = LIFELINE_READY};
	int err = take_fds(s, st, fds);

	if (err)
		return err;
	s->watch = loop_fd_new(s->loop, s->lifeline, LOOP_READ, on_lifeline, s);
	if (!s->watch || loop_hook(s->loop, on_turn, s))
		return -ENOMEM;
	err = lifeline_send(s->lifeline, &ready, NULL, 0);
	return err ? err : loop_run(s->loop);
}

static void close_all(struct server *s)
{
	loop_fd_free(s->watch);
	admin_free(s->admin);
	net_free(s->net);
	hub_free(s->hub);
	tls_free(s->tls);
	files_free(s->files);
	loop_free(s->loop);
	conf_free(s->own);
}

int server_run(const struct conf *conf, int lifeline)
{
	struct server s = {.conf = conf, .lifeline = lifeline};
	struct lifeline_msg m;
	int fds[PROC_MAX_FDS];
	char text[256] = "";
	int err = lifeline_wait_start(lifeline, &m, fds, START_MS);

	if (err) {
		log_error("server", "no start", "error=\"%s\"", strerror(-err));
		return 1;
	}
	lifeline_on_fatal(lifeline);
	sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
	log_setup("signald", (enum log_level)m.u.start.log_level,
		  m.u.start.log_json);
	s.orphan_ms = m.u.start.orphan_ms;
	err = sandbox_drop();
	if (!err)
		err = rng_setup();
	if (!err)
		err = open_all(&s, text, sizeof(text));
	if (!err)
		err = confine(&s);
	if (!err && m.u.start.standby)
		err = stand_by(&s);
	if (!err)
		err = open_hub(&s, text, sizeof(text));
	if (!err)
		err = serve(&s, &m.u.start, fds);
	if (err)
		log_error("server", "cannot serve", "error=\"%s\"",
			  *text ? text : strerror(-err));
	close_all(&s);
	return err ? 1 : 0;
}
