/*
 * loop: the event loop of a program, libevent underneath.
 *
 * One turn is: sleep until a descriptor is ready or the earliest deadline
 * has come, serve every ready descriptor, then run the turn hooks in the
 * order they were added. A hook does what is due (timerq_pop() until NULL,
 * flush what was queued) and returns its next deadline, so a program has one
 * kernel timer however many struct timer it keeps:
 *
 *	static uint64_t room_turn(void *arg, uint64_t now_us)
 *	{
 *		struct timer *t;
 *		while ((t = timerq_pop(&q, now_us)))
 *			...
 *		return timerq_deadline(&q);
 *	}
 *	loop_hook(loop, room_turn, hub);
 *
 * Descriptors are level-triggered. One loop a thread, no locks.
 */
#ifndef COMMON_SYS_LOOP_H
#define COMMON_SYS_LOOP_H

#include <stdint.h>

struct event_base;
struct loop;
struct loop_fd;

enum {
	LOOP_READ = 1,
	LOOP_WRITE = 2,
};

/* NULL: no memory or no descriptors. */
struct loop *loop_new(void);

/* Frees what loop_fd_new() and loop_signal() made and was not freed. */
void loop_free(struct loop *l);

/* For bufferevents; it belongs to the loop. */
struct event_base *loop_base(struct loop *l);

/* Runs turns until loop_stop(). 0 or -errno. */
int loop_run(struct loop *l);

/* Ends loop_run() after this turn, hooks included. */
void loop_stop(struct loop *l);

/*
 * For who is called by many in one turn and takes long: when the turn has
 * lasted a while, nobody is served after the caller before the hooks have run.
 * Who is left is the first to be served then.
 */
void loop_breathe(struct loop *l);

/*
 * The time of this turn: the monotonic clock, read once when it is first
 * asked for in a turn and the same until the turn ends.
 */
uint64_t loop_now_us(struct loop *l);

/*
 * Calls fn at the end of each turn. It returns an absolute deadline in
 * microseconds (UINT64_MAX: none), by which it will be called again.
 * 0 or -ENOMEM. loop_unhook() takes away those with this arg; not to be
 * called by a hook.
 */
int loop_hook(struct loop *l, uint64_t (*fn)(void *arg, uint64_t now_us),
	      void *arg);
void loop_unhook(struct loop *l, void *arg);

/*
 * Watches fd (borrowed, never closed here) for LOOP_READ | LOOP_WRITE; fn
 * gets what is ready. May be freed inside fn. NULL: no memory.
 */
struct loop_fd *loop_fd_new(struct loop *l, int fd, unsigned int what,
			    void (*fn)(void *arg, unsigned int ready),
			    void *arg);
void loop_fd_want(struct loop_fd *f, unsigned int what); /* 0: pause */
void loop_fd_free(struct loop_fd *f);			 /* NULL is fine */

/*
 * Serves a signal as an event of the loop. 0 or -errno. For the life of the
 * loop.
 */
int loop_signal(struct loop *l, int signo, void (*fn)(void *arg, int signo),
		void *arg);

#endif
