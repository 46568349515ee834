/*
 * net: signald's edge towards browsers: listeners, TLS, HTTP, WebSocket and
 * the web client's files. Owned by the server role; everything above sees
 * struct conn and four up-calls.
 *
 *	struct net *net = net_new(loop, &conf, &ops);
 *	net_listen(net, fd, NET_TLS);
 *
 * A GET of a file is answered here. Requests to /api/... and /healthz (and
 * all requests of a NET_INTERNAL listener) go up by on_http. A WebSocket is
 * accepted on any path with the sub-protocol "protoo" (else 403), roomId in
 * the query (else 400) and an Origin that is allowed (else 403).
 */
#ifndef SIGNALD_NET_NET_H
#define SIGNALD_NET_NET_H

#include "common/addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct conn;
struct files;
struct http_req;
struct loop;
struct net;
struct tls;

/* Why a WebSocket ended. */
enum net_end {
	NET_END_CLIENT,	  /* close frame or end of stream */
	NET_END_LOST,	  /* silent for lost_ms, or the socket failed */
	NET_END_SLOW,	  /* more than out_bytes waited to be sent */
	NET_END_PROTOCOL, /* broke RFC 6455, bad UTF-8, binary, too large */
	NET_END_OURS,	  /* conn_close() or net_free() */
};

/*
 * The up-calls. None is made from inside a conn_ function: what a conn_
 * function ends is told at the end of the turn. on_close comes exactly once
 * for each on_open, the conn is valid until it returns.
 */
struct net_ops {
	void *arg;
	/* peer_id is "" when the URL had none; both are <= 64 bytes. */
	void (*on_open)(void *arg, struct conn *c, const char *room_id,
			const char *peer_id);
	/* Well-formed UTF-8 (may hold NUL), <= msg_bytes, borrowed. */
	void (*on_text)(void *arg, struct conn *c, const char *text,
			size_t len);
	void (*on_close)(void *arg, struct conn *c, enum net_end why);
	/* Answer now or later with conn_reply(). */
	void (*on_http)(void *arg, struct conn *c, const struct http_req *req);
};

struct net_conf {
	uint32_t conns;		    /* at once, all addresses */
	uint32_t conns_per_addr;    /* at once, v4 address or v6 /64 */
	double addr_burst;	    /* new connections per address: bucket */
	double addr_rate;	    /* per second */
	uint32_t handshake_ms;	    /* TLS */
	uint32_t header_ms;	    /* request head, and body */
	uint32_t idle_ms;	    /* HTTP keep-alive */
	uint32_t ping_ms;	    /* WebSocket ping each */
	uint32_t lost_ms;	    /* silent that long: lost */
	uint32_t head_bytes;	    /* request line and headers */
	uint32_t body_bytes;	    /* POST body */
	uint32_t msg_bytes;	    /* WebSocket message */
	uint32_t in_burst, in_rate; /* bytes read at once, and a second */
	uint32_t out_bytes;	    /* waiting at the next message: slow */
	const char *const *origins; /* allowed ones besides the own host */
	size_t n_origins;
	const char *const *proxies; /* trusted networks, "10.0.0.0/8" */
	size_t n_proxies;
	struct tls *tls;     /* borrowed; NULL without TLS */
	struct files *files; /* borrowed; NULL: no static files */
};

enum net_kind {
	NET_TLS,
	NET_PLAIN,    /* behind a proxy */
	NET_INTERNAL, /* metrics: no files, no WebSocket */
};

/* What conf holds when the config names nothing else. */
void net_conf_defaults(struct net_conf *conf);

/* NULL: no memory. conf and ops are copied, what they point to borrowed. */
/* Timeouts, limits and names of what comes from now on. */
void net_configure(struct net *net, const struct net_conf *conf);

struct net *net_new(struct loop *loop, const struct net_conf *conf,
		    const struct net_ops *ops);

/* Closes all connections, calls on_close for each. */
void net_free(struct net *net);

/* Adopts a listening, non-blocking socket and owns it. 0 or -errno. */
int net_listen(struct net *net, int fd, enum net_kind kind);

/* Stops accepting; the sockets are closed here (copies live elsewhere). */
void net_stop(struct net *net);

/* conn_close() for every WebSocket. */
/* Every WebSocket ends as if the network had. How many. */
size_t net_drop_all(struct net *net);

void net_close_all(struct net *net, uint16_t code, const char *reason);

/* The connection with this conn_id(), or NULL when it is gone. */
struct conn *net_find(struct net *net, uint64_t id);

/* Swapped on reload; borrowed. */
void net_set_files(struct net *net, struct files *files);

struct net_stats {
	uint32_t conns;	     /* now */
	uint32_t websockets; /* now */
	uint64_t accepted;
	uint64_t refused_conns; /* total cap */
	uint64_t refused_addr;	/* cap or rate of an address */
	uint64_t failed_tls;	/* handshakes that failed or were late */
	uint64_t http_requests;
	uint64_t http_errors; /* answers 400 and above */
	uint64_t ws_opened;
	uint64_t ws_refused;
	uint64_t ws_msgs_in, ws_msgs_out;
	uint64_t bytes_in, bytes_out;
	uint64_t ended[NET_END_OURS + 1];
	uint64_t late; /* head, body or idle deadlines */
};

const struct net_stats *net_stats(const struct net *net);

#endif
