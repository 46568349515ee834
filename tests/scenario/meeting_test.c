/*
 * A whole signald (supervisor, server, one worker) and clients that speak
 * its signaling; the requests are those that a browser sent in the captures
 * of tests/fixtures/mediasoup. Media itself is in the other scenarios.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/sys/clock.h"
#include "tests/lib/test.h"
#include "tests/lib/wsclient.h"

#define FIXTURES "tests/fixtures/mediasoup/"

struct house {
	pid_t pid; /* of the supervisor */
	uint16_t port;
	char dir[64];
};

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

static void open_house(struct house *h, const char *policy)
{
	char path[512];

	*h = (struct house){.port = (uint16_t)(21000 + getpid() % 9000)};
	strcpy(h->dir, "/tmp/chattr-meeting-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(h->dir));
	set_dir(h, "CHATTR_SERVER_STATE_DIR", "state");
	set_dir(h, "CHATTR_SERVER_RUN_DIR", "run");
	set("CHATTR_LISTEN_PORT", h->port);
	set("CHATTR_MEDIA_PORT", 0);
	set("CHATTR_MEDIA_WORKERS", 1);
	setenv("CHATTR_LISTEN_TLS", "false", 1);
	setenv("CHATTR_LISTEN_ADDRESS", "127.0.0.1", 1);
	setenv("CHATTR_MEDIA_ANNOUNCE", "127.0.0.1", 1);
	setenv("CHATTR_ROOMS_POLICY", policy, 1);
	setenv("CHATTR_SERVER_LOG_LEVEL", "error", 1);
	signal(SIGPIPE, SIG_IGN);
	program(path, sizeof(path));
	h->pid = fork();
	if (h->pid == 0) {
		execl(path, "signald", (char *)NULL);
		_exit(127);
	}
	for (int i = 0; i < 500 && !answers(h->port); i++)
		usleep(20000);
	ck_assert_msg(answers(h->port), "signald does not answer");
}

static void close_house(struct house *h)
{
	char cmd[128];

	kill(h->pid, SIGTERM);
	waitpid(h->pid, NULL, 0);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", h->dir);
	ck_assert_int_eq(system(cmd), 0);
}

/* The role's process: a child of the supervisor with this in its command. */
static pid_t role(const struct house *h, const char *what)
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
		if (memmem(line, n, what, strlen(what)))
			break;
		pid = 0;
	}
	fclose(f);
	ck_assert_msg(pid > 0, "no %s", what);
	return pid;
}

static json_t *fixture(const char *name)
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

/* ---- a guest with both transports, joined ---- */

struct guest {
	struct wsclient *c;
	json_t *entered;
	char send[17], recv[17];
	uint32_t req;
};

static const char *text(const json_t *o, const char *field)
{
	const char *s = json_string_value(json_object_get(o, field));

	return s ? s : "";
}

static json_t *ok(json_t *answer)
{
	ck_assert_msg(!*wsclient_refused(answer), "%s",
		      wsclient_refused(answer));
	return answer;
}

/* Asks until it is granted: no worker yet, or a bucket is empty. */
static json_t *insist(struct guest *g, const char *method, json_t *data)
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
	return ok(r);
}

static void transport(struct guest *g, bool sending, char out[17])
{
	json_t *data = fixture("client-createWebRtcTransport-send");
	json_t *r;

	json_object_set_new(data, "producing", json_boolean(sending));
	json_object_set_new(data, "consuming", json_boolean(!sending));
	r = insist(g, "createWebRtcTransport", data);
	snprintf(out, 17, "%s", wsclient_str(r, "id"));
	json_decref(r);
}

static void arrive(struct guest *g, const struct house *h, const char *name)
{
	memset(g, 0, sizeof(*g));
	g->req = 1000;
	g->c = wsclient_connect(h->port, "room", "");
	g->entered =
		ok(wsclient_ask(g->c, "enter", "{s:s}", "displayName", name));
	transport(g, true, g->send);
	transport(g, false, g->recv);
	json_decref(ok(wsclient_ask_as(g->c, ++g->req, "join",
				       fixture("client-join"))));
}

static void produce(struct guest *g, const char *what, const char *as,
		    char out[17])
{
	json_t *data = fixture(what);
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
	r = insist(g, "produce", data);
	snprintf(out, 17, "%s", wsclient_str(r, "id"));
	json_decref(r);
}

