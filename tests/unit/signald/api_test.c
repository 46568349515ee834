/* The server role through real sockets: who may ask what, and gets what. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "signald/api/dispatch.h"
#include "tests/lib/test.h"
#include "tests/lib/wsclient.h"
#include "tests/unit/signald/site.h"

static json_t *enter(struct wsclient *c, const char *name)
{
	json_t *r = wsclient_ask(c, "enter", "{s:s}", "displayName", name);

	ck_assert_str_eq(wsclient_refused(r), "");
	return r;
}

static struct wsclient *entered(struct site *k, const char *room,
				const char *name)
{
	struct wsclient *c = wsclient_connect(k->port, room, "");
	json_t *r = enter(c, name);

	ck_assert_str_eq(wsclient_str(r, "status"), "admitted");
	json_decref(r);
	return c;
}

static void assert_keys(const json_t *o, const char *const *keys, size_t n)
{
	const char *key;
	json_t *v;

	json_object_foreach((json_t *)(uintptr_t)o, key, v)
	{
		bool known = false;

		for (size_t i = 0; i < n; i++)
			known = known || !strcmp(keys[i], key);
		ck_assert_msg(known, "unexpected %s", key);
	}
	ck_assert_uint_eq(json_object_size(o), n);
}

TEST(api_first_one_is_host)
{
	struct site *k = site_start("waiting");
	struct wsclient *c = wsclient_connect(k->port, "r", "");
	json_t *r = enter(c, "Ann"), *v;

	ck_assert_str_eq(wsclient_str(r, "status"), "admitted");
	ck_assert_str_eq(wsclient_str(r, "role"), "host");
	ck_assert_uint_eq(strlen(wsclient_str(r, "peerId")), 16);
	v = wsclient_next(c, WSCLIENT_SOON);
	ck_assert_str_eq(json_string_value(json_object_get(v, "method")),
			 "mediasoup-version");
	site_stop(k);
}

/* The whole of what one who waits is told, byte for byte of its shape. */
TEST(api_knocker_gets_state_and_place_alone)
{
	static const char *const answer[] = {"status", "peerId", "resumeToken",
					     "position"};
	static const char *const state[] = {"position"};
	struct site *k = site_start("waiting");
	struct wsclient *host = entered(k, "r", "Ann");
	struct wsclient *one = wsclient_connect(k->port, "r", "");
	struct wsclient *two = wsclient_connect(k->port, "r", "");
	json_t *r1 = enter(one, "Bob"), *r2 = enter(two, "Cy"), *v;

	ck_assert_str_eq(wsclient_str(r1, "status"), "waiting");
	assert_keys(json_object_get(r1, "data"), answer, 4);
	assert_keys(json_object_get(r2, "data"), answer, 4);
	ck_assert_int_eq(json_integer_value(json_object_get(
				 json_object_get(r2, "data"), "position")),
			 2);
	/* Life in the room goes on without a word to them. */
	json_decref(wsclient_ask(host, "sendChat", "{s:s, s:s}", "clientId",
				 "1", "ciphertext", "c2VjcmV0"));
	json_decref(wsclient_ask(host, "changeDisplayName", "{s:s}",
				 "displayName", "Anna"));
	json_decref(
		wsclient_ask(host, "setPolicy", "{s:s}", "policy", "locked"));
	json_decref(wsclient_ask(host, "deny", "{s:s}", "peerId",
				 wsclient_str(r1, "peerId")));
	v = wsclient_next(two, WSCLIENT_SOON);
	ck_assert_str_eq(json_string_value(json_object_get(v, "method")),
			 "waitingState");
	assert_keys(json_object_get(v, "data"), state, 1);
	ck_assert_ptr_null(wsclient_next(two, 300));
	v = wsclient_next(one, WSCLIENT_SOON);
	ck_assert_str_eq(json_string_value(json_object_get(v, "method")),
			 "denied");
	assert_keys(json_object_get(v, "data"), NULL, 0);
	v = wsclient_next(one, WSCLIENT_SOON);
	ck_assert_int_eq(json_integer_value(json_object_get(v, "closed")),
			 4000);
	ck_assert_str_eq(json_string_value(json_object_get(v, "reason")),
			 "denied");
	site_stop(k);
}

