/*
 * Runs all cases against a server process of its own on loopback: plain TCP,
 * as behind a proxy; TLS is bytes around the same. `wire ID` runs one.
 */
#include "tests/wire/wire.h"

#include "common/log.h"
#include "common/sys/loop.h"
#include "common/sys/rng.h"
#include "signald/net/conn.h"
#include "signald/net/http.h"
#include "signald/net/net.h"
#include "signald/sockets.h"

#include <assert.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define CASES_MAX   1024
#define DEADLINE_MS 10000

static struct wire_case cases[CASES_MAX];
static size_t n_cases;

/* ---- building cases -------------------------------------------------------
 */

struct wire_case *wire_case(const char *id, const char *about)
{
	struct wire_case *c = &cases[n_cases++];

	assert(n_cases <= CASES_MAX);
	snprintf(c->id, sizeof(c->id), "%s", id);
	snprintf(c->about, sizeof(c->about), "%s", about);
	return c;
}

static void append(uint8_t **buf, size_t *n, const void *p, size_t len)
{
	if (!len)
		return;
	*buf = realloc(*buf, *n + len);
	assert(*buf);
	memcpy(*buf + *n, p, len);
	*n += len;
}

/* The head of a frame of len bytes; returns its length. */
static size_t head_of(uint8_t out[14], uint8_t head, size_t len, bool mask)
{
	size_t n = 2;

	out[0] = head;
	out[1] = (uint8_t)((mask ? 0x80 : 0) | (len < 126     ? len
						: len < 65536 ? 126
							      : 127));
	if (len >= 126) {
		size_t bytes = len < 65536 ? 2 : 8;

		for (size_t i = 0; i < bytes; i++)
			out[n++] =
				(uint8_t)(bytes - 1 - i >= sizeof(len)
						  ? 0
						  : len >> 8 * (bytes - 1 - i));
	}
	return n;
}

void wire_raw(struct wire_case *c, const void *p, size_t len)
{
	append(&c->send, &c->send_len, p, len);
}

void wire_put(struct wire_case *c, uint8_t head, const void *p, size_t len)
{
	static const uint8_t mask[4] = {0x37, 0xfa, 0x21, 0x3d};
	const uint8_t *in = p;
	uint8_t h[14];
	size_t at;

	wire_raw(c, h, head_of(h, head, len, true));
	wire_raw(c, mask, 4);
	at = c->send_len;
	wire_raw(c, p, len);
	for (size_t i = 0; i < len; i++)
		c->send[at + i] = in[i] ^ mask[i % 4];
}

void wire_want(struct wire_case *c, uint8_t head, const void *p, size_t len)
{
	uint8_t h[14];

	append(&c->want, &c->want_len, h, head_of(h, head, len, false));
	append(&c->want, &c->want_len, p, len);
}

void wire_want_close(struct wire_case *c, uint16_t code)
{
	uint8_t b[2] = {(uint8_t)(code >> 8), (uint8_t)code};

	wire_want(c, 0x88, b, code ? 2 : 0);
	c->closes = true;
}

void wire_put_close(struct wire_case *c, uint16_t code, const char *reason)
{
	uint8_t b[128] = {(uint8_t)(code >> 8), (uint8_t)code};
	size_t len = strlen(reason);

	assert(len < sizeof(b) - 2);
	memcpy(b + 2, reason, len);
	wire_put(c, 0x88, b, code ? 2 + len : 0);
}

void wire_echo(struct wire_case *c, const void *p, size_t len)
{
	wire_put(c, 0x81, p, len);
	wire_want(c, 0x81, p, len);
}

void wire_http(const char *id, const char *about, const char *request,
	       int status)
{
	struct wire_case *c = wire_case(id, about);
	char line[32];
	int n = snprintf(line, sizeof(line), "HTTP/1.1 %d ", status);

	c->http = true;
	wire_raw(c, request, strlen(request));
	append(&c->want, &c->want_len, line, (size_t)n);
}

/* ---- the server -----------------------------------------------------------
 */

static void on_open(void *arg, struct conn *c, const char *room,
		    const char *peer)
{
	(void)arg;
	(void)c;
	(void)room;
	(void)peer;
}

static void on_text(void *arg, struct conn *c, const char *text, size_t len)
{
	(void)arg;
	conn_send_text(c, text, len);
}

static void on_close(void *arg, struct conn *c, enum net_end why)
{
	(void)arg;
	(void)c;
	(void)why;
}

static void on_http(void *arg, struct conn *c, const struct http_req *req)
{
	(void)arg;
	conn_reply_as(c, 200, "text/plain", req->body, req->body_len);
}

/* Until it is killed. */
static void serve(int fd)
{
	struct net_ops ops = {.on_open = on_open,
			      .on_text = on_text,
			      .on_close = on_close,
			      .on_http = on_http};
	struct net_conf conf;
	struct loop *loop;
	struct net *net;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
	log_setup("wire", LOG_ERROR, false);
	net_conf_defaults(&conf);
	conf.addr_burst = 1e6;
	conf.header_ms = 1000;
	loop = loop_new();
	net = rng_setup() ? NULL : net_new(loop, &conf, &ops);
	if (!net || net_listen(net, fd, NET_PLAIN) || loop_run(loop))
		_exit(1);
	_exit(0);
}

