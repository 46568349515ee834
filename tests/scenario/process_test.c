/*
 * mediad as a process: started as the supervisor starts it, asked over the
 * bus, talked to over loopback.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/log.h"
#include "common/sys/clock.h"
#include "common/sys/proc.h"
#include "common/sys/rng.h"
#include "mediad/io/tcp.h"
#include "mediad/io/udp.h"
#include "mediad/wire/stun.h"
#include "proto/chan.h"
#include "proto/lifeline.h"
#include "proto/media.pb-c.h"
#include "tests/lib/test.h"

struct box {
	char dir[64];
	struct lifeline_start start;
	struct proc proc;
	int udp, tcp, beat;
	struct chan *bus;
	struct addr addr;
};

/* Beside this test's own binary: build/<variant>/bin/mediad. */
static void program(char *out, size_t cap)
{
	char self[512];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	ck_assert_int_gt(n, 0);
	self[n] = '\0';
	slash = strrchr(self, '/');
	ck_assert_ptr_nonnull(slash);
	*slash = '\0';
	snprintf(out, cap, "%s/bin/mediad", self);
}

static void await_ready(struct box *b)
{
	struct pollfd p = {.fd = b->proc.lifeline, .events = POLLIN};
	struct lifeline_msg m;
	int fds[PROC_MAX_FDS];
	size_t n;

	ck_assert_int_eq(poll(&p, 1, 30000), 1);
	ck_assert_int_eq(lifeline_recv(b->proc.lifeline, &m, fds, &n), 1);
	ck_assert_uint_eq(m.type, LIFELINE_READY);
}

static void spawn(struct box *b)
{
	struct lifeline_msg m = {.type = LIFELINE_START};
	char *argv[] = {(char[]){"mediad"}, (char[]){"-i"}, (char[]){"0"},
			(char[]){"-l"},	    (char[]){"3"},  NULL};
	int fds[3] = {b->udp, b->tcp, b->beat};
	char path[600];

	program(path, sizeof(path));
	b->start.generation++;
	snprintf(b->start.bus_path, sizeof(b->start.bus_path), "%s/w0.%u",
		 b->dir, b->start.generation);
	m.u.start = b->start;
	ck_assert_int_eq(proc_spawn(&b->proc, path, argv), 0);
	ck_assert_int_eq(lifeline_send(b->proc.lifeline, &m, fds, 3), 0);
	await_ready(b);
}

