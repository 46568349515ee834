#include "tests/load/wsc.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/sys/rng.h"

enum opcode {
	OP_MORE = 0,
	OP_TEXT = 1,
	OP_CLOSE = 8,
	OP_PING = 9,
};

static void buf_need(struct wsc_buf *b, size_t more)
{
	size_t cap = b->cap ? b->cap : 4096;

	while (cap < b->len + more)
		cap *= 2;
	if (cap == b->cap)
		return;
	b->data = realloc(b->data, cap);
	if (!b->data)
		abort();
	b->cap = cap;
}

static void buf_add(struct wsc_buf *b, const void *data, size_t len)
{
	buf_need(b, len);
	if (len)
		memcpy(b->data + b->len, data, len);
	b->len += len;
}

static void buf_drop(struct wsc_buf *b, size_t n)
{
	memmove(b->data, b->data + n, b->len - n);
	b->len -= n;
}

static int begin(struct wsc *w, int fd, SSL_CTX *ctx, const struct addr *to,
		 const char *host, const char *path)
{
	struct sockaddr_storage ss;
	socklen_t len = addr_to_sa(to, &ss);
	int on = 1;

	memset(w, 0, sizeof(*w));
	w->fd = fd;
	setsockopt(w->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(w->fd, (struct sockaddr *)&ss, len) &&
	    errno != EINPROGRESS) {
		int err = -errno;

		close(w->fd);
		return err;
	}
	w->ssl = SSL_new(ctx);
	SSL_set_fd(w->ssl, w->fd);
	SSL_set_connect_state(w->ssl);
	/* SSL_set_tlsext_host_name() casts the const away. */
	SSL_ctrl(w->ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME,
		 TLSEXT_NAMETYPE_host_name, (void *)(uintptr_t)host);
	snprintf(w->request, sizeof(w->request),
		 "GET %s HTTP/1.1\r\nHost: %s:%u\r\n"
		 "Upgrade: websocket\r\nConnection: Upgrade\r\n"
		 "Sec-WebSocket-Version: 13\r\n"
		 "Sec-WebSocket-Protocol: protoo\r\n"
		 "Sec-WebSocket-Key: AAECAwQFBgcICQoLDA0ODw==\r\n\r\n",
		 path, host, to->port);
	w->wants_write = true;
	return 0;
}

