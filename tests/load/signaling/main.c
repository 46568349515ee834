/*
 * Signaling without media: rooms with waiting rooms and chat, over wss.
 *
 *	chattr-signaling --server 127.0.0.1:4443 --rooms 50 --peers 8
 *		--rate 200 --secs 10 [--idle 10000] [--pid SERVER]
 *
 * Each room has a host; the others knock, are admitted and read what the
 * host writes. Each client binds an address of its own in 127.0.0.0/8, so the
 * server keeps its limits on. One JSON line: p50, p95 and p99 in ms of
 * connect (to the open WebSocket), join (`enter` to its answer), admit (the
 * host's request to the guest's news) and chat (sent to received); then, with
 * --idle, memory a connection of people who are in a room and do nothing.
 */
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>

#include "common/b64.h"
#include "common/hist.h"
#include "common/str.h"
#include "common/sys/clock.h"
#include "tests/load/usage.h"
#include "tests/load/wsc.h"

#define SECOND	1000000ull
#define EVENTS	256
#define SITTING 50 /* in each room of the idle: a host and who waits */

enum stage { NEW, OPENING, ENTERING, WAITING, IN, IDLE, GONE };

struct client {
	struct wsc ws;
	enum stage stage;
	unsigned room;
	bool host;
	bool writes; /* epoll waits for room to write */
	uint64_t since_us;
	char id[40];
	unsigned next_id;
};

struct room {
	struct client *host;
	uint64_t next_chat_us;
	uint64_t admitted_us; /* the newest admit() */
};

static struct {
	struct addr server;
	unsigned rooms, peers, rate, secs, idle;
	double chat;
	pid_t pid;
} o = {.rooms = 20, .peers = 6, .rate = 100, .secs = 10, .chat = 2};

static struct hist connects, joins, admits, chats;
static struct client *all;
static struct room *rooms;
static unsigned n_all, refused, lost;
static SSL_CTX *tls;
static int ep;

static void watch(struct client *c, int op)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};

	c->writes = c->ws.wants_write;
	if (c->writes)
		ev.events |= EPOLLOUT;
	epoll_ctl(ep, op, c->ws.fd, &ev);
}

static void ask(struct client *c, const char *method, json_t *data)
{
	json_t *m =
		json_pack("{s:b, s:i, s:s, s:o}", "request", 1, "id",
			  (int)++c->next_id, "method", method, "data", data);
	char *text = json_dumps(m, JSON_COMPACT);

	wsc_send(&c->ws, text, strlen(text));
	free(text);
	json_decref(m);
}

/* The i-th address: 127.1.0.0 onward, 250 a byte. */
static struct addr own_address(unsigned i)
{
	struct addr a;
	char ip[ADDR_STRLEN];

	snprintf(ip, sizeof(ip), "127.%u.%u.%u", 1 + i / 62500, i / 250 % 250,
		 1 + i % 250);
	addr_parse(&a, ip, 0);
	return a;
}

static void start(struct client *c, unsigned i)
{
	struct addr from = own_address(i);
	char path[64];

	snprintf(path, sizeof(path), "/?roomId=load-%u", c->room);
	c->since_us = clock_us();
	c->stage = OPENING;
	if (wsc_from(&c->ws, tls, &from, &o.server, path)) {
		c->stage = GONE;
		lost++;
		return;
	}
	watch(c, EPOLL_CTL_ADD);
}

static void opened(struct client *c, uint64_t now_us)
{
	char name[32];

	hist_add(&connects, now_us - c->since_us);
	snprintf(name, sizeof(name), "Load %u", (unsigned)(c - all));
	c->stage = ENTERING;
	c->since_us = now_us;
	ask(c, "enter", json_pack("{s:s}", "displayName", name));
}

static void answered(struct client *c, json_t *m, uint64_t now_us)
{
	json_t *data = json_object_get(m, "data");
	const char *status = json_string_value(json_object_get(data, "status"));

	if (!json_is_true(json_object_get(m, "ok"))) {
		refused++;
		return;
	}
	if (c->stage != ENTERING || !status)
		return;
	if (c->room >= o.rooms) {
		c->stage = IDLE;
		return;
	}
	hist_add(&joins, now_us - c->since_us);
	str_copy(c->id, sizeof(c->id),
		 json_string_value(json_object_get(data, "peerId")));
	c->stage = str_eq(status, "waiting") ? WAITING : IN;
	if (c->host)
		rooms[c->room].next_chat_us = now_us + SECOND;
}

