/* Hosts: loss, succession, return, transfer; and what hosts may do. */
#include <string.h>

#include "tests/lib/test.h"
#include "tests/unit/signald/room_kit.h"

/* Ann is host on connection 1, Bob and Cid are guests on 2 and 3. */
struct trio {
	struct kit *k;
	uint64_t ann, bob, cid;
};

static struct trio trio_new(void)
{
	struct trio t = {.k = kit_new()};

	t.ann = kit_enter(t.k, 1, "r", "Ann");
	t.bob = kit_enter(t.k, 2, "r", "Bob");
	t.cid = kit_enter(t.k, 3, "r", "Cid");
	kit_do(t.k, EVENT_ADMIT_ALL, 1);
	for (uint64_t i = 1; i <= 3; i++)
		kit_do(t.k, EVENT_JOIN, i);
	return t;
}

static enum role role_of(const struct trio *t, uint64_t id)
{
	return kit_peer(t->k, id)->role;
}

static void give(struct trio *t, uint64_t conn, uint64_t to, enum role role)
{
	struct event e = kit_event(t->k, EVENT_SET_ROLE, conn);

	e.peer = kit_pid(t->k, to);
	e.role = role;
	kit_run(t->k, &e);
}

TEST(role_lost_host_is_replaced_after_the_grace)
{
	struct trio t = trio_new();

	kit_do(t.k, EVENT_DISCONNECT, 1);
	kit_sleep(t.k, 14900);
	ck_assert_int_eq(role_of(&t, t.ann), ROLE_HOST);
	kit_sleep(t.k, 200);
	ck_assert_int_eq(role_of(&t, t.bob), ROLE_HOST);
	ck_assert_int_eq(role_of(&t, t.ann), ROLE_COHOST);
	ck_assert_str_eq(kit_note(t.k, NOTE_HOST_CHANGED, t.cid)->peer,
			 kit_pid(t.k, t.bob));
	/* It comes back with the token. */
	kit_resume(t.k, 9, "r", "token-1");
	ck_assert_int_eq(kit_answer(t.k)->entered.role, ROLE_HOST);
	ck_assert_int_eq(role_of(&t, t.bob), ROLE_GUEST);
	ck_assert(kit_note(t.k, NOTE_HOST_CHANGED, t.bob));
	kit_free(t.k);
}

TEST(role_cohost_comes_before_the_oldest)
{
	struct trio t = trio_new();

	give(&t, 1, t.cid, ROLE_COHOST);
	ck_assert(kit_answer(t.k));
	kit_do(t.k, EVENT_LEAVE, 1);
	ck_assert_int_eq(role_of(&t, t.cid), ROLE_HOST);
	ck_assert_int_eq(role_of(&t, t.bob), ROLE_GUEST);
	ck_assert(kit_peer(t.k, t.cid)->owner); /* nobody will come back */
	kit_free(t.k);
}

TEST(role_heirs_are_here)
{
	struct trio t = trio_new();

	kit_do(t.k, EVENT_DISCONNECT, 2); /* Bob is older, but away */
	kit_do(t.k, EVENT_LEAVE, 1);
	ck_assert_int_eq(role_of(&t, t.cid), ROLE_HOST);
	kit_free(t.k);

	t = trio_new();
	for (uint64_t i = 1; i <= 3; i++)
		kit_do(t.k, EVENT_DISCONNECT, i);
	kit_sleep(t.k, 20000);
	ck_assert_int_eq(role_of(&t, t.ann), ROLE_HOST); /* nobody is here */
	kit_resume(t.k, 7, "r", "token-3");
	ck_assert_int_eq(role_of(&t, t.cid), ROLE_HOST);
	ck_assert_int_eq(role_of(&t, t.ann), ROLE_COHOST);
	kit_free(t.k);
}

TEST(role_transfer)
{
	struct trio t = trio_new();

	give(&t, 1, t.bob, ROLE_HOST);
	ck_assert_int_eq(role_of(&t, t.bob), ROLE_HOST);
	ck_assert_int_eq(role_of(&t, t.ann), ROLE_COHOST);
	ck_assert(!kit_peer(t.k, t.ann)->owner);
	kit_do(t.k, EVENT_DISCONNECT, 1);
	kit_resume(t.k, 5, "r", "token-1"); /* no host by right any more */
	ck_assert_int_eq(role_of(&t, t.bob), ROLE_HOST);
	give(&t, 5, t.cid, ROLE_HOST);
	ck_assert_int_eq(kit_refusal(t.k), REFUSE_FORBIDDEN);
	give(&t, 5, t.bob, ROLE_GUEST);
	ck_assert_int_eq(kit_refusal(t.k), REFUSE_FORBIDDEN);
	kit_free(t.k);
}