/* The next newConsumer, answered; its data. */
static json_t *offered(struct guest *g)
{
	json_t *v = wsclient_wait(g->c, "newConsumer", WSCLIENT_SOON);
	char answer[128];

	ck_assert_msg(v != NULL, "nothing was offered");
	snprintf(answer, sizeof(answer),
		 "{\"response\":true,\"id\":%d,\"ok\":true,\"data\":{}}",
		 (int)json_integer_value(json_object_get(v, "id")));
	wsclient_send(g->c, answer, strlen(answer));
	return json_object_get(v, "data");
}

static void assert_has_keys(const json_t *o, const json_t *of)
{
	const char *key;
	json_t *v;

	json_object_foreach((json_t *)(uintptr_t)of, key, v)
		ck_assert_msg(json_object_get(o, key) != NULL, "no %s", key);
}

TEST_SLOW(meeting_offers_what_is_produced, 40)
{
	json_t *like = fixture("server-newConsumer-video"), *a, *v, *r;
	char audio[17], video[17];
	struct guest ann, bob;
	struct house h;

	open_house(&h, "open");
	arrive(&ann, &h, "Ann");
	arrive(&bob, &h, "Bob");
	produce(&ann, "client-produce-audio", NULL, audio);
	produce(&ann, "client-produce-video", NULL, video);
	a = offered(&bob);
	v = offered(&bob);
	assert_has_keys(v, like);
	assert_has_keys(json_object_get(v, "rtpParameters"),
			json_object_get(like, "rtpParameters"));
	ck_assert_str_eq(text(a, "producerId"), audio);
	ck_assert_str_eq(text(v, "producerId"), video);
	ck_assert_str_eq(text(v, "transportId"), bob.recv);
	ck_assert_str_eq(text(v, "type"), "simulcast");
	r = ok(wsclient_ask(bob.c, "getConsumerStats", "{s:s}", "consumerId",
			    text(v, "id")));
	ck_assert_str_eq(
		text(json_array_get(json_object_get(r, "data"), 0), "type"),
		"outbound-rtp");
	/* Pausing and closing are told. */
	ok(wsclient_ask(ann.c, "pauseProducer", "{s:s}", "producerId", video));
	r = wsclient_wait(bob.c, "consumerPaused", WSCLIENT_SOON);
	ck_assert_str_eq(wsclient_str(r, "consumerId"), text(v, "id"));
	ok(wsclient_ask(ann.c, "closeProducer", "{s:s}", "producerId", video));
	r = wsclient_wait(bob.c, "consumerClosed", WSCLIENT_SOON);
	ck_assert_str_eq(wsclient_str(r, "consumerId"), text(v, "id"));
	/* What is another's is not there. */
	r = wsclient_ask(bob.c, "closeProducer", "{s:s}", "producerId", audio);
	ck_assert_str_eq(wsclient_refused(r), "not-found");
	close_house(&h);
}

/* chattr: 30 consumes at once got 20 answers, so a full room stalled. */
TEST_SLOW(chattr_thirty_streams_at_once_are_all_offered, 40)
{
	struct guest guests[4], late;
	char id[17];
	struct house h;

	open_house(&h, "open");
	for (int i = 0; i < 4; i++) {
		arrive(&guests[i], &h, "Guest");
		for (int k = 0; k < 8; k++)
			produce(&guests[i], "client-produce-audio", NULL, id);
	}
	arrive(&late, &h, "Late");
	for (int i = 0; i < 32; i++)
		ck_assert_str_eq(text(offered(&late), "kind"), "audio");
	close_house(&h);
}

/* chattr: 88 transports opened in 4 s by one user. */
TEST_SLOW(chattr_transports_of_one_user_are_few, 40)
{
	struct guest ann;
	struct house h;
	json_t *r;
	int made = 0;

	open_house(&h, "open");
	arrive(&ann, &h, "Ann");
	for (int i = 0; i < 88; i++) {
		r = wsclient_ask(ann.c, "createWebRtcTransport", "{s:b}",
				 "producing", 1);
		made += !*wsclient_refused(r);
		json_decref(r);
	}
	ck_assert_int_eq(made, 2); /* two were there */
	close_house(&h);
}

