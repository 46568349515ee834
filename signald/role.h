/*
 * role: one child of the supervisor: its process, its sockets, and how it is
 * doing. The sockets outlive the process; a new one is a new generation.
 */
#ifndef SIGNALD_ROLE_H
#define SIGNALD_ROLE_H

#include "proto/lifeline.h"

#include <stdbool.h>
#include <stdint.h>

#define ROLE_ARGS 8

enum role_state {
	ROLE_DOWN,     /* no process */
	ROLE_STARTING, /* LIFELINE_START is sent */
	ROLE_UP,       /* LIFELINE_READY has come */
};

struct role {
	char name[24]; /* "server", "worker 3" */
	const char *program;
	char arg[ROLE_ARGS][256];
	size_t n_args;
	int fd[PROC_MAX_FDS]; /* fd[0] is the heartbeat's memfd */
	uint32_t fd_kind[PROC_MAX_FDS];
	size_t n_fds;
	struct lifeline_start start; /* sent to each generation */
	struct heartbeat *beat;
	struct blackbox *box; /* a worker's */
	struct proc proc;
	enum role_state state;
	bool standing_by; /* LIFELINE_STANDBY has come */
	uint64_t born_us;
	uint64_t retry_us;  /* when to start again; 0: not waiting */
	uint32_t failures;  /* deaths in a row soon after birth */
	uint64_t seen_beat; /* the heartbeat's last value, and when */
	uint64_t seen_us;
	uint64_t seen_cpu_us; /* CPU time then */
	uint64_t hang_cpu_us; /* so much without a beat is a hang */
};

/* Makes the heartbeat. 0 or -errno. */
int role_init(struct role *r, const char *name, const char *program);
void role_fini(struct role *r);

int role_add_arg(struct role *r, const char *arg);

/* The role owns fd from now on. */
int role_add_fd(struct role *r, enum lifeline_fd kind, int fd);

/* Makes the black box. 0 or -errno. */
int role_add_box(struct role *r);

/* Makes the flight recorder, which outlives each process. 0 or -errno. */
int role_add_recorder(struct role *r);

/* Its first one of that kind; -1: none. */
int role_fd(const struct role *r, enum lifeline_fd kind);

/* Starts the next generation. 0 or -errno. */
int role_start(struct role *r, uint64_t now_us);

/*
 * The process is dead (role_start() may follow at once). Returns when to
 * start again: at once, later when it keeps dying young.
 */
uint64_t role_died(struct role *r, uint64_t now_us);

/*
 * True when the process must be killed: it was silent for 500 ms and is
 * stopped or has burnt hang_cpu_us (300 ms unless set otherwise) meanwhile,
 * or was silent for 3 s.
 */
bool role_hangs(struct role *r, uint64_t now_us);

#endif
