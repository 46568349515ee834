#include "common/sys/proc.h"

#include "tests/lib/test.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* argv of a shell script; exec wants it writable. */
static int sh(struct proc *p, const char *script)
{
	char arg0[] = "sh", arg1[] = "-c", arg2[256];
	char *argv[] = {arg0, arg1, arg2, NULL};

	snprintf(arg2, sizeof(arg2), "%s", script);
	return proc_spawn(p, "/bin/sh", argv);
}

static void wait_for(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	ck_assert_int_eq(poll(&p, 1, 30000), 1);
}

TEST(proc_child_speaks_over_its_lifeline_and_dies)
{
	struct proc p;
	int fds[PROC_MAX_FDS];
	size_t n;
	char buf[8];
	int status;

	ck_assert_int_eq(sh(&p, "printf F >&3; exit 7"), 0);
	wait_for(p.lifeline);
	ck_assert_int_eq(proc_recv(p.lifeline, buf, sizeof(buf), fds, &n), 1);
	ck_assert_int_eq(buf[0], 'F');
	wait_for(p.pidfd);
	ck_assert_int_eq(proc_recv(p.lifeline, buf, sizeof(buf), fds, &n), 0);
	status = proc_reap(&p);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 7);
	ck_assert_int_eq(p.pid, 0);
}

TEST(proc_child_has_four_descriptors_and_its_own_group)
{
	struct proc p;
	int status;

	/* ls counts itself: 0 to 3 and the folder it reads. */
	ck_assert_int_eq(sh(&p, "test $(ls /proc/self/fd | wc -l) = 5"
				" && test $(ps -o pgid= -p $$) = $$"),
			 0);
	wait_for(p.pidfd);
	status = proc_reap(&p);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST(proc_reports_a_failed_exec)
{
	struct proc p;
	char name[] = "nothing";
	char *argv[] = {name, NULL};

	ck_assert_int_eq(proc_spawn(&p, "/nonexistent/x", argv), -ENOENT);
	ck_assert_int_eq(p.pid, 0);
	ck_assert_int_eq(p.lifeline, -1);
}

TEST(proc_sees_a_stopped_child_and_kills_it)
{
	struct proc p;
	int status;

	ck_assert_int_eq(sh(&p, "kill -STOP $$"), 0);
	for (int i = 0; i < 500 && !proc_is_stopped(p.pid); i++)
		usleep(10000);
	ck_assert(proc_is_stopped(p.pid));
	ck_assert_int_eq(proc_reap(&p), -EAGAIN);
	ck_assert_int_eq(proc_kill(&p, SIGKILL), 0);
	wait_for(p.pidfd);
	status = proc_reap(&p);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

TEST(proc_counts_cpu_time)
{
	uint64_t before = proc_cpu_us(getpid());
	volatile unsigned int x = 0;

	while (proc_cpu_us(getpid()) < before + 20000)
		x++;
	ck_assert_uint_gt(x, 0);
	ck_assert_uint_eq(proc_cpu_us(0x7ffffff0), 0);
}

TEST(proc_passes_descriptors)
{
	int pair[2], p[2], fds[PROC_MAX_FDS];
	size_t n;
	char buf[8] = "", c = 0;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	ck_assert_int_eq(pipe(p), 0);
	ck_assert_int_eq(proc_send(pair[0], "hello", 5, &p[1], 1), 0);
	ck_assert_int_eq(proc_recv(pair[1], buf, sizeof(buf), fds, &n), 5);
	ck_assert_uint_eq(n, 1);
	ck_assert_int_eq(write(fds[0], "!", 1), 1);
	ck_assert_int_eq(read(p[0], &c, 1), 1);
	ck_assert_int_eq(c, '!');
	ck_assert_int_eq(proc_recv(pair[1], buf, sizeof(buf), fds, &n),
			 -EAGAIN);
	/* Too long for the reader: refused, its descriptors closed. */
	ck_assert_int_eq(proc_send(pair[0], "hello", 5, p, 2), 0);
	ck_assert_int_eq(proc_recv(pair[1], buf, 2, fds, &n), -EMSGSIZE);
	ck_assert_uint_eq(n, 0);
	close(pair[1]);
	ck_assert_int_eq(proc_send(pair[0], "x", 1, NULL, 0), -EPIPE);
}