/* Found by the simulation: nobody took over from one who never came. */
TEST(role_transfer_to_one_who_is_away)
{
	struct trio t = trio_new();

	kit_do(t.k, EVENT_DISCONNECT, 2);
	give(&t, 1, t.bob, ROLE_HOST);
	ck_assert_int_eq(role_of(&t, t.bob), ROLE_HOST);
	kit_sleep(t.k, 15001);
	ck_assert_int_eq(role_of(&t, t.ann), ROLE_HOST);
	kit_free(t.k);
}

/* chattr: any member could act as host. */
TEST(role_guests_may_not_do_what_hosts_do)
{
	static const enum event_kind hosts[] = {
		EVENT_LIST_KNOCKS,     EVENT_ADMIT,
		EVENT_ADMIT_ALL,       EVENT_DENY,
		EVENT_SEND_TO_WAITING, EVENT_CREATE_INVITE,
		EVENT_LIST_INVITES,    EVENT_REVOKE_INVITE,
		EVENT_SET_POLICY,      EVENT_SET_SETTINGS,
		EVENT_MUTE_PEER,       EVENT_MUTE_ALL,
		EVENT_ASK_UNMUTE,      EVENT_KICK,
		EVENT_SET_ROLE,	       EVENT_LOWER_HANDS,
		EVENT_SPOTLIGHT,       EVENT_END_ROOM,
		EVENT_LIST_AUDIT,
	};
	struct trio t = trio_new();

	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		kit_on(t.k, hosts[i], 2, t.cid);
		ck_assert_int_eq(kit_refusal(t.k), REFUSE_FORBIDDEN);
		kit_on(t.k, hosts[i], 77, t.cid); /* and nobody less */
		ck_assert_int_eq(kit_refusal(t.k), REFUSE_NOT_ADMITTED);
	}
	kit_free(t.k);
}

TEST(role_host_key_takes_the_room_back)
{
	struct kit *k = kit_new();
	uint64_t bob, ann;

	kit_create(k, "made", POLICY_OPEN);
	bob = kit_enter(k, 2, "made", "Bob");
	ck_assert_int_eq(kit_peer(k, bob)->role, ROLE_GUEST);
	ann = kit_own(k, 1, "made", "host-key");
	kit_do(k, EVENT_LEAVE, 1);
	ck_assert_int_eq(kit_peer(k, bob)->role, ROLE_HOST);
	ann = kit_own(k, 1, "made", "host-key");
	ck_assert_int_eq(kit_peer(k, ann)->role, ROLE_HOST);
	ck_assert_int_eq(kit_peer(k, bob)->role, ROLE_COHOST);
	kit_free(k);
}

TEST(role_succession_lock_and_end)
{
	struct trio t = trio_new();
	struct event e = kit_event(t.k, EVENT_SET_SETTINGS, 1);

	e.settings.set_succession = true;
	e.settings.to.succession = SUCCESSION_LOCK;
	kit_run(t.k, &e);
	kit_do(t.k, EVENT_DISCONNECT, 1);
	kit_sleep(t.k, 16000);
	ck_assert_int_eq(core_room_named(t.k->core, "r")->policy,
			 POLICY_LOCKED);
	ck_assert_int_eq(role_of(&t, t.bob), ROLE_GUEST);
	kit_resume(t.k, 8, "r", "token-1");
	ck_assert_int_eq(role_of(&t, t.ann), ROLE_HOST);
	e.conn = 8;
	e.settings.to.succession = SUCCESSION_END;
	kit_run(t.k, &e);
	kit_do(t.k, EVENT_LEAVE, 8);
	ck_assert(core_room_named(t.k->core, "r")->ended);
	ck_assert_str_eq(kit_closed(t.k, 2), "room-ended");
	ck_assert(!kit_enter(t.k, 2, "r", "Bob"));
	ck_assert_int_eq(kit_refusal(t.k), REFUSE_ROOM_ENDED);
	kit_sleep(t.k, 61000);
	ck_assert(kit_enter(t.k, 2, "r", "Bob"));
	kit_free(t.k);
}