static void box_new(struct box *b)
{
	struct addr any;

	memset(b, 0, sizeof(*b));
	ck_assert_int_eq(rng_setup(), 0);
	strcpy(b->dir, "/tmp/mediad-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(b->dir));
	addr_parse(&any, "127.0.0.1", 0);
	b->udp = udp_socket(&any, 1 << 20);
	b->tcp = tcp_socket(&any);
	b->beat = memfd_create("beat", MFD_CLOEXEC);
	ck_assert_int_ge(b->udp, 0);
	ck_assert_int_ge(b->tcp, 0);
	ck_assert_int_eq(ftruncate(b->beat, sizeof(struct heartbeat)), 0);
	b->start.version = LIFELINE_VERSION;
	b->start.cpu = -1;
	b->start.orphan_ms = 1000;
	b->start.log_level = LOG_WARN;
	b->start.n_fds = 3;
	b->start.fd[0] = LIFELINE_FD_UDP;
	b->start.fd[1] = LIFELINE_FD_TCP;
	b->start.fd[2] = LIFELINE_FD_HEARTBEAT;
	b->start.n_announce = 1;
	b->start.announce[0] = any;
	strcpy(b->start.run_dir, b->dir);
	spawn(b);
}

static void bus_open(struct box *b)
{
	struct chan_conf conf = {.role = CHAN_SERVER,
				 .path = b->start.bus_path,
				 .boot_id = rng_id()};

	ck_assert_int_eq(chan_new(&b->bus, &conf, clock_us()), 0);
}

/* The next message of a kind within two seconds; others are passed over. */
static void await(struct box *b, enum chan_kind kind, struct chan_msg *m)
{
	uint64_t end = clock_us() + 20000000;

	while (clock_us() < end) {
		struct pollfd p = {.fd = chan_fd(b->bus), .events = POLLIN};

		while (chan_next(b->bus, clock_us(), m))
			if (m->kind == kind)
				return;
		poll(&p, 1, 10);
	}
	ck_abort_msg("nothing came on the bus");
}

static void *ask(struct box *b, Media__Method method,
		 const ProtobufCMessage *msg,
		 const ProtobufCMessageDescriptor *type)
{
	struct chan_msg m;
	uint64_t id = chan_request(b->bus, method, msg, 20000000, clock_us());

	ck_assert_uint_ne(id, 0);
	await(b, CHAN_REPLY, &m);
	ck_assert_uint_eq(m.id, id);
	ck_assert_msg(!m.error, "%d %s", m.error, m.reason);
	return chan_unpack(b->bus, type, &m);
}

static void box_free(struct box *b)
{
	chan_free(b->bus);
	proc_kill(&b->proc, SIGKILL);
	for (int i = 0; i < 1000 && proc_reap(&b->proc) == -EAGAIN; i++)
		usleep(10000);
	close(b->udp);
	close(b->tcp);
	close(b->beat);
	for (uint32_t g = 1; g <= b->start.generation; g++) {
		char path[160];

		snprintf(path, sizeof(path), "%s/w0.%u", b->dir, g);
		unlink(path);
	}
	ck_assert_int_eq(rmdir(b->dir), 0);
}

/* A router and a transport; what a client would be told of it. */
static Media__TransportInfo *transport(struct box *b)
{
	Media__CreateRouter r = MEDIA__CREATE_ROUTER__INIT;
	Media__CreateTransport t = MEDIA__CREATE_TRANSPORT__INIT;

	r.id = 1;
	t.id = 2;
	t.router_id = 1;
	t.peer_id = 3;
	ask(b, MEDIA__METHOD__CREATE_ROUTER, &r.base,
	    &media__empty__descriptor);
	return ask(b, MEDIA__METHOD__CREATE_TRANSPORT, &t.base,
		   &media__transport_info__descriptor);
}

/* A Binding request as a browser's first check; the answer's class. */
static enum stun_class check(const Media__TransportInfo *info)
{
	uint8_t buf[512], tid[STUN_TID_LEN] = {1, 2, 3};
	struct wr w = wr_of(buf, sizeof(buf));
	struct sockaddr_storage ss;
	struct stun_key key;
	struct pollfd p = {.events = POLLIN};
	struct stun m;
	struct addr to;
	char user[80];
	ssize_t n;

	ck_assert_uint_ge(info->n_candidates, 2);
	addr_parse(&to, info->candidates[0]->address,
		   (uint16_t)info->candidates[0]->port);
	snprintf(user, sizeof(user), "%s:abcd", info->ice->username_fragment);
	stun_key_init(&key, info->ice->password, strlen(info->ice->password));
	stun_begin(&w, STUN_BINDING, STUN_REQUEST, tid);
	stun_put(&w, STUN_USERNAME, user, strlen(user));
	stun_put_u32(&w, STUN_PRIORITY, 1);
	stun_put_u64(&w, STUN_ICE_CONTROLLING, 7);
	stun_put(&w, STUN_USE_CANDIDATE, NULL, 0);
	n = stun_end(&w, &key, true);
	ck_assert_int_gt(n, 0);
	p.fd = socket(AF_INET, SOCK_DGRAM, 0);
	sendto(p.fd, buf, (size_t)n, 0, (struct sockaddr *)&ss,
	       addr_to_sa(&to, &ss));
	ck_assert_int_eq(poll(&p, 1, 20000), 1);
	n = recv(p.fd, buf, sizeof(buf), 0);
	close(p.fd);
	ck_assert_int_eq(stun_parse(&m, buf, (size_t)n), 0);
	ck_assert(stun_integrity_ok(&m, &key));
	return m.cls;
}

TEST_SLOW(process_serves_the_bus_and_the_socket, 60)
{
	Media__TransportInfo *info;
	Media__Empty e = MEDIA__EMPTY__INIT;
	Media__WorkerStats *ws;
	struct chan_msg m;
	struct box b;

	box_new(&b);
	bus_open(&b);
	await(&b, CHAN_UP, &m);
	ck_assert_uint_eq(m.generation, 1);
	ck_assert_uint_eq(m.digest, 0);
	info = transport(&b);
	ck_assert_uint_eq(info->n_fingerprints, 5);
	ck_assert_int_eq(check(info), STUN_SUCCESS);
	/* The load of each second may come first. */
	do
		await(&b, CHAN_NOTIFY, &m);
	while (m.method == MEDIA__EVENT__WORKER_LOAD);
	ck_assert_uint_eq(m.method, MEDIA__EVENT__TRANSPORT_STATE);
	ws = ask(&b, MEDIA__METHOD__GET_WORKER_STATS, &e.base,
		 &media__worker_stats__descriptor);
	ck_assert_uint_eq(ws->transports, 1);
	ck_assert_uint_eq(ws->packets_in, 1);
	box_free(&b);
}

/* The inventory outlives the server that made it. */
TEST_SLOW(process_is_found_by_the_next_server, 60)
{
	Media__DumpPage page = MEDIA__DUMP_PAGE__INIT;
	Media__Dump *dump;
	struct chan_msg m;
	struct box b;

	box_new(&b);
	bus_open(&b);
	await(&b, CHAN_UP, &m);
	transport(&b);
	chan_free(b.bus);
	bus_open(&b);
	await(&b, CHAN_UP, &m);
	ck_assert_uint_eq(m.digest, chan_mix(1) ^ chan_mix(2));
	dump = ask(&b, MEDIA__METHOD__DUMP, &page.base,
		   &media__dump__descriptor);
	ck_assert_uint_eq(dump->n_objects, 2);
	ck_assert_int_eq(dump->objects[0]->noun,
			 MEDIA__DUMP_OBJECT__NOUN__ROUTER);
	ck_assert_uint_eq(dump->objects[1]->id, 2);
	ck_assert_uint_eq(dump->objects[1]->parent_id, 1);
	ck_assert_uint_eq(dump->objects[1]->peer_id, 3);
	box_free(&b);
}

/* A reborn worker keeps its port: the descriptor outlives the process. */
TEST_SLOW(process_is_reborn_on_its_port, 60)
{
	Media__TransportInfo *info;
	struct chan_msg m;
	struct box b;

	box_new(&b);
	bus_open(&b);
	await(&b, CHAN_UP, &m);
	proc_kill(&b.proc, SIGKILL);
	for (int i = 0; i < 1000 && proc_reap(&b.proc) == -EAGAIN; i++)
		usleep(10000);
	chan_free(b.bus);
	spawn(&b);
	bus_open(&b);
	await(&b, CHAN_UP, &m);
	ck_assert_uint_eq(m.generation, 2);
	info = transport(&b);
	ck_assert_int_eq(check(info), STUN_SUCCESS);
	box_free(&b);
}

TEST_SLOW(process_stops_when_told, 60)
{
	struct lifeline_msg m = {.type = LIFELINE_STOP};
	struct box b;
	int status = -EAGAIN;

	box_new(&b);
	bus_open(&b);
	lifeline_send(b.proc.lifeline, &m, NULL, 0);
	for (int i = 0; i < 2000 && status == -EAGAIN; i++) {
		usleep(10000);
		status = proc_reap(&b.proc);
	}
	ck_assert_int_eq(status, 0);
	chan_free(b.bus);
	b.bus = NULL;
	b.proc.pid = 0;
	box_free(&b);
}