static pid_t start(uint16_t *port)
{
	int fd = sockets_tcp("127.0.0.1", 0);
	pid_t pid;

	assert(fd >= 0);
	*port = sockets_port(fd);
	pid = fork();
	assert(pid >= 0);
	if (pid == 0)
		serve(fd);
	close(fd);
	return pid;
}

/* ---- the client -----------------------------------------------------------
 */

struct got {
	uint8_t *buf;
	size_t len;
	bool end;
};

static int dial(uint16_t port)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(port),
				 .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	if (connect(fd, (struct sockaddr *)&to, sizeof(to))) {
		close(fd);
		return -1;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

/* Takes what is there; false at the end of the stream or on an error. */
static bool take(int fd, struct got *g)
{
	uint8_t buf[65536];
	ssize_t n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);

	if (n > 0)
		append(&g->buf, &g->len, buf, (size_t)n);
	g->end = n == 0 || (n < 0 && errno != EAGAIN);
	return !g->end;
}

/* Sends all and reads until the end; false: out of time. */
static bool talk(int fd, const struct wire_case *c, size_t enough,
		 struct got *g)
{
	size_t at = 0;

	while (!g->end && (at < c->send_len || g->len < enough)) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		size_t n = c->send_len - at;

		p.events |= (short)(n ? POLLOUT : 0);
		if (poll(&p, 1, DEADLINE_MS) <= 0)
			return false;
		if (p.revents & POLLOUT && n) {
			ssize_t put;

			n = c->chop && c->chop < n ? c->chop : n;
			put = send(fd, c->send + at, n,
				   MSG_NOSIGNAL | MSG_DONTWAIT);
			at = put > 0 ? at + (size_t)put : at;
			if (put < 0 && errno != EAGAIN)
				at = c->send_len; /* closed; read the rest */
		}
		if (p.revents & (POLLIN | POLLHUP | POLLERR))
			take(fd, g);
	}
	return true;
}

static const char upgrade[] =
	"GET /?roomId=wire HTTP/1.1\r\nHost: wire\r\nUpgrade: websocket\r\n"
	"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	"Sec-WebSocket-Protocol: protoo\r\n\r\n";

static bool open_ws(int fd)
{
	static const char ok[] = "HTTP/1.1 101 ";
	struct wire_case c = {.send_len = sizeof(upgrade) - 1};
	char head[512] = "";
	size_t n = 0;

	if (send(fd, upgrade, c.send_len, MSG_NOSIGNAL) < 0)
		return false;
	while (!strstr(head, "\r\n\r\n") && n < sizeof(head) - 1 &&
	       recv(fd, head + n, 1, 0) == 1)
		n++;
	return !strncmp(head, ok, sizeof(ok) - 1);
}

static void show(const char *what, const uint8_t *p, size_t len)
{
	printf("\t%s %zu:", what, len);
	for (size_t i = 0; i < len && i < 40; i++)
		printf(" %02x", p[i]);
	printf("%s\n", len > 40 ? " ..." : "");
}

static bool judge(const struct wire_case *c, const struct got *g, bool in_time)
{
	bool same = c->http ? g->len >= c->want_len : g->len == c->want_len;

	if (in_time && same &&
	    (!c->want_len || !memcmp(g->buf, c->want, c->want_len)))
		return true;
	printf("FAIL %s %s%s\n", c->id, c->about,
	       in_time ? "" : " (out of time)");
	show("want", c->want, c->want_len);
	show("got", g->buf, g->len);
	return false;
}

static bool run(struct wire_case *c, uint16_t port)
{
	struct got g = {.len = 0};
	int fd = dial(port);
	bool ok, in_time;

	if (!c->http && !c->closes) {
		wire_put_close(c, 1000, "");
		wire_want_close(c, 1000);
	}
	ok = fd >= 0 && (c->http || open_ws(fd));
	/* A WebSocket is read to its end: nothing may follow. */
	in_time = ok && talk(fd, c, c->http ? c->want_len : SIZE_MAX, &g);
	ok = judge(c, &g, in_time) && ok;
	free(g.buf);
	if (fd >= 0)
		close(fd);
	return ok;
}

int main(int argc, char **argv)
{
	size_t passed = 0, failed = 0;
	uint16_t port;
	pid_t pid;
	int status;

	setvbuf(stdout, NULL, _IOLBF, 0);
	wire_ws_cases();
	wire_utf8_cases();
	wire_http_cases();
	pid = start(&port);
	for (size_t i = 0; i < n_cases; i++) {
		if (argc > 1 && strcmp(argv[1], cases[i].id) != 0)
			continue;
		if (run(&cases[i], port))
			passed++;
		else
			failed++;
	}
	/* It must have lived through all of it. */
	if (waitpid(pid, &status, WNOHANG) != 0) {
		printf("FAIL the server died, status %d\n", status);
		failed++;
	} else {
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
	}
	printf("wire: %zu passed, %zu failed\n", passed, failed);
	return failed != 0;
}
