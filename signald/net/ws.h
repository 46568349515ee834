/*
 * ws: the server side of one WebSocket (RFC 6455, libwslay underneath):
 * bytes in, messages and bytes out. Knows no socket and no clock.
 *
 * Text messages only, no extensions. ws_feed() takes bytes; then ws_next()
 * hands out events one at a time, then ws_take() the bytes to send.
 */
#ifndef SIGNALD_NET_WS_H
#define SIGNALD_NET_WS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct evbuffer;
struct http_req;
struct ws;

#define WS_ACCEPT_LEN 28 /* base64 of SHA-1 */

/*
 * The answer to Sec-WebSocket-Key (terminated); 0, or the HTTP status that
 * refuses the upgrade (400, 426: other version).
 */
int ws_handshake(const struct http_req *req, char accept[WS_ACCEPT_LEN + 1]);

/* Writes frames into out (borrowed). NULL: no memory. */
struct ws *ws_new(struct evbuffer *out, uint32_t msg_cap);
void ws_free(struct ws *ws);

enum ws_event {
	WS_NONE,   /* all bytes are used */
	WS_TEXT,   /* *text, *len: borrowed until the next call */
	WS_PONG,   /* the client lives */
	WS_CLOSED, /* by the client or by a fault; the answer is in out */
};

/*
 * Reads from in (drained) until something is to be told. After WS_CLOSED
 * nothing more comes; ws_fault() tells the code.
 */
enum ws_event ws_next(struct ws *ws, struct evbuffer *in, const char **text,
		      size_t *len);

/* The close code if the client broke the protocol, else 0. */
uint16_t ws_fault(const struct ws *ws);

/* 0 or -EPIPE (closing) or -ENOMEM. */
int ws_send(struct ws *ws, const char *text, size_t len);
int ws_ping(struct ws *ws);
int ws_close(struct ws *ws, uint16_t code, const char *reason);

#endif
