/* Coming in: first host, knocking, resuming, the caps. */
#include <stdio.h>
#include <string.h>

#include "tests/lib/test.h"
#include "tests/unit/signald/room_kit.h"

TEST(enter_first_is_host)
{
	struct kit *k = kit_new();
	uint64_t ann = kit_enter(k, 1, "r", "Ann");

	ck_assert(ann);
	ck_assert_int_eq(kit_answer(k)->entered.role, ROLE_HOST);
	ck_assert(!kit_answer(k)->entered.waiting);
	ck_assert_str_eq(kit_answer(k)->entered.token, "token-1");
	ck_assert_str_eq(kit_answer(k)->entered.room.host, kit_pid(k, ann));
	ck_assert(kit_peer(k, ann)->room->host == kit_peer(k, ann));
	kit_free(k);
}

/* chattr: two simultaneous first joins made two hosts in 10 of 10 tries. */
TEST(enter_two_at_once_make_one_host)
{
	struct kit *k = kit_new();
	uint64_t ann = kit_enter(k, 1, "r", "Ann");
	uint64_t bob = kit_enter(k, 2, "r", "Bob"); /* the same microsecond */

	ck_assert_int_eq(kit_peer(k, ann)->role, ROLE_HOST);
	ck_assert_int_eq(kit_peer(k, bob)->role, ROLE_GUEST);
	ck_assert_int_eq(kit_peer(k, bob)->state, PEER_WAITING);
	kit_free(k);
}

/* chattr: a room called `constructor` killed the server. */
TEST(enter_rooms_named_like_javascript)
{
	static const char *const names[] = {"constructor", "__proto__",
					    "toString", "hasOwnProperty"};
	struct kit *k = kit_new();

	for (uint64_t i = 0; i < 4; i++)
		ck_assert(kit_enter(k, i + 1, names[i], "Ann"));
	ck_assert(!kit_enter(k, 9, "a b", "Ann"));
	ck_assert_int_eq(kit_refusal(k), REFUSE_BAD_REQUEST);
	ck_assert(!kit_enter(k, 9, "", "Ann"));
	kit_free(k);
}

TEST(enter_knock_tells_place_and_nothing_else)
{
	struct kit *k = kit_new();
	uint64_t ann = kit_enter(k, 1, "r", "Ann"), bob;
	const struct entered *v;
	struct entered none = {0};

	bob = kit_enter(k, 2, "r", "Bob");
	v = &kit_answer(k)->entered;
	ck_assert(v->waiting);
	ck_assert_uint_eq(v->position, 1);
	ck_assert_str_eq(kit_note(k, NOTE_KNOCK, ann)->knock.name, "Bob");
	ck_assert(!memcmp(&v->room, &none.room, sizeof(none.room)));
	ck_assert(!memcmp(&v->snapshot, &none.snapshot, sizeof(none.snapshot)));
	for (size_t i = 0; i < k->fx->n; i++)
		if (k->fx->v[i].kind == EFFECT_NOTIFY)
			for (uint32_t n = 0; n < k->fx->v[i].notify.n; n++)
				ck_assert(k->fx->v[i].notify.to[n] != bob);
	kit_do(k, EVENT_JOIN, 2);
	ck_assert_int_eq(kit_refusal(k), REFUSE_NOT_ADMITTED);
	kit_do(k, EVENT_HISTORY, 2);
	ck_assert_int_eq(kit_refusal(k), REFUSE_NOT_ADMITTED);
	kit_free(k);
}