static void told(struct client *c, json_t *m, uint64_t now_us)
{
	const char *method = json_string_value(json_object_get(m, "method"));
	json_t *data = json_object_get(m, "data");
	struct room *r = &rooms[c->room];
	uint64_t sent_us = 0;

	if (!method)
		return;
	if (str_eq(method, "knock") && c->host) {
		r->admitted_us = clock_us();
		ask(c, "admit",
		    json_pack("{s:O}", "peerId",
			      json_object_get(data, "peerId")));
	} else if (str_eq(method, "admitted") && c->stage == WAITING) {
		hist_add(&admits, now_us - r->admitted_us);
		c->stage = IN;
	} else if (str_eq(method, "chat") && !c->host) {
		const char *text =
			json_string_value(json_object_get(data, "ciphertext"));

		if (text && b64_to(&sent_us, sizeof(sent_us), text,
				   strlen(text)) == sizeof(sent_us))
			hist_add(&chats, now_us - sent_us);
	}
}

static void message(struct client *c, const char *text, size_t len,
		    uint64_t now_us)
{
	json_t *m = json_loadb(text, len, 0, NULL);

	if (json_object_get(m, "response"))
		answered(c, m, now_us);
	else if (json_object_get(m, "notification"))
		told(c, m, now_us);
	json_decref(m);
}

static void io(struct client *c)
{
	uint64_t now_us;
	const char *text;
	size_t len;

	wsc_io(&c->ws);
	now_us = clock_us();
	if (c->ws.state == WSC_CLOSED) {
		lost++;
		c->stage = GONE;
		epoll_ctl(ep, EPOLL_CTL_DEL, c->ws.fd, NULL);
		wsc_free(&c->ws);
		return;
	}
	if (c->stage == OPENING && c->ws.state == WSC_OPEN)
		opened(c, now_us);
	while ((text = wsc_next(&c->ws, &len)))
		message(c, text, len, now_us);
	if (c->writes != c->ws.wants_write)
		watch(c, EPOLL_CTL_MOD);
}

static void write_chat(uint64_t now_us)
{
	for (unsigned i = 0; i < o.rooms && o.chat > 0; i++) {
		struct room *r = &rooms[i];
		char stamp[B64_LEN(sizeof(now_us)) + 1], id[32];

		if (!r->next_chat_us || r->next_chat_us > now_us ||
		    r->host->stage != IN)
			continue;
		r->next_chat_us = now_us + (uint64_t)(1e6 / o.chat);
		b64_of(stamp, &now_us, sizeof(now_us));
		snprintf(id, sizeof(id), "c%u", r->host->next_id);
		ask(r->host, "sendChat",
		    json_pack("{s:s, s:s}", "clientId", id, "ciphertext",
			      stamp));
		watch(r->host, EPOLL_CTL_MOD);
	}
}

static void turn(int ms)
{
	struct epoll_event ev[EVENTS];
	int n = epoll_wait(ep, ev, EVENTS, ms);

	for (int i = 0; i < n; i++)
		io(ev[i].data.ptr);
}

static void run(unsigned from, unsigned to, double rate, unsigned secs)
{
	uint64_t begin_us = clock_us(), end_us = 0, now_us;
	unsigned next = from;

	do {
		now_us = clock_us();
		while (next < to && (double)(now_us - begin_us) * rate / 1e6 >=
					    next - from) {
			start(&all[next], next);
			next++;
		}
		if (next == to && !end_us)
			end_us = now_us + secs * SECOND;
		write_chat(now_us);
		turn(1);
	} while (!end_us || now_us < end_us);
}