static bool before_admission(const char *method)
{
	return !strcmp(method, "enter") || !strcmp(method, "setKnock") ||
	       !strcmp(method, "leave");
}

TEST(api_nothing_is_granted_before_admission)
{
	struct site *k = site_start("waiting");
	struct wsclient *host = entered(k, "r", "Ann");
	struct wsclient *c = wsclient_connect(k->port, "r", "");
	const struct dispatch_row *row;

	for (int waiting = 0; waiting < 2; waiting++) {
		for (uint32_t i = 0; (row = dispatch_row(i)); i++) {
			json_t *r;

			if (before_admission(row->name))
				continue;
			r = wsclient_ask(c, row->name, "{}");
			ck_assert_msg(
				!strcmp(wsclient_refused(r), "not-admitted"),
				"%s: %s", row->name, wsclient_refused(r));
			json_decref(r);
		}
		if (!waiting)
			json_decref(enter(c, "Bob"));
	}
	wsclient_hang_up(host);
	site_stop(k);
}

TEST(api_host_admits)
{
	struct site *k = site_start("waiting");
	struct wsclient *host = entered(k, "r", "Ann");
	struct wsclient *c = wsclient_connect(k->port, "r", "");
	json_t *r = enter(c, "Bob"), *knock, *v;

	knock = wsclient_wait(host, "knock", WSCLIENT_SOON);
	ck_assert_str_eq(wsclient_str(knock, "peerId"),
			 wsclient_str(r, "peerId"));
	ck_assert_str_eq(wsclient_str(knock, "displayName"), "Bob");
	v = wsclient_ask(host, "admit", "{s:s}", "peerId",
			 wsclient_str(r, "peerId"));
	ck_assert_str_eq(wsclient_refused(v), "");
	v = wsclient_wait(c, "admitted", WSCLIENT_SOON);
	ck_assert_str_eq(wsclient_str(v, "status"), "admitted");
	ck_assert_str_eq(wsclient_str(v, "role"), "guest");
	v = wsclient_ask(c, "getRouterRtpCapabilities", "{}");
	ck_assert_ptr_nonnull(
		json_object_get(json_object_get(v, "data"), "codecs"));
	/* Without a worker there is no transport, and it is said. */
	v = wsclient_ask(c, "createWebRtcTransport", "{s:b}", "producing", 1);
	ck_assert_str_eq(wsclient_refused(v), "no-worker");
	site_stop(k);
}

TEST(api_plain_client_enters_an_open_room)
{
	struct site *k = site_start("open");
	struct wsclient *host = entered(k, "r", "Ann");
	struct wsclient *plain = wsclient_connect(k->port, "r", "ngodofov");
	json_t *r = wsclient_ask(plain, "getRouterRtpCapabilities", "{}"), *v;

	ck_assert_str_eq(wsclient_refused(r), "");
	v = wsclient_next(plain, WSCLIENT_SOON);
	ck_assert_str_eq(json_string_value(json_object_get(v, "method")),
			 "mediasoup-version");
	r = wsclient_ask(plain, "join", "{s:s}", "displayName", "Demo");
	ck_assert_str_eq(wsclient_refused(r), "");
	json_decref(wsclient_ask(host, "join", "{s:s}", "displayName", "Ann"));
	v = wsclient_wait(plain, "newPeer", WSCLIENT_SOON);
	ck_assert_str_eq(wsclient_str(v, "displayName"), "Ann");
	r = wsclient_ask(host, "kick", "{s:s}", "peerId", "ngodofov");
	ck_assert_str_eq(wsclient_refused(r), "");
	site_stop(k);
}

