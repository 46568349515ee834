#include "common/sys/loop.h"

#include "common/sys/clock.h"
#include "tests/lib/test.h"

#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

struct rig {
	struct loop *loop;
	struct loop_fd *fd;
	int pipe[2];
	uint64_t due_us;
	uint64_t seen_us;
	int turns, reads, signals;
};

static uint64_t stop_when_due(void *arg, uint64_t now_us)
{
	struct rig *r = arg;

	r->turns++;
	if (now_us < r->due_us)
		return r->due_us;
	r->seen_us = now_us;
	loop_stop(r->loop);
	return UINT64_MAX;
}

TEST(loop_wakes_for_the_deadline_of_a_hook)
{
	struct rig r = {.loop = loop_new()};

	r.due_us = clock_us() + 5300;
	ck_assert_int_eq(loop_hook(r.loop, stop_when_due, &r), 0);
	ck_assert_int_eq(loop_run(r.loop), 0);
	ck_assert_uint_ge(r.seen_us, r.due_us);
	ck_assert_uint_lt(r.seen_us, r.due_us + 2000000);
	ck_assert_int_le(r.turns, 4); /* slept, did not spin */
	loop_free(r.loop);
}

static uint64_t sooner_then_later(void *arg, uint64_t now_us)
{
	struct rig *r = arg;

	/* A near deadline that moves away, again and again, is met at last. */
	if (r->turns++ < 5)
		return now_us + 100;
	r->due_us = r->due_us ? r->due_us : now_us + 20000;
	if (now_us < r->due_us)
		return r->due_us;
	loop_stop(r->loop);
	return UINT64_MAX;
}

TEST(loop_meets_deadlines_that_move)
{
	struct rig r = {.loop = loop_new()};

	ck_assert_int_eq(loop_hook(r.loop, sooner_then_later, &r), 0);
	ck_assert_int_eq(loop_run(r.loop), 0);
	ck_assert_int_le(r.turns, 10);
	loop_free(r.loop);
}

static void on_alarm(void *arg, int signo)
{
	struct rig *r = arg;

	(void)signo;
	loop_stop(r->loop);
}

static uint64_t never(void *arg, uint64_t now_us)
{
	struct rig *r = arg;

	r->turns++;
	return r->turns == 1 ? now_us + 1000 : UINT64_MAX;
}

/* A timer that fired and is not wanted again keeps nobody awake. */
TEST(loop_sleeps_where_nothing_is_due)
{
	struct rig r = {.loop = loop_new()};
	struct itimerval in = {.it_value.tv_usec = 50000};

	ck_assert_int_eq(loop_hook(r.loop, never, &r), 0);
	ck_assert_int_eq(loop_signal(r.loop, SIGALRM, on_alarm, &r), 0);
	ck_assert_int_eq(setitimer(ITIMER_REAL, &in, NULL), 0);
	ck_assert_int_eq(loop_run(r.loop), 0);
	ck_assert_int_le(r.turns, 5);
	loop_free(r.loop);
}

static void on_pipe(void *arg, unsigned int ready)
{
	struct rig *r = arg;
	char c;

	ck_assert_uint_eq(ready, LOOP_READ);
	ck_assert_int_eq(read(r->pipe[0], &c, 1), 1);
	ck_assert_uint_eq(loop_now_us(r->loop), loop_now_us(r->loop));
	if (++r->reads < 3)
		return;
	loop_fd_free(r->fd);
	loop_stop(r->loop);
}

TEST(loop_serves_a_descriptor_until_it_is_freed)
{
	struct rig r = {.loop = loop_new()};

	ck_assert_int_eq(pipe(r.pipe), 0);
	ck_assert_int_eq(write(r.pipe[1], "abcd", 4), 4);
	r.fd = loop_fd_new(r.loop, r.pipe[0], LOOP_READ, on_pipe, &r);
	ck_assert_int_eq(loop_run(r.loop), 0);
	ck_assert_int_eq(r.reads, 3);
	loop_free(r.loop);
}

TEST(loop_pauses_a_descriptor)
{
	struct rig r = {.loop = loop_new()};

	ck_assert_int_eq(pipe(r.pipe), 0);
	ck_assert_int_eq(write(r.pipe[1], "a", 1), 1);
	r.fd = loop_fd_new(r.loop, r.pipe[0], LOOP_READ, on_pipe, &r);
	loop_fd_want(r.fd, 0);
	r.due_us = clock_us() + 2000;
	loop_hook(r.loop, stop_when_due, &r);
	ck_assert_int_eq(loop_run(r.loop), 0);
	ck_assert_int_eq(r.reads, 0);
	loop_free(r.loop);
}

static void on_usr1(void *arg, int signo)
{
	struct rig *r = arg;

	r->signals += signo == SIGUSR1;
	loop_stop(r->loop);
}

TEST(loop_serves_a_signal)
{
	struct rig r = {.loop = loop_new()};

	ck_assert_int_eq(loop_signal(r.loop, SIGUSR1, on_usr1, &r), 0);
	raise(SIGUSR1);
	ck_assert_int_eq(loop_run(r.loop), 0);
	ck_assert_int_eq(r.signals, 1);
	loop_free(r.loop);
}

#define CROWD 300

struct crowd {
	struct loop *loop;
	struct seat {
		struct crowd *crowd;
		int served;
	} seat[CROWD];
	int turns, served, most;
};

static void work(void *arg, unsigned int ready)
{
	struct seat *s = arg;
	uint64_t until_us = clock_us() + 1000;

	(void)ready;
	loop_breathe(s->crowd->loop);
	s->served++;
	s->crowd->served++;
	while (clock_us() < until_us)
		;
}

static uint64_t count(void *arg, uint64_t now_us)
{
	struct crowd *c = arg;

	if (c->served > c->most)
		c->most = c->served;
	c->served = 0;
	if (++c->turns == 14)
		loop_stop(c->loop);
	return now_us + 1000000;
}

/* 300 ms of work are ready at all times. */
TEST(loop_breathes_in_a_long_turn_and_serves_all)
{
	struct crowd c = {.loop = loop_new()};
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(write(fds[1], "a", 1), 1);
	for (int i = 0; i < CROWD; i++) {
		c.seat[i].crowd = &c;
		ck_assert_ptr_nonnull(loop_fd_new(c.loop, fds[0], LOOP_READ,
						  work, &c.seat[i]));
	}
	ck_assert_int_eq(loop_hook(c.loop, count, &c), 0);
	ck_assert_int_eq(loop_run(c.loop), 0);
	ck_assert_int_le(c.most, 60);
	for (int i = 0; i < CROWD; i++)
		ck_assert_int_ge(c.seat[i].served, 1);
	loop_free(c.loop);
	close(fds[0]);
	close(fds[1]);
}
