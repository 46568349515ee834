/*
 * member: what makes a simulated client one of ours: it enters by name, gets
 * a token, and comes back with it when its WebSocket ended, telling which
 * transports, producers and consumers live on.
 */
#ifndef TESTS_LOAD_MEMBER_H
#define TESTS_LOAD_MEMBER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define MEMBER_RETRY_US 50000 /* and as much again by chance */

struct member {
	bool on;
	char *token; /* NULL: never entered yet */
	json_int_t epoch, last_seq;
	json_t *producers, *consumers; /* ids */
	uint64_t lost_us;  /* when the WebSocket ended; 0: it stands */
	uint64_t retry_us; /* when to try again */
	unsigned breaks;
	unsigned resumes;
	unsigned lost;	   /* objects the server no longer had */
	unsigned replayed; /* events told late, once */
	unsigned disorder; /* events told twice or out of order */
	uint64_t worst_us; /* longest time from a break to the answer */
};

void member_init(struct member *m);
void member_fini(struct member *m);

/* Data for `enter`: with the token and what there is, or for the first time. */
json_t *member_enter(const struct member *m, const char *name,
		     const char *send_transport, const char *recv_transport);

/* The answer. True: it was a resume. */
bool member_entered(struct member *m, json_t *data, uint64_t now_us);

void member_has(json_t *list, const char *id);

/* A notification with a sequence number. */
void member_event(struct member *m, json_t *msg);

/* The WebSocket ended: when to try again is in retry_us. */
void member_lost(struct member *m, uint64_t now_us);

#endif
