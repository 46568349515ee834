/* Chat: acknowledged once, kept in bounds, given to whom it is for. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/test.h"
#include "tests/unit/signald/room_kit.h"

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
	return t;
}

static uint64_t say(struct trio *t, uint64_t conn, const char *client_id,
		    const char *to, const char *text)
{
	struct event e = kit_event(t->k, EVENT_CHAT, conn);
	const struct answer *a;

	e.chat.client_id = client_id;
	e.chat.to = to;
	e.chat.ciphertext = text;
	kit_run(t->k, &e);
	a = kit_answer(t->k);
	return a ? a->sent.id : 0;
}

static uint32_t history(struct trio *t, uint64_t conn)
{
	struct event e = kit_event(t->k, EVENT_HISTORY, conn);

	kit_run(t->k, &e);
	return kit_answer(t->k)->history.n;
}

/* chattr: two quick sends corrupted the chat. */
TEST(chat_two_quick_sends)
{
	struct trio t = trio_new();
	uint64_t a = say(&t, 1, "a", NULL, "one");
	uint64_t b = say(&t, 1, "b", NULL, "two");

	ck_assert_uint_eq(b, a + 1);
	ck_assert_str_eq(kit_note(t.k, NOTE_CHAT, t.bob)->chat.body, "two");
	ck_assert(!kit_note(t.k, NOTE_CHAT, t.ann));
	ck_assert_uint_eq(say(&t, 1, "a", NULL, "one"), a); /* again */
	ck_assert(!kit_note(t.k, NOTE_CHAT, t.bob));
	ck_assert_uint_eq(history(&t, 2), 2);
	ck_assert_int_ne((int)(kit_record(t.k, RECORD_CHAT) != NULL),
			 1); /* no row */
	kit_free(t.k);
}

/* chattr: messages over 1,468 bytes vanished. */
TEST(chat_long_message_is_delivered_or_refused)
{
	struct trio t = trio_new();
	char text[CHAT_MAX + 2];

	memset(text, 'x', sizeof(text));
	text[CHAT_MAX + 1] = '\0';
	ck_assert(!say(&t, 1, "a", NULL, text));
	ck_assert_int_eq(kit_refusal(t.k), REFUSE_TOO_LARGE);
	text[CHAT_MAX] = '\0';
	ck_assert(say(&t, 1, "b", NULL, text));
	ck_assert_uint_eq(strlen(kit_note(t.k, NOTE_CHAT, t.bob)->chat.body),
			  CHAT_MAX);
	kit_free(t.k);
}

/* chattr: a reload broke the chat. */
TEST(chat_survives_a_reload)
{
	struct trio t = trio_new();

	say(&t, 1, "a", NULL, "one");
	kit_do(t.k, EVENT_DISCONNECT, 2);
	say(&t, 1, "b", NULL, "two");
	ck_assert(kit_note(t.k, NOTE_CHAT, t.bob)); /* for the outbox */
	kit_resume(t.k, 9, "r", "token-2");
	ck_assert_uint_eq(kit_answer(t.k)->entered.snapshot.chat_head, 2);
	ck_assert_uint_eq(history(&t, 9), 2);
	kit_free(t.k);
}

TEST(chat_direct_messages_are_for_two)
{
	struct trio t = trio_new();
	struct event e;

	say(&t, 1, "a", kit_pid(t.k, t.bob), "psst");
	ck_assert(kit_note(t.k, NOTE_CHAT, t.bob));
	ck_assert(!kit_note(t.k, NOTE_CHAT, t.cid));
	ck_assert_uint_eq(history(&t, 1), 1);
	ck_assert_uint_eq(history(&t, 2), 1);
	ck_assert_uint_eq(history(&t, 3), 0);
	e = kit_event(t.k, EVENT_DELETE_CHAT, 3);
	e.number = 1;
	kit_run(t.k, &e);
	ck_assert_int_eq(kit_refusal(t.k), REFUSE_NOT_FOUND);
	kit_free(t.k);
}

