/*
 * lifeline: what the supervisor and a role say to each other over the
 * SEQPACKET pair of common/sys/proc.h: one fixed struct a message, host byte
 * order (one machine, one build), descriptors beside it by SCM_RIGHTS.
 *
 * A role is started as `mediad -i N -l 3` or `signald -x server -l 3 -c CONF`
 * and reads LIFELINE_START first (it may block for it). Its descriptors are
 * listed in start.fd[] in the order in which they come. When it serves (a
 * worker: its bus socket is bound; a server: it accepts), it sends
 * LIFELINE_READY. From then on it stores clock_us() into the heartbeat once a
 * loop turn and at least each LIFELINE_BEAT_US; a role that misses that for
 * 500 ms is killed (a worker without CPU has 3 s). Its handler for fatal
 * signals writes LIFELINE_FATAL, one byte, and dies.
 *
 *   supervisor -> any      START  STOP (end orderly, then exit 0)  LOG
 *   supervisor -> server   WORKER (each change of a worker, with its flight
 *                          recorder)  LET_GO  RELOAD
 *                          QUARANTINE (a room whose traffic kills workers)
 *   server -> supervisor   KILL UPGRADE RING, and of the pool (worker.state):
 *                          SPAWN (one more), DRAIN (what becomes of one: UP,
 *                          DRAINING, LEAVING), STOP (a leaving one is
 *                          empty), RENEW (each is replaced by a new process)
 *   supervisor -> worker   RING (the pipe to another one)
 *   worker -> supervisor   RING (that pipe is broken: make it anew)
 *   any -> supervisor      READY  FATAL (one byte)
 *
 * Upgrade: a new server gets START with `standby`, loads its configuration,
 * certificate and files and says STANDBY. The supervisor sends LET_GO to the
 * old one, which tells its clients, closes journal and bus, and exits; then
 * GO to the new one. New connections wait in the listening sockets.
 *
 * The end of the stream means that the supervisor died: a role lives on for
 * start.orphan_ms and then exits.
 */
#ifndef PROTO_LIFELINE_H
#define PROTO_LIFELINE_H

#include "common/addr.h"
#include "common/sys/proc.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define LIFELINE_VERSION    3
#define LIFELINE_PATH	    108 /* as sun_path */
#define LIFELINE_ADDRS	    8
#define LIFELINE_BEAT_US    100000
#define LIFELINE_HANG_US    500000
#define LIFELINE_FATAL_BYTE 'F'
#define LIFELINE_RING_BYTES                                                    \
	((4u << 20) + 4096) /* data, and a page in front                       \
			     */

enum lifeline_type {
	LIFELINE_START = 1,
	LIFELINE_READY,
	LIFELINE_STOP,
	LIFELINE_LOG,
	LIFELINE_WORKER,
	LIFELINE_LET_GO,
	LIFELINE_RELOAD,
	LIFELINE_SPAWN,
	LIFELINE_DRAIN,
	LIFELINE_KILL,
	LIFELINE_RING,
	LIFELINE_STANDBY,
	LIFELINE_GO,
	LIFELINE_UPGRADE,
	LIFELINE_RENEW,
	LIFELINE_QUARANTINE, /* the last one */
};

/* What each descriptor beside a message is. */
enum lifeline_fd {
	LIFELINE_FD_HEARTBEAT = 1, /* memfd of one struct heartbeat */
	LIFELINE_FD_UDP,	   /* media: bound, non-blocking, dual-stack */
	LIFELINE_FD_TCP,	   /* media: listening, non-blocking */
	LIFELINE_FD_HTTPS,	   /* signaling: listening, TLS */
	LIFELINE_FD_HTTP,	   /* signaling: listening, plain */
	LIFELINE_FD_METRICS,	   /* listening, plain */
	LIFELINE_FD_ADMIN,	   /* unix stream, listening */
	LIFELINE_FD_BLACKBOX,	   /* memfd of one struct blackbox */
	LIFELINE_FD_RECORDER,	   /* memfd of one struct recorder */
};

