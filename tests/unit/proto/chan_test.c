#include "proto/chan.h"

#include <errno.h>
#include <nanomsg/nn.h>
#include <nanomsg/pair.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/sys/clock.h"
#include "common/sys/rng.h"
#include "proto/media.pb-c.h"
#include "tests/lib/test.h"

/*
 * nanomsg must not be forked, so the other side's processes are forked
 * before this one makes a socket, and wait on a pipe until they are wanted.
 */
enum { ECHO = 1, SILENT = 2, FLOOD = 3, FLOOD_N = 3000 };

struct other {
	pid_t pid;
	int go;
};

static char dir[64];
static char path[96];

static void setup(void)
{
	ck_assert_int_eq(rng_setup(), 0);
	strcpy(dir, "/tmp/chan-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/w0.1", dir);
}

static void cleanup(void)
{
	unlink(path);
	rmdir(dir);
}

static struct chan *open_as(enum chan_role role, uint64_t boot_id)
{
	struct chan_conf conf = {.role = role,
				 .path = path,
				 .boot_id = boot_id,
				 .generation = 7,
				 .silence_us = 750000};
	struct chan *c = NULL;

	ck_assert_int_eq(chan_new(&c, &conf, clock_us()), 0);
	return c;
}

/* The next message within `ms`, or false. */
static bool await(struct chan *c, int ms, struct chan_msg *m)
{
	uint64_t end = clock_us() + (uint64_t)ms * 1000;

	for (;;) {
		struct pollfd p = {.fd = chan_fd(c), .events = POLLIN};
		uint64_t now = clock_us();
		uint64_t due = chan_deadline(c);

		if (chan_next(c, now, m))
			return true;
		if (now >= end)
			return false;
		due = due < end ? due : end;
		poll(&p, 1, due <= now ? 0 : (int)((due - now) / 1000) + 1);
	}
}

static void await_kind(struct chan *c, int ms, enum chan_kind kind,
		       struct chan_msg *m)
{
	ck_assert_msg(await(c, ms, m), "nothing came, wanted %d", (int)kind);
	ck_assert_int_eq(m->kind, kind);
}

static void serve(struct chan *c, const struct chan_msg *m)
{
	Media__ObjectId *o;

	if (m->kind != CHAN_REQUEST || m->method == SILENT)
		return;
	o = chan_unpack(c, &media__object_id__descriptor, m);
	for (int i = 0; m->method == FLOOD && i < FLOOD_N; i++)
		chan_notify(c, (uint32_t)i, m->body, m->body_len);
	chan_reply(c, m->id, o ? 0 : -EINVAL, o ? NULL : "bad", m->body,
		   m->body_len);
}

static void worker_main(uint64_t boot_id)
{
	struct chan *c = open_as(CHAN_WORKER, boot_id);
	struct chan_msg m;

	for (;;) {
		if (!await(c, 1000, &m))
			continue;
		if (m.kind == CHAN_UP)
			chan_ack(c, chan_mix(boot_id));
		serve(c, &m);
	}
}

static uint64_t ask(struct chan *c, uint32_t method, int ms)
{
	Media__ObjectId o = MEDIA__OBJECT_ID__INIT;

	o.id = 42;
	return chan_request(c, method, &o.base, (uint64_t)ms * 1000,
			    clock_us());
}

/* Asks and asks; exits with the number of wrong answers. */
static void server_main(uint64_t boot_id)
{
	struct chan *c = open_as(CHAN_SERVER, boot_id);
	struct chan_msg m;

	for (;;) {
		if (!await(c, 1000, &m))
			continue;
		if (m.kind == CHAN_UP || m.kind == CHAN_REPLY)
			ask(c, ECHO, 1000);
	}
}

static struct other prepare(void (*run)(uint64_t), uint64_t boot_id)
{
	struct other o;
	int p[2];
	char byte;

