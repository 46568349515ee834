/*
 * quarantine: rooms whose traffic kills workers.
 *
 * A worker that crashed or hung while it worked for a room (its black box
 * says so, common/blackbox.h) is a mark against that room. With the second
 * mark within ten seconds the room is in quarantine: what came for it last
 * is kept in a file, and the server gives it no worker for a while.
 */
#ifndef SIGNALD_QUARANTINE_H
#define SIGNALD_QUARANTINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/blackbox.h"

#define QUARANTINE_WITHIN_US 10000000
#define QUARANTINE_MARKS     32

struct quarantine {
	struct {
		uint64_t room, at_us;
	} mark[QUARANTINE_MARKS]; /* a ring */
	uint32_t n;
};

/* A worker died at now_us at work for this room. True: it is the second. */
bool quarantine_mark(struct quarantine *q, uint64_t room, uint64_t now_us);

/*
 * The file: QUARANTINE_MAGIC, then the datagrams of the room and of nobody,
 * oldest first: at_us, room (8 bytes each), len (4), kept (2), opened (1), 0,
 * big-endian, and what is kept. Returns its size; cap of
 * QUARANTINE_FILE_MAX is enough.
 */
#define QUARANTINE_MAGIC    "chattr-blackbox1"
#define QUARANTINE_FILE_MAX (64 * 1024 + BLACKBOX_SLOTS * BLACKBOX_CAP)
size_t quarantine_pack(const struct blackbox *b, uint64_t room, uint8_t *out,
		       size_t cap);

/* Writes DIR/quarantine/ROOM-SECONDS (0600); its path into out. 0 or -errno. */
int quarantine_save(const char *dir, const struct blackbox *b, uint64_t room,
		    char *out, size_t cap);

#endif
