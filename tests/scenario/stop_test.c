/* Signals of an operator: SIGHUP, SIGTERM. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/sys/clock.h"
#include "tests/lib/house.h"
#include "tests/lib/test.h"

/* One who may come in; NULL: refused, with the reason. */
static const char *try_to_enter(struct wsclient *c)
{
	json_t *r = wsclient_ask(c, "enter", "{s:s}", "displayName", "New");

	return wsclient_refused(r);
}

/* A number of processes of this kind, within a while. */
static void await_workers(const struct house *h, int wanted)
{
	int n = 0;

	for (int i = 0; i < 500; i++) {
		char path[64], line[256];
		pid_t pid;
		FILE *f;

		n = 0;
		snprintf(path, sizeof(path), "/proc/%d/task/%d/children",
			 h->pid, h->pid);
		f = fopen(path, "r");
		ck_assert_ptr_nonnull(f);
		while (fscanf(f, "%d", &pid) == 1) {
			FILE *g;

			snprintf(path, sizeof(path), "/proc/%d/comm", pid);
			g = fopen(path, "r");
			if (g && fgets(line, sizeof(line), g))
				n += !strncmp(line, "mediad", 6);
			if (g)
				fclose(g);
		}
		fclose(f);
		if (n == wanted)
			return;
		usleep(20000);
	}
	ck_abort_msg("%d workers, wanted %d", n, wanted);
}

TEST_SLOW(stop_sighup_changes_limits_and_workers_and_drops_nobody, 60)
{
	struct guest ann;
	struct wsclient *c;
	struct house h;

	house_open(&h, "open");
	guest_arrive(&ann, &h, "Ann");
	house_configure(&h, "rooms { seats = 1 }\n");
	unsetenv("CHATTR_MEDIA_WORKERS");
	kill(h.pid, SIGHUP);
	/* The room is full from now on, and nobody was put out. */
	for (int i = 0; i < 100; i++) {
		c = wsclient_connect(h.port, "room", "");
		if (!strcmp(try_to_enter(c), "room-full"))
			break;
		wsclient_hang_up(c);
		usleep(50000);
		ck_assert_int_lt(i, 99);
	}
	guest_ok(wsclient_ask(ann.c, "setHand", "{s:b}", "raised", 1));
	/* A mistake in the file changes nothing. */
	house_configure(&h, "rooms { seats = none }\n");
	kill(h.pid, SIGHUP);
	usleep(300000);
	ck_assert_str_eq(try_to_enter(wsclient_connect(h.port, "room", "")),
			 "room-full");
	guest_ok(wsclient_ask(ann.c, "setHand", "{s:b}", "raised", 0));
	await_workers(&h, 1);
	house_close(&h);
}

TEST_SLOW(stop_sigterm_waits_for_meetings, 60)
{
	struct guest ann;
	struct house h;
	uint64_t at;
	int status;
	json_t *v;

	setenv("CHATTR_SERVER_DRAIN_S", "60", 1);
	house_open(&h, "open");
	guest_arrive(&ann, &h, "Ann");
	kill(h.pid, SIGTERM);
	v = wsclient_wait(ann.c, "serverRestarting", 3000);
	ck_assert_ptr_nonnull(v);
	ck_assert_int_gt(json_integer_value(json_object_get(
				 json_object_get(v, "data"), "inMs")),
			 50000);
	/* This meeting goes on, another one does not begin. */
	ck_assert_str_eq(try_to_enter(wsclient_connect(h.port, "another", "")),
			 "stopping");
	ck_assert_str_eq(try_to_enter(wsclient_connect(h.port, "room", "")),
			 "");
	/* A server that dies goes on winding down. */
	kill(house_role(&h, "server"), SIGKILL);
	wsclient_hang_up(ann.c);
	at = clock_us();
	ck_assert_int_eq(waitpid(h.pid, &status, 0), h.pid);
	ck_assert(WIFEXITED(status) && !WEXITSTATUS(status));
	ck_assert_uint_lt(clock_us() - at, 15000000);
	h.pid = 0;
	house_close(&h);
}

TEST_SLOW(stop_sigterm_is_bounded, 60)
{
	struct guest ann;
	struct house h;
	uint64_t at;

	setenv("CHATTR_SERVER_DRAIN_S", "1", 1);
	house_open(&h, "open");
	guest_arrive(&ann, &h, "Ann");
	at = clock_us();
	kill(h.pid, SIGTERM);
	waitpid(h.pid, NULL, 0);
	ck_assert_uint_gt(clock_us() - at, 900000);
	ck_assert_uint_lt(clock_us() - at, 8000000);
	h.pid = 0;
	house_close(&h);
}
