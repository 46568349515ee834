/*
 * proc: starting and watching a role's process.
 *
 * proc_spawn() forks and executes a program that gets exactly four
 * descriptors: 0 (/dev/null), 1 and 2 (inherited) and 3 (PROC_LIFELINE_FD,
 * its end of an AF_UNIX SEQPACKET pair). Its other end and a pidfd stay with
 * the caller, who owns both. The child leads its own process group, so a
 * Ctrl-C at the terminal reaches the supervisor alone.
 *
 *	struct proc p;
 *	proc_spawn(&p, "/usr/bin/mediad", (char *[]){"mediad", "-i", "0", 0});
 *	... loop_fd_new(loop, p.pidfd, LOOP_READ, on_death, &p);
 *	status = proc_reap(&p);
 */
#ifndef COMMON_SYS_PROC_H
#define COMMON_SYS_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PROC_LIFELINE_FD 3
#define PROC_MAX_FDS	 16 /* descriptors in one message */

struct proc {
	pid_t pid;    /* 0: none */
	int pidfd;    /* readable when it has died; -1: none */
	int lifeline; /* ours; -1: none */
};

/* 0 or -errno (also when the exec failed, e.g. -ENOENT). */
int proc_spawn(struct proc *p, const char *path, char *const argv[]);

/*
 * The wait status of a dead child; -EAGAIN when it lives. Closes pidfd and
 * lifeline once it is dead.
 */
int proc_reap(struct proc *p);

int proc_kill(const struct proc *p, int signo); /* by pidfd: never a stranger */

/* CPU time used so far by any process, in microseconds; 0 when unknown. */
uint64_t proc_cpu_us(pid_t pid);

/* True when the process is stopped (T in /proc). */
bool proc_is_stopped(pid_t pid);

/*
 * One message with descriptors over a SEQPACKET socket, without blocking.
 * 0 or -errno (-EAGAIN: full; -EPIPE: the other side is gone). The
 * descriptors stay the caller's.
 */
int proc_send(int sock, const void *msg, size_t len, const int *fds,
	      size_t n_fds);

/*
 * The next message: its length, 0 at the end (the other side is gone), or
 * -errno (-EAGAIN: none, -EMSGSIZE: longer than cap). Received descriptors
 * (close-on-exec) go to fds, *n_fds of at most PROC_MAX_FDS, and are the
 * caller's to close.
 */
ssize_t proc_recv(int sock, void *msg, size_t cap, int fds[PROC_MAX_FDS],
		  size_t *n_fds);

#endif
