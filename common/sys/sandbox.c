#include "common/sys/sandbox.h"

#include "common/log.h"

#include <cap-ng.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/landlock.h>
#include <linux/sched.h>
#include <pwd.h>
#include <seccomp.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED true
#endif
#endif
#ifndef SANITIZED
#define SANITIZED false
#endif

/* ---- users and capabilities -----------------------------------------------
 */

int sandbox_user(const char *user, uid_t *uid, gid_t *gid)
{
	struct passwd *pw = getpwnam(user);

	if (!pw)
		return -ENOENT;
	*uid = pw->pw_uid;
	*gid = pw->pw_gid;
	return 0;
}

int sandbox_become(const char *user)
{
	uid_t uid;
	gid_t gid;

	if (geteuid() != 0)
		return 0;
	if (sandbox_user(user, &uid, &gid))
		return -ENOENT;
	/* Root alone can empty the bounding set: no child gets one back. */
	capng_clear(CAPNG_SELECT_BOUNDS);
	if (capng_apply(CAPNG_SELECT_BOUNDS))
		return -EPERM;
	if (initgroups(user, gid) || setresgid(gid, gid, gid) ||
	    setresuid(uid, uid, uid))
		return -errno;
	/* The kernel forgets that it may be looked into; /proc is ours. */
	prctl(PR_SET_DUMPABLE, 1);
	return setuid(0) == 0 ? -EPERM : 0;
}

int sandbox_drop(void)
{
	capng_clear(CAPNG_SELECT_BOTH);
	/* The bounding set needs a capability to be emptied: root alone. */
	if (capng_apply(geteuid() == 0 ? CAPNG_SELECT_BOTH : CAPNG_SELECT_CAPS))
		return -EPERM;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ? -errno : 0;
}

/* ---- files ----------------------------------------------------------------
 */

#define READING (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITING                                                                \
	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE |      \
	 LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_MAKE_DIR |         \
	 LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK)
#define MAKING                                                                 \
	(LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK |        \
	 LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_SYM)
#define EVERYTHING (READING | WRITING | MAKING | LANDLOCK_ACCESS_FS_EXECUTE)

/* Allows what is below one path. */
static int allow_path(int rules, const struct sandbox_path *p)
{
	struct landlock_path_beneath_attr rule = {
		.allowed_access = READING | (p->write ? WRITING : 0),
		.parent_fd = open(p->path, O_PATH | O_CLOEXEC),
	};
	int rc;

	if (rule.parent_fd < 0)
		return errno == ENOENT ? 0 : -errno;
	rc = (int)syscall(SYS_landlock_add_rule, rules,
			  LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	if (rc && errno == EINVAL) { /* a file knows no folder's rights */
		rule.allowed_access =
			LANDLOCK_ACCESS_FS_READ_FILE |
			(p->write ? LANDLOCK_ACCESS_FS_WRITE_FILE : 0);
		rc = (int)syscall(SYS_landlock_add_rule, rules,
				  LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	}
	rc = rc ? -errno : 0;
	close(rule.parent_fd);
	return rc;
}

static int confine_files(const struct sandbox_path *paths, size_t n)
{
	struct landlock_ruleset_attr attr = {.handled_access_fs = EVERYTHING};
	int rules = (int)syscall(SYS_landlock_create_ruleset, &attr,
				 sizeof(attr.handled_access_fs), 0);
	int err = 0;

	if (rules < 0) {
		log_warn("sandbox", "no-landlock", "error=\"%s\"",
			 strerror(errno));
		return errno == ENOSYS || errno == EOPNOTSUPP ? 0 : -errno;
	}
	for (size_t i = 0; !err && i < n; i++)
		err = allow_path(rules, &paths[i]);
	if (!err && syscall(SYS_landlock_restrict_self, rules, 0))
		err = -errno;
	close(rules);
	return err;
}

/* ---- system calls ---------------------------------------------------------
 */

/* What both roles do all day. */
static const char *const common_calls[] = {
	"read",
	"write",
	"readv",
	"writev",
	"recvmsg",
	"sendmsg",
	"recvfrom",
	"sendto",
	"recvmmsg",
	"sendmmsg",
	"accept",
	"accept4",
	"shutdown",
	"getsockname",
	"getpeername",
	"getsockopt",
	"setsockopt",
	"close",
	"poll",
	"ppoll",
	"epoll_wait",
	"epoll_pwait",
	"epoll_pwait2",
	"epoll_ctl",
	"epoll_create1",
	"timerfd_create",
	"timerfd_settime",
	"eventfd2",
	"pipe2",
	"fcntl",
	"ioctl",
	"fstat",
	"newfstatat",
	"lseek",
	"futex",
	"futex_waitv",
	"set_robust_list",
	"rseq",
	"sched_yield",
	"nanosleep",
	"clock_nanosleep",
	"clock_gettime",
	"gettimeofday",
	"time",
	"getrandom",
	"brk",
	"munmap",
	"mremap",
	"madvise",
	"rt_sigaction",
	"rt_sigprocmask",
	"rt_sigreturn",
	"sigaltstack",
	"getpid",
	"gettid",
	"getppid",
	"tgkill",
	"exit",
	"exit_group",
	"restart_syscall",
	"membarrier",
	"sched_getaffinity",
	"getcpu",
	"getuid",
	"geteuid",
	"getgid",
	"getegid",
	"sysinfo",
	"uname",
};

/* The journal, reloads, the bus, sign-in. */
static const char *const signald_calls[] = {
	"open",
	"openat",
	"stat",
	"lstat",
	"statx",
	"access",
	"faccessat",
	"faccessat2",
	"pread64",
	"pwrite64",
	"preadv",
	"pwritev",
	"fsync",
	"fdatasync",
	"ftruncate",
	"fallocate",
	"unlink",
	"unlinkat",
	"rename",
	"renameat",
	"renameat2",
	"mkdir",
	"fchmod",
	"fchown",
	"getdents64",
	"readlink",
	"readlinkat",
	"flock",
	"fadvise64",
	"statfs",
	"fstatfs",
	"umask",
	"getcwd",
	"socket",
	"socketpair",
	"connect",
	"bind",
	"listen",
	"dup",
	"prlimit64",
	"getrusage",
	"prctl",
	"sched_setscheduler",
	"sched_getparam",
	"sched_getscheduler",
	"sched_setaffinity",
	"pipe",
	"select",
	"pselect6",
	"memfd_create",
	"setpriority",
	"getpriority",
};

/* Refused without being killed: libraries try these and live without. */
static const char *const soft_calls[] = {
	"clone3", /* its flags cannot be looked at; glibc takes clone */
};

/*
 * nanomsg removes its socket's file at the end, and bears with its being gone
 * but with nothing else. The supervisor removes it.
 */
static const char *const mediad_soft_calls[] = {
	"unlink",
	"unlinkat",
};

static int add_all(scmp_filter_ctx f, uint32_t action, const char *const *names,
		   size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int nr = seccomp_syscall_resolve_name(names[i]);
		int rc;

		if (nr == __NR_SCMP_ERROR)
			continue; /* older than this one */
		rc = seccomp_rule_add(f, action, nr, 0);
		/* -EDOM: not one of this architecture. */
		if (rc && rc != -EDOM)
			return rc;
	}
	return 0;
}

#define ADD_ALL(f, action, names)                                              \
	add_all(f, action, names, sizeof(names) / sizeof((names)[0]))

/* Memory that can be executed never appears; threads, but no processes. */
static int add_with_arguments(scmp_filter_ctx f)
{
	int rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
				  SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));

	if (!rc)
		rc = seccomp_rule_add(
			f, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
			SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (!rc)
		rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
				      SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD,
					      CLONE_THREAD));
	return rc;
}

