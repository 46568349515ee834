/* Invites: spent once, on success only, never after revoke. */
#include "signald/room/invite.h"

#include <stdio.h>
#include <string.h>

#include "tests/lib/test.h"
#include "tests/unit/signald/room_kit.h"

TEST(invite_lets_one_in)
{
	struct kit *k = kit_new();
	const struct effect *row;
	uint64_t bob;

	kit_enter(k, 1, "r", "Ann");
	ck_assert(kit_invite(k, 1, "inv", 1));
	ck_assert_str_eq(kit_answer(k)->invite.token, "inv");
	bob = kit_redeem(k, 2, "r", "inv");
	ck_assert_int_eq(kit_peer(k, bob)->state, PEER_IN);
	row = kit_record(k, RECORD_INVITE);
	ck_assert_int_eq(row->journal.wait, RECORD_DURABLE);
	ck_assert(row < kit_effect(k, EFFECT_REPLY));
	ck_assert(!kit_redeem(k, 3, "r", "inv"));
	ck_assert_int_eq(kit_refusal(k), REFUSE_INVITE_INVALID);
	kit_free(k);
}

TEST(invite_64_at_once_have_one_winner)
{
	struct core_conf conf;
	struct kit *k;

	core_conf_default(&conf);
	conf.seats = 1000;
	k = kit_with(&conf);
	kit_enter(k, 1, "r", "Ann");
	for (int round = 0; round < 10000; round++) {
		uint64_t won = 0;
		int winners = 0;

		ck_assert(kit_invite(k, 1, "inv", 1));
		for (uint64_t i = 0; i < 64; i++) {
			uint64_t p = kit_redeem(k, 1000 + i, "r", "inv");

			winners += p != 0;
			won = p ? p : won;
		}
		ck_assert_int_eq(winners, 1);
		kit_on(k, EVENT_KICK, 1, won);
		kit_sleep(k, 7000); /* for the buckets of failed tries */
	}
	kit_free(k);
}

TEST(invite_full_room_does_not_burn_it)
{
	struct core_conf conf;
	struct kit *k;
	uint64_t bob;

	core_conf_default(&conf);
	conf.seats = 2;
	k = kit_with(&conf);
	kit_enter(k, 1, "r", "Ann");
	kit_invite(k, 1, "inv", 1);
	kit_invite(k, 1, "other", 1);
	bob = kit_redeem(k, 2, "r", "other");
	ck_assert(!kit_redeem(k, 3, "r", "inv"));
	ck_assert_int_eq(kit_refusal(k), REFUSE_ROOM_FULL);
	kit_on(k, EVENT_KICK, 1, bob);
	ck_assert(kit_redeem(k, 3, "r", "inv"));
	kit_free(k);
}

TEST(invite_revoked_and_expired)
{
	struct kit *k = kit_new();
	struct event e;
	uint64_t id;

	kit_create(k, "made", POLICY_WAITING);
	kit_own(k, 1, "made", "host-key");
	id = kit_invite(k, 1, "inv", 5);
	e = kit_event(k, EVENT_REVOKE_INVITE, 1);
	e.number = id;
	kit_run(k, &e);
	ck_assert(kit_answer(k));
	ck_assert_int_eq(kit_record(k, RECORD_INVITE_DEL)->journal.wait,
			 RECORD_DURABLE);
	ck_assert(!kit_redeem(k, 2, "made", "inv"));
	kit_run(k, &e);
	ck_assert_int_eq(kit_refusal(k), REFUSE_NOT_FOUND);
	kit_invite(k, 1, "late", 1);
	kit_sleep(k, 24 * 3600000ull + 1);
	ck_assert(!kit_redeem(k, 3, "made", "late"));
	kit_free(k);
}

TEST(invite_caps_count_live_ones)
{
	struct kit *k = kit_new();
	char token[16];

	kit_enter(k, 1, "r", "Ann");
	for (int i = 0; i < 50; i++) {
		snprintf(token, sizeof(token), "t%d", i);
		ck_assert(kit_invite(k, 1, token, 1));
	}
	ck_assert(!kit_invite(k, 1, "more", 1));
	ck_assert_int_eq(kit_refusal(k), REFUSE_TOO_MANY_INVITES);
	ck_assert(kit_redeem(k, 2, "r", "t7"));
	ck_assert(kit_invite(k, 1, "more", 1));
	kit_do(k, EVENT_LIST_INVITES, 1);
	ck_assert_uint_eq(kit_answer(k)->invites.n, 51);
	kit_free(k);
}

TEST(invite_bypasses_a_lock_and_may_make_cohosts)
{
	struct kit *k = kit_new();
	struct event e;
	uint64_t bob;

	kit_enter(k, 1, "r", "Ann");
	e = kit_event(k, EVENT_CREATE_INVITE, 1);
	e.fresh_hash = kit_hash("co");
	e.secret = "co";
	e.invite.role = ROLE_COHOST;
	kit_run(k, &e);
	bob = kit_redeem(k, 2, "r", "co");
	ck_assert_int_eq(kit_peer(k, bob)->role, ROLE_COHOST);
	e.invite.role = ROLE_HOST;
	kit_run(k, &e);
	ck_assert_int_eq(kit_refusal(k), REFUSE_BAD_REQUEST);
	kit_free(k);
}

TEST(invite_of_a_room_that_is_gone_makes_none)
{
	struct kit *k = kit_new();

	ck_assert(!kit_redeem(k, 1, "gone", "inv"));
	ck_assert_int_eq(kit_refusal(k), REFUSE_INVITE_INVALID);
	ck_assert(!core_room_named(k->core, "gone"));
	kit_free(k);
}