TEST(enter_admit_makes_a_member)
{
	struct kit *k = kit_new();
	uint64_t ann = kit_enter(k, 1, "r", "Ann");
	uint64_t bob = kit_enter(k, 2, "r", "Bob");
	const struct effect *rec;

	kit_on(k, EVENT_ADMIT, 1, bob);
	ck_assert(kit_answer(k));
	ck_assert_int_eq(kit_peer(k, bob)->state, PEER_IN);
	ck_assert_int_eq(kit_note(k, NOTE_ADMITTED, bob)->entered.role,
			 ROLE_GUEST);
	ck_assert(kit_note(k, NOTE_KNOCK_GONE, ann));
	rec = kit_record(k, RECORD_PEER);
	ck_assert_int_eq(rec->journal.wait, RECORD_DURABLE);
	ck_assert(rec < kit_effect(k, EFFECT_REPLY));
	kit_do(k, EVENT_JOIN, 2);
	ck_assert_uint_eq(kit_answer(k)->people.n, 0);
	kit_do(k, EVENT_JOIN, 1);
	ck_assert_uint_eq(kit_answer(k)->people.n, 1);
	ck_assert(kit_note(k, NOTE_NEW_PEER, bob));
	kit_do(k, EVENT_JOIN, 1); /* again: the list, but no newPeer */
	ck_assert_uint_eq(kit_answer(k)->people.n, 1);
	ck_assert(!kit_note(k, NOTE_NEW_PEER, bob));
	kit_free(k);
}

/* chattr: a reload counted as leaving. */
TEST(enter_reload_keeps_role_and_place)
{
	struct kit *k = kit_new();
	uint64_t ann = kit_enter(k, 1, "r", "Ann");
	uint64_t bob = kit_enter(k, 2, "r", "Bob");

	kit_on(k, EVENT_ADMIT, 1, bob);
	kit_do(k, EVENT_JOIN, 1);
	kit_do(k, EVENT_JOIN, 2);
	kit_do(k, EVENT_DISCONNECT, 1);
	ck_assert_int_eq(kit_peer(k, ann)->state, PEER_AWAY);
	ck_assert(!kit_note(k, NOTE_PEER_CLOSED, bob));
	kit_sleep(k, 5000);
	ck_assert_uint_eq(kit_resume(k, 3, "r", "token-1"), ann);
	ck_assert(kit_answer(k)->entered.resumed);
	ck_assert_int_eq(kit_answer(k)->entered.role, ROLE_HOST);
	ck_assert_ptr_null(kit_answer(k)->entered.token);
	ck_assert_uint_eq(kit_answer(k)->entered.snapshot.n_people, 1);
	ck_assert(kit_peer(k, ann)->joined);
	ck_assert(!kit_note(k, NOTE_NEW_PEER, bob));
	kit_free(k);
}

/* chattr: two tabs silently fought. */
TEST(enter_second_connection_replaces_the_first)
{
	struct kit *k = kit_new();
	uint64_t ann = kit_enter(k, 1, "r", "Ann");

	ck_assert_uint_eq(kit_resume(k, 2, "r", "token-1"), ann);
	ck_assert_str_eq(kit_closed(k, 1), "replaced");
	kit_do(k, EVENT_DISCONNECT, 1); /* of the old one: nothing happens */
	ck_assert_int_eq(kit_peer(k, ann)->state, PEER_IN);
	ck_assert_uint_eq(kit_peer(k, ann)->conn, 2);
	kit_free(k);
}

/* chattr: a claimed id was bound before the token was checked. */
TEST(enter_wrong_token_is_nobody)
{
	struct kit *k = kit_new();
	uint64_t ann = kit_enter(k, 1, "r", "Ann"), who;

	who = kit_resume(k, 2, "r", "guess");
	ck_assert_uint_ne(who, ann);
	ck_assert_int_eq(kit_peer(k, who)->state, PEER_WAITING);
	ck_assert_uint_eq(kit_peer(k, ann)->conn, 1);
	/* A token is of one room. */
	who = kit_resume(k, 3, "other", "token-1");
	ck_assert_uint_ne(who, ann);
	kit_free(k);
}