TEST(api_hostile_frames_are_answered_and_end)
{
	static const char *const texts[] = {
		"",
		"{",
		"[]",
		"{\"request\":true,\"id\":1,\"id\":2,\"method\":\"enter\"}",
		"{\"request\":true,\"id\":1,\"method\":\"\\u0000\"}",
		"{\"request\":true,\"id\":1,\"method\":7}",
		"{\"request\":true,\"id\":1,\"method\":\"enter\",\"data\":[]}",
	};
	struct site *k = site_start("waiting");
	struct wsclient *c = wsclient_connect(k->port, "r", "");
	json_t *v;
	int n = 0;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		wsclient_send(c, texts[i], strlen(texts[i]));
		v = wsclient_next(c, WSCLIENT_SOON);
		ck_assert_int_eq(
			json_integer_value(json_object_get(v, "errorCode")),
			400);
		n++;
	}
	for (; n < 21; n++)
		wsclient_send(c, "{", 1);
	while ((v = wsclient_next(c, WSCLIENT_SOON)) &&
	       !json_object_get(v, "closed"))
		;
	ck_assert_int_eq(json_integer_value(json_object_get(v, "closed")),
			 1008);
	site_stop(k);
}

TEST(api_wrong_types_are_refused)
{
	struct site *k = site_start("waiting");
	struct wsclient *c = entered(k, "r", "Ann");
	json_t *r;

	r = wsclient_ask(c, "setHand", "{s:s}", "raised", "yes");
	ck_assert_str_eq(wsclient_refused(r), "bad-request");
	r = wsclient_ask(c, "kick", "{s:i}", "peerId", 7);
	ck_assert_str_eq(wsclient_refused(r), "bad-request");
	r = wsclient_ask(c, "setPolicy", "{s:s}", "policy", "constructor");
	ck_assert_str_eq(wsclient_refused(r), "bad-request");
	r = wsclient_ask(c, "__proto__", "{}");
	ck_assert_str_eq(wsclient_refused(r), "unknown-method");
	r = wsclient_ask(c, "join", "{s:{s:[{s:s}]}}", "rtpCapabilities",
			 "codecs", "mimeType", "audio/opus");
	ck_assert_str_eq(wsclient_refused(r), "bad-request");
	site_stop(k);
}

TEST(api_rate_is_limited_and_says_when)
{
	struct site *k = site_start("waiting");
	struct wsclient *c = entered(k, "r", "Ann");
	const json_t *more;
	json_t *r = NULL;

	for (int i = 0; i < 2000; i++) {
		json_decref(r);
		r = wsclient_ask(c, "setHand", "{s:b}", "raised", i & 1);
		if (*wsclient_refused(r))
			break;
	}
	ck_assert_str_eq(wsclient_refused(r), "rate-limited");
	more = json_object_get(r, "errorData");
	ck_assert_int_gt(
		json_integer_value(json_object_get(more, "retryAfterMs")), 0);
	site_stop(k);
}

static json_t *resume(struct wsclient *c, const json_t *first, json_int_t seq,
		      bool reload)
{
	json_t *data = json_pack(
		"{s:s, s:O*, s:I}", "resumeToken",
		wsclient_str(first, "resumeToken"), "epoch",
		json_object_get(json_object_get(first, "data"), "epoch"),
		"lastSeq", seq);

	if (!reload)
		json_object_set_new(data, "have", json_object());
	return wsclient_ask_as(c, 900, "enter", data);
}

/* Drops all that was told before an answer, returns the highest seq. */
static json_int_t last_seq(struct wsclient *c)
{
	json_int_t last = 0;
	json_t *v;

	json_decref(wsclient_ask(c, "nothing", "{}"));
	while ((v = wsclient_next(c, 0))) {
		json_int_t seq = json_integer_value(json_object_get(v, "seq"));

		last = seq > last ? seq : last;
		json_decref(v);
	}
	return last;
}