static json_t *come_back(struct guest *g, const struct house *h,
			 const char *producer, const char *consumer)
{
	json_t *have = json_pack("{s:[s,s], s:[], s:[]}", "transports", g->send,
				 g->recv, "producers", "consumers");

	if (producer)
		json_array_append_new(json_object_get(have, "producers"),
				      json_string(producer));
	if (consumer)
		json_array_append_new(json_object_get(have, "consumers"),
				      json_string(consumer));
	wsclient_hang_up(g->c);
	for (int i = 0; i < 500 && !wsclient_try(h->port); i++)
		usleep(10000);
	g->c = wsclient_connect(h->port, "room", "");
	return ok(wsclient_ask_as(
		g->c, ++g->req, "enter",
		json_pack("{s:s, s:i, s:i, s:o}", "resumeToken",
			  wsclient_str(g->entered, "resumeToken"), "epoch", 0,
			  "lastSeq", 0, "have", have)));
}

static void assert_nothing_lost(const json_t *entered)
{
	const json_t *lost =
		json_object_get(json_object_get(entered, "data"), "lost");
	const char *key;
	json_t *v;

	ck_assert_ptr_nonnull(lost);
	json_object_foreach((json_t *)(uintptr_t)lost, key, v)
		ck_assert_msg(json_array_size(v) == 0, "lost %s", key);
}

TEST_SLOW(meeting_survives_the_death_of_the_server, 60)
{
	char video[17], more[17], consumer[17];
	struct guest ann, bob;
	struct house h;
	pid_t worker;
	json_t *v;

	open_house(&h, "open");
	arrive(&ann, &h, "Ann");
	arrive(&bob, &h, "Bob");
	produce(&ann, "client-produce-video", NULL, video);
	snprintf(consumer, sizeof(consumer), "%s", text(offered(&bob), "id"));
	worker = role(&h, "mediad");
	for (int round = 0; round < 3; round++) {
		kill(role(&h, "server"), SIGKILL);
		assert_nothing_lost(come_back(&ann, &h, video, NULL));
		assert_nothing_lost(come_back(&bob, &h, NULL, consumer));
	}
	ck_assert_int_eq(role(&h, "mediad"), worker);
	ok(wsclient_ask(ann.c, "pauseProducer", "{s:s}", "producerId", video));
	v = wsclient_wait(bob.c, "consumerPaused", WSCLIENT_SOON);
	ck_assert_str_eq(wsclient_str(v, "consumerId"), consumer);
	/* And it goes on: a mid that was never used. */
	produce(&ann, "client-produce-audio", NULL, more);
	v = offered(&bob);
	ck_assert_str_eq(text(v, "producerId"), more);
	ck_assert_int_gt(atoi(text(json_object_get(v, "rtpParameters"), "mid")),
			 999);
	close_house(&h);
}

/* What replaces a transport of the guest, out of `rebuild`. */
static void follow(struct guest *g, char id[17])
{
	json_t *v;

	while ((v = wsclient_wait(g->c, "rebuild", WSCLIENT_SOON))) {
		const json_t *t = json_array_get(
			json_object_get(json_object_get(v, "data"),
					"transports"),
			0);

		if (strcmp(text(t, "replaces"), id) != 0)
			continue;
		snprintf(id, 17, "%s", text(t, "id"));
		return;
	}
	ck_abort_msg("no rebuild");
}

TEST_SLOW(meeting_is_rebuilt_when_its_worker_dies, 60)
{
	char video[17], again[17], consumer[17];
	struct guest ann, bob;
	struct house h;
	json_t *v;

	open_house(&h, "open");
	arrive(&ann, &h, "Ann");
	arrive(&bob, &h, "Bob");
	produce(&ann, "client-produce-video", NULL, video);
	snprintf(consumer, sizeof(consumer), "%s", text(offered(&bob), "id"));
	/* And again: what replaces is replaced in its turn. */
	for (int round = 0; round < 2; round++) {
		kill(role(&h, "mediad"), SIGKILL);
		follow(&ann, ann.send);
		follow(&bob, bob.send);
		follow(&bob, bob.recv);
		produce(&ann, "client-produce-video", video, again);
		ck_assert_str_eq(again, video);
		v = offered(&bob);
		ck_assert_str_eq(text(v, "id"), consumer);
		ck_assert_str_eq(text(v, "producerId"), video);
		ck_assert_str_eq(text(v, "transportId"), bob.recv);
	}
	close_house(&h);
}

/* What an operator says. */
static void command(const struct house *h, const char *what)
{
	char path[512], cmd[700];

	program(path, sizeof(path));
	strcpy(strrchr(path, '/'), "/chattrctl");
	snprintf(cmd, sizeof(cmd), "%s -s %s/run/admin %s", path, h->dir, what);
	ck_assert_int_eq(system(cmd), 0);
}

