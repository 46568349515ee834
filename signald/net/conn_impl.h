/*
 * conn_impl: the inside of net and conn, for net.c, conn.c and serve.c only.
 *
 * A connection's state moves forward, but for the circle HTTP -> REPLY ->
 * HTTP of kept-alive requests. Whatever ends one puts it on net->todo; the
 * turn's end makes the up-call and frees it, so no function pulls a conn
 * from under its caller.
 */
#ifndef SIGNALD_NET_CONN_IMPL_H
#define SIGNALD_NET_CONN_IMPL_H

#include "common/idmap.h"
#include "common/list.h"
#include "common/bucket.h"
#include "common/timerq.h"
#include "signald/net/addrcap.h"
#include "signald/net/conn.h"
#include "signald/net/http.h"
#include "signald/net/net.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>

struct ws;

enum conn_state {
	CONN_TLS,     /* shaking hands */
	CONN_HTTP,    /* between or inside requests */
	CONN_REPLY,   /* a request is complete, its answer is owed */
	CONN_WS,      /* a WebSocket is open */
	CONN_CLOSING, /* our close frame is out, waiting for theirs */
	CONN_FLUSH,   /* nothing more to read; the rest goes out */
	CONN_DEAD,    /* freed at the turn's end */
};

enum timer_kind {
	TIMER_CONN,
	TIMER_ACCEPT,
	TIMER_PAUSE, /* a connection is listened to again */
};

struct conn {
	struct list node; /* net->conns */
	struct list todo; /* net->todo */
	struct timer timer;
	struct timer pause; /* who sends too much is not listened to */
	struct bucket reading;
	size_t counted; /* bytes of the input that the bucket gave */
	struct net *net;
	struct bufferevent *bev;
	struct ws *ws;
	void *user;
	uint64_t id;
	struct addr addr;
	struct addr cap_addr; /* what addrcap counted */
	enum net_kind kind;
	enum conn_state state;
	enum net_end end;
	bool capped;	/* addrcap_leave() is owed */
	bool proxied;	/* the socket is a trusted proxy's */
	bool announced; /* on_open was called, on_close is owed */
	bool served;	/* http holds a request that is answered */
	bool head_only; /* HEAD: the answer has no body */
	bool shut;	/* our side of the stream is closed */
	uint64_t heard_us;
	uint64_t ping_us; /* the next ping */
	size_t unsent;	  /* at the last look: does it shrink? */
	struct http http;
};

#define NET_LISTENERS 16

struct net_listener {
	struct net *net;
	struct loop_fd *watch;
	int fd;
	enum net_kind kind;
};

struct net {
	struct loop *loop;
	struct net_conf conf;
	struct net_ops ops;
	struct addrcap *caps;
	struct idmap by_id;
	struct timerq timers;
	struct timer resume; /* accept again after EMFILE */
	struct list conns;
	struct list todo;
	struct net_listener listener[NET_LISTENERS];
	size_t n_listeners;
	uint64_t last_id;
	struct net_stats stats;
};

/* conn.c */
struct conn *conn_new(struct net *net, int fd, enum net_kind kind,
		      const struct addr *from);
void conn_free(struct conn *c);
void conn_due(struct conn *c, uint64_t now_us); /* its timer */
void conn_resume(struct conn *c);		/* its pause is over */
void conn_turn(struct conn *c);			/* it was on net->todo */
void conn_set_state(struct conn *c, enum conn_state to);
void conn_kill(struct conn *c, enum net_end why);

/* serve.c: the request in c->http is complete. */
void serve_request(struct conn *c);
int serve_reply(struct conn *c, int status, const char *type, const char *body,
		size_t len);		      /* as conn_reply_as() */
void serve_error(struct conn *c, int status); /* and end the connection */

#endif