TEST(api_resume_replays_what_was_missed)
{
	struct site *k = site_start("open");
	struct wsclient *host = entered(k, "r", "Ann");
	struct wsclient *c = wsclient_connect(k->port, "r", "");
	json_t *first = enter(c, "Bob"), *r, *missed, *m;
	json_int_t seq = last_seq(c);

	wsclient_hang_up(c);
	for (int i = 0; i < 3; i++) {
		char id[2] = {(char)('0' + i), 0};

		json_decref(wsclient_ask(host, "sendChat", "{s:s, s:s}",
					 "clientId", id, "ciphertext", "eHh4"));
	}
	c = wsclient_connect(k->port, "r", "");
	r = resume(c, first, seq, false);
	ck_assert(json_is_true(
		json_object_get(json_object_get(r, "data"), "resumed")));
	missed = json_object_get(json_object_get(r, "data"), "missed");
	m = json_array_get(missed, json_array_size(missed) - 1);
	ck_assert_str_eq(json_string_value(json_object_get(m, "method")),
			 "chat");
	for (size_t i = 0; i < json_array_size(missed); i++)
		ck_assert_int_eq(json_integer_value(json_object_get(
					 json_array_get(missed, i), "seq")),
				 seq + 1 + (json_int_t)i);
	site_stop(k);
}

TEST(api_reload_keeps_the_peer_and_gets_a_snapshot)
{
	struct site *k = site_start("waiting");
	struct wsclient *c = wsclient_connect(k->port, "r", "");
	json_t *first = enter(c, "Ann"), *r, *v;

	wsclient_hang_up(c);
	c = wsclient_connect(k->port, "r", "");
	r = resume(c, first, 0, true);
	ck_assert_str_eq(wsclient_str(r, "peerId"),
			 wsclient_str(first, "peerId"));
	ck_assert_str_eq(wsclient_str(r, "role"), "host");
	v = json_object_get(json_object_get(r, "data"), "snapshot");
	ck_assert_ptr_nonnull(json_object_get(v, "peers"));
	site_stop(k);
}

/* Fifteen seconds of the host's absence (here two) change nothing. */
TEST(api_host_who_is_away_is_replaced_and_comes_back)
{
	struct site *k;
	struct wsclient *host, *guest;
	json_t *first, *v;

	setenv("CHATTR_ROOMS_HOST_GRACE_S", "2", 1);
	k = site_start("open");
	host = wsclient_connect(k->port, "r", "");
	guest = wsclient_connect(k->port, "r", "");
	first = enter(host, "Ann");
	enter(guest, "Bob");
	wsclient_hang_up(host);
	usleep(1000000);
	host = wsclient_connect(k->port, "r", "");
	ck_assert_str_eq(wsclient_str(resume(host, first, 0, false), "role"),
			 "host");
	ck_assert_ptr_null(wsclient_wait(guest, "hostChanged", 1500));
	wsclient_hang_up(host);
	ck_assert_ptr_null(wsclient_wait(guest, "hostChanged", 1000));
	v = wsclient_wait(guest, "hostChanged", 2500);
	ck_assert_str_ne(wsclient_str(v, "peerId"),
			 wsclient_str(first, "peerId"));
	ck_assert_str_eq(wsclient_refused(wsclient_ask(guest, "muteAll", "{}")),
			 "");
	host = wsclient_connect(k->port, "r", "");
	ck_assert_str_eq(wsclient_str(resume(host, first, 0, false), "role"),
			 "host");
	v = wsclient_wait(guest, "hostChanged", 1000);
	ck_assert_str_eq(wsclient_str(v, "peerId"),
			 wsclient_str(first, "peerId"));
	site_stop(k);
}

