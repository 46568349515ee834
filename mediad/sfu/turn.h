/*
 * turn: what one loop turn leaves to be done, one a worker.
 *
 * Nothing in sfu calls back. An object whose deadline moved is linked into
 * `touched`; one that has something to tell signald into `noted`, with a bit
 * for each kind of news, so that news of a turn merge and cannot pile up.
 * The path drains both at the end of the turn.
 *
 *	while ((t = turn_touched(turn)))
 *		timerq_set(&q, &link->timer, transport_deadline(t));
 *	while ((n = turn_noted(turn, &bits)))
 *		switch (n->noun) { ... list_entry(n, struct consumer, note) }
 */
#ifndef MEDIAD_SFU_TURN_H
#define MEDIAD_SFU_TURN_H

#include <stdint.h>

#include "common/list.h"

enum note_noun {
	NOTE_ROUTER,
	NOTE_TRANSPORT,
	NOTE_PRODUCER,
	NOTE_CONSUMER,
};

enum note_bit {
	NOTE_SCORE = 1 << 0,   /* producer, consumer */
	NOTE_LAYERS = 1 << 1,  /* consumer: current layers */
	NOTE_LIMIT = 1 << 2,   /* consumer: limiting reason */
	NOTE_WANTED = 1 << 3,  /* producer: highest layer wanted (dynacast) */
	NOTE_SPEAKER = 1 << 4, /* router */
	NOTE_VOLUMES = 1 << 5, /* router */
	NOTE_BWE = 1 << 6,     /* transport: available or desired changed */
	NOTE_STATE = 1 << 7,   /* transport: ICE or DTLS, set by the path */
};

struct note {
	struct list node;
	uint16_t noun;
	uint16_t bits; /* 0: not linked */
};

struct transport;

struct turn {
	struct list touched; /* struct transport, by .touched */
	struct list noted;   /* struct note, by .node */
};

void turn_init(struct turn *t);

/* The next transport whose deadline moved (unlinked), or NULL. */
struct transport *turn_touched(struct turn *t);

/* The next object with news (unlinked), its bits in *bits; or NULL. */
struct note *turn_noted(struct turn *t, uint16_t *bits);

void turn_note_init(struct note *n, enum note_noun noun);
void turn_note(struct turn *t, struct note *n, enum note_bit bit);
void turn_note_drop(struct note *n); /* the object goes away */

#endif