enum lifeline_state {
	LIFELINE_WORKER_STARTING = 1, /* no bus yet */
	LIFELINE_WORKER_UP,	      /* bus bound under `path` */
	LIFELINE_WORKER_DRAINING, /* takes no rooms, those it has move away */
	LIFELINE_WORKER_LEAVING,  /* and it ends when it is empty */
	LIFELINE_WORKER_DEAD,
};

/* Shared with the supervisor; the role alone writes. */
struct heartbeat {
	_Atomic uint64_t beat_us; /* clock_us() of the last turn */
	_Atomic uint64_t turns;
};

struct blackbox;
struct recorder;

struct lifeline_start {
	uint32_t version;    /* LIFELINE_VERSION, else exit */
	uint32_t index;	     /* worker index; 0 for a server */
	uint32_t generation; /* grows by one at each rebirth, from 1 */
	int32_t cpu;	     /* pin to this one; -1: do not */
	uint32_t standby;    /* a server: prepare, STANDBY, wait for GO */
	uint32_t orphan_ms;  /* life without a supervisor */
	uint32_t log_level;  /* enum log_level */
	uint32_t log_json;   /* 0 or 1 */
	uint32_t n_fds;
	uint32_t fd[PROC_MAX_FDS]; /* enum lifeline_fd */
	uint32_t n_announce;
	struct addr announce[LIFELINE_ADDRS]; /* for candidates; port 0 */
	char run_dir[LIFELINE_PATH];
	char bus_path[LIFELINE_PATH]; /* "<run_dir>/w<index>.<generation>" */
};

struct lifeline_worker {
	uint32_t index;
	uint32_t generation;
	int32_t pid;
	uint32_t state;		  /* enum lifeline_state; KILL: the signal */
	char path[LIFELINE_PATH]; /* bus socket, no "ipc://" in front */
};

/*
 * A server names two workers that shall have a pipe, [0] and [1]; one that
 * they have stays. The supervisor tells each of the other, in [0], with four
 * descriptors: the ring it writes and the eventfd that wakes its reader, the
 * ring it reads and the eventfd to wait for. A worker whose pipe is broken
 * names the other, in [0].
 */
struct lifeline_ring {
	uint32_t index[2];
	uint32_t generation[2];
};

struct lifeline_msg {
	uint32_t type; /* enum lifeline_type */
	uint32_t pad;
	union {
		struct lifeline_start start;
		struct lifeline_worker worker; /* WORKER, DRAIN, KILL, STOP */
		struct lifeline_ring ring;     /* RING */
		uint32_t log_level;	       /* LOG */
		uint64_t room;		       /* QUARANTINE */
		uint32_t drain_ms; /* STOP of a server: in at most */
	} u;
};

/* 0 or -errno, as proc_send(). */
int lifeline_send(int sock, const struct lifeline_msg *m, const int *fds,
		  size_t n_fds);

/*
 * One message: 1 with *m and fds filled, 0 at the end of the stream, -EAGAIN
 * when none is there, -EBADMSG for anything that is not one of ours (its
 * descriptors are closed). LIFELINE_FATAL_BYTE arrives as -EOWNERDEAD.
 */
int lifeline_recv(int sock, struct lifeline_msg *m, int fds[PROC_MAX_FDS],
		  size_t *n_fds);

/*
 * A role's start: waits up to timeout_ms for LIFELINE_START on sock and
 * checks it. 0 or -errno. fds are in the order of m->u.start.fd[].
 */
int lifeline_wait_start(int sock, struct lifeline_msg *m, int fds[PROC_MAX_FDS],
			int timeout_ms);

/* Maps the heartbeat; NULL on failure. The memfd may be closed then. */
struct heartbeat *lifeline_heartbeat(int memfd);

/* The same for the black box (common/blackbox.h). */
struct blackbox *lifeline_blackbox(int memfd);

/* The flight recorder (common/recorder.h), to write or to read alone. */
struct recorder *lifeline_recorder(int memfd, bool write);

/*
 * Installs handlers for SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS
 * that write LIFELINE_FATAL_BYTE to sock and then die of the same signal.
 */
void lifeline_on_fatal(int sock);

#endif