TEST(moderate_kick_leaves_no_secret_behind)
{
	struct trio t = trio_new();
	const struct effect *stop, *row, *gone;
	uint64_t again;

	kit_on(t.k, EVENT_KICK, 1, t.bob);
	stop = kit_effect(t.k, EFFECT_MEDIA_STOP);
	row = kit_record(t.k, RECORD_PEER_DEL);
	gone = kit_effect(t.k, EFFECT_CLOSE);
	ck_assert(stop && row && row < gone && !stop->media.moving);
	ck_assert_int_eq(row->journal.wait, RECORD_DURABLE);
	ck_assert_str_eq(kit_closed(t.k, 2), "kicked");
	ck_assert_str_eq(kit_note(t.k, NOTE_PEER_CLOSED, t.cid)->peer,
			 "0000000000001003");
	again = kit_resume(t.k, 2, "r", "token-2");
	ck_assert_uint_ne(again, t.bob);
	ck_assert(kit_answer(t.k)->entered.waiting);
	kit_on(t.k, EVENT_KICK, 2, t.ann);
	ck_assert_int_eq(kit_refusal(t.k), REFUSE_NOT_ADMITTED);
	kit_free(t.k);
}

TEST(moderate_ban_names_browser_and_address)
{
	struct trio t = trio_new();
	struct event e = kit_event(t.k, EVENT_KICK, 1);

	e.peer = kit_pid(t.k, t.bob);
	e.flag = true;
	kit_run(t.k, &e);
	ck_assert(!kit_enter(t.k, 2, "r", "Bobby"));
	ck_assert_int_eq(kit_refusal(t.k), REFUSE_BANNED);
	ck_assert(kit_enter(t.k, 4, "r", "Dan"));
	kit_free(t.k);
}

TEST(moderate_send_to_waiting)
{
	struct trio t = trio_new();

	kit_on(t.k, EVENT_SEND_TO_WAITING, 1, t.bob);
	ck_assert_int_eq(kit_peer(t.k, t.bob)->state, PEER_WAITING);
	ck_assert(kit_effect(t.k, EFFECT_MEDIA_STOP)->media.moving);
	ck_assert_uint_eq(kit_note(t.k, NOTE_WAITING_STATE, t.bob)->position,
			  1);
	ck_assert(kit_note(t.k, NOTE_KNOCK, t.ann));
	ck_assert(kit_note(t.k, NOTE_PEER_CLOSED, t.cid));
	kit_do(t.k, EVENT_HISTORY, 2);
	ck_assert_int_eq(kit_refusal(t.k), REFUSE_NOT_ADMITTED);
	kit_on(t.k, EVENT_ADMIT, 1, t.bob);
	kit_do(t.k, EVENT_JOIN, 2);
	ck_assert(kit_note(t.k, NOTE_NEW_PEER, t.cid)); /* visible again */
	kit_free(t.k);
}

TEST(moderate_mute_and_unmuting_oneself)
{
	struct trio t = trio_new();
	struct event e = kit_event(t.k, EVENT_MUTE_PEER, 1);

	e.peer = kit_pid(t.k, t.bob);
	e.number = SOURCE_MIC;
	kit_run(t.k, &e);
	ck_assert_uint_eq(kit_effect(t.k, EFFECT_MEDIA_PAUSE)->media.peer,
			  t.bob);
	ck_assert(kit_note(t.k, NOTE_MUTED_BY_HOST, t.bob));
	ck_assert(core_may_send(kit_peer(t.k, t.bob), SOURCE_MIC));
	e = kit_event(t.k, EVENT_SET_SETTINGS, 1);
	e.settings.set_unmute = true;
	kit_run(t.k, &e);
	ck_assert(!core_may_send(kit_peer(t.k, t.bob), SOURCE_MIC));
	ck_assert(core_may_send(kit_peer(t.k, t.ann), SOURCE_MIC));
	kit_on(t.k, EVENT_ASK_UNMUTE, 1, t.bob);
	ck_assert(core_may_send(kit_peer(t.k, t.bob), SOURCE_MIC));
	kit_do(t.k, EVENT_MUTE_ALL, 1);
	ck_assert(!core_may_send(kit_peer(t.k, t.bob), SOURCE_MIC));
	kit_free(t.k);
}

