#include "tests/lib/house.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/lib/test.h"

#define FIXTURES "tests/fixtures/mediasoup/"

/* build/<variant>/bin/signald, beside the running test. */
static void program(char *out, size_t cap)
{
	ssize_t n = readlink("/proc/self/exe", out, cap - 1);

	ck_assert_int_gt(n, 0);
	out[n] = '\0';
	*strrchr(out, '/') = '\0';
	strncat(out, "/bin/signald", cap - strlen(out) - 1);
}

static void set(const char *key, unsigned long v)
{
	char text[128];

	snprintf(text, sizeof(text), "%lu", v);
	setenv(key, text, 1);
}

static void set_dir(const struct house *h, const char *key, const char *sub)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", h->dir, sub);
	setenv(key, path, 1);
}

static bool answers(uint16_t port)
{
	json_t *out = NULL;
	int status = wsclient_try(port)
			     ? wsclient_post(port, "/api/away", "{}", &out)
			     : 0;

	json_decref(out);
	return status == 200;
}

static void tool(const struct house *h, const char *what, char *out, size_t cap)
{
	char path[512];

	program(path, sizeof(path));
	strcpy(strrchr(path, '/'), "/chattrctl");
	snprintf(out, cap, "%s -s %s/run/admin %s", path, h->dir, what);
}

/* All of them take rooms. */
static void await_workers(const struct house *h, unsigned n)
{
	char cmd[700];
	char test[80];

	snprintf(test, sizeof(test), "workers | grep -c ' up ' | grep -qx %u",
		 n);
	tool(h, test, cmd, sizeof(cmd));
	for (int i = 0; i < 300 && system(cmd); i++)
		usleep(50000);
	ck_assert_int_eq(system(cmd), 0);
}