TEST(api_newer_connection_replaces_the_older)
{
	struct site *k = site_start("waiting");
	struct wsclient *a = wsclient_connect(k->port, "r", "");
	struct wsclient *b = wsclient_connect(k->port, "r", "");
	json_t *first = enter(a, "Ann"), *v;

	json_decref(resume(b, first, last_seq(a), false));
	v = wsclient_next(a, WSCLIENT_SOON);
	ck_assert_int_eq(json_integer_value(json_object_get(v, "closed")),
			 4000);
	ck_assert_str_eq(json_string_value(json_object_get(v, "reason")),
			 "replaced");
	site_stop(k);
}

TEST(api_wrong_token_is_nobody)
{
	struct site *k = site_start("waiting");
	struct wsclient *host = entered(k, "r", "Ann");
	struct wsclient *c = wsclient_connect(k->port, "r", "");
	json_t *r = wsclient_ask(c, "enter", "{s:s, s:s}", "displayName", "Eve",
				 "resumeToken", "AAAAAAAAAAAAAAAAAAAAAA");

	ck_assert_str_eq(wsclient_str(r, "status"), "waiting");
	wsclient_hang_up(host);
	site_stop(k);
}

TEST(api_killed_server_forgets_nobody)
{
	struct site *k = site_start("waiting");
	struct wsclient *host = wsclient_connect(k->port, "r", "");
	struct wsclient *c = wsclient_connect(k->port, "r", "");
	json_t *first = enter(host, "Ann"), *knock = enter(c, "Bob"), *r;

	site_crash(k);
	wsclient_hang_up(host);
	wsclient_hang_up(c);
	host = wsclient_connect(k->port, "r", "");
	r = resume(host, first, 0, false);
	ck_assert_str_eq(wsclient_str(r, "role"), "host");
	ck_assert_str_eq(wsclient_str(r, "peerId"),
			 wsclient_str(first, "peerId"));
	ck_assert_int_ne(json_integer_value(json_object_get(
				 json_object_get(r, "data"), "epoch")),
			 json_integer_value(json_object_get(
				 json_object_get(first, "data"), "epoch")));
	c = wsclient_connect(k->port, "r", "");
	r = resume(c, knock, 0, false);
	ck_assert_str_eq(wsclient_str(r, "status"), "waiting");
	site_stop(k);
}

TEST(api_invite_lets_in_once)
{
	struct site *k = site_start("waiting");
	struct wsclient *host = entered(k, "r", "Ann");
	struct wsclient *a = wsclient_connect(k->port, "r", "");
	struct wsclient *b = wsclient_connect(k->port, "r", "");
	json_t *inv = wsclient_ask(host, "createInvite", "{s:s}", "label", "x"),
	       *r;

	ck_assert_str_eq(wsclient_refused(inv), "");
	r = wsclient_ask(a, "enter", "{s:s, s:s}", "displayName", "Bob",
			 "invite", wsclient_str(inv, "token"));
	ck_assert_str_eq(wsclient_str(r, "status"), "admitted");
	r = wsclient_ask(b, "enter", "{s:s, s:s}", "displayName", "Cy",
			 "invite", wsclient_str(inv, "token"));
	ck_assert_str_eq(wsclient_refused(r), "invite-invalid");
	site_stop(k);
}

TEST(api_chat_reaches_the_other_and_repeats_once)
{
	struct site *k = site_start("open");
	struct wsclient *host = entered(k, "r", "Ann");
	struct wsclient *c = entered(k, "r", "Bob");
	json_t *a, *b, *v;

	a = wsclient_ask(host, "sendChat", "{s:s, s:s}", "clientId", "1",
			 "ciphertext", "aGVsbG8");
	b = wsclient_ask(host, "sendChat", "{s:s, s:s}", "clientId", "1",
			 "ciphertext", "aGVsbG8");
	ck_assert(json_equal(json_object_get(a, "data"),
			     json_object_get(b, "data")));
	v = wsclient_wait(c, "chat", WSCLIENT_SOON);
	ck_assert_str_eq(wsclient_str(v, "ciphertext"), "aGVsbG8");
	ck_assert_ptr_null(wsclient_wait(c, "chat", 300));
	site_stop(k);
}