TEST(moderate_lock_and_open)
{
	struct trio t = trio_new();
	struct event e = kit_event(t.k, EVENT_SET_POLICY, 1);
	uint64_t dan;

	ck_assert(kit_invite(t.k, 1, "inv", 1));
	dan = kit_enter(t.k, 4, "r", "Dan");
	e.policy = POLICY_LOCKED;
	kit_run(t.k, &e);
	ck_assert(kit_record(t.k, RECORD_ROOM) < kit_effect(t.k, EFFECT_REPLY));
	ck_assert(!kit_enter(t.k, 5, "r", "Eve"));
	ck_assert_int_eq(kit_refusal(t.k), REFUSE_ROOM_LOCKED);
	ck_assert(kit_redeem(t.k, 6, "r", "inv"));
	e.policy = POLICY_OPEN;
	kit_run(t.k, &e);
	ck_assert_int_eq(kit_peer(t.k, dan)->state, PEER_IN);
	kit_free(t.k);
}

TEST(moderate_hands_keep_their_order)
{
	struct trio t = trio_new();
	struct event e = kit_event(t.k, EVENT_SET_HAND, 3);
	const struct room_view *v;

	e.flag = true;
	kit_run(t.k, &e);
	e.conn = 2;
	kit_run(t.k, &e);
	v = &kit_note(t.k, NOTE_ROOM_UPDATED, t.ann)->room.room;
	ck_assert_uint_eq(v->n_hands, 2);
	ck_assert_str_eq(v->hands[0], kit_pid(t.k, t.cid));
	kit_do(t.k, EVENT_LOWER_HANDS, 1);
	v = &kit_note(t.k, NOTE_ROOM_UPDATED, t.ann)->room.room;
	(void)v;
	ck_assert_uint_eq(kit_peer(t.k, t.cid)->hand, 0);
	kit_free(t.k);
}

TEST(moderate_end_room)
{
	struct trio t = trio_new();

	kit_do(t.k, EVENT_END_ROOM, 1);
	ck_assert(kit_effect(t.k, EFFECT_MEDIA_END));
	ck_assert(kit_effect(t.k, EFFECT_REPLY) <
		  kit_effect(t.k, EFFECT_CLOSE));
	for (uint64_t i = 1; i <= 3; i++)
		ck_assert_str_eq(kit_closed(t.k, i), "room-ended");
	ck_assert(!kit_enter(t.k, 1, "r", "Ann"));
	kit_free(t.k);
}

TEST(moderate_admin_may_all_in_a_room)
{
	struct trio t = trio_new();
	struct event e = kit_event(t.k, EVENT_KICK, 500);

	e.admin = true;
	e.room_id = "r";
	e.peer = kit_pid(t.k, t.ann);
	kit_run(t.k, &e);
	ck_assert(kit_answer(t.k));
	ck_assert_int_eq(role_of(&t, t.bob), ROLE_HOST);
	e = kit_event(t.k, EVENT_LIST_AUDIT, 500);
	e.admin = true;
	e.room_id = "r";
	kit_run(t.k, &e);
	ck_assert_uint_gt(kit_answer(t.k)->audit.n, 0);
	e.room_id = "nowhere";
	kit_run(t.k, &e);
	ck_assert_int_eq(kit_refusal(t.k), REFUSE_NO_ROOM);
	kit_free(t.k);
}

/* Fifteen seconds of absence give a room to nobody for good. */
TEST(role_stand_in_takes_nothing_for_good)
{
	struct trio t = trio_new();
	struct event e;

	kit_do(t.k, EVENT_DISCONNECT, 1);
	kit_sleep(t.k, 16000);
	ck_assert_int_eq(role_of(&t, t.bob), ROLE_HOST);
	kit_on(t.k, EVENT_KICK, 2, t.ann);
	ck_assert_int_eq(kit_refusal(t.k), REFUSE_FORBIDDEN);
	kit_on(t.k, EVENT_SEND_TO_WAITING, 2, t.ann);
	ck_assert_int_eq(kit_refusal(t.k), REFUSE_FORBIDDEN);
	e = kit_event(t.k, EVENT_SET_ROLE, 2);
	e.peer = kit_pid(t.k, t.cid);
	e.role = ROLE_HOST;
	kit_run(t.k, &e);
	ck_assert_int_eq(role_of(&t, t.cid), ROLE_HOST);
	kit_resume(t.k, 8, "r", "token-1");
	ck_assert_int_eq(role_of(&t, t.ann), ROLE_HOST);
	ck_assert_int_ne(role_of(&t, t.cid), ROLE_HOST);
	kit_free(t.k);
}