	ck_assert_int_eq(pipe(p), 0);
	o.pid = fork();
	ck_assert_int_ge(o.pid, 0);
	if (!o.pid) {
		close(p[1]);
		if (read(p[0], &byte, 1) == 1)
			run(boot_id);
		_exit(0);
	}
	close(p[0]);
	o.go = p[1];
	return o;
}

static void start(struct other *o)
{
	ck_assert_int_eq(write(o->go, "g", 1), 1);
}

static void stop(struct other *o)
{
	kill(o->pid, SIGKILL);
	waitpid(o->pid, NULL, 0);
	close(o->go);
}

static void ask_and_get(struct chan *c)
{
	struct chan_msg m;
	Media__ObjectId *o;
	uint64_t id = ask(c, ECHO, 10000);

	ck_assert_uint_ne(id, 0);
	await_kind(c, 10000, CHAN_REPLY, &m);
	ck_assert_uint_eq(m.id, id);
	ck_assert_uint_eq(m.method, ECHO);
	ck_assert_int_eq(m.error, 0);
	o = chan_unpack(c, &media__object_id__descriptor, &m);
	ck_assert_ptr_nonnull(o);
	ck_assert_uint_eq(o->id, 42);
}

TEST_SLOW(hello_request_reply_expiry, 60)
{
	struct other w;
	struct chan *c;
	struct chan_msg m;
	uint64_t id;

	setup();
	w = prepare(worker_main, 11);
	c = open_as(CHAN_SERVER, 12);
	/* The worker comes later than the server. */
	ck_assert(!await(c, 400, &m));
	ck_assert_uint_eq(ask(c, ECHO, 100), 0);
	ck_assert_int_eq(errno, ENOTCONN);
	start(&w);
	await_kind(c, 10000, CHAN_UP, &m);
	ck_assert_uint_eq(m.boot_id, 11);
	ck_assert_uint_eq(m.generation, 7);
	ck_assert_uint_eq(m.digest, chan_mix(11));
	ask_and_get(c);
	id = ask(c, SILENT, 100);
	await_kind(c, 5000, CHAN_EXPIRED, &m);
	ck_assert_uint_eq(m.id, id);
	ck_assert_int_eq(m.error, -ETIMEDOUT);
	/* An idle pair stays up. */
	ck_assert(!await(c, 1500, &m));
	ck_assert(chan_is_up(c));
	chan_free(c);
	stop(&w);
	cleanup();
}

TEST_SLOW(flood_is_queued_and_complete, 60)
{
	struct other w;
	struct chan *c;
	struct chan_msg m;

	setup();
	w = prepare(worker_main, 11);
	start(&w);
	c = open_as(CHAN_SERVER, 12);
	await_kind(c, 10000, CHAN_UP, &m);
	ask(c, FLOOD, 20000);
	for (uint32_t i = 0; i < FLOOD_N; i++) {
		await_kind(c, 10000, CHAN_NOTIFY, &m);
		ck_assert_uint_eq(m.method, i);
	}
	await_kind(c, 10000, CHAN_REPLY, &m);
	chan_free(c);
	stop(&w);
	cleanup();
}

TEST_SLOW(worker_killed, 60)
{
	struct other w[4];
	struct chan *c;
	struct chan_msg m;

	setup();
	for (uint64_t i = 0; i < 4; i++)
		w[i] = prepare(worker_main, 20 + i);
	c = open_as(CHAN_SERVER, 12);
	for (uint64_t i = 0; i < 4; i++) {
		uint64_t id;

		start(&w[i]);
		await_kind(c, 10000, CHAN_UP, &m);
		ck_assert_uint_eq(m.boot_id, 20 + i);
		ask_and_get(c);
		stop(&w[i]);
		id = ask(c, ECHO, 30000);
		ck_assert_uint_ne(id, 0);
		/* The request dies with the connection, not with its clock. */
		await_kind(c, 5000, CHAN_EXPIRED, &m);
		ck_assert_uint_eq(m.id, id);
		await_kind(c, 10000, CHAN_DOWN, &m);
	}
	chan_free(c);
	cleanup();
}