TEST(chat_is_not_for_who_waits)
{
	struct trio t = trio_new();
	uint64_t dan = kit_enter(t.k, 4, "r", "Dan");

	say(&t, 1, "a", NULL, "inside");
	ck_assert(!kit_note(t.k, NOTE_CHAT, dan));
	ck_assert(!say(&t, 1, "b", kit_pid(t.k, dan), "to you"));
	ck_assert_int_eq(kit_refusal(t.k), REFUSE_NO_PEER);
	ck_assert(!say(&t, 4, "c", NULL, "hello?"));
	ck_assert_int_eq(kit_refusal(t.k), REFUSE_NOT_ADMITTED);
	kit_free(t.k);
}

TEST(chat_delete_erases_the_bytes)
{
	struct trio t = trio_new();
	struct event e;
	uint64_t id = say(&t, 2, "a", NULL, "oops");

	e = kit_event(t.k, EVENT_DELETE_CHAT, 3);
	e.number = id;
	kit_run(t.k, &e);
	ck_assert_int_eq(kit_refusal(t.k), REFUSE_FORBIDDEN);
	e.conn = 2;
	kit_run(t.k, &e);
	ck_assert_uint_eq(kit_note(t.k, NOTE_CHAT_DELETED, t.cid)->number, id);
	ck_assert_str_eq(kit_record(t.k, RECORD_CHAT)->journal.record.chat.body,
			 "");
	ck_assert_uint_eq(history(&t, 3), 1);
	ck_assert_str_eq(kit_answer(t.k)->history.v[0].body, "");
	ck_assert_uint_eq(core_room_named(t.k->core, "r")->chat_bytes, 0);
	kit_free(t.k);
}

TEST(chat_ring_is_bounded)
{
	struct trio t = trio_new();
	const struct room *r = core_room_named(t.k->core, "r");
	char id[16], text[4097];

	for (int i = 0; i < 510; i++) {
		snprintf(id, sizeof(id), "m%d", i);
		kit_sleep(t.k, 10);
		say(&t, 1, id, NULL, "x");
	}
	ck_assert_uint_eq(r->n_chat, 500);
	ck_assert(kit_record(t.k, RECORD_CHAT_DEL));
	memset(text, 'y', sizeof(text));
	text[4096] = '\0';
	for (int i = 0; i < 300; i++) {
		snprintf(id, sizeof(id), "n%d", i);
		say(&t, 1, id, NULL, text);
	}
	ck_assert_uint_le(r->chat_bytes, 1 << 20);
	ck_assert_uint_ge(r->chat_bytes, (1 << 20) - 4096);
	kit_free(t.k);
}

static void show_keys(struct trio *t, uint64_t conn)
{
	struct event e = kit_event(t->k, EVENT_SET_KEYS, conn);

	e.keys = (struct chat_keys){"sign", "seal", "proof"};
	kit_run(t->k, &e);
}

static int seal(struct trio *t, uint64_t conn, uint32_t epoch, uint64_t to)
{
	struct event_box box = {kit_pid(t->k, to), "box"};
	struct event e = kit_event(t->k, EVENT_SEAL_KEYS, conn);

	e.seal.epoch = epoch;
	e.seal.n = 1;
	e.seal.boxes = &box;
	kit_run(t->k, &e);
	return kit_refusal(t->k);
}

TEST(chat_epoch_after_a_kick)
{
	struct trio t = trio_new();
	uint64_t dan;

	for (uint64_t i = 1; i <= 3; i++)
		show_keys(&t, i);
	kit_on(t.k, EVENT_KICK, 1, t.bob);
	ck_assert_uint_eq(kit_note(t.k, NOTE_EPOCH_WANTED, t.ann)->epoch.epoch,
			  1);
	ck_assert_int_eq(seal(&t, 1, 1, t.cid), -1);
	ck_assert_uint_eq(
		kit_note(t.k, NOTE_KEY_SEALED, t.cid)->chat.seal_epoch, 1);
	ck_assert_int_eq(seal(&t, 3, 3, t.ann), REFUSE_BAD_REQUEST);
	/* None is wanted now: a guest's would leave others out. */
	ck_assert_int_eq(seal(&t, 3, 2, t.ann), REFUSE_FORBIDDEN);
	dan = kit_enter(t.k, 4, "r", "Dan");
	kit_on(t.k, EVENT_ADMIT, 1, dan);
	show_keys(&t, 4); /* now somebody can seal to Dan */
	ck_assert_str_eq(kit_note(t.k, NOTE_EPOCH_WANTED, t.ann)->epoch.peer,
			 kit_pid(t.k, dan));
	ck_assert_int_eq(seal(&t, 4, 1, t.ann), REFUSE_SEALED);
	ck_assert_int_eq(seal(&t, 1, 1, dan), -1);
	ck_assert_uint_eq(history(&t, 4), 1);
	ck_assert(kit_answer(t.k)->history.v[0].sealed);
	kit_free(t.k);
}