int wsc_from(struct wsc *w, SSL_CTX *ctx, const struct addr *from,
	     const struct addr *to, const char *path)
{
	struct sockaddr_storage ss;
	char host[ADDR_STRLEN];
	socklen_t len;
	int fd = socket(from->v6 ? AF_INET6 : AF_INET,
			SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1;

	if (fd < 0)
		return -errno;
	/* The port is chosen at connect(), so one address serves many. */
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	len = addr_to_sa(from, &ss);
	if (bind(fd, (struct sockaddr *)&ss, len)) {
		int err = -errno;

		close(fd);
		return err;
	}
	return begin(w, fd, ctx, to, addr_ip(to, host), path);
}

int wsc_open(struct wsc *w, SSL_CTX *ctx, const struct addr *to,
	     const char *host, const char *path)
{
	int fd = socket(to->v6 ? AF_INET6 : AF_INET,
			SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	return begin(w, fd, ctx, to, host, path);
}
void wsc_free(struct wsc *w)
{
	if (w->ssl)
		SSL_free(w->ssl);
	if (w->fd > 0)
		close(w->fd);
	free(w->in.data);
	free(w->out.data);
	free(w->text.data);
	memset(w, 0, sizeof(*w));
}

/* False: wait for the socket, or it is over. */
static bool tls_ok(struct wsc *w, int rc)
{
	if (rc > 0)
		return true;
	switch (SSL_get_error(w->ssl, rc)) {
	case SSL_ERROR_WANT_READ:
		break;
	case SSL_ERROR_WANT_WRITE:
		w->wants_write = true;
		break;
	default:
		w->state = WSC_CLOSED;
	}
	ERR_clear_error();
	return false;
}

static void flush(struct wsc *w)
{
	while (w->out.len) {
		int n = SSL_write(w->ssl, w->out.data, (int)w->out.len);

		if (!tls_ok(w, n))
			return;
		buf_drop(&w->out, (size_t)n);
	}
}

static void frame(struct wsc *w, enum opcode op, const void *data, size_t len)
{
	uint8_t h[14] = {(uint8_t)(0x80 | op)};
	uint8_t mask[4];
	size_t n = 2;
	size_t at;

	if (len < 126) {
		h[1] = (uint8_t)(0x80 | len);
	} else {
		h[1] = 0x80 | 126;
		h[2] = (uint8_t)(len >> 8);
		h[3] = (uint8_t)len;
		n = 4;
	}
	rng_bytes(mask, sizeof(mask));
	memcpy(h + n, mask, 4);
	buf_add(&w->out, h, n + 4);
	at = w->out.len;
	buf_add(&w->out, data, len);
	for (size_t i = 0; i < len; i++)
		w->out.data[at + i] ^= mask[i & 3];
}

void wsc_send(struct wsc *w, const char *text, size_t len)
{
	if (w->state != WSC_OPEN || len > 0xffff)
		return;
	frame(w, OP_TEXT, text, len);
	flush(w);
}

static void read_all(struct wsc *w)
{
	for (;;) {
		int n;

		buf_need(&w->in, 4096);
		n = SSL_read(w->ssl, w->in.data + w->in.len,
			     (int)(w->in.cap - w->in.len));
		if (!tls_ok(w, n))
			return;
		w->in.len += (size_t)n;
	}
}

/* The answer to the upgrade, once it is whole. */
static void upgraded(struct wsc *w)
{
	const char *end;
	const char *head = (const char *)w->in.data;

	end = w->in.len ? memmem(head, w->in.len, "\r\n\r\n", 4) : NULL;
	if (!end)
		return;
	w->status = (int)strtol(head + 9, NULL, 10);
	w->state = w->status == 101 ? WSC_OPEN : WSC_CLOSED;
	buf_drop(&w->in, (size_t)(end - head) + 4);
}

void wsc_io(struct wsc *w)
{
	w->wants_write = false;
	if (w->state == WSC_CONNECTING)
		w->state = WSC_TLS;
	if (w->state == WSC_TLS) {
		if (!tls_ok(w, SSL_do_handshake(w->ssl)))
			return;
		buf_add(&w->out, w->request, strlen(w->request));
		w->state = WSC_UPGRADE;
	}
	if (w->state == WSC_CLOSED)
		return;
	flush(w);
	read_all(w);
	if (w->state == WSC_UPGRADE)
		upgraded(w);
}

/* One frame of w->in from `taken` on; 0: not whole yet. */
static size_t parse(struct wsc *w, uint8_t *op, const uint8_t **body,
		    size_t *len)
{
	const uint8_t *p = w->in.data + w->taken;
	size_t left = w->in.len - w->taken;
	size_t hdr = 2;

	if (left < 2)
		return 0;
	*op = p[0];
	*len = p[1] & 127;
	if (*len == 126) {
		hdr = 4;
		if (left < hdr)
			return 0;
		*len = (size_t)(p[2] << 8 | p[3]);
	} else if (*len == 127) {
		hdr = 10;
		if (left < hdr)
			return 0;
		*len = 0;
		for (int i = 2; i < 10; i++)
			*len = *len << 8 | p[i];
	}
	*body = p + hdr;
	return left - hdr < *len ? 0 : hdr + *len;
}

const char *wsc_next(struct wsc *w, size_t *len)
{
	const uint8_t *body = NULL;
	uint8_t op = 0;
	size_t n;

	if (w->state != WSC_OPEN)
		return NULL;
	while ((n = parse(w, &op, &body, len)) > 0) {
		w->taken += n;
		switch (op & 15) {
		case OP_PING:
			frame(w, (enum opcode)10, body, *len);
			flush(w);
			break;
		case OP_CLOSE:
			w->code = *len >= 2 ? body[0] << 8 | body[1] : 0;
			w->state = WSC_CLOSED;
			return NULL;
		case OP_TEXT:
			w->text.len = 0;
			/* fall through */
		case OP_MORE:
			buf_add(&w->text, body, *len);
			if (!(op & 0x80))
				break;
			*len = w->text.len;
			return (const char *)w->text.data;
		default:
			break;
		}
	}
	buf_drop(&w->in, w->taken);
	w->taken = 0;
	return NULL;
}
