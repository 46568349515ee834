#include "common/sys/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* In the child: only calls that are safe after fork. */
static void child(const char *path, char *const argv[], int life, int report)
{
	sigset_t none;
	int null = open("/dev/null", O_RDWR);
	int err;

	setpgid(0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (int s = 1; s < 32; s++)
		if (s != SIGKILL && s != SIGSTOP)
			sigaction(s, &(struct sigaction){.sa_handler = SIG_DFL},
				  NULL);
	if (null >= 0)
		dup2(null, 0);
	/* report must not be in the way of 3, and must vanish at exec. */
	report = fcntl(report, F_DUPFD_CLOEXEC, 10);
	life = fcntl(life, F_DUPFD_CLOEXEC, 10);
	dup2(life, PROC_LIFELINE_FD);
	syscall(SYS_close_range, 4, ~0u, 4 /* CLOSE_RANGE_CLOEXEC */);
	execv(path, argv);
	err = errno;
	(void)!write(report, &err, sizeof(err));
	_exit(127);
}

/* Waits for the exec: the pipe closes (0) or brings an errno. */
static int exec_result(int fd)
{
	int err = 0;
	ssize_t n;

	do
		n = read(fd, &err, sizeof(err));
	while (n < 0 && errno == EINTR);
	return n == sizeof(err) ? -err : 0;
}

int proc_spawn(struct proc *p, const char *path, char *const argv[])
{
	int pair[2], report[2];
	int err;

	*p = (struct proc){.pidfd = -1, .lifeline = -1};
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	if (pipe2(report, O_CLOEXEC)) {
		err = -errno;
		goto out_pair;
	}
	p->pid = fork();
	if (p->pid == 0)
		child(path, argv, pair[1], report[1]);
	close(report[1]);
	err = p->pid < 0 ? -errno : exec_result(report[0]);
	close(report[0]);
	if (err) {
		if (p->pid > 0)
			waitpid(p->pid, NULL, 0);
		p->pid = 0;
		goto out_pair;
	}
	close(pair[1]);
	fcntl(pair[0], F_SETFL, O_NONBLOCK);
	p->lifeline = pair[0];
	p->pidfd = (int)syscall(SYS_pidfd_open, p->pid, 0);
	return 0;
out_pair:
	close(pair[0]);
	close(pair[1]);
	return err;
}

int proc_reap(struct proc *p)
{
	int status;
	pid_t got = waitpid(p->pid, &status, WNOHANG);

	if (got == 0)
		return -EAGAIN;
	if (p->pidfd >= 0)
		close(p->pidfd);
	if (p->lifeline >= 0)
		close(p->lifeline);
	*p = (struct proc){.pidfd = -1, .lifeline = -1};
	return got < 0 ? 0 : status;
}

int proc_kill(const struct proc *p, int signo)
{
	if (p->pidfd < 0)
		return -ESRCH;
	return syscall(SYS_pidfd_send_signal, p->pidfd, signo, NULL, 0) ? -errno
									: 0;
}

/* The fields of /proc/PID/stat behind the name; 0 or -errno. */
static int stat_fields(pid_t pid, char *state, unsigned long *ticks)
{
	char path[32], buf[512];
	unsigned long user, sys;
	const char *p;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	if (n <= 0)
		return -ESRCH;
	buf[n] = '\0';
	p = strrchr(buf, ')'); /* a name may hold anything */
	if (!p ||
	    sscanf(p + 2, "%c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
		   state, &user, &sys) != 3)
		return -EPROTO;
	*ticks = user + sys;
	return 0;
}

uint64_t proc_cpu_us(pid_t pid)
{
	unsigned long ticks;
	char state;

	if (stat_fields(pid, &state, &ticks))
		return 0;
	return (uint64_t)ticks * 1000000u / (uint64_t)sysconf(_SC_CLK_TCK);
}

bool proc_is_stopped(pid_t pid)
{
	unsigned long ticks;
	char state;

	return !stat_fields(pid, &state, &ticks) &&
	       (state == 'T' || state == 't');
}

union control {
	struct cmsghdr align;
	char buf[CMSG_SPACE(PROC_MAX_FDS * sizeof(int))];
};

int proc_send(int sock, const void *msg, size_t len, const int *fds,
	      size_t n_fds)
{
	union control ctl = {.buf = {0}};
	struct iovec iov = {.iov_len = len};
	struct msghdr mh = {.msg_iov = &iov, .msg_iovlen = 1};

	if (n_fds > PROC_MAX_FDS)
		return -EINVAL;
	memcpy(&iov.iov_base, &msg, sizeof(msg)); /* sendmsg only reads it */
	if (n_fds) {
		struct cmsghdr *c;

		mh.msg_control = ctl.buf;
		mh.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		c = CMSG_FIRSTHDR(&mh);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(c), fds, n_fds * sizeof(int));
	}
	if (sendmsg(sock, &mh, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return -errno;
	return 0;
}

/* Collects the descriptors of a message. */
static size_t take_fds(struct msghdr *mh, int fds[PROC_MAX_FDS])
{
	size_t n = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(mh); c; c = CMSG_NXTHDR(mh, c)) {
		size_t k;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		k = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		if (n + k > PROC_MAX_FDS)
			break;
		memcpy(fds + n, CMSG_DATA(c), k * sizeof(int));
		n += k;
	}
	return n;
}

ssize_t proc_recv(int sock, void *msg, size_t cap, int fds[PROC_MAX_FDS],
		  size_t *n_fds)
{
	union control ctl;
	struct iovec iov = {.iov_base = msg, .iov_len = cap};
	struct msghdr mh = {.msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = ctl.buf,
			    .msg_controllen = sizeof(ctl.buf)};
	ssize_t n;

	*n_fds = 0;
	do
		n = recvmsg(sock, &mh, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == ECONNRESET ? 0 : -errno;
	*n_fds = take_fds(&mh, fds);
	if (!(mh.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
		return n;
	while (*n_fds)
		close(fds[--*n_fds]);
	return -EMSGSIZE;
}