/* A server's resolver loads libraries (nsswitch): only a worker forbids. */
static int add_server(scmp_filter_ctx f)
{
	static const char *const exec_memory[] = {"mmap", "mprotect"};
	int rc = ADD_ALL(f, SCMP_ACT_ALLOW, signald_calls);

	if (!rc)
		rc = ADD_ALL(f, SCMP_ACT_ALLOW, exec_memory);
	if (!rc)
		rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
				      SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD,
					      CLONE_THREAD));
	return rc;
}

static int add_worker(scmp_filter_ctx f)
{
	int rc = add_with_arguments(f);

	return rc ? rc : ADD_ALL(f, SCMP_ACT_ERRNO(ENOENT), mediad_soft_calls);
}

static int confine_calls(enum sandbox_role role)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int rc;

	if (!f)
		return -ENOMEM;
	/* Threads that exist already (the bus has one) are meant, too. */
	rc = seccomp_attr_set(f, SCMP_FLTATR_CTL_TSYNC, 1);
	if (!rc)
		rc = ADD_ALL(f, SCMP_ACT_ALLOW, common_calls);
	if (!rc)
		rc = ADD_ALL(f, SCMP_ACT_ERRNO(ENOSYS), soft_calls);
	if (!rc)
		rc = role == SANDBOX_MEDIAD ? add_worker(f) : add_server(f);
	if (!rc)
		rc = seccomp_load(f);
	seccomp_release(f);
	return rc;
}

int sandbox_enter(enum sandbox_role role, const struct sandbox_path *paths,
		  size_t n)
{
	int err;

	/* A sanitizer reads /proc and traces itself at the end. */
	if (SANITIZED && role == SANDBOX_MEDIAD)
		return 0;
	/* The log asks for the time zone, which is a file. */
	tzset();
	/* glibc loads it when a thread ends: too late then. Kept for good. */
	if (!dlopen("libgcc_s.so.1", RTLD_NOW))
		log_warn("sandbox", "no-libgcc", "error=\"%s\"", dlerror());
	err = confine_files(paths, n);
	if (!err && !SANITIZED)
		err = confine_calls(role);
	return err;
}