TEST_SLOW(worker_stopped_and_continued, 60)
{
	struct other w;
	struct chan *c;
	struct chan_msg m;
	uint64_t at;

	setup();
	w = prepare(worker_main, 11);
	start(&w);
	c = open_as(CHAN_SERVER, 12);
	await_kind(c, 10000, CHAN_UP, &m);
	for (int i = 0; i < 3; i++) {
		ask_and_get(c);
		at = clock_us();
		kill(w.pid, SIGSTOP);
		await_kind(c, 5000, CHAN_DOWN, &m);
		ck_assert_int_eq(m.error, -ETIMEDOUT);
		ck_assert_uint_ge(clock_us() - at, 450000);
		ck_assert(!await(c, 700, &m));
		kill(w.pid, SIGCONT);
		await_kind(c, 10000, CHAN_UP, &m);
	}
	ask_and_get(c);
	chan_free(c);
	stop(&w);
	cleanup();
}

/* Serves until the server of that boot id has been answered n times. */
static void serve_n(struct chan *c, uint64_t boot_id, int n)
{
	struct chan_msg m;
	uint64_t boot = 0;
	uint64_t end = clock_us() + 20000000;

	while (n) {
		ck_assert_uint_lt(clock_us(), end);
		if (!await(c, 500, &m))
			continue;
		if (m.kind == CHAN_UP) {
			boot = m.boot_id;
			chan_ack(c, 0);
		}
		if (m.kind == CHAN_REQUEST && (!boot || boot == boot_id))
			n--;
		serve(c, &m);
	}
}

TEST_SLOW(server_killed, 60)
{
	struct other s[4];
	struct chan *c;

	setup();
	for (uint64_t i = 0; i < 4; i++)
		s[i] = prepare(server_main, 30 + i);
	c = open_as(CHAN_WORKER, 13);
	for (uint64_t i = 0; i < 4; i++) {
		start(&s[i]);
		serve_n(c, 30 + i, 50);
		stop(&s[i]);
	}
	chan_free(c);
	cleanup();
}

TEST_SLOW(server_stopped_and_continued, 60)
{
	struct other s;
	struct chan *c;
	struct chan_msg m;

	setup();
	s = prepare(server_main, 30);
	c = open_as(CHAN_WORKER, 13);
	start(&s);
	for (int i = 0; i < 3; i++) {
		serve_n(c, 30, 50);
		kill(s.pid, SIGSTOP);
		do
			ck_assert(await(c, 5000, &m));
		while (m.kind == CHAN_REQUEST);
		ck_assert_int_eq(m.kind, CHAN_DOWN);
		ck_assert_int_eq(chan_notify(c, 1, NULL, 0), -ENOTCONN);
		kill(s.pid, SIGCONT);
	}
	serve_n(c, 30, 50);
	chan_free(c);
	stop(&s);
	cleanup();
}

TEST_SLOW(caps, 60)
{
	struct other w;
	struct chan *c;
	struct chan_msg m;
	Media__CreateRouter big = MEDIA__CREATE_ROUTER__INIT;
	uint8_t *label = calloc(1, CHAN_MSG_MAX);

	setup();
	w = prepare(worker_main, 11);
	start(&w);
	c = open_as(CHAN_SERVER, 12);
	await_kind(c, 10000, CHAN_UP, &m);
	big.has_label = 1;
	big.label.data = label;
	big.label.len = CHAN_MSG_MAX;
	ck_assert_uint_eq(chan_request(c, ECHO, &big.base, 1000, clock_us()),
			  0);
	ck_assert_int_eq(errno, EMSGSIZE);
	ask_and_get(c);
	chan_free(c);
	stop(&w);
	free(label);
	cleanup();
}

