#include "common/sys/loop.h"

#include "common/list.h"
#include "common/sys/clock.h"

#include <errno.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define MAX_HOOKS   8
#define MAX_SIGNALS 8
#define BREATH_US   50000

struct hook {
	uint64_t (*fn)(void *arg, uint64_t now_us);
	void *arg;
	uint64_t due_us;
};

struct sig {
	struct event *ev;
	void (*fn)(void *arg, int signo);
	void *arg;
};

struct loop {
	struct event_base *base;
	struct event *wake; /* the one kernel timer: a timerfd */
	uint64_t armed_us;  /* it fires then; UINT64_MAX: never */
	bool fired;	    /* ... and is readable until it is set anew */
	struct list fds;
	struct hook hooks[MAX_HOOKS];
	struct sig sigs[MAX_SIGNALS];
	size_t n_hooks, n_sigs;
	uint64_t now_us; /* of this turn; 0: not read yet */
	bool stop;
};

struct loop_fd {
	struct list node;
	struct loop *loop;
	struct event *ev;
	unsigned int want;
	void (*fn)(void *arg, unsigned int ready);
	void *arg;
};

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
	struct loop *l = arg;

	(void)fd;
	(void)what;
	l->fired = true;
}

/* libevent's own timers set the kernel's anew for each sleep. */
static int wake_new(struct loop *l)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	l->armed_us = UINT64_MAX;
	l->wake = event_new(l->base, fd, EV_READ | EV_PERSIST, on_wake, l);
	if (l->wake && !event_add(l->wake, NULL))
		return 0;
	if (!l->wake)
		close(fd);
	return -ENOMEM;
}

static void wake_free(struct loop *l)
{
	int fd;

	if (!l->wake)
		return;
	fd = event_get_fd(l->wake);
	event_free(l->wake);
	close(fd);
}

/* One that fires too early is let: deadlines mostly move away. */
static void arm(struct loop *l, uint64_t due_us)
{
	struct itimerspec at = {0};

	if (!l->fired && l->armed_us <= due_us)
		return;
	if (due_us != UINT64_MAX) {
		at.it_value.tv_sec = (time_t)(due_us / 1000000);
		at.it_value.tv_nsec = (long)(due_us % 1000000 * 1000);
	}
	(void)timerfd_settime(event_get_fd(l->wake), TFD_TIMER_ABSTIME, &at,
			      NULL);
	l->armed_us = due_us;
	l->fired = false;
}

struct loop *loop_new(void)
{
	struct event_config *cfg = event_config_new();
	struct loop *l = calloc(1, sizeof(*l));

	if (!l || !cfg)
		goto fail;
	list_init(&l->fds);
	event_config_set_flag(cfg, EVENT_BASE_FLAG_NOLOCK);
	l->base = event_base_new_with_config(cfg);
	if (!l->base)
		goto fail;
	if (wake_new(l))
		goto fail;
	event_config_free(cfg);
	return l;
fail:
	if (cfg)
		event_config_free(cfg);
	loop_free(l);
	return NULL;
}

void loop_free(struct loop *l)
{
	if (!l)
		return;
	if (l->base)
		list_for_each_safe (it, &l->fds)
			loop_fd_free(list_entry(it, struct loop_fd, node));
	for (size_t i = 0; i < l->n_sigs; i++)
		event_free(l->sigs[i].ev);
	wake_free(l);
	if (l->base)
		event_base_free(l->base);
	free(l);
}

struct event_base *loop_base(struct loop *l)
{
	return l->base;
}

uint64_t loop_now_us(struct loop *l)
{
	if (!l->now_us)
		l->now_us = clock_us();
	return l->now_us;
}

void loop_stop(struct loop *l)
{
	l->stop = true;
}

void loop_breathe(struct loop *l)
{
	if (clock_us() - loop_now_us(l) > BREATH_US)
		event_base_loopbreak(l->base);
}

