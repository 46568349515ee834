/* text: what people type, made fit to be shown to others. */
#ifndef SIGNALD_ROOM_TEXT_H
#define SIGNALD_ROOM_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "signald/room/types.h"

/*
 * Copies UTF-8 in normal form C without control and bidi characters, blanks
 * trimmed and runs of them made one, cut at `runes` characters or the buffer.
 * NULL is "". Returns out.
 */
char *text_clean(char *out, size_t cap, const char *in, size_t runes);

/* What a person goes by: 64 characters; "Guest" where nothing is left. */
void text_name(char out[NAME_SIZE], const char *in);

/* [A-Za-z0-9_-]{1,64} */
bool text_is_room_id(const char *s);

/* A peer id of a plain client: printable ASCII without quotes, 1 to 64. */
bool text_is_peer_id(const char *s);

/* A copy on the heap, NULL for NULL and "" and when memory is out. */
char *text_dup(const char *s);

#endif
