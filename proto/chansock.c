#include "proto/chansock.h"

#include <errno.h>
#include <nanomsg/nn.h>
#include <nanomsg/pair.h>
#include <stdio.h>
#include <sys/epoll.h>

static int set_int(int nn, int opt, int val)
{
	return nn_setsockopt(nn, NN_SOL_SOCKET, opt, &val, sizeof(val));
}

static int get_fd(int nn, int opt)
{
	int fd = -1;
	size_t len = sizeof(fd);

	if (nn_getsockopt(nn, NN_SOL_SOCKET, opt, &fd, &len))
		return -1;
	return fd;
}

static int watch(int ep, int fd)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.fd = fd};

	return epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev);
}

static int attach(struct chansock *s, const char *path, bool bind, size_t max)
{
	char url[128];
	int n = snprintf(url, sizeof(url), "ipc://%s", path);

	if (n < 0 || (size_t)n >= sizeof(url))
		return -ENAMETOOLONG;
	/* Over this nanomsg drops the connection: keep it above our own cap. */
	if (set_int(s->nn, NN_RCVMAXSIZE, (int)(2 * max)) ||
	    set_int(s->nn, NN_RECONNECT_IVL, 20) ||
	    set_int(s->nn, NN_RECONNECT_IVL_MAX, 20))
		return -nn_errno();
	if ((bind ? nn_bind(s->nn, url) : nn_connect(s->nn, url)) < 0)
		return -nn_errno();
	s->rcv = get_fd(s->nn, NN_RCVFD);
	s->snd = get_fd(s->nn, NN_SNDFD);
	if (s->rcv < 0 || s->snd < 0)
		return -EMFILE;
	return watch(s->ep, s->rcv) ? -errno : 0;
}

int chansock_open(struct chansock *s, int ep, const char *path, bool bind,
		  size_t max)
{
	int err;

	*s = (struct chansock){.ep = ep, .rcv = -1, .snd = -1};
	s->nn = nn_socket(AF_SP, NN_PAIR);
	if (s->nn < 0)
		return -nn_errno();
	err = attach(s, path, bind, max);
	if (err)
		chansock_close(s);
	return err;
}

void chansock_close(struct chansock *s)
{
	if (s->nn < 0)
		return;
	if (s->rcv >= 0)
		epoll_ctl(s->ep, EPOLL_CTL_DEL, s->rcv, NULL);
	chansock_want_send(s, false);
	while (nn_close(s->nn) && nn_errno() == EINTR)
		;
	s->nn = -1;
}

int chansock_send(struct chansock *s, const void *buf, size_t len)
{
	if (s->nn < 0)
		return -EBADF;
	return nn_send(s->nn, buf, len, NN_DONTWAIT) < 0 ? -nn_errno() : 0;
}

ssize_t chansock_recv(struct chansock *s, void *buf, size_t cap)
{
	int n;

	if (s->nn < 0)
		return -EBADF;
	n = nn_recv(s->nn, buf, cap, NN_DONTWAIT);
	return n < 0 ? -nn_errno() : n;
}

void chansock_want_send(struct chansock *s, bool wants)
{
	if (s->snd < 0 || wants == s->wants)
		return;
	if (wants)
		watch(s->ep, s->snd);
	else
		epoll_ctl(s->ep, EPOLL_CTL_DEL, s->snd, NULL);
	s->wants = wants;
}
