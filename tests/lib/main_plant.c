/*
 * plant: makes a running process do a system call that it never does by
 * itself, as an intruder would:
 *
 *	plant PID open|socket|connect|execve|fork|kill|ptrace|mmap
 *	plant PID loop		it runs in a circle of one instruction for ever
 *
 * The main thread is stopped where it waits in a system call, and sent back to
 * that instruction with another number. Exit status 0 says that it was done,
 * not what came of it. AMD64 alone.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TRIES 200

struct call {
	const char *name;
	long nr;
	unsigned long long arg[4];
};

static const struct call calls[] = {
	{"open", SYS_openat, {0}},
	{"socket", SYS_socket, {AF_INET, SOCK_DGRAM}},
	{"connect", SYS_connect, {0}},
	{"execve", SYS_execve, {0}},
	{"fork", SYS_clone, {SIGCHLD}},
	{"kill", SYS_kill, {1, 0}},
	{"ptrace", SYS_ptrace, {PTRACE_ATTACH, 1}},
	{"loop", -1, {0}},
	{"mmap",
	 SYS_mmap,
	 {0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS}},
};

static const struct call *find(const char *name)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (!strcmp(calls[i].name, name))
			return &calls[i];
	return NULL;
}

static int stop(pid_t pid)
{
	int status;

	if (ptrace(PTRACE_INTERRUPT, pid, NULL, NULL))
		return -errno;
	return waitpid(pid, &status, 0) == pid && WIFSTOPPED(status) ? 0
								     : -ESRCH;
}

/* 0; -EAGAIN: it does not wait in a system call now. */
static int plant(pid_t pid, const struct call *c)
{
	struct user_regs_struct r;
	unsigned char *at;
	long word;

	if (ptrace(PTRACE_GETREGS, pid, NULL, &r))
		return -errno;
	at = (unsigned char *)r.rip - 2; /* NOLINT: the other's address */
	errno = 0;
	word = ptrace(PTRACE_PEEKTEXT, pid, at, NULL);
	if (errno || (word & 0xffff) != 0x050f) /* SYSCALL */
		return -EAGAIN;
	r.rip -= 2;
	r.orig_rax = (unsigned long long)-1; /* nothing to be restarted */
	r.rax = (unsigned long long)c->nr;
	r.rdi = c->arg[0];
	r.rsi = c->arg[1];
	r.rdx = c->arg[2];
	r.r10 = c->arg[3];
	return ptrace(PTRACE_SETREGS, pid, NULL, &r) ? -errno : 0;
}

/* JMP to itself, in the place where it is. */
static int loop(pid_t pid)
{
	struct user_regs_struct r;
	long word;

	if (ptrace(PTRACE_GETREGS, pid, NULL, &r))
		return -errno;
	errno = 0;
	word = ptrace(PTRACE_PEEKTEXT, pid, r.rip, NULL);
	if (errno ||
	    ptrace(PTRACE_POKETEXT, pid, r.rip, (word & ~0xffffL) | 0xfeeb))
		return -errno;
	r.orig_rax = (unsigned long long)-1;
	return ptrace(PTRACE_SETREGS, pid, NULL, &r) ? -errno : 0;
}

int main(int argc, char **argv)
{
	const struct call *c = argc == 3 ? find(argv[2]) : NULL;
	pid_t pid = argc == 3 ? (pid_t)strtol(argv[1], NULL, 10) : 0;
	int err = -EAGAIN;

	if (!c || pid <= 0) {
		fputs("usage: plant PID CALL\n", stderr);
		return 2;
	}
	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL)) {
		perror("plant");
		return 1;
	}
	for (int i = 0; err == -EAGAIN && i < TRIES; i++) {
		err = stop(pid);
		if (!err)
			err = c->nr < 0 ? loop(pid) : plant(pid, c);
		if (err == -EAGAIN) {
			ptrace(PTRACE_CONT, pid, NULL, NULL);
			nanosleep(&(struct timespec){.tv_nsec = 3000000}, NULL);
		}
	}
	ptrace(PTRACE_DETACH, pid, NULL, NULL);
	if (err)
		fprintf(stderr, "plant: %s\n", strerror(-err));
	return err ? 1 : 0;
}
