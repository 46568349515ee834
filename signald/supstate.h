/*
 * supstate: what supervisor.c and pool.c share: the roles and what is
 * watched about them.
 */
#ifndef SIGNALD_SUPSTATE_H
#define SIGNALD_SUPSTATE_H

#include <limits.h>
#include <sched.h>

#include "signald/conf.h"
#include "signald/rings.h"
#include "signald/quarantine.h"
#include "signald/role.h"

#define WORKERS_MAX 64

struct loop_fd;
struct supervisor;

/* A process that is no role's any more but was not reaped yet. */
struct corpse {
	struct proc proc;
	struct loop_fd *watch;
	struct supervisor *s;
};

/* What is watched about a role. */
struct watch {
	struct supervisor *s;
	struct role role;
	struct loop_fd *pidfd, *lifeline;
	int index; /* of a worker; -1: the server */

	/* Of a worker: its place in the pool. */
	bool made;		  /* it has sockets */
	bool wanted;		  /* it has, or will get, a process */
	bool hung;		  /* it was killed for that */
	bool old;		  /* a renewal has not come to it yet */
	enum lifeline_state wish; /* WORKER_UP, _DRAINING or _LEAVING */
};

struct supervisor {
	const struct conf *conf;
	struct conf *own; /* of a reload, with those before; conf is it */
	struct loop *loop;
	struct watch server;
	struct watch worker[WORKERS_MAX];
	struct corpse corpse[WORKERS_MAX];
	struct rings rings;
	struct watch next; /* a server that waits to take over */
	struct lifeline_start base;
	cpu_set_t cpus; /* that workers may have */
	struct quarantine quarantine;
	struct watch *fresh;	/* of a renewal: must be up before the next */
	bool served;		/* the first start went well */
	bool upgrading;		/* workers are renewed after the server */
	char program[PATH_MAX]; /* read once: the file may be replaced */
	uint64_t let_go_us;	/* when the old server must be gone; 0: none */
	uint64_t drain_us;	/* when meetings must have ended; 0: serving */
	bool wound_down;	/* the last process ended with success */
	uint64_t stop_us;	/* when patience ends; 0: running */
	int status;		/* exit status */
};

/* Starts the role's next process and watches it. */
void supervisor_start(struct watch *w);

/* Sends to the server, if there is one; with fd beside it, -1: none. */
void supervisor_tell(struct supervisor *s, const struct lifeline_msg *m,
		     int fd);

#endif
