#include "signald/rolemake.h"

#include "common/log.h"
#include "common/str.h"
#include "common/sys/sandbox.h"
#include "signald/sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Tells a person what is wrong; returns err. */
static int complain(int err, const char *what, const char *which,
		    unsigned int port)
{
	log_error("supervisor", what, "which=\"%s\" port=%u error=\"%s\"",
		  which, port, strerror(-err));
	return err;
}

/* 0700, and the user's; parents as needed. */
static int make_dir(const char *path, uid_t uid, gid_t gid)
{
	char part[512];
	struct stat st;

	if (str_copy(part, sizeof(part), path))
		return -ENAMETOOLONG;
	for (char *p = part + 1; *p; p++)
		if (*p == '/') {
			*p = '\0';
			mkdir(part, 0755);
			*p = '/';
		}
	if (mkdir(path, 0700) && errno != EEXIST)
		return -errno;
	if (stat(path, &st))
		return -errno;
	if (!S_ISDIR(st.st_mode) ||
	    (st.st_uid != geteuid() && st.st_uid != uid))
		return -EPERM;
	if (st.st_uid != uid && chown(path, uid, gid))
		return -errno;
	return st.st_mode & 077 && chmod(path, 0700) ? -errno : 0;
}

int rolemake_dirs(const struct conf *conf)
{
	const struct conf_server *c = &conf->server;
	uid_t uid = geteuid();
	gid_t gid = getegid();
	int err;

	if (uid == 0 && *c->user && sandbox_user(c->user, &uid, &gid))
		log_warn("supervisor", "stays root", "no-user=%s", c->user);
	err = make_dir(c->state_dir, uid, gid);
	if (err)
		return complain(err, "no state directory", c->state_dir, 0);
	err = make_dir(c->run_dir, uid, gid);
	if (err)
		return complain(err, "no run directory", c->run_dir, 0);
	if (access(conf->media.program, X_OK))
		return complain(-errno, "no mediad", conf->media.program, 0);
	return 0;
}

int rolemake_announce(const struct conf *conf, struct lifeline_start *st)
{
	const struct conf_list *l = &conf->media.announce;
	uint32_t n = 0;

	if (!l->n && *conf->media.address &&
	    !addr_parse(&st->announce[0], conf->media.address, 0) &&
	    !addr_is_any(&st->announce[0]))
		n = 1;
	else if (!l->n)
		n = (uint32_t)sockets_own_addrs(st->announce, LIFELINE_ADDRS);
	for (size_t i = 0; i < l->n && i < LIFELINE_ADDRS; i++)
		if (addr_parse(&st->announce[n++], l->v[i], 0))
			return complain(-EINVAL, "not an address", l->v[i], 0);
	st->n_announce = n;
	return 0;
}

/* What all roles are told. */
static void fill_start(struct role *r, const struct conf *conf,
		       const struct lifeline_start *base)
{
	r->start = *base;
	r->start.log_level = (uint32_t)log_level_parse(conf->server.log_level);
	r->start.log_json = conf->server.log_json;
	r->start.cpu = -1;
	str_copy(r->start.run_dir, sizeof(r->start.run_dir),
		 conf->server.run_dir);
}

/* Adopts a socket that was made, or tells why not. */
static int give(struct role *r, enum lifeline_fd kind, int fd, const char *what,
		unsigned int port)
{
	if (fd < 0)
		return complain(fd, "cannot listen", what, port);
	return role_add_fd(r, kind, fd);
}

/* The file that root has just made. */
static void give_to_user(const struct conf *conf, const char *path)
{
	uid_t uid;
	gid_t gid;

	if (geteuid() == 0 && !sandbox_user(conf->server.user, &uid, &gid) &&
	    chown(path, uid, gid))
		log_warn("supervisor", "not given away", "file=%s", path);
}

