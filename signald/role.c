#include "signald/role.h"

#include "common/blackbox.h"
#include "common/recorder.h"
#include "common/str.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define START_US  15000000 /* to say READY */
#define SILENT_US 3000000
#define CPU_US	  300000
#define YOUNG_US  2000000 /* dying sooner counts as a failure */
#define RETRY_US  100000
#define RETRY_MAX 5 /* doublings: 3.2 s */

/* A memfd of that size, or -errno. */
static int shared(const char *name, size_t len)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int err = 0;

	if (fd < 0)
		return -errno;
	/* Who shares it must not take it away from who reads it. */
	if (ftruncate(fd, (off_t)len) ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)) {
		err = -errno;
		close(fd);
	}
	return err ? err : fd;
}

int role_init(struct role *r, const char *name, const char *program)
{
	int fd;

	memset(r, 0, sizeof(*r));
	str_copy(r->name, sizeof(r->name), name);
	r->program = program;
	r->hang_cpu_us = CPU_US;
	r->proc = (struct proc){.pidfd = -1, .lifeline = -1};
	fd = shared("heartbeat", sizeof(struct heartbeat));
	if (fd < 0)
		return fd;
	r->beat = lifeline_heartbeat(fd);
	if (!r->beat) {
		close(fd);
		return -ENOMEM;
	}
	return role_add_fd(r, LIFELINE_FD_HEARTBEAT, fd);
}

int role_add_box(struct role *r)
{
	int fd = shared("blackbox", sizeof(*r->box));

	if (fd < 0)
		return fd;
	r->box = lifeline_blackbox(fd);
	if (!r->box) {
		close(fd);
		return -ENOMEM;
	}
	return role_add_fd(r, LIFELINE_FD_BLACKBOX, fd);
}

int role_add_recorder(struct role *r)
{
	int fd = shared("recorder", sizeof(struct recorder));

	return fd < 0 ? fd : role_add_fd(r, LIFELINE_FD_RECORDER, fd);
}

int role_fd(const struct role *r, enum lifeline_fd kind)
{
	for (size_t i = 0; i < r->n_fds; i++)
		if (r->fd_kind[i] == kind)
			return r->fd[i];
	return -1;
}

void role_fini(struct role *r)
{
	for (size_t i = 0; i < r->n_fds; i++)
		close(r->fd[i]);
	if (r->beat)
		munmap(r->beat, sizeof(*r->beat));
	if (r->box)
		munmap(r->box, sizeof(*r->box));
}

int role_add_arg(struct role *r, const char *arg)
{
	if (r->n_args == ROLE_ARGS)
		return -E2BIG;
	return str_copy(r->arg[r->n_args++], sizeof(r->arg[0]), arg);
}

int role_add_fd(struct role *r, enum lifeline_fd kind, int fd)
{
	if (r->n_fds == PROC_MAX_FDS)
		return -ENOSPC;
	r->fd[r->n_fds] = fd;
	r->fd_kind[r->n_fds++] = kind;
	return 0;
}

int role_start(struct role *r, uint64_t now_us)
{
	struct lifeline_msg m = {.type = LIFELINE_START};
	char *argv[ROLE_ARGS + 1] = {NULL};
	int err;

	for (size_t i = 0; i < r->n_args; i++)
		argv[i] = r->arg[i];
	r->retry_us = 0;
	r->start.version = LIFELINE_VERSION;
	r->start.generation++;
	r->start.n_fds = (uint32_t)r->n_fds;
	memcpy(r->start.fd, r->fd_kind, sizeof(r->start.fd));
	r->beat->beat_us = 0;
	if (r->box)
		memset(r->box, 0, sizeof(*r->box));
	err = proc_spawn(&r->proc, r->program, argv);
	if (err)
		return err;
	m.u.start = r->start;
	r->state = ROLE_STARTING;
	r->standing_by = false;
	r->born_us = now_us;
	r->seen_beat = 0;
	r->seen_us = now_us;
	r->seen_cpu_us = 0;
	return lifeline_send(r->proc.lifeline, &m, r->fd, r->n_fds);
}

uint64_t role_died(struct role *r, uint64_t now_us)
{
	uint64_t wait_us = 0;

	r->state = ROLE_DOWN;
	if (now_us - r->born_us < YOUNG_US) {
		uint32_t n = r->failures < RETRY_MAX ? r->failures : RETRY_MAX;

		/* The first time may be bad luck: at once. */
		wait_us = r->failures ? (uint64_t)RETRY_US << n : 0;
		r->failures++;
	} else {
		r->failures = 0;
	}
	r->retry_us = now_us + wait_us;
	return r->retry_us;
}

bool role_hangs(struct role *r, uint64_t now_us)
{
	uint64_t beat = r->beat->beat_us;
	uint64_t silent_us;

	if (r->state == ROLE_DOWN)
		return false;
	if (r->state == ROLE_STARTING)
		return now_us - r->born_us > START_US;
	if (beat != r->seen_beat) {
		r->seen_beat = beat;
		r->seen_us = now_us;
		r->seen_cpu_us = proc_cpu_us(r->proc.pid);
		return false;
	}
	silent_us = now_us - r->seen_us;
	if (silent_us < LIFELINE_HANG_US)
		return false;
	return silent_us > SILENT_US || proc_is_stopped(r->proc.pid) ||
	       proc_cpu_us(r->proc.pid) - r->seen_cpu_us >= r->hang_cpu_us;
}