/* The client closes a transport that it has left. */
static void give_up(struct guest *g, const char *id)
{
	json_decref(ok(wsclient_ask(g->c, "closeTransport", "{s:s}",
				    "transportId", id)));
}

static void await_closed(struct guest *g, const char *id, int ms)
{
	json_t *v = wsclient_wait(g->c, "transportClosed", ms);

	ck_assert_msg(v != NULL, "no transportClosed");
	ck_assert_str_eq(wsclient_str(v, "transportId"), id);
}

static void await_end(pid_t pid)
{
	for (int i = 0; i < 300 && !kill(pid, 0); i++)
		usleep(10000);
	ck_assert_msg(kill(pid, 0) != 0, "the old worker lives on");
}

/* Another process carries the call, with the same producers and consumers. */
TEST_SLOW(meeting_moves_when_workers_restart, 60)
{
	char video[17], again[17], consumer[17];
	struct guest ann, bob, old_ann, old_bob;
	struct house h;
	pid_t worker;
	json_t *v;

	open_house(&h, "open");
	arrive(&ann, &h, "Ann");
	arrive(&bob, &h, "Bob");
	produce(&ann, "client-produce-video", NULL, video);
	snprintf(consumer, sizeof(consumer), "%s", text(offered(&bob), "id"));
	ok(wsclient_ask(bob.c, "pauseConsumer", "{s:s}", "consumerId",
			consumer));
	worker = role(&h, "mediad");
	old_ann = ann;
	old_bob = bob;
	command(&h, "workers restart");
	follow(&ann, ann.send);
	follow(&ann, ann.recv);
	follow(&bob, bob.send);
	follow(&bob, bob.recv);
	/* The old ones can still be asked about. */
	json_decref(ok(wsclient_ask(bob.c, "restartIce", "{s:s}", "transportId",
				    old_bob.recv)));
	produce(&ann, "client-produce-video", video, again);
	ck_assert_str_eq(again, video);
	v = offered(&bob);
	ck_assert_str_eq(text(v, "id"), consumer);
	ck_assert_str_eq(text(v, "transportId"), bob.recv);
	ck_assert_int_eq(kill(worker, 0), 0);
	give_up(&ann, old_ann.recv);
	give_up(&bob, old_bob.recv);
	await_closed(&ann, old_ann.send, 2000);
	await_closed(&bob, old_bob.send, 2000);
	await_end(worker);
	/* It goes on there. */
	ok(wsclient_ask(ann.c, "pauseProducer", "{s:s}", "producerId", video));
	v = wsclient_wait(bob.c, "consumerPaused", 1000);
	ck_assert_str_eq(wsclient_str(v, "consumerId"), consumer);
	close_house(&h);
}

/* Who never follows is left behind after ten seconds. */
TEST_SLOW(meeting_moves_without_those_who_do_not_follow, 60)
{
	struct guest ann;
	struct house h;
	pid_t worker;
	json_t *v;

	open_house(&h, "open");
	arrive(&ann, &h, "Ann");
	worker = role(&h, "mediad");
	command(&h, "workers restart");
	v = wsclient_wait(ann.c, "rebuild", 5000);
	ck_assert_ptr_nonnull(v);
	ck_assert_str_eq(wsclient_str(v, "reason"), "move");
	ck_assert_ptr_null(wsclient_wait(ann.c, "transportClosed", 8000));
	await_closed(&ann, ann.send, 4000);
	await_closed(&ann, ann.recv, 1000);
	await_end(worker);
	close_house(&h);
}

/* A request that was answered into a broken connection creates nothing twice.
 */
TEST_SLOW(meeting_repeats_create_nothing_twice, 40)
{
	struct guest ann;
	struct house h;
	char video[17];
	json_t *data, *r;
	uint32_t req;

	open_house(&h, "open");
	arrive(&ann, &h, "Ann");
	produce(&ann, "client-produce-video", NULL, video);
	req = ann.req;
	r = come_back(&ann, &h, video, NULL);
	assert_nothing_lost(r);
	data = fixture("client-produce-video");
	json_object_set_new(data, "transportId", json_string(ann.send));
	r = ok(wsclient_ask_as(ann.c, req, "produce", data));
	ck_assert_str_eq(wsclient_str(r, "id"), video);
	close_house(&h);
}
