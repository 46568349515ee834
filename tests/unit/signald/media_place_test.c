#include "signald/media/place.h"

#include <stdlib.h>

#include "signald/media/mirror.h"
#include "tests/lib/test.h"

/* Three workers that are up, and nothing on them. */
static struct media *new_media(void)
{
	struct media *m = calloc(1, sizeof(*m));

	ck_assert_ptr_nonnull(m);
	m->mirrors = mirror_new();
	ck_assert_ptr_nonnull(m->mirrors);
	m->conf.capacity = 1000;
	graph_init(&m->graph);
	for (uint32_t i = 0; i < 3; i++)
		m->workers.w[i].state = WORKER_UP;
	return m;
}

static void free_media(struct media *m)
{
	graph_fini(&m->graph);
	free(m->mirrors);
	free(m);
}

static struct worker_load *load(struct media *m, uint32_t worker)
{
	return &m->workers.w[worker].load;
}

TEST(place_goes_by_what_was_measured)
{
	struct media *m = new_media();

	load(m, 0)->cpu_percent = 40;
	load(m, 1)->cpu_percent = 12;
	load(m, 2)->cpu_percent = 30;
	ck_assert_uint_eq(place_least(m), 1);
	/* The same CPU, fewer packets. */
	load(m, 0)->cpu_percent = load(m, 2)->cpu_percent = 12;
	load(m, 0)->packets_s = 40000;
	load(m, 1)->packets_s = 30000;
	load(m, 2)->packets_s = 20000;
	ck_assert_uint_eq(place_least(m), 2);
	free_media(m);
}

TEST(place_goes_by_rooms_where_the_measure_says_nothing)
{
	struct media *m = new_media();
	struct call *c = graph_add_call(&m->graph, 7);

	graph_add_part(c, 0, 1);
	c = graph_add_call(&m->graph, 8);
	graph_add_part(c, 2, 2);
	/* A percent or two are noise. */
	load(m, 1)->cpu_percent = 2;
	ck_assert_uint_eq(place_least(m), 1);
	/* Rooms that came since count before they are measured. */
	m->workers.w[1].unmeasured = 10;
	ck_assert_uint_eq(place_least(m), 0);
	free_media(m);
}

/* A renewal: who came last takes over, not who is to go next. */
TEST(place_heir_is_who_has_just_come)
{
	struct media *m = new_media();

	for (uint32_t i = 0; i < 3; i++) {
		m->workers.w[i].index = i;
		m->workers.w[i].since_us = 1000 + i;
	}
	m->now_us = 100000000;
	ck_assert_uint_eq(place_heir(m, 0), GRAPH_NOWHERE);
	m->workers.w[2].since_us = 90000000;
	m->workers.w[1].since_us = 80000000;
	ck_assert_uint_eq(place_heir(m, 0), 2);
	ck_assert_uint_eq(place_heir(m, 2), GRAPH_NOWHERE);
	/* It is waited for. */
	m->workers.w[2].state = WORKER_STARTING;
	ck_assert_uint_eq(place_heir(m, 0), 2);
	m->workers.w[2].state = WORKER_ABSENT;
	ck_assert_uint_eq(place_heir(m, 0), 1);
	free_media(m);
}

TEST(place_passes_over_who_takes_no_rooms)
{
	struct media *m = new_media();

	m->workers.w[0].state = WORKER_DRAINING;
	m->workers.w[1].state = WORKER_SICK;
	load(m, 2)->cpu_percent = 95;
	ck_assert_uint_eq(place_least(m), 2);
	ck_assert(place_elsewhere(m, 0));
	ck_assert(!place_elsewhere(m, 2));
	m->workers.w[2].state = WORKER_STARTING;
	ck_assert_uint_eq(place_least(m), GRAPH_NOWHERE);
	free_media(m);
}
