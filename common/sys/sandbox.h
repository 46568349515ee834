/*
 * sandbox: what a role gives up once it has all it needs. For good: no
 * function here can be taken back.
 *
 *	sandbox_drop();
 *	... threads, sockets, keys ...
 *	sandbox_enter(SANDBOX_MEDIAD, NULL, 0);
 *
 * Capabilities: all dropped, and no new privileges. Files (Landlock): only
 * what `paths` names; nothing at all for a worker. System calls (seccomp): an
 * allow-list; anything else kills the process, and the supervisor starts the
 * next one. A worker can then neither open, execute, connect nor make a
 * socket; a server cannot execute or trace.
 *
 * Programs built with a sanitizer keep their system calls: its run-time needs
 * more of them.
 */
#ifndef COMMON_SYS_SANDBOX_H
#define COMMON_SYS_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum sandbox_role {
	SANDBOX_MEDIAD,
	SANDBOX_SIGNALD,
};

struct sandbox_path {
	const char *path; /* one that is missing is skipped */
	bool write;	  /* else only reading */
};

/*
 * Capabilities alone, and no new privileges: at once at the start, since they
 * are a thread's own. 0 or -errno.
 */
int sandbox_drop(void);

/*
 * Files and system calls. 0 or -errno. What the kernel does not offer (Landlock
 * before 5.13) is left out and told in the log. The system calls are denied to
 * every thread, the files only to this one and those that it makes.
 */
int sandbox_enter(enum sandbox_role role, const struct sandbox_path *paths,
		  size_t n);

/*
 * Becomes this user, from root, supplementary groups included; 0, -ENOENT (no
 * such user), -errno. Not root: 0 and nothing changes.
 */
int sandbox_become(const char *user);

/* The ids of a user; 0 or -ENOENT. */
int sandbox_user(const char *user, uid_t *uid, gid_t *gid);

#endif
