/* The gate: a room's effects in order, behind its journal, alone. */
#include "signald/room/gate.h"

#include "tests/lib/test.h"

static void put_close(struct effects *fx, uint64_t room, uint64_t conn)
{
	effects_add(fx, EFFECT_CLOSE, room)->close.conn = conn;
}

static uint64_t next_conn(struct gate *g)
{
	const struct effect *e = gate_next(g);

	return e ? e->close.conn : 0;
}

TEST(gate_holds_one_room_behind_its_record)
{
	struct gate *g = gate_new();
	struct effects *fx = effects_new();
	const struct effect *e;

	put_close(fx, 1, 10);
	effects_add(fx, EFFECT_JOURNAL, 1);
	put_close(fx, 1, 11);
	put_close(fx, 2, 20);
	effects_add(fx, EFFECT_MEDIA_STOP, 1)->media.peer = 5;
	put_close(fx, 0, 30);
	ck_assert_int_eq(gate_put(g, fx), 0);
	ck_assert_uint_eq(gate_next(g)->media.peer, 5); /* at once */
	ck_assert_uint_eq(next_conn(g), 30);
	ck_assert_uint_eq(next_conn(g), 10);
	e = gate_next(g);
	ck_assert_int_eq(e->kind, EFFECT_JOURNAL);
	gate_wait(g, e, 3);
	ck_assert_uint_eq(next_conn(g), 20);
	ck_assert_ptr_null(gate_next(g));
	ck_assert_uint_eq(gate_held(g), 1);

	fx = effects_new(); /* later ones of that room wait as well */
	put_close(fx, 1, 12);
	put_close(fx, 2, 21);
	gate_put(g, fx);
	ck_assert_uint_eq(next_conn(g), 21);
	ck_assert_ptr_null(gate_next(g));
	gate_committed(g, 2);
	ck_assert_ptr_null(gate_next(g));
	gate_committed(g, 3);
	ck_assert_uint_eq(next_conn(g), 11);
	ck_assert_uint_eq(next_conn(g), 12);
	ck_assert_ptr_null(gate_next(g));
	ck_assert_uint_eq(gate_held(g), 0);
	gate_free(g);
}

TEST(gate_free_lets_go_of_what_it_holds)
{
	struct gate *g = gate_new();
	struct effects *fx = effects_new();

	effects_add(fx, EFFECT_JOURNAL, 1);
	put_close(fx, 1, 10);
	gate_put(g, fx);
	gate_wait(g, gate_next(g), 9);
	ck_assert_ptr_null(gate_next(g));
	gate_free(g); /* under ASan: nothing leaks */
}