void house_open_wide(struct house *h, const char *policy, unsigned workers,
		     unsigned capacity)
{
	char path[512];

	*h = (struct house){.port = (uint16_t)(21000 + getpid() % 9000)};
	strcpy(h->dir, "/tmp/chattr-meeting-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(h->dir));
	set_dir(h, "CHATTR_SERVER_STATE_DIR", "state");
	set_dir(h, "CHATTR_SERVER_RUN_DIR", "run");
	snprintf(h->conf, sizeof(h->conf), "%s/signald.conf", h->dir);
	house_configure(h, "");
	set("CHATTR_LISTEN_PORT", h->port);
	set("CHATTR_MEDIA_PORT", 0);
	set("CHATTR_MEDIA_WORKERS", workers);
	set("CHATTR_MEDIA_CAPACITY", capacity);
	setenv("CHATTR_LISTEN_TLS", "false", 1);
	setenv("CHATTR_LISTEN_ADDRESS", "127.0.0.1", 1);
	setenv("CHATTR_MEDIA_ANNOUNCE", "127.0.0.1", 1);
	setenv("CHATTR_ROOMS_POLICY", policy, 1);
	setenv("CHATTR_SERVER_LOG_LEVEL", "error", 1);
	signal(SIGPIPE, SIG_IGN);
	program(path, sizeof(path));
	h->pid = fork();
	if (h->pid == 0) {
		execl(path, "signald", "-c", h->conf, (char *)NULL);
		_exit(127);
	}
	for (int i = 0; i < 500 && !answers(h->port); i++)
		usleep(20000);
	ck_assert_msg(answers(h->port), "signald does not answer");
	if (workers > 1)
		await_workers(h, workers);
}

void house_open(struct house *h, const char *policy)
{
	house_open_wide(h, policy, 1, 1000);
}

void house_configure(const struct house *h, const char *text)
{
	FILE *f = fopen(h->conf, "w");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

void house_close(struct house *h)
{
	char cmd[128];

	if (h->pid) {
		kill(h->pid, SIGTERM);
		waitpid(h->pid, NULL, 0);
	}
	snprintf(cmd, sizeof(cmd), "rm -rf %s", h->dir);
	ck_assert_int_eq(system(cmd), 0);
}

/* The role's process: a child of the supervisor with this in its command. */
pid_t house_role(const struct house *h, const char *what)
{
	char path[128], line[256] = "";
	pid_t pid = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", h->pid,
		 h->pid);
	f = fopen(path, "r");
	ck_assert_ptr_nonnull(f);
	while (fscanf(f, "%d", &pid) == 1) {
		FILE *g;
		size_t n = 0;

		snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
		g = fopen(path, "r");
		if (g)
			n = fread(line, 1, sizeof(line) - 1, g);
		if (g)
			fclose(g);
		for (size_t i = 0; i < n; i++)
			line[i] = line[i] ? line[i] : ' ';
		if (memmem(line, n, what, strlen(what)))
			break;
		pid = 0;
	}
	fclose(f);
	ck_assert_msg(pid > 0, "no %s", what);
	return pid;
}

json_t *house_fixture(const char *name)
{
	char path[256];
	json_t *v, *data;

	snprintf(path, sizeof(path), FIXTURES "%s.json", name);
	v = json_load_file(path, 0, NULL);
	ck_assert_msg(v != NULL, "%s (run from the top folder)", path);
	data = json_incref(
		json_object_get(json_object_get(v, "request"), "data"));
	json_decref(v);
	return wsclient_keep(data);
}

/* ---- a guest ---- */

const char *guest_text(const json_t *o, const char *field)
{
	const char *s = json_string_value(json_object_get(o, field));

	return s ? s : "";
}

json_t *guest_ok(json_t *answer)
{
	ck_assert_msg(!*wsclient_refused(answer), "%s",
		      wsclient_refused(answer));
	return answer;
}

/* Asks until it is granted: no worker yet, or a bucket is empty. */
json_t *guest_insist(struct guest *g, const char *method, json_t *data)
{
	json_t *r = NULL;

	for (int i = 0; i < 40; i++) {
		const char *why;

		r = wsclient_ask_as(g->c, ++g->req, method,
				    json_deep_copy(data));
		why = wsclient_refused(r);
		if (strcmp(why, "no-worker") != 0 &&
		    strcmp(why, "rate-limited") != 0)
			break;
		json_decref(r);
		r = NULL;
		usleep(300000);
	}
	json_decref(data);
	ck_assert_ptr_nonnull(r);
	return guest_ok(r);
}

static void guest_transport(struct guest *g, bool sending, char out[17])
{
	json_t *data = house_fixture("client-createWebRtcTransport-send");
	json_t *r;

	json_object_set_new(data, "producing", json_boolean(sending));
	json_object_set_new(data, "consuming", json_boolean(!sending));
	r = guest_insist(g, "createWebRtcTransport", data);
	snprintf(out, 17, "%s", wsclient_str(r, "id"));
	json_decref(r);
}

void guest_arrive(struct guest *g, const struct house *h, const char *name)
{
	memset(g, 0, sizeof(*g));
	g->req = 1000;
	g->c = wsclient_connect(h->port, "room", "");
	g->entered = guest_ok(
		wsclient_ask(g->c, "enter", "{s:s}", "displayName", name));
	guest_transport(g, true, g->send);
	guest_transport(g, false, g->recv);
	json_decref(guest_ok(wsclient_ask_as(g->c, ++g->req, "join",
					     house_fixture("client-join"))));
}

void guest_produce(struct guest *g, const char *what, const char *as,
		   char out[17])
{
	json_t *data = house_fixture(what);
	json_t *rtp = json_object_get(data, "rtpParameters");
	json_t *r;
	char mid[16];

	/* Producers of one transport differ by mid and SSRC. */
	snprintf(mid, sizeof(mid), "%u", g->req);
	json_object_set_new(data, "transportId", json_string(g->send));
	json_object_set_new(rtp, "mid", json_string(mid));
	if (strstr(what, "audio"))
		json_object_set_new(
			json_array_get(json_object_get(rtp, "encodings"), 0),
			"ssrc", json_integer(1000000 + g->req));
	if (as)
		json_object_set_new(data, "producerId", json_string(as));
	r = guest_insist(g, "produce", data);
	snprintf(out, 17, "%s", wsclient_str(r, "id"));
	json_decref(r);
}

/* The next newConsumer, answered; its data. */
json_t *guest_accept(struct guest *g, json_t *v)
{
	char answer[128];

	snprintf(answer, sizeof(answer),
		 "{\"response\":true,\"id\":%d,\"ok\":true,\"data\":{}}",
		 (int)json_integer_value(json_object_get(v, "id")));
	wsclient_send(g->c, answer, strlen(answer));
	return json_object_get(v, "data");
}

json_t *guest_offered(struct guest *g)
{
	json_t *v = wsclient_wait(g->c, "newConsumer", WSCLIENT_SOON);

	ck_assert_msg(v != NULL, "nothing was offered");
	return guest_accept(g, v);
}

/* What an operator says. */
void house_command(const struct house *h, const char *what)
{
	char cmd[700];

	tool(h, what, cmd, sizeof(cmd));
	ck_assert_int_eq(system(cmd), 0);
}