/* A PAIR has one peer: another one is deaf, and must not stay so for ever. */
TEST_SLOW(second_server_gets_in_when_the_first_dies, 60)
{
	struct other w, first;
	struct chan_stats stats;
	struct chan *c;
	struct chan_msg m;

	setup();
	w = prepare(worker_main, 11);
	first = prepare(server_main, 30);
	start(&w);
	start(&first);
	c = open_as(CHAN_SERVER, 12);
	/* Which of both is first is chance: the loser waits its turn. */
	if (await(c, 1500, &m)) {
		ck_assert_int_eq(m.kind, CHAN_UP);
		ask_and_get(c);
	} else {
		chan_stats(c, &stats);
		ck_assert_uint_ge(stats.sockets, 3);
	}
	stop(&first);
	if (!chan_is_up(c))
		await_kind(c, 10000, CHAN_UP, &m);
	ask_and_get(c);
	chan_free(c);
	stop(&w);
	cleanup();
}

/* Bound as a worker is; says to all it hears what is no envelope. */
static void babbler_main(uint64_t boot_id)
{
	int nn = nn_socket(AF_SP, NN_PAIR);
	char url[128], buf[256];

	(void)boot_id;
	snprintf(url, sizeof(url), "ipc://%s", path);
	nn_bind(nn, url);
	for (;;)
		if (nn_recv(nn, buf, sizeof(buf), 0) > 0)
			nn_send(nn, "\xff\xff\xff", 3, 0);
}

TEST_SLOW(a_peer_that_babbles_is_given_up_and_tried_again, 60)
{
	struct chan_stats stats = {0};
	struct other bad, w;
	struct chan *c;
	struct chan_msg m;
	uint64_t end = clock_us() + 20000000;

	setup();
	bad = prepare(babbler_main, 10);
	w = prepare(worker_main, 11);
	start(&bad);
	c = open_as(CHAN_SERVER, 12);
	while (stats.malformed < 3) {
		ck_assert_uint_lt(clock_us(), end);
		ck_assert(!await(c, 100, &m)); /* it was never up */
		chan_stats(c, &stats);
	}
	ck_assert_uint_gt(stats.sockets, stats.malformed);
	stop(&bad);
	start(&w);
	await_kind(c, 10000, CHAN_UP, &m);
	ask_and_get(c);
	chan_free(c);
	stop(&w);
	cleanup();
}

/* A worker that stands still costs a bounded queue, and no request is lost
 * without a word. */
TEST_SLOW(a_full_queue_refuses, 60)
{
	struct other w;
	struct chan_stats stats;
	struct chan *c;
	struct chan_msg m;
	Media__CreateRouter big = MEDIA__CREATE_ROUTER__INIT;
	uint8_t *label = calloc(1, 65536);
	size_t asked = 0, ended = 0;

	setup();
	w = prepare(worker_main, 11);
	start(&w);
	c = open_as(CHAN_SERVER, 12);
	await_kind(c, 10000, CHAN_UP, &m);
	big.has_label = 1;
	big.label.data = label;
	big.label.len = 65536;
	kill(w.pid, SIGSTOP);
	while (chan_request(c, ECHO, &big.base, 60000000, clock_us()))
		ck_assert_uint_lt(++asked, 1000);
	ck_assert_int_eq(errno, ENOBUFS);
	chan_stats(c, &stats);
	ck_assert_uint_le(stats.queued, CHAN_QUEUE_MAX);
	ck_assert_uint_gt(stats.queued, CHAN_QUEUE_MAX - 131072);
	ck_assert_uint_eq(stats.pending, asked);
	while (await(c, 5000, &m) && m.kind == CHAN_EXPIRED)
		ended++;
	ck_assert_int_eq(m.kind, CHAN_DOWN);
	ck_assert_uint_eq(ended, asked);
	kill(w.pid, SIGCONT);
	await_kind(c, 10000, CHAN_UP, &m);
	chan_stats(c, &stats);
	ck_assert_uint_eq(stats.queued + stats.pending, 0);
	ask_and_get(c);
	chan_free(c);
	stop(&w);
	free(label);
	cleanup();
}
