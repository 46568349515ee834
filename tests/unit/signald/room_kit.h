/*
 * room_kit: a core with a clock of its own, and short words to play with it.
 *
 *	struct kit *k = kit_new();
 *	uint64_t host = kit_enter(k, 1, "r", "Ann");	  // conn 1
 *	ck_assert(kit_note(k, NOTE_KNOCK, host));
 *
 * Connections are small numbers; connection n comes from 127.0.0.n. The
 * token of a peer that entered on connection n is the text "token-n".
 */
#ifndef TESTS_UNIT_SIGNALD_ROOM_KIT_H
#define TESTS_UNIT_SIGNALD_ROOM_KIT_H

#include "signald/room/core.h"

struct kit {
	struct core_conf conf;
	struct core *core;
	struct instant now;
	struct effects *fx; /* of the last event */
	uint64_t fresh;
};

struct kit *kit_new(void);
struct kit *kit_with(const struct core_conf *conf);
void kit_free(struct kit *k);

struct secret_hash kit_hash(const char *text);
struct event kit_event(struct kit *k, enum event_kind kind, uint64_t conn);
void kit_run(struct kit *k, const struct event *e);

/* kit_event() and kit_run() of a request without arguments, or with one. */
void kit_do(struct kit *k, enum event_kind kind, uint64_t conn);
void kit_on(struct kit *k, enum event_kind kind, uint64_t conn, uint64_t peer);

/* enter; the peer's id, 0 when refused. */
uint64_t kit_enter(struct kit *k, uint64_t conn, const char *room,
		   const char *name);
uint64_t kit_resume(struct kit *k, uint64_t conn, const char *room,
		    const char *token);
uint64_t kit_redeem(struct kit *k, uint64_t conn, const char *room,
		    const char *invite);
uint64_t kit_own(struct kit *k, uint64_t conn, const char *room,
		 const char *host_key);

/* A created room whose host key is the text "host-key". */
void kit_create(struct kit *k, const char *room, enum policy policy);

/* An invite whose token is `token`, by the host on conn. Its id. */
uint64_t kit_invite(struct kit *k, uint64_t conn, const char *token,
		    uint32_t uses);

/* Time passes, with every deadline on its way. */
void kit_sleep(struct kit *k, uint64_t ms);

/* What the last event brought about; NULL or -1: nothing. */
const struct answer *kit_answer(const struct kit *k);
int kit_refusal(const struct kit *k);
const struct note *kit_note(const struct kit *k, enum note_kind kind,
			    uint64_t peer);
const char *kit_closed(const struct kit *k, uint64_t conn);
const struct effect *kit_effect(const struct kit *k, enum effect_kind kind);
const struct effect *kit_record(const struct kit *k, enum record_kind kind);

const struct peer *kit_peer(const struct kit *k, uint64_t id);
const char *kit_pid(const struct kit *k, uint64_t id);

#endif