/* chattr: a 1.5 s blip left the guest waiting for ever. */
TEST(enter_knock_survives_a_blip)
{
	struct kit *k = kit_new();
	uint64_t bob;

	kit_enter(k, 1, "r", "Ann");
	bob = kit_enter(k, 2, "r", "Bob");
	kit_do(k, EVENT_DISCONNECT, 2);
	kit_sleep(k, 1500);
	kit_on(k, EVENT_ADMIT, 1, bob); /* while away */
	ck_assert_int_eq(kit_peer(k, bob)->state, PEER_AWAY);
	ck_assert_uint_eq(kit_resume(k, 3, "r", "token-2"), bob);
	ck_assert(!kit_answer(k)->entered.waiting);
	kit_free(k);
}

TEST(enter_grace_ends)
{
	struct kit *k = kit_new();
	uint64_t ann = kit_enter(k, 1, "r", "Ann");

	kit_do(k, EVENT_DISCONNECT, 1);
	kit_sleep(k, 59000);
	ck_assert(kit_peer(k, ann));
	kit_sleep(k, 2000);
	ck_assert(!kit_peer(k, ann));
	ck_assert(kit_effect(k, EFFECT_MEDIA_STOP));
	ck_assert(core_room_named(k->core, "r"));
	kit_sleep(k, 60000);
	ck_assert(!core_room_named(k->core, "r"));
	kit_free(k);
}

TEST(enter_beacon_shortens_the_grace)
{
	struct kit *k = kit_new();
	uint64_t ann = kit_enter(k, 1, "r", "Ann");
	struct event e = kit_event(k, EVENT_BEACON, 0);

	e.beacon.token = kit_hash("token-1");
	kit_run(k, &e);
	ck_assert_int_eq(kit_peer(k, ann)->state, PEER_IN);
	kit_do(k, EVENT_DISCONNECT, 1);
	kit_sleep(k, 9000);
	ck_assert(kit_peer(k, ann));
	kit_sleep(k, 2000);
	ck_assert(!kit_peer(k, ann));
	kit_free(k);
}

/* chattr: 15 knocks filled a room for everyone. */
TEST(enter_knocks_do_not_take_seats)
{
	struct core_conf conf;
	struct kit *k;
	uint64_t bob;

	core_conf_default(&conf);
	conf.seats = 2;
	k = kit_with(&conf);
	kit_enter(k, 1, "r", "Ann");
	for (uint64_t i = 2; i < 17; i++)
		ck_assert(kit_enter(k, i, "r", "Knock"));
	bob = core_peer_of(k->core, 9)->id;
	kit_on(k, EVENT_ADMIT, 1, bob);
	ck_assert(kit_answer(k));
	bob = core_peer_of(k->core, 10)->id;
	kit_on(k, EVENT_ADMIT, 1, bob);
	ck_assert_int_eq(kit_refusal(k), REFUSE_ROOM_FULL);
	kit_free(k);
}

TEST(enter_knock_caps)
{
	struct kit *k = kit_new();
	struct event e;

	kit_enter(k, 1, "r", "Ann");
	for (uint64_t i = 0; i < 20; i++) {
		e = kit_event(k, EVENT_ENTER, 100 + i);
		addr_parse(&e.from, "10.0.0.1", 1);
		e.room_id = "r";
		e.fresh_hash.b[0] = (uint8_t)(i + 1);
		kit_run(k, &e);
		ck_assert(kit_answer(k));
	}
	e = kit_event(k, EVENT_ENTER, 200);
	addr_parse(&e.from, "10.0.0.1", 1);
	e.room_id = "r";
	kit_run(k, &e);
	ck_assert_int_eq(kit_refusal(k), REFUSE_TOO_MANY_KNOCKS);
	for (uint64_t i = 2; i < 32; i++)
		ck_assert(kit_enter(k, i, "r", "x"));
	ck_assert(!kit_enter(k, 33, "r", "x"));
	ck_assert_int_eq(kit_refusal(k), REFUSE_TOO_MANY_KNOCKS);
	kit_free(k);
}

