/*
 * What the product that this one replaces got wrong, as far as signaling can
 * show it: each failure once, by its name.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/test.h"
#include "tests/lib/wsclient.h"
#include "tests/unit/signald/site.h"

static json_t *enter(struct wsclient *c, const char *name)
{
	return wsclient_ask(c, "enter", "{s:s}", "displayName", name);
}

static json_t *enter_with(struct wsclient *c, const json_t *first)
{
	return wsclient_ask(c, "enter", "{s:s, s:i, s:i, s:{}}", "resumeToken",
			    wsclient_str(first, "resumeToken"), "epoch", 0,
			    "lastSeq", 0, "have");
}

static void shout(struct wsclient *c, const char *name)
{
	char text[128];
	int n = snprintf(text, sizeof(text),
			 "{\"request\":true,\"id\":1,\"method\":\"enter\","
			 "\"data\":{\"displayName\":\"%s\"}}",
			 name);

	wsclient_send(c, text, (size_t)n);
}

/* Two simultaneous first joins made two hosts in 10 of 10 tries. */
TEST(chattr_two_first_joins_make_one_host)
{
	struct site *k = site_start("open");

	for (int i = 0; i < 10; i++) {
		struct wsclient *c[2];
		char room[16];
		int hosts = 0;

		snprintf(room, sizeof(room), "r%d", i);
		for (int j = 0; j < 2; j++)
			c[j] = wsclient_connect(k->port, room, "");
		for (int j = 0; j < 2; j++)
			shout(c[j], "Ann");
		for (int j = 0; j < 2; j++) {
			json_t *r = wsclient_next(c[j], WSCLIENT_SOON);

			hosts += !strcmp(wsclient_str(r, "role"), "host");
			wsclient_hang_up(c[j]);
		}
		ck_assert_int_eq(hosts, 1);
	}
	site_stop(k);
}

/* A claimed id was bound before the token check: any member acted as host. */
TEST(chattr_claimed_id_is_not_believed)
{
	struct site *k = site_start("open");
	struct wsclient *host = wsclient_connect(k->port, "r", "");
	json_t *first = enter(host, "Ann"), *r;
	struct wsclient *eve =
		wsclient_connect(k->port, "r", wsclient_str(first, "peerId"));

	r = wsclient_ask(eve, "enter", "{s:s, s:s}", "displayName", "Ann",
			 "resumeToken", "AAAAAAAAAAAAAAAAAAAAAA");
	ck_assert_str_ne(wsclient_str(r, "peerId"),
			 wsclient_str(first, "peerId"));
	ck_assert_str_eq(wsclient_str(r, "role"), "guest");
	r = wsclient_ask(eve, "endRoom", "{}");
	ck_assert_str_eq(wsclient_refused(r), "forbidden");
	/* Nor does a plain client become him whose id it names. */
	eve = wsclient_connect(k->port, "r", wsclient_str(first, "peerId"));
	wsclient_ask(eve, "getRouterRtpCapabilities", "{}");
	r = wsclient_ask(eve, "muteAll", "{}");
	ck_assert_str_eq(wsclient_refused(r), "forbidden");
	ck_assert_str_eq(wsclient_refused(wsclient_ask(host, "muteAll", "{}")),
			 "");
	site_stop(k);
}

/* A blip of 1.5 s left the guest waiting for ever. */
TEST(chattr_blip_in_the_waiting_room_is_survived)
{
	struct site *k = site_start("waiting");
	struct wsclient *host = wsclient_connect(k->port, "r", "");
	struct wsclient *guest = wsclient_connect(k->port, "r", "");
	json_t *knock, *r;

	enter(host, "Ann");
	knock = enter(guest, "Bob");
	wsclient_hang_up(guest);
	guest = wsclient_connect(k->port, "r", "");
	r = enter_with(guest, knock);
	ck_assert_str_eq(wsclient_str(r, "status"), "waiting");
	ck_assert_str_eq(wsclient_str(r, "peerId"),
			 wsclient_str(knock, "peerId"));
	r = wsclient_ask(host, "admit", "{s:s}", "peerId",
			 wsclient_str(knock, "peerId"));
	ck_assert_str_eq(wsclient_refused(r), "");
	ck_assert_ptr_nonnull(wsclient_wait(guest, "admitted", WSCLIENT_SOON));
	site_stop(k);
}

