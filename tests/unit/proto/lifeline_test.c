#include "proto/lifeline.h"

#include "tests/lib/test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static struct lifeline_msg start_msg(uint32_t n_fds)
{
	return (struct lifeline_msg){
		.type = LIFELINE_START,
		.u.start = {.version = LIFELINE_VERSION,
			    .index = 3,
			    .generation = 2,
			    .n_fds = n_fds,
			    .fd = {LIFELINE_FD_HEARTBEAT},
			    .bus_path = "/run/x/w3.2"},
	};
}

TEST(lifeline_start_brings_descriptors)
{
	struct lifeline_msg m = start_msg(1), got;
	int pair[2], fds[PROC_MAX_FDS];
	int mem = memfd_create("beat", 0);
	struct heartbeat *a, *b;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	ck_assert_int_eq(ftruncate(mem, sizeof(struct heartbeat)), 0);
	ck_assert_int_eq(lifeline_send(pair[0], &m, &mem, 1), 0);
	ck_assert_int_eq(lifeline_wait_start(pair[1], &got, fds, 1000), 0);
	ck_assert_uint_eq(got.u.start.index, 3);
	ck_assert_str_eq(got.u.start.bus_path, "/run/x/w3.2");
	a = lifeline_heartbeat(mem);
	b = lifeline_heartbeat(fds[0]);
	a->beat_us = 42;
	ck_assert_uint_eq(b->beat_us, 42);
}

TEST(lifeline_refuses_what_is_not_ours)
{
	struct lifeline_msg m = start_msg(0), got;
	int pair[2], fds[PROC_MAX_FDS];
	size_t n;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	ck_assert_int_eq(lifeline_wait_start(pair[1], &got, fds, 10),
			 -ETIMEDOUT);
	m.u.start.version++;
	lifeline_send(pair[0], &m, NULL, 0);
	ck_assert_int_eq(lifeline_wait_start(pair[1], &got, fds, 1000),
			 -EPROTONOSUPPORT);
	m = start_msg(1); /* says one descriptor, has none */
	lifeline_send(pair[0], &m, NULL, 0);
	ck_assert_int_eq(lifeline_wait_start(pair[1], &got, fds, 1000),
			 -EBADMSG);
	m.type = LIFELINE_QUARANTINE + 1;
	lifeline_send(pair[0], &m, NULL, 0);
	ck_assert_int_eq(lifeline_recv(pair[1], &got, fds, &n), -EBADMSG);
	ck_assert_int_eq(write(pair[0], "FF", 2), 2);
	ck_assert_int_eq(lifeline_recv(pair[1], &got, fds, &n), -EBADMSG);
	ck_assert_int_eq(lifeline_recv(pair[1], &got, fds, &n), -EAGAIN);
	close(pair[0]);
	ck_assert_int_eq(lifeline_recv(pair[1], &got, fds, &n), 0);
}

TEST(lifeline_fatal_byte_comes_before_death)
{
	struct lifeline_msg got;
	int pair[2], fds[PROC_MAX_FDS], status;
	size_t n;
	pid_t pid;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	pid = fork();
	if (pid == 0) {
		lifeline_on_fatal(pair[1]);
		raise(SIGBUS);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
	ck_assert_int_eq(lifeline_recv(pair[0], &got, fds, &n), -EOWNERDEAD);
}