TEST(enter_denied_waits_for_the_cool_down)
{
	struct kit *k = kit_new();
	uint64_t bob;

	kit_enter(k, 1, "r", "Ann");
	bob = kit_enter(k, 2, "r", "Bob");
	kit_on(k, EVENT_DENY, 1, bob);
	ck_assert_str_eq(kit_closed(k, 2), "denied");
	ck_assert(!kit_peer(k, bob));
	ck_assert(!kit_resume(k, 2, "r", "token-2"));
	ck_assert_int_eq(kit_refusal(k), REFUSE_DENIED);
	ck_assert(kit_effect(k, EFFECT_REFUSE)->refuse.refusal.retry_ms >
		  29000);
	kit_sleep(k, 30001);
	ck_assert(kit_enter(k, 2, "r", "Bob"));
	kit_free(k);
}

TEST(enter_failed_secrets_are_limited)
{
	struct kit *k = kit_new();
	char guess[16];

	kit_enter(k, 1, "r", "Ann");
	for (int i = 0; i < 10; i++) {
		snprintf(guess, sizeof(guess), "guess-%d", i);
		ck_assert(!kit_redeem(k, 2, "r", guess));
		ck_assert_int_eq(kit_refusal(k), REFUSE_INVITE_INVALID);
	}
	ck_assert(!kit_redeem(k, 2, "r", "guess"));
	ck_assert_int_eq(kit_refusal(k), REFUSE_RATE_LIMITED);
	ck_assert(!kit_redeem(k, 3, "r", "guess")); /* another address */
	ck_assert_int_eq(kit_refusal(k), REFUSE_INVITE_INVALID);
	kit_sleep(k, 7000);
	ck_assert(!kit_redeem(k, 2, "r", "guess"));
	ck_assert_int_eq(kit_refusal(k), REFUSE_INVITE_INVALID);
	kit_free(k);
}

TEST(enter_created_room_waits_for_its_host)
{
	struct kit *k = kit_new();
	uint64_t bob, ann;

	kit_create(k, "made", POLICY_WAITING);
	bob = kit_enter(k, 2, "made", "Bob");
	ck_assert(kit_answer(k)->entered.waiting);
	ann = kit_own(k, 1, "made", "host-key");
	ck_assert_int_eq(kit_answer(k)->entered.role, ROLE_HOST);
	ck_assert(kit_note(k, NOTE_KNOCK, ann));
	kit_on(k, EVENT_ADMIT, 1, bob);
	ck_assert_int_eq(kit_peer(k, bob)->state, PEER_IN);
	ck_assert(!kit_own(k, 3, "made", "wrong"));
	ck_assert_int_eq(kit_refusal(k), REFUSE_HOST_KEY_INVALID);
	kit_free(k);
}

TEST(enter_plain_client_in_an_open_room)
{
	struct core_conf conf;
	struct kit *k;
	struct event e;
	const struct peer *p, *q;

	core_conf_default(&conf);
	conf.policy = POLICY_OPEN;
	k = kit_with(&conf);
	e = kit_event(k, EVENT_IMPLICIT, 1);
	e.room_id = "r";
	e.implicit.peer_id = "abcdefgh";
	kit_run(k, &e);
	p = core_peer_of(k->core, 1);
	ck_assert_str_eq(p->pid, "abcdefgh");
	ck_assert_int_eq(p->role, ROLE_GUEST);
	e = kit_event(k, EVENT_IMPLICIT, 2);
	e.room_id = "r";
	e.implicit.peer_id = "abcdefgh"; /* taken */
	kit_run(k, &e);
	q = core_peer_of(k->core, 2);
	ck_assert_str_ne(q->pid, "abcdefgh");
	ck_assert_ptr_null(q->room->host);
	/* The first who enters is host although others are there. */
	kit_enter(k, 3, "r", "Ann");
	ck_assert_int_eq(kit_answer(k)->entered.role, ROLE_HOST);
	kit_do(k, EVENT_DISCONNECT, 1);
	ck_assert(!core_peer_of(k->core, 1));
	ck_assert_uint_eq(q->room->n_members, 2);
	kit_free(k);
}

