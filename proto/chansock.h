/*
 * chansock: one nanomsg PAIR socket over ipc:// and its two descriptors in
 * an epoll set. Which socket lives when is chan.c's business.
 */
#ifndef PROTO_CHANSOCK_H
#define PROTO_CHANSOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct chansock {
	int nn;	      /* -1: closed */
	int ep;	      /* borrowed: the channel's epoll set */
	int rcv, snd; /* descriptors of nanomsg, readable when ready */
	bool wants;   /* snd is in the set */
};

/* Binds or connects to a path; 0 or -errno. */
int chansock_open(struct chansock *s, int ep, const char *path, bool bind,
		  size_t max);
void chansock_close(struct chansock *s);

/* A whole message; 0, -EAGAIN, or another -errno. Never blocks. */
int chansock_send(struct chansock *s, const void *buf, size_t len);

/* The length of a message (which may be over cap: it is cut), or -errno. */
ssize_t chansock_recv(struct chansock *s, void *buf, size_t cap);

/* Whether the epoll set shall tell when sending is possible. */
void chansock_want_send(struct chansock *s, bool wants);

#endif
