#include "tests/lib/wsclient.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HELD 1024

struct wsclient {
	struct wsclient *next;
	int fd;
	uint32_t next_id;
	uint8_t buf[1 << 18];
	size_t len;
	json_t *held[HELD];
	size_t n_held;
};

/* Where a leak check finds them, see the header. */
static json_t *keepsakes;
static struct wsclient *clients;

json_t *wsclient_keep(json_t *v)
{
	if (!keepsakes)
		keepsakes = json_array();
	json_array_append(keepsakes, v);
	return v;
}

static int dial_quietly(uint16_t port)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
				.sin_port = htons(port),
				.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (!connect(fd, (struct sockaddr *)&a, sizeof(a)))
		return fd;
	close(fd);
	return -1;
}

static int dial(uint16_t port)
{
	int fd = dial_quietly(port);

	ck_assert_int_ge(fd, 0);
	return fd;
}

bool wsclient_try(uint16_t port)
{
	int fd = dial_quietly(port);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* More bytes within ms; false: none, or the end. */
static bool fill(struct wsclient *c, int ms)
{
	struct pollfd p = {.fd = c->fd, .events = POLLIN};
	ssize_t n;

	if (c->fd < 0 || poll(&p, 1, ms) <= 0)
		return false;
	n = recv(c->fd, c->buf + c->len, sizeof(c->buf) - c->len, 0);
	if (n <= 0) {
		close(c->fd);
		c->fd = -1;
		return false;
	}
	c->len += (size_t)n;
	return true;
}

static void eat(struct wsclient *c, size_t n)
{
	memmove(c->buf, c->buf + n, c->len - n);
	c->len -= n;
}

struct wsclient *wsclient_connect(uint16_t port, const char *room,
				  const char *peer)
{
	struct wsclient *c = calloc(1, sizeof(*c));
	char head[512], *end_of;
	int n;

	c->next = clients;
	clients = c;
	c->fd = dial(port);
	n = snprintf(head, sizeof(head),
		     "GET /ws?roomId=%s%s%s HTTP/1.1\r\n"
		     "Host: localhost\r\nUpgrade: websocket\r\n"
		     "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
		     "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
		     "Sec-WebSocket-Protocol: protoo\r\n\r\n",
		     room, *peer ? "&peerId=" : "", peer);
	ck_assert_int_eq(send(c->fd, head, (size_t)n, 0), n);
	do {
		ck_assert_msg(fill(c, WSCLIENT_SOON),
			      "no answer to the handshake");
		end_of = memmem(c->buf, c->len, "\r\n\r\n", 4);
	} while (!end_of);
	ck_assert_msg(!memcmp(c->buf, "HTTP/1.1 101", 12), "%.*s", (int)c->len,
		      c->buf);
	eat(c, (size_t)((uint8_t *)end_of - c->buf) + 4);
	return c;
}

void wsclient_hang_up(struct wsclient *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

void wsclient_send(struct wsclient *c, const char *text, size_t len)
{
	uint8_t *f = malloc(len + 14);
	size_t n = 0;

	f[n++] = 0x81;
	if (len < 126) {
		f[n++] = (uint8_t)(0x80 | len);
	} else {
		ck_assert_uint_lt(len, 65536);
		f[n++] = 0x80 | 126;
		f[n++] = (uint8_t)(len >> 8);
		f[n++] = (uint8_t)len;
	}
	memset(f + n, 0, 4); /* a mask of zeroes */
	n += 4;
	memcpy(f + n, text, len);
	(void)send(c->fd, f, n + len, 0);
	free(f);
}

/* One frame out of the buffer, NULL: not whole yet. Pings are eaten. */
static json_t *frame(struct wsclient *c)
{
	size_t n = c->len >= 2 ? c->buf[1] : 0, head = 2;
	json_t *v = NULL;

	if (n == 126)
		head = 4;
	else if (n == 127)
		head = 10;
	if (c->len < 2 || c->len < head)
		return NULL;
	if (n == 126)
		n = (size_t)c->buf[2] << 8 | c->buf[3];
	else if (n == 127)
		n = (size_t)c->buf[7] << 16 | (size_t)c->buf[8] << 8 |
		    c->buf[9];
	if (c->len < head + n)
		return NULL;
	if ((c->buf[0] & 15) == 1)
		v = json_loadb((char *)c->buf + head, n, 0, NULL);
	else if ((c->buf[0] & 15) == 8 && n >= 2)
		v = json_pack("{s:i, s:s%}", "closed",
			      c->buf[head] << 8 | c->buf[head + 1], "reason",
			      c->buf + head + 2, n - 2);
	eat(c, head + n);
	return v;
}

static json_t *read_one(struct wsclient *c, int ms)
{
	json_t *v;

	while (!(v = frame(c)))
		if (!fill(c, ms))
			return NULL;
	return wsclient_keep(v);
}

json_t *wsclient_next(struct wsclient *c, int ms)
{
	json_t *v;

	if (!c->n_held)
		return read_one(c, ms);
	v = c->held[0];
	memmove(c->held, c->held + 1, --c->n_held * sizeof(*c->held));
	return v;
}

static bool has_method(const json_t *v, const char *method)
{
	const char *m = json_string_value(json_object_get(v, "method"));

	return m && !strcmp(m, method);
}

json_t *wsclient_wait(struct wsclient *c, const char *method, int ms)
{
	json_t *v;

	while ((v = wsclient_next(c, ms)) && !has_method(v, method))
		json_decref(v);
	return v;
}

json_t *wsclient_ask_as(struct wsclient *c, uint32_t id, const char *method,
			json_t *data)
{
	json_t *o = json_pack("{s:b, s:i, s:s, s:o}", "request", 1, "id",
			      (int)id, "method", method, "data", data);
	char *text = json_dumps(o, JSON_COMPACT);
	json_t *v;

	wsclient_send(c, text, strlen(text));
	free(text);
	json_decref(o);
	while ((v = read_one(c, WSCLIENT_SOON))) {
		if (json_object_get(v, "response") &&
		    json_integer_value(json_object_get(v, "id")) == id)
			return v;
		ck_assert_uint_lt(c->n_held, HELD);
		c->held[c->n_held++] = v;
	}
	ck_abort_msg("%s was not answered", method);
}

json_t *wsclient_ask(struct wsclient *c, const char *method, const char *fmt,
		     ...)
{
	json_error_t err;
	json_t *data;
	va_list ap;

	va_start(ap, fmt);
	data = json_vpack_ex(&err, 0, fmt, ap);
	va_end(ap);
	ck_assert_msg(data != NULL, "%s: %s", fmt, err.text);
	return wsclient_ask_as(c, ++c->next_id, method, data);
}

const char *wsclient_refused(const json_t *answer)
{
	const char *r =
		json_string_value(json_object_get(answer, "errorReason"));

	return r ? r : "";
}

const char *wsclient_str(const json_t *answer, const char *field)
{
	const char *s = json_string_value(
		json_object_get(json_object_get(answer, "data"), field));

	return s ? s : "";
}

int wsclient_post(uint16_t port, const char *path, const char *body,
		  json_t **out)
{
	struct wsclient c = {.fd = dial(port)};
	char head[256], *at;
	int n = snprintf(head, sizeof(head),
			 "POST %s HTTP/1.1\r\nHost: localhost\r\n"
			 "Content-Type: application/json\r\n"
			 "Connection: close\r\nContent-Length: %zu\r\n\r\n",
			 path, strlen(body));

	send(c.fd, head, (size_t)n, 0);
	send(c.fd, body, strlen(body), 0);
	while (fill(&c, 2000))
		;
	if (c.fd >= 0)
		close(c.fd);
	c.buf[c.len] = '\0';
	at = strstr((char *)c.buf, "\r\n\r\n");
	*out = at ? json_loads(at + 4, 0, NULL) : NULL;
	if (*out)
		wsclient_keep(*out);
	return c.len > 12 ? atoi((char *)c.buf + 9) : 0;
}