TEST(api_http_makes_a_room_for_its_host)
{
	struct site *k = site_start("waiting");
	json_t *room, *r;
	struct wsclient *c, *host;
	const char *id;

	ck_assert_int_eq(wsclient_post(k->port, "/api/rooms",
				       "{\"policy\":\"waiting\"}", &room),
			 200);
	id = json_string_value(json_object_get(room, "roomId"));
	ck_assert_ptr_nonnull(id);
	/* Whoever comes before the host waits, also the first. */
	c = wsclient_connect(k->port, id, "");
	r = enter(c, "Bob");
	ck_assert_str_eq(wsclient_str(r, "status"), "waiting");
	host = wsclient_connect(k->port, id, "");
	r = wsclient_ask(host, "enter", "{s:s, s:O}", "displayName", "Ann",
			 "hostKey", json_object_get(room, "hostKey"));
	ck_assert_str_eq(wsclient_str(r, "role"), "host");
	ck_assert_ptr_nonnull(
		wsclient_wait(host, "roomUpdated", WSCLIENT_SOON));
	site_stop(k);
}

TEST(api_http_refuses)
{
	struct site *k = site_start("waiting");
	json_t *out;

	ck_assert_int_eq(wsclient_post(k->port, "/api/rooms", "{", &out), 400);
	ck_assert_int_eq(
		wsclient_post(k->port, "/api/rooms", "{\"policy\":1}", &out),
		400);
	ck_assert_int_eq(wsclient_post(k->port, "/api/nothing", "{}", &out),
			 404);
	ck_assert_int_eq(wsclient_post(k->port, "/api/away", "{}", &out), 200);
	site_stop(k);
}

/* Fifty long messages are no more than a connection may have waiting. */
TEST(api_history_of_long_messages)
{
	struct site *k;
	struct wsclient *c, *d;
	static char big[8001];
	json_t *first, *r;
	json_int_t seq;

	setenv("CHATTR_LIMITS_CHAT_BURST", "100", 1);
	k = site_start("open");
	c = wsclient_connect(k->port, "r", "");
	d = wsclient_connect(k->port, "r", "");
	enter(c, "Ann");
	first = enter(d, "Bob");
	seq = last_seq(d);
	wsclient_hang_up(d);
	memset(big, 'A', 8000);
	for (int i = 0; i < 60; i++) {
		char id[8];

		snprintf(id, sizeof(id), "%d", i);
		r = wsclient_ask(c, "sendChat", "{s:s, s:s}", "clientId", id,
				 "ciphertext", big);
		ck_assert_str_eq(wsclient_refused(r), "");
	}
	r = wsclient_ask(c, "chatHistory", "{s:i}", "limit", 60);
	r = json_object_get(r, "data");
	ck_assert_uint_ge(json_array_size(json_object_get(r, "messages")), 16);
	ck_assert(json_is_true(json_object_get(r, "more")));
	/* Nor is what one who comes back has missed: it asks for the log. */
	d = wsclient_connect(k->port, "r", "");
	r = json_object_get(resume(d, first, seq, false), "data");
	ck_assert_ptr_null(json_object_get(r, "missed"));
	ck_assert_ptr_nonnull(json_object_get(r, "snapshot"));
	site_stop(k);
}

/* A WebSocket that nobody enters by is closed; a refusal gives more time. */
TEST(api_nobodys_connection_ends)
{
	struct site *k;
	struct wsclient *in, *out;
	json_t *v;

	setenv("CHATTR_LISTEN_HEADER_MS", "500", 1);
	k = site_start("waiting");
	in = entered(k, "r", "Ann");
	out = wsclient_connect(k->port, "r", "");
	usleep(300000);
	v = wsclient_ask(out, "enter", "{s:s, s:s}", "displayName", "Eve",
			 "hostKey", "nonsense");
	ck_assert_str_eq(wsclient_refused(v), "host-key-invalid");
	ck_assert_ptr_null(wsclient_next(out, 350));
	v = wsclient_next(out, 1000);
	ck_assert_int_eq(json_integer_value(json_object_get(v, "closed")),
			 1013);
	v = wsclient_ask(in, "setHand", "{s:b}", "raised", 1);
	ck_assert_str_eq(wsclient_refused(v), "");
	site_stop(k);
}

