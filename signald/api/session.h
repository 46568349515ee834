/*
 * session: one WebSocket of a browser in the protoo framing, from on_open to
 * on_close. Who is behind it, if anybody yet, knows the room core by the
 * connection's id; what must outlive the connection lies there or in a desk.
 */
#ifndef SIGNALD_API_SESSION_H
#define SIGNALD_API_SESSION_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/bucket.h"
#include "common/list.h"
#include "signald/room/types.h"

struct conn;
struct hub;

/* Which token bucket a request takes from. */
enum session_rate {
	RATE_JOIN,
	RATE_CHAT,
	RATE_PRODUCE,
	RATE_CONSUME,
	RATE_INVITE,
	RATE_OTHER,
	RATES,
};

/* What `enter` said of the past, kept until it is answered. */
struct session_resume {
	uint32_t epoch;
	uint64_t last_seq;
	json_t *have; /* owned; NULL: the page starts anew */
};

struct session {
	struct hub *hub;
	struct conn *conn; /* valid until on_close */
	uint64_t id;	   /* conn_id() */
	char room_id[ROOM_ID_SIZE];
	char peer_id[PEER_ID_SIZE]; /* what the URL says; unproven */
	struct bucket buckets[RATES];
	struct session_resume resume;
	struct list stranger; /* of hub->strangers until somebody is known */
	uint64_t due_us;      /* a stranger's end */
	struct bucket all;    /* every message, whatever it is */
	struct list held;     /* texts that came before the hub had settled */
	size_t held_bytes;
	uint32_t n_held;
	uint32_t faults; /* messages that were not ours to understand */
	bool greeted;	 /* mediasoup-version was sent */
};

struct session *session_new(struct hub *hub, struct conn *c,
			    const char *room_id, const char *peer_id);
void session_free(struct session *s);

/* By conn_id(); NULL: gone. */
struct session *session_find(const struct hub *hub, uint64_t conn);
/* Of a peer that is there; NULL: away or unknown. */
struct session *session_of_peer(const struct hub *hub, uint64_t peer);

/* Nobody has entered by it yet: from now on it has listen.header_ms. */
void session_stranger(struct session *s);
/* Who is behind it is known: it may stay. */
void session_known(struct session *s);

/* Ends those that nobody entered by in time; the next deadline. */
uint64_t session_strangers(struct hub *hub, uint64_t now_us);

struct media_ticket;

/*
 * Who asked, if it may still be answered: a member on the connection that it
 * asked by. A page that was loaded anew numbers its requests from the start.
 */
struct session *session_of_ticket(const struct hub *hub,
				  const struct media_ticket *t);

void session_text(struct session *s, const char *text, size_t len);

/* The hub has settled: serves what was held. */
void session_release(struct session *s);

/* Answers; data is stolen, NULL reads as {}. s may be NULL: dropped. */
void session_ok(struct session *s, uint64_t req, json_t *data);
void session_refuse(struct session *s, uint64_t req, int code,
		    const char *reason, uint64_t retry_ms);

/* A notification outside of the numbered ones; data is stolen. */
void session_notify(struct session *s, const char *method, json_t *data);

/* A kept notification: {"notification":true,"seq":N, before its text. */
void session_note(struct session *s, uint64_t seq, const char *text,
		  size_t len);

/* The first words to whoever is let in. */
void session_greet(struct session *s);

void session_send(struct session *s, const char *text, size_t len);

#endif
