/*
 * wsc: a WebSocket client over TLS on a non-blocking socket (RFC 6455), as
 * far as signaling needs it: text messages both ways, pings answered, close.
 *
 *	wsc_open(&w, ctx, &addr, "localhost", "/?roomId=r&peerId=p");
 *	(when epoll says so) wsc_io(&w);
 *	while ((text = wsc_next(&w, &len)))
 *		handle(text, len);
 *	wsc_send(&w, json, strlen(json));
 */
#ifndef TESTS_LOAD_WSC_H
#define TESTS_LOAD_WSC_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/addr.h"

enum wsc_state {
	WSC_CONNECTING,
	WSC_TLS,
	WSC_UPGRADE,
	WSC_OPEN,
	WSC_CLOSED,
};

struct wsc_buf {
	uint8_t *data;
	size_t len;
	size_t cap;
};

struct wsc {
	int fd;
	SSL *ssl;
	enum wsc_state state;
	int status; /* of HTTP, when the upgrade was refused */
	int code;   /* of the close frame */
	bool wants_write;
	size_t taken; /* bytes of `in` already handed out */
	char request[512];
	struct wsc_buf in;
	struct wsc_buf out;
	struct wsc_buf text; /* a message in fragments */
};

/* Begins; 0 or -errno. */
int wsc_open(struct wsc *w, SSL_CTX *ctx, const struct addr *to,
	     const char *host, const char *path);

/* The same from an own address, as limits that count addresses ask for. */
int wsc_from(struct wsc *w, SSL_CTX *ctx, const struct addr *from,
	     const struct addr *to, const char *path);

void wsc_free(struct wsc *w);

/* Reads, writes, shakes hands, as far as it goes. */
void wsc_io(struct wsc *w);

/* The next text message, valid until the next call; NULL: none yet. */
const char *wsc_next(struct wsc *w, size_t *len);

void wsc_send(struct wsc *w, const char *text, size_t len);

#endif
