#include "common/sys/sandbox.h"

#include "common/log.h"
#include "tests/lib/test.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SECCOMP false
#else
#define SECCOMP true
#endif

/* Runs fn behind a sandbox, in a process of its own; its wait status. */
static int behind(enum sandbox_role role, const struct sandbox_path *paths,
		  size_t n, int (*fn)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (sandbox_drop() || sandbox_enter(role, paths, n))
			_exit(99);
		_exit(fn());
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

static int try_open(void)
{
	return open("/etc/passwd", O_RDONLY) < 0 ? 1 : 0;
}

static int try_socket(void)
{
	return socket(AF_INET, SOCK_DGRAM, 0) < 0 ? 1 : 0;
}

static int try_connect(void)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};

	return connect(0, (struct sockaddr *)&un, sizeof(un)) ? 1 : 0;
}

static int try_exec(void)
{
	char arg[] = "true";
	char *argv[] = {arg, NULL};

	execv("/bin/true", argv);
	return 1;
}

static int try_fork(void)
{
	return fork() < 0 ? 1 : 0;
}

static int try_kill(void)
{
	return kill(getppid(), 0) ? 1 : 0;
}

static int try_trace(void)
{
	return ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) ? 1 : 0;
}

static int try_exec_memory(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_EXEC,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? 1 : 0;
}

TEST(sandbox_kills_a_worker_for_each_denied_call)
{
	static int (*const denied[])(void) = {
		try_open, try_socket, try_connect, try_exec,
		try_fork, try_kill,   try_trace,   try_exec_memory,
	};

	for (size_t i = 0; SECCOMP && i < 8; i++) {
		int status = behind(SANDBOX_MEDIAD, NULL, 0, denied[i]);

		ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS,
			      "call %zu: %x", i, (unsigned int)status);
	}
}

static void *nothing(void *arg)
{
	return arg;
}

/* What a worker does after its start. */
static int live(void)
{
	char b[16], *heap = malloc(1 << 20);
	pthread_t t;
	int p[2];

	if (!heap || pipe2(p, O_NONBLOCK) || getrandom(b, sizeof(b), 0) < 0)
		return 1;
	if (write(p[1], "x", 1) != 1 || read(p[0], b, 1) != 1)
		return 2;
	if (pthread_create(&t, NULL, nothing, NULL) || pthread_join(t, NULL))
		return 3;
	if (unlink("/nothing") == 0 || errno != ENOENT)
		return 4;
	log_warn("test", "behind the sandbox", "n=%d", 1);
	free(heap);
	return 0;
}

TEST(sandbox_lets_a_worker_live)
{
	ck_assert_int_eq(behind(SANDBOX_MEDIAD, NULL, 0, live), 0);
}

static char dir[] = "/tmp/chattr-sandbox-XXXXXX";

static int use_files(void)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "%s/new", dir);
	fd = open(path, O_RDWR | O_CREAT, 0600);
	if (fd < 0 || write(fd, "x", 1) != 1 || fsync(fd))
		return 1;
	if (open("/etc/passwd", O_RDONLY) >= 0)
		return 2;
	if (open("/etc/hosts", O_RDONLY) < 0)
		return 3;
	if (open("/etc/hosts", O_WRONLY) >= 0)
		return 4;
	snprintf(path, sizeof(path), "%s/../chattr-elsewhere", dir);
	if (open(path, O_RDWR | O_CREAT, 0600) >= 0)
		return 5;
	return unlink("/etc/hosts") == 0 ? 6 : 0;
}

TEST(sandbox_leaves_a_server_its_folders_only)
{
	struct sandbox_path paths[] = {
		{dir, true}, {"/etc/hosts", false}, {"/nonexistent", false}};
	char cmd[64];
	int status;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	status = behind(SANDBOX_SIGNALD, paths, 3, use_files);
	ck_assert_msg(status == 0, "%x", (unsigned int)status);
	status = behind(SANDBOX_SIGNALD, paths, 3, try_exec);
	ck_assert(!SECCOMP ||
		  (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS));
	snprintf(cmd, sizeof(cmd), "rm -r %s", dir);
	ck_assert_int_eq(system(cmd), 0);
}

static int capabilities(void)
{
	char line[256];
	FILE *f = fopen("/proc/self/status", "r");
	int left = 0;

	while (f && fgets(line, sizeof(line), f)) {
		if (!strncmp(line, "CapEff:", 7) ||
		    !strncmp(line, "CapPrm:", 7))
			left += strtoull(line + 7, NULL, 16) != 0;
		if (!strncmp(line, "NoNewPrivs:", 11))
			left += strtoul(line + 11, NULL, 10) != 1;
	}
	return left;
}

TEST(sandbox_drops_all_capabilities)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(sandbox_drop() ? 99 : capabilities());
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
