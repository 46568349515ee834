#include "proto/lifeline.h"

#include "common/blackbox.h"
#include "common/recorder.h"
#include "common/sys/proc.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

int lifeline_send(int sock, const struct lifeline_msg *m, const int *fds,
		  size_t n_fds)
{
	return proc_send(sock, m, sizeof(*m), fds, n_fds);
}

int lifeline_recv(int sock, struct lifeline_msg *m, int fds[PROC_MAX_FDS],
		  size_t *n_fds)
{
	ssize_t n = proc_recv(sock, m, sizeof(*m), fds, n_fds);
	char first;

	if (n <= 0)
		return (int)n;
	memcpy(&first, m, 1);
	if (n == sizeof(*m) && m->type >= LIFELINE_START &&
	    m->type <= LIFELINE_QUARANTINE)
		return 1;
	while (*n_fds)
		close(fds[--*n_fds]);
	return n == 1 && first == LIFELINE_FATAL_BYTE ? -EOWNERDEAD : -EBADMSG;
}

static int check_start(const struct lifeline_start *s, size_t n_fds)
{
	if (s->version != LIFELINE_VERSION)
		return -EPROTONOSUPPORT;
	if (s->n_fds != n_fds || s->n_announce > LIFELINE_ADDRS)
		return -EBADMSG;
	if (!memchr(s->run_dir, 0, sizeof(s->run_dir)) ||
	    !memchr(s->bus_path, 0, sizeof(s->bus_path)))
		return -EBADMSG;
	return 0;
}

int lifeline_wait_start(int sock, struct lifeline_msg *m, int fds[PROC_MAX_FDS],
			int timeout_ms)
{
	struct pollfd p = {.fd = sock, .events = POLLIN};
	size_t n_fds = 0;
	int got, err;

	do
		got = poll(&p, 1, timeout_ms);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	if (!got)
		return -ETIMEDOUT;
	got = lifeline_recv(sock, m, fds, &n_fds);
	if (got == 0)
		return -EPIPE;
	if (got < 0)
		return got;
	err = m->type == LIFELINE_START ? check_start(&m->u.start, n_fds)
					: -EBADMSG;
	while (err && n_fds)
		close(fds[--n_fds]);
	return err;
}

struct heartbeat *lifeline_heartbeat(int memfd)
{
	void *p = mmap(NULL, sizeof(struct heartbeat), PROT_READ | PROT_WRITE,
		       MAP_SHARED, memfd, 0);

	return p == MAP_FAILED ? NULL : p;
}

struct blackbox *lifeline_blackbox(int memfd)
{
	void *p = mmap(NULL, sizeof(struct blackbox), PROT_READ | PROT_WRITE,
		       MAP_SHARED, memfd, 0);

	return p == MAP_FAILED ? NULL : p;
}

struct recorder *lifeline_recorder(int memfd, bool write)
{
	void *p = mmap(NULL, sizeof(struct recorder),
		       write ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED,
		       memfd, 0);

	return p == MAP_FAILED ? NULL : p;
}

/* Read by the handler alone, set once before any fault. */
static int fatal_sock = -1;

static void on_fatal(int signo)
{
	char byte = LIFELINE_FATAL_BYTE;

	(void)!send(fatal_sock, &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	/* SA_RESETHAND has put the default back: die of it now. */
	raise(signo);
}

void lifeline_on_fatal(int sock)
{
	static const int fatal[] = {SIGSEGV, SIGBUS,  SIGILL,
				    SIGFPE,  SIGABRT, SIGSYS};
	struct sigaction sa = {.sa_handler = on_fatal,
			       .sa_flags = SA_RESETHAND | SA_ONSTACK};

	fatal_sock = sock;
	for (size_t i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++)
		sigaction(fatal[i], &sa, NULL);
}