TEST(chat_epoch_asks_the_next_one)
{
	struct trio t = trio_new();

	for (uint64_t i = 1; i <= 3; i++)
		show_keys(&t, i);
	kit_on(t.k, EVENT_KICK, 1, t.bob);
	kit_sleep(t.k, 10001); /* Ann says nothing */
	ck_assert_uint_eq(kit_note(t.k, NOTE_EPOCH_WANTED, t.cid)->epoch.epoch,
			  1);
	kit_free(t.k);
}

/* While all who could seal are away it stays wanted. */
TEST(chat_epoch_waits_for_who_is_away)
{
	struct trio t = trio_new();

	for (uint64_t i = 1; i <= 3; i++)
		show_keys(&t, i);
	kit_do(t.k, EVENT_DISCONNECT, 3);
	kit_on(t.k, EVENT_KICK, 1, t.bob);
	ck_assert_uint_eq(
		kit_record(t.k, RECORD_ROOM)->journal.record.r.epoch_wanted, 1);
	kit_do(t.k, EVENT_DISCONNECT, 1);
	kit_sleep(t.k, 25000);
	kit_resume(t.k, 8, "r", "token-3");
	kit_sleep(t.k, 10001);
	ck_assert_uint_eq(kit_note(t.k, NOTE_EPOCH_WANTED, t.cid)->epoch.epoch,
			  1);
	kit_free(t.k);
}

TEST(chat_history_fits_an_answer)
{
	struct trio t = trio_new();
	static char big[CHAT_MAX + 1];
	struct event e;

	memset(big, 'A', CHAT_MAX);
	for (int i = 0; i < 40; i++) {
		char id[8];

		e = kit_event(t.k, EVENT_CHAT, 1);
		snprintf(id, sizeof(id), "c%d", i);
		e.chat.client_id = id;
		e.chat.ciphertext = big;
		kit_run(t.k, &e);
	}
	ck_assert_uint_eq(history(&t, 2), 16); /* 128 KiB */
	ck_assert(kit_answer(t.k)->history.more);
	ck_assert_uint_eq(kit_answer(t.k)->history.v[15].id, 40);
	kit_free(t.k);
}

TEST(outbox_replays_in_order_or_not_at_all)
{
	struct outbox ob;
	char text[16];

	outbox_init(&ob, 7);
	for (int i = 1; i <= 600; i++) {
		struct note_text *n;

		snprintf(text, sizeof(text), "n%d", i);
		n = note_text_new(text, strlen(text));
		ck_assert_uint_eq(outbox_push(&ob, n), (uint64_t)i);
		note_text_put(n);
		/* All of them, while the ring grows. */
		for (int j = 1; j <= i && i <= OUTBOX_CAP; j++) {
			n = outbox_at(&ob, (uint64_t)j);
			ck_assert_ptr_nonnull(n);
			snprintf(text, sizeof(text), "n%d", j);
			ck_assert_mem_eq(n->text, text, strlen(text));
		}
	}
	ck_assert(outbox_can_replay(&ob, 7, 600));
	ck_assert(outbox_can_replay(&ob, 7, 100));
	ck_assert(!outbox_can_replay(&ob, 7, 99));
	ck_assert(!outbox_can_replay(&ob, 6, 600));
	ck_assert(!outbox_can_replay(&ob, 7, 601));
	ck_assert(!memcmp(outbox_at(&ob, 101)->text, "n101", 4));
	ck_assert(!memcmp(outbox_at(&ob, 600)->text, "n600", 4));
	ck_assert_ptr_null(outbox_at(&ob, 100));
	ck_assert_ptr_null(outbox_at(&ob, 601));
	outbox_restart(&ob, 8);
	ck_assert(outbox_can_replay(&ob, 8, 0));
	ck_assert(!outbox_can_replay(&ob, 7, 600));
	outbox_fini(&ob);
}