static void print_hist(const char *name, const struct hist *h)
{
	printf("\"%s\":{\"n\":%llu,\"p50_ms\":%.2f,\"p95_ms\":%.2f,"
	       "\"p99_ms\":%.2f},",
	       name, (unsigned long long)h->n,
	       (double)hist_quantile(h, 0.5) / 1e3,
	       (double)hist_quantile(h, 0.95) / 1e3,
	       (double)hist_quantile(h, 0.99) / 1e3);
}

static int read_options(int argc, char **argv)
{
	static const struct option opts[] = {
		{"server", 1, NULL, 's'}, {"rooms", 1, NULL, 'r'},
		{"peers", 1, NULL, 'p'},  {"rate", 1, NULL, 'j'},
		{"secs", 1, NULL, 't'},	  {"chat", 1, NULL, 'c'},
		{"idle", 1, NULL, 'i'},	  {"pid", 1, NULL, 'P'},
		{NULL, 0, NULL, 0}};
	char host[ADDR_STRLEN] = "127.0.0.1";
	unsigned port = 4443;
	int k;

	while ((k = getopt_long(argc, argv, "", opts, NULL)) != -1) {
		unsigned v = optarg ? (unsigned)strtoul(optarg, NULL, 10) : 0;

		switch (k) {
		case 's':
			if (sscanf(optarg, "%63[^:]:%u", host, &port) != 2)
				return -EINVAL;
			break;
		case 'r':
			o.rooms = v;
			break;
		case 'p':
			o.peers = v;
			break;
		case 'j':
			o.rate = v;
			break;
		case 't':
			o.secs = v;
			break;
		case 'c':
			o.chat = strtod(optarg, NULL);
			break;
		case 'i':
			o.idle = v;
			break;
		case 'P':
			o.pid = (pid_t)v;
			break;
		default:
			return -EINVAL;
		}
	}
	return addr_parse(&o.server, host, (uint16_t)port);
}

static void setup(void)
{
	struct rlimit lim;

	getrlimit(RLIMIT_NOFILE, &lim);
	lim.rlim_cur = lim.rlim_max;
	setrlimit(RLIMIT_NOFILE, &lim);
	tls = SSL_CTX_new(TLS_client_method());
	SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS);
	ep = epoll_create1(EPOLL_CLOEXEC);
	n_all = o.rooms * o.peers + o.idle;
	all = calloc(n_all, sizeof(*all));
	rooms = calloc(o.rooms + o.idle / SITTING + 1, sizeof(*rooms));
	for (unsigned i = 0; i < n_all; i++) {
		bool idle = i >= o.rooms * o.peers;

		all[i].room = idle ? o.rooms + (i - o.rooms * o.peers) / SITTING
				   : i % o.rooms;
		all[i].host = !idle && i < o.rooms;
		if (all[i].host)
			rooms[i].host = &all[i];
	}
}

int main(int argc, char **argv)
{
	unsigned members, in = 0, idle = 0;
	uint64_t before = 0, after = 0;

	if (read_options(argc, argv) || !o.rooms || !o.peers || !o.rate) {
		fprintf(stderr,
			"usage: %s --server IP:PORT --rooms N "
			"--peers N --rate N --secs N [--chat N] "
			"[--idle N] [--pid N]\n",
			argv[0]);
		return 2;
	}
	setup();
	members = o.rooms * o.peers;
	run(0, members, o.rate, o.secs);
	if (o.idle) {
		before = usage_rss_bytes(o.pid);
		run(members, n_all, o.rate * 2, 2);
		after = usage_rss_bytes(o.pid);
	}
	for (unsigned i = 0; i < n_all; i++) {
		in += all[i].stage == IN;
		idle += all[i].stage == IDLE;
	}
	printf("{\"rooms\":%u,\"members\":%u,\"in\":%u,", o.rooms, members, in);
	print_hist("connect", &connects);
	print_hist("join", &joins);
	print_hist("admit", &admits);
	print_hist("chat", &chats);
	if (o.idle)
		printf("\"idle\":%u,\"idle_kib_each\":%.1f,", idle,
		       idle ? ((double)after - (double)before) / 1024 / idle
			    : 0.0);
	printf("\"refused\":%u,\"lost\":%u}\n", refused, lost);
	return in == members && idle == o.idle ? 0 : 1;
}
