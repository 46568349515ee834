/*
 * note: a notification on its way: the method's name, and the encoded text
 * that all who get it share, counted by references.
 */
#ifndef SIGNALD_ROOM_NOTE_H
#define SIGNALD_ROOM_NOTE_H

#include <stddef.h>
#include <stdint.h>

#include "signald/room/effects.h"

const char *note_method(enum note_kind kind); /* "newPeer", ... */

struct note_text {
	uint32_t refs;
	uint32_t len;
	char text[];
};

/* A copy of text with one reference; NULL: no memory. */
struct note_text *note_text_new(const char *text, size_t len);
void note_text_put(struct note_text *t);

#endif
