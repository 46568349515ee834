/*
 * server: the signaling process of the simulation: hands events to the
 * core, carries out its effects, dies and starts again.
 */
#ifndef TESTS_SIM_SERVER_H
#define TESTS_SIM_SERVER_H

#include "tests/sim/world.h"

/* What a client asks for; texts are made when it arrives. */
struct request {
	enum event_kind kind;
	uint64_t req;
	uint32_t room;
	uint64_t token, invite, host_key, fresh; /* secrets, 0: none */
	uint64_t peer;				 /* the other one */
	uint64_t number;
	uint32_t epoch;
	uint64_t last_seq;
	bool flag;
	enum role role;
	enum policy policy;
	enum succession succession;
};

/* What arrives at a client. */
enum message_kind {
	MESSAGE_ANSWER,
	MESSAGE_REFUSAL,
	MESSAGE_NOTE,
	MESSAGE_CLOSE,
};

struct message {
	enum message_kind kind;
	uint64_t req;
	enum answer_kind answer;
	enum refuse_why why;
	uint64_t retry_ms;
	bool waiting, resumed;
	uint64_t peer, number;
	enum role role;
	uint32_t epoch;
	uint64_t seq;	      /* of a note; in an answer: where we are */
	uint64_t missed_from; /* a replay: first and, in seq, last; 0: none */
	enum note_kind note;
	const char *reason;
};

/* A secret as the core sees it. */
struct secret_hash server_hash(uint64_t secret);

void server_start(struct world *w);
void server_crash(struct world *w, bool power_cut);
void server_connected(struct world *w, uint32_t client, uint64_t conn);
void server_request(struct world *w, uint32_t client, uint64_t conn,
		    const struct request *r);
void server_lost(struct world *w, uint64_t conn);
void server_tick(struct world *w);
void server_written(struct world *w);
void server_free(struct world *w);

#endif