TEST(enter_plain_client_is_refused_where_one_knocks)
{
	struct kit *k = kit_new();
	struct event e = kit_event(k, EVENT_IMPLICIT, 1);

	e.room_id = "r";
	e.implicit.peer_id = "abcdefgh";
	kit_run(k, &e);
	ck_assert_int_eq(kit_refusal(k), REFUSE_NOT_ADMITTED);
	ck_assert(!core_room_named(k->core, "r"));
	kit_free(k);
}

TEST(enter_name_is_never_empty)
{
	struct kit *k = kit_new();
	struct event e;
	uint64_t bob;

	ck_assert(kit_enter(k, 1, "r", "Ann"));
	bob = kit_enter(k, 2, "r", "Bob");
	e = kit_event(k, EVENT_SET_KNOCK, 2);
	e.knock.name = " \xe2\x80\xae ";
	kit_run(k, &e);
	ck_assert_str_eq(kit_peer(k, bob)->name, "Guest");
	kit_free(k);
}

TEST(enter_name_is_cleaned)
{
	struct kit *k = kit_new();
	uint64_t ann = kit_enter(k, 1, "r", "  A\xe2\x80\xaenn \n\t X\x01 ");

	ck_assert_str_eq(kit_peer(k, ann)->name, "Ann X");
	/* An A with a ring, whole or in two: the same name. */
	kit_enter(k, 3, "s", "A\xcc\x8a\xe2\x84\xab");
	ck_assert_str_eq(core_peer_of(k->core, 3)->name, "\xc3\x85\xc3\x85");
	kit_enter(k, 2, "q", "\xe2\x80\x8b");
	ck_assert_str_eq(core_peer_of(k->core, 2)->name, "Guest");
	kit_free(k);
}

/* Newcomers of many addresses at once; who comes back is not counted. */
TEST(enter_newcomers_of_all_rooms_are_limited)
{
	struct core_conf conf;
	struct kit *k;

	core_conf_default(&conf);
	conf.newcomers[0] = 20;
	conf.newcomers[1] = 1;
	k = kit_with(&conf);
	for (uint64_t c = 1; c <= 20; c++) {
		char room[8];

		snprintf(room, sizeof(room), "r%u", (unsigned)c);
		ck_assert(kit_enter(k, c, room, "One"));
	}
	ck_assert(!kit_enter(k, 21, "s", "One"));
	ck_assert_int_eq(kit_refusal(k), REFUSE_RATE_LIMITED);
	ck_assert(kit_resume(k, 30, "r1", "token-1"));
	kit_free(k);
}

/* A million guesses from a hundred thousand addresses: none is right. */
TEST_SLOW(enter_guessed_secrets_hit_nothing, 60)
{
	struct kit *k = kit_new();
	uint32_t tried = 0, limited = 0;

	kit_enter(k, 1, "r", "Ann");
	for (int i = 0; i < 10; i++) {
		char token[8];

		snprintf(token, sizeof(token), "inv%d", i);
		ck_assert(kit_invite(k, 1, token, 1));
	}
	for (uint32_t i = 0; i < 1000000; i++) {
		struct event e = kit_event(k, EVENT_ENTER, 1000 + i);

		e.from.ip[0] = 10;
		e.from.ip[1] = (uint8_t)(i / 12 >> 16);
		e.from.ip[2] = (uint8_t)(i / 12 >> 8);
		e.from.ip[3] = (uint8_t)(i / 12);
		e.room_id = "r";
		memcpy(e.enter.invite.b, &i, sizeof(i));
		e.enter.invite.b[31] = 1;
		k->now.us += 1000; /* not to be stopped by the limit of all */
		kit_run(k, &e);
		ck_assert_ptr_null(kit_answer(k));
		tried += kit_refusal(k) == REFUSE_INVITE_INVALID;
		limited += kit_refusal(k) == REFUSE_RATE_LIMITED;
	}
	ck_assert_uint_eq(tried + limited, 1000000);
	ck_assert_uint_le(tried, 834000); /* 10 of 12 */
	kit_free(k);
}