/* 15 knocks filled a room for everyone. */
TEST(chattr_knocks_take_no_seats)
{
	struct site *k;
	struct wsclient *host;
	json_t *inv, *r;

	setenv("CHATTR_ROOMS_SEATS", "2", 1);
	k = site_start("waiting");
	host = wsclient_connect(k->port, "r", "");
	enter(host, "Ann");
	inv = wsclient_ask(host, "createInvite", "{}");
	for (int i = 0; i < 15; i++) {
		r = enter(wsclient_connect(k->port, "r", ""), "Knocker");
		ck_assert_str_eq(wsclient_str(r, "status"), "waiting");
	}
	r = wsclient_ask(wsclient_connect(k->port, "r", ""), "enter",
			 "{s:s, s:s}", "displayName", "Bob", "invite",
			 wsclient_str(inv, "token"));
	ck_assert_str_eq(wsclient_str(r, "status"), "admitted");
	site_stop(k);
}

/* Messages over 1,468 bytes vanished; two quick ones corrupted the chat. */
TEST(chattr_long_and_quick_messages_arrive)
{
	struct site *k = site_start("open");
	struct wsclient *ann = wsclient_connect(k->port, "r", "");
	struct wsclient *bob = wsclient_connect(k->port, "r", "");
	static char big[9001];
	json_t *v;

	memset(big, 'A', 7000);
	enter(ann, "Ann");
	enter(bob, "Bob");
	for (int i = 0; i < 4; i++) {
		char id[2] = {(char)('a' + i), 0};

		big[0] = (char)('A' + i);
		v = wsclient_ask(ann, "sendChat", "{s:s, s:s}", "clientId", id,
				 "ciphertext", big);
		ck_assert_str_eq(wsclient_refused(v), "");
	}
	for (int i = 0; i < 4; i++) {
		v = wsclient_wait(bob, "chat", WSCLIENT_SOON);
		big[0] = (char)('A' + i);
		ck_assert_str_eq(wsclient_str(v, "ciphertext"), big);
	}
	/* Too long is said, not dropped. */
	memset(big, 'A', 9000);
	v = wsclient_ask(ann, "sendChat", "{s:s, s:s}", "clientId", "z",
			 "ciphertext", big);
	ck_assert_str_eq(wsclient_refused(v), "too-large");
	site_stop(k);
}

/* Over a limit requests were dropped without a word. */
TEST(chattr_every_request_is_answered)
{
	struct site *k = site_start("open");
	struct wsclient *c = wsclient_connect(k->port, "r", "");
	int granted = 0, refused = 0;

	enter(c, "Ann");
	for (int i = 0; i < 120; i++) {
		json_t *r =
			wsclient_ask(c, "setHand", "{s:b}", "raised", i & 1);

		if (*wsclient_refused(r))
			refused++;
		else
			granted++;
	}
	ck_assert_int_eq(granted + refused, 120);
	ck_assert_int_ge(granted, 50);
	site_stop(k);
}

/* Two tabs fought silently: the newer one wins and the older one knows. */
TEST(chattr_second_tab_is_told)
{
	struct site *k = site_start("open");
	struct wsclient *a = wsclient_connect(k->port, "r", "");
	struct wsclient *b = wsclient_connect(k->port, "r", "");
	json_t *first = enter(a, "Ann"), *v;

	enter_with(b, first);
	while ((v = wsclient_next(a, WSCLIENT_SOON)) &&
	       !json_object_get(v, "closed"))
		;
	ck_assert_str_eq(json_string_value(json_object_get(v, "reason")),
			 "replaced");
	/* It must not come back by itself and throw the newer one out. */
	v = wsclient_ask(b, "changeDisplayName", "{s:s}", "displayName", "B");
	ck_assert_str_eq(wsclient_refused(v), "");
	site_stop(k);
}

/* A room called like a property of every JavaScript object killed it. */
TEST(chattr_room_named_constructor)
{
	static const char *const names[] = {"constructor", "__proto__",
					    "toString"};
	struct site *k = site_start("waiting");

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		json_t *r = enter(wsclient_connect(k->port, names[i], ""),
				  "constructor");

		ck_assert_str_eq(wsclient_str(r, "role"), "host");
	}
	site_stop(k);
}