static uint64_t next_deadline(const struct loop *l)
{
	uint64_t due = UINT64_MAX;

	for (size_t i = 0; i < l->n_hooks; i++)
		if (l->hooks[i].due_us < due)
			due = l->hooks[i].due_us;
	return due;
}

/* Sleeps until something is ready or due, and serves what is ready. */
static int poll_once(struct loop *l)
{
	uint64_t due = next_deadline(l);
	int flags = EVLOOP_ONCE;

	if (due <= clock_us())
		flags |= EVLOOP_NONBLOCK;
	else
		arm(l, due);
	if (event_base_loop(l->base, flags) < 0)
		return -EIO;
	return 0;
}

int loop_run(struct loop *l)
{
	l->stop = false;
	while (!l->stop) {
		int err;

		l->now_us = 0;
		err = poll_once(l);
		if (err)
			return err;
		for (size_t i = 0; i < l->n_hooks; i++) {
			struct hook *h = &l->hooks[i];

			h->due_us = h->fn(h->arg, loop_now_us(l));
		}
	}
	return 0;
}

int loop_hook(struct loop *l, uint64_t (*fn)(void *arg, uint64_t now_us),
	      void *arg)
{
	if (l->n_hooks == MAX_HOOKS)
		return -ENOMEM;
	/* due_us 0: the first turn comes at once and asks it. */
	l->hooks[l->n_hooks++] = (struct hook){.fn = fn, .arg = arg};
	return 0;
}

void loop_unhook(struct loop *l, void *arg)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n_hooks; i++)
		if (l->hooks[i].arg != arg)
			l->hooks[n++] = l->hooks[i];
	l->n_hooks = n;
}

static void on_fd(evutil_socket_t fd, short what, void *arg)
{
	struct loop_fd *f = arg;
	unsigned int ready = (what & EV_READ ? LOOP_READ : 0) |
			     (what & EV_WRITE ? LOOP_WRITE : 0);

	(void)fd;
	f->fn(f->arg, ready);
}

static int watch(struct loop_fd *f, int fd, unsigned int what)
{
	short ev = (short)(EV_PERSIST | (what & LOOP_READ ? EV_READ : 0) |
			   (what & LOOP_WRITE ? EV_WRITE : 0));

	f->want = what;
	event_assign(f->ev, f->loop->base, fd, ev, on_fd, f);
	if (!what)
		return 0;
	return event_add(f->ev, NULL) ? -ENOMEM : 0;
}

struct loop_fd *loop_fd_new(struct loop *l, int fd, unsigned int what,
			    void (*fn)(void *arg, unsigned int ready),
			    void *arg)
{
	struct loop_fd *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	list_init(&f->node);
	f->loop = l;
	f->fn = fn;
	f->arg = arg;
	f->ev = calloc(1, event_get_struct_event_size());
	if (!f->ev || watch(f, fd, what)) {
		free(f->ev);
		free(f);
		return NULL;
	}
	list_push(&l->fds, &f->node);
	return f;
}

void loop_fd_want(struct loop_fd *f, unsigned int what)
{
	int fd = event_get_fd(f->ev);

	if (f->want == what)
		return;
	event_del(f->ev);
	watch(f, fd, what);
}

void loop_fd_free(struct loop_fd *f)
{
	if (!f)
		return;
	list_del(&f->node);
	event_del(f->ev);
	free(f->ev);
	free(f);
}

static void on_signal(evutil_socket_t signo, short what, void *arg)
{
	struct sig *s = arg;

	(void)what;
	s->fn(s->arg, (int)signo);
}

int loop_signal(struct loop *l, int signo, void (*fn)(void *arg, int signo),
		void *arg)
{
	struct sig *s = &l->sigs[l->n_sigs];

	if (l->n_sigs == MAX_SIGNALS)
		return -ENOMEM;
	s->fn = fn;
	s->arg = arg;
	s->ev = evsignal_new(l->base, signo, on_signal, s);
	if (!s->ev || event_add(s->ev, NULL))
		return -ENOMEM;
	l->n_sigs++;
	return 0;
}