/* Messages that ask for nothing are counted, too. */
TEST(api_flood_ends_the_connection)
{
	static const char text[] = "{\"notification\":true,\"method\":\"x\"}";
	struct site *k = site_start("waiting");
	struct wsclient *c = entered(k, "r", "Ann");
	json_t *v;

	for (int i = 0; i < 1500; i++)
		wsclient_send(c, text, sizeof(text) - 1);
	while ((v = wsclient_next(c, 2000)) && !json_object_get(v, "closed"))
		;
	ck_assert_int_eq(json_integer_value(json_object_get(v, "closed")),
			 1008);
	site_stop(k);
}

/* A plain client is told why, like everybody. */
TEST(api_plain_client_is_refused_by_name)
{
	struct site *k;
	struct wsclient *c;
	json_t *r;

	setenv("CHATTR_ROOMS_SEATS", "1", 1);
	k = site_start("open");
	entered(k, "r", "Ann");
	c = wsclient_connect(k->port, "r", "");
	r = wsclient_ask(c, "getRouterRtpCapabilities", "{}");
	ck_assert_str_eq(wsclient_refused(r), "room-full");
	site_stop(k);
}

TEST(api_http_room_keeps_its_settings)
{
	struct site *k;
	struct wsclient *c;
	json_t *room, *r;

	setenv("CHATTR_ROOMS_SUCCESSION", "lock", 1);
	k = site_start("waiting");
	ck_assert_int_eq(wsclient_post(k->port, "/api/rooms",
				       "{\"settings\":{\"reactions\":false}}",
				       &room),
			 200);
	c = wsclient_connect(k->port,
			     json_string_value(json_object_get(room, "roomId")),
			     "");
	r = wsclient_ask(c, "enter", "{s:s, s:O}", "displayName", "Ann",
			 "hostKey", json_object_get(room, "hostKey"));
	r = json_object_get(json_object_get(r, "data"), "room");
	r = json_object_get(r, "settings");
	ck_assert(json_is_false(json_object_get(r, "reactions")));
	ck_assert(json_is_true(json_object_get(r, "chat")));
	ck_assert_str_eq(json_string_value(json_object_get(r, "succession")),
			 "lock");
	site_stop(k);
}

TEST(api_host_renames)
{
	struct site *k = site_start("open");
	struct wsclient *host = entered(k, "r", "Ann");
	struct wsclient *c = wsclient_connect(k->port, "r", "");
	json_t *bob = enter(c, "Bob"), *r;

	r = wsclient_ask(host, "changeDisplayName", "{s:s, s:s}", "displayName",
			 "Robert", "peerId", wsclient_str(bob, "peerId"));
	ck_assert_str_eq(wsclient_refused(r), "");
	r = wsclient_wait(c, "peerUpdated", 1000);
	ck_assert_str_eq(wsclient_str(r, "displayName"), "Robert");
	site_stop(k);
}

/* One who waits does not ring the bell again and again. */
TEST(api_knocker_rings_seldom)
{
	struct site *k = site_start("waiting");
	struct wsclient *host = entered(k, "r", "Ann");
	struct wsclient *c = wsclient_connect(k->port, "r", "");
	int rang = 0;
	json_t *r = NULL;

	enter(c, "Bob");
	for (int i = 0; i < 30; i++)
		r = wsclient_ask(c, "setKnock", "{s:s}", "message", "hello");
	ck_assert_str_eq(wsclient_refused(r), "rate-limited");
	while (wsclient_wait(host, "knock", 300))
		rang++;
	ck_assert_int_ge(rang, 2);
	ck_assert_int_le(rang, 4);
	site_stop(k);
}