/* Any member could act as host. */
TEST(chattr_a_member_is_no_host)
{
	static const struct {
		const char *method, *data;
	} asks[] = {
		{"listKnocks", "{}"},
		{"admit", "{\"peerId\":\"0000000000000001\"}"},
		{"admitAll", "{}"},
		{"deny", "{\"peerId\":\"0000000000000001\"}"},
		{"sendToWaiting", "{\"peerId\":\"0000000000000001\"}"},
		{"createInvite", "{}"},
		{"listInvites", "{}"},
		{"revokeInvite", "{\"id\":1}"},
		{"setPolicy", "{\"policy\":\"open\"}"},
		{"setSettings", "{\"chat\":false}"},
		{"mutePeer",
		 "{\"peerId\":\"0000000000000001\",\"kind\":\"audio\"}"},
		{"muteAll", "{}"},
		{"askUnmute", "{\"peerId\":\"0000000000000001\"}"},
		{"kick", "{\"peerId\":\"0000000000000001\"}"},
		{"setRole",
		 "{\"peerId\":\"0000000000000001\",\"role\":\"host\"}"},
		{"lowerHands", "{}"},
		{"spotlight", "{}"},
		{"endRoom", "{}"},
		{"listAudit", "{}"},
	};
	struct site *k = site_start("open");
	struct wsclient *guest;

	enter(wsclient_connect(k->port, "r", ""), "Ann");
	guest = wsclient_connect(k->port, "r", "");
	enter(guest, "Bob");
	for (size_t i = 0; i < sizeof(asks) / sizeof(*asks); i++) {
		json_t *r = wsclient_ask_as(guest, (uint32_t)(100 + i),
					    asks[i].method,
					    json_loads(asks[i].data, 0, NULL));

		ck_assert_msg(!strcmp(wsclient_refused(r), "forbidden"),
			      "%s: %s", asks[i].method, wsclient_refused(r));
	}
	site_stop(k);
}

/* A reload counted as leaving: role and place were lost, others saw it. */
TEST(chattr_reload_is_no_leaving)
{
	struct site *k = site_start("open");
	struct wsclient *host = wsclient_connect(k->port, "r", "");
	struct wsclient *guest = wsclient_connect(k->port, "r", "");
	json_t *first = enter(host, "Ann"), *r, *v;

	enter(guest, "Bob");
	wsclient_hang_up(host);
	host = wsclient_connect(k->port, "r", "");
	r = wsclient_ask(host, "enter", "{s:s}", "resumeToken",
			 wsclient_str(first, "resumeToken"));
	ck_assert_str_eq(wsclient_str(r, "peerId"),
			 wsclient_str(first, "peerId"));
	ck_assert_str_eq(wsclient_str(r, "role"), "host");
	while ((v = wsclient_next(guest, 500))) {
		ck_assert_ptr_null(
			json_object_get(json_object_get(v, "data"), "gone"));
		ck_assert_str_ne(
			json_string_value(json_object_get(v, "method")),
			"hostChanged");
	}
	site_stop(k);
}

/* An account was asked of guests and never verified: here a guest is one. */
TEST(chattr_guests_need_no_account)
{
	struct site *k = site_start("open");
	struct wsclient *ann = wsclient_connect(k->port, "r", "");
	struct wsclient *eve = wsclient_connect(k->port, "r", "");
	json_t *r = enter(ann, "Ann"), *v;

	ck_assert_str_eq(wsclient_str(r, "status"), "admitted");
	r = wsclient_ask(eve, "enter", "{s:s, s:s}", "displayName", "Eve",
			 "signInToken", "eyJhbGciOiJub25lIn0.e30.");
	ck_assert_str_eq(wsclient_str(r, "status"), "admitted");
	do {
		v = wsclient_wait(ann, "roomUpdated", 1000);
		v = json_object_get(v, "data");
		ck_assert_ptr_nonnull(v);
		v = json_object_get(v, "entered");
	} while (!v);
	ck_assert_str_eq(json_string_value(json_object_get(v, "displayName")),
			 "Eve");
	ck_assert_ptr_null(json_object_get(v, "signedIn"));
	site_stop(k);
}
