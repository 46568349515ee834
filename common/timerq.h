/*
 * timerq: a heap of deadlines in microseconds; one a program.
 *
 * The timer is embedded in its owner. timerq_pop() hands back what is due,
 * one at a time; who it belongs to is told by `kind` and the place of the
 * timer inside its owner (list_entry). Nothing calls back. Times are
 * absolute, on the caller's clock.
 *
 *	timerq_set(&q, &p->grace, now_us + 60 * 1000000ull);
 *	while ((t = timerq_pop(&q, now_us)))
 *		switch (t->kind) { ... }
 */
#ifndef COMMON_TIMERQ_H
#define COMMON_TIMERQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TIMERQ_GRID_US 5000

/*
 * For what comes round and need not be exact: the point of a grid at or
 * before due_us. What many owners do every so often falls due together, in
 * one wake-up.
 */
static inline uint64_t timerq_round(uint64_t due_us)
{
	return due_us - due_us % TIMERQ_GRID_US;
}

struct timer {
	uint64_t due_us;
	uint32_t pos;  /* place in the heap + 1; 0: not set */
	uint32_t kind; /* the owner's */
};

struct timerq {
	struct timer **heap;
	size_t n, cap;
};

void timerq_init(struct timerq *q);
void timerq_fini(struct timerq *q); /* unsets what is left */

/* Sets or moves. 0 or -ENOMEM (never for a timer that is set already). */
int timerq_set(struct timerq *q, struct timer *t, uint64_t due_us);
void timerq_unset(struct timerq *q, struct timer *t);

static inline bool timer_is_set(const struct timer *t)
{
	return t->pos != 0;
}

/* The earliest deadline, UINT64_MAX when there is none. */
uint64_t timerq_deadline(const struct timerq *q);

/* Takes the earliest timer with due_us <= now_us, or NULL. */
struct timer *timerq_pop(struct timerq *q, uint64_t now_us);

#endif