static int open_listeners(struct role *r, const struct conf *conf)
{
	const struct conf_listen *l = &conf->listen;
	enum lifeline_fd kind = l->tls ? LIFELINE_FD_HTTPS : LIFELINE_FD_HTTP;
	char path[LIFELINE_PATH] = "";
	int err = 0;

	if (!l->address.n)
		err = give(r, kind, sockets_tcp("", (uint16_t)l->port), "*",
			   l->port);
	for (size_t i = 0; !err && i < l->address.n; i++)
		err = give(r, kind,
			   sockets_tcp(l->address.v[i], (uint16_t)l->port),
			   l->address.v[i], l->port);
	if (!err && *l->metrics_address)
		err = give(r, LIFELINE_FD_METRICS,
			   sockets_tcp(l->metrics_address,
				       (uint16_t)l->metrics_port),
			   l->metrics_address, l->metrics_port);
	str_addf(path, sizeof(path), "%s/admin", conf->server.run_dir);
	if (!err)
		err = give(r, LIFELINE_FD_ADMIN, sockets_unix(path), path, 0);
	if (!err)
		give_to_user(conf, path);
	return err;
}

static int init_server(struct role *r, const struct conf *conf,
		       const char *program, const struct lifeline_start *base)
{
	int err = role_init(r, "server", program);

	if (err)
		return err;
	role_add_arg(r, "signald");
	role_add_arg(r, "-x");
	role_add_arg(r, "server");
	role_add_arg(r, "-l");
	role_add_arg(r, "3");
	if (conf->path) {
		role_add_arg(r, "-c");
		role_add_arg(r, conf->path);
	}
	fill_start(r, conf, base);
	return 0;
}

int rolemake_server(struct role *r, const struct conf *conf,
		    const char *program, const struct lifeline_start *base)
{
	int err = init_server(r, conf, program, base);

	return err ? err : open_listeners(r, conf);
}

int rolemake_successor(struct role *r, const struct role *old,
		       const struct conf *conf)
{
	int err = init_server(r, conf, old->program, &old->start);

	/* fd[0] is the heartbeat: each has its own. */
	for (size_t i = 1; !err && i < old->n_fds; i++) {
		int fd = fcntl(old->fd[i], F_DUPFD_CLOEXEC, 0);

		err = fd < 0 ? -errno
			     : role_add_fd(r, (enum lifeline_fd)old->fd_kind[i],
					   fd);
	}
	r->start.generation = old->start.generation;
	r->start.standby = 1;
	if (err)
		role_fini(r);
	return err;
}

static int open_media(struct role *r, const struct conf *conf, uint32_t index)
{
	const struct conf_media *m = &conf->media;
	uint32_t port = m->port ? m->port + index : 0;
	int udp = sockets_udp(m->address, (uint16_t)port, m->buffer_kib * 1024);
	int err = give(r, LIFELINE_FD_UDP, udp, "udp", port);
	int tcp;

	if (err)
		return err;
	tcp = sockets_tcp(m->address, sockets_port(udp));
	if (tcp == -EADDRINUSE && !port)
		tcp = sockets_tcp(m->address, 0);
	return give(r, LIFELINE_FD_TCP, tcp, "tcp", port);
}

int rolemake_worker(struct role *r, const struct conf *conf, uint32_t index,
		    const struct lifeline_start *base)
{
	char name[24] = "", number[12] = "";
	int err;

	str_addf(name, sizeof(name), "worker %u", index);
	str_addf(number, sizeof(number), "%u", index);
	err = role_init(r, name, conf->media.program);
	if (err)
		return err;
	role_add_arg(r, "mediad");
	role_add_arg(r, "-i");
	role_add_arg(r, number);
	role_add_arg(r, "-l");
	role_add_arg(r, "3");
	fill_start(r, conf, base);
	r->start.index = index;
	err = role_add_box(r);
	if (!err)
		err = role_add_recorder(r);
	return err ? err : open_media(r, conf, index);
}