/* A kick voids what its way in was, however often it would still serve. */
TEST(moderate_kicked_comes_back_by_no_invite)
{
	struct trio t = trio_new();
	uint64_t dan;

	ck_assert(kit_invite(t.k, 1, "many", 10));
	dan = kit_redeem(t.k, 4, "r", "many");
	ck_assert_int_eq(kit_peer(t.k, dan)->state, PEER_IN);
	kit_on(t.k, EVENT_KICK, 1, dan);
	ck_assert(!kit_redeem(t.k, 5, "r", "many"));
	ck_assert_int_eq(kit_refusal(t.k), REFUSE_INVITE_INVALID);
	ck_assert(kit_invite(t.k, 1, "more", 10));
	dan = kit_redeem(t.k, 6, "r", "more");
	kit_on(t.k, EVENT_SEND_TO_WAITING, 1, dan);
	ck_assert(!kit_redeem(t.k, 7, "r", "more"));
	kit_free(t.k);
}

/* Whom the admin puts out has no key to the room any more. */
TEST(moderate_admin_kick_voids_the_host_key)
{
	struct kit *k = kit_new();
	struct event e = kit_event(k, EVENT_KICK, 500);
	uint64_t ann;

	kit_create(k, "made", POLICY_OPEN);
	ann = kit_own(k, 1, "made", "host-key");
	ck_assert(kit_enter(k, 2, "made", "Bob"));
	e.admin = true;
	e.room_id = "made";
	e.peer = kit_pid(k, ann);
	kit_run(k, &e);
	ck_assert(kit_answer(k));
	ck_assert(!kit_own(k, 3, "made", "host-key"));
	ck_assert_int_eq(kit_refusal(k), REFUSE_HOST_KEY_INVALID);
	kit_free(k);
}

TEST(moderate_rename_is_for_hosts)
{
	struct trio t = trio_new();
	struct event e = kit_event(t.k, EVENT_RENAME, 1);

	e.peer = kit_pid(t.k, t.bob);
	e.text = "Robert";
	kit_run(t.k, &e);
	ck_assert_str_eq(kit_peer(t.k, t.bob)->name, "Robert");
	ck_assert_str_eq(kit_note(t.k, NOTE_PEER_UPDATED, t.bob)->person.name,
			 "Robert");
	e.conn = 2;
	e.peer = kit_pid(t.k, t.cid);
	kit_run(t.k, &e);
	ck_assert_int_eq(kit_refusal(t.k), REFUSE_FORBIDDEN);
	kit_free(t.k);
}

/* What everybody is told has a bucket of the room; others are not in it. */
TEST(core_limits_what_a_room_is_told)
{
	struct core_conf conf;
	struct kit *k;
	int told = 0;

	core_conf_default(&conf);
	conf.policy = POLICY_OPEN;
	k = kit_with(&conf);
	for (uint64_t c = 1; c <= 50; c++)
		ck_assert(kit_enter(k, c, "r", "One"));
	ck_assert(kit_enter(k, 90, "q", "Else"));
	for (uint64_t i = 0; i < 500; i++) {
		struct event e = kit_event(k, EVENT_REACT, 1 + i % 50);

		e.text = "x";
		kit_run(k, &e);
		told += kit_answer(k) != NULL;
	}
	ck_assert_int_eq(told, 300);
	ck_assert_int_eq(kit_refusal(k), REFUSE_RATE_LIMITED);
	kit_do(k, EVENT_MUTE_ALL, 1); /* the host is not kept from working */
	ck_assert(kit_answer(k));
	kit_do(k, EVENT_SET_HAND, 90);
	ck_assert(kit_answer(k));
	kit_sleep(k, 100);
	kit_do(k, EVENT_SET_HAND, 2);
	ck_assert(kit_answer(k));
	kit_free(k);
}
