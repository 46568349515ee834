/*
 * conn: one connection of a browser, from accept to the end: TLS, then HTTP
 * requests, then perhaps a WebSocket. Owned by net; whoever awaits something
 * keeps conn_id() and asks net_find().
 *
 * No function here makes an up-call; on_close follows at the end of the turn.
 */
#ifndef SIGNALD_NET_CONN_H
#define SIGNALD_NET_CONN_H

#include "common/addr.h"

#include <stddef.h>
#include <stdint.h>

struct conn;

/* Close codes of the protocol beside those of RFC 6455 section 7.4.1. */
#define CONN_CLOSE_GOING_AWAY 1001
#define CONN_CLOSE_ABUSE      1008
#define CONN_CLOSE_TOO_LARGE  1009
#define CONN_CLOSE_FULL	      1013
#define CONN_CLOSE_GONE	      4000
#define CONN_CLOSE_RESTART    4001

/* Unique for the life of the process, never 0. */
uint64_t conn_id(const struct conn *c);

/* The client's address: of the socket, or named by a trusted proxy. */
const struct addr *conn_addr(const struct conn *c);

/* A pointer of the layer above; NULL at first. */
void conn_set_user(struct conn *c, void *user);
void *conn_user(const struct conn *c);

/*
 * Sends one text message on a WebSocket. 0; -EPIPE when it is closing;
 * -ENOBUFS when the client is too slow: the connection is ended.
 */
int conn_send_text(struct conn *c, const char *text, size_t len);

/* Bytes that wait to be sent. */
size_t conn_queued(const struct conn *c);

/*
 * Closes a WebSocket: what was sent before is flushed, then the close frame
 * with code and reason (<= 123 bytes); the client has 2 s to answer.
 */
void conn_close(struct conn *c, uint16_t code, const char *reason);

/*
 * Answers the HTTP request that on_http brought; json is copied. Content
 * type application/json, or as given. -EPIPE when none is open.
 */
int conn_reply(struct conn *c, int status, const char *json, size_t len);
int conn_reply_as(struct conn *c, int status, const char *type,
		  const char *body, size_t len);

#endif
