/*
 * peer: one simulated client: a WebSocket that speaks the media part of the
 * signaling protocol, a sending transport, a receiving transport.
 *
 * It is a plain mediasoup client: its first request enters it into a room of
 * policy `open`. So it drives any server of that protocol.
 */
#ifndef TESTS_LOAD_PEER_H
#define TESTS_LOAD_PEER_H

#include <jansson.h>

#include "tests/load/leg.h"
#include "tests/load/member.h"
#include "tests/load/pub.h"
#include "tests/load/sub.h"
#include "tests/load/wsc.h"

#define PEER_PENDING 64

struct peer_conf {
	SSL_CTX *tls;
	struct addr server;
	const char *host;
	const struct leg_env *env;
	struct pub_conf pub;
	uint32_t sample;
	bool members; /* they enter, and come back with their token */
};

enum peer_state {
	PEER_WAITING, /* its time has not come */
	PEER_SIGNALING,
	PEER_READY, /* transports up; a receiver has got media */
	PEER_FAILED,
};

enum peer_leg {
	PEER_SEND,
	PEER_RECV,
};

struct peer_request {
	uint32_t id; /* 0: free */
	int kind;
};

struct peer {
	const struct peer_conf *conf;
	enum peer_state state;
	bool sends;
	bool receives;
	bool whole; /* has a sending transport even if it sends nothing */
	bool held;  /* produces nothing until peer_release() */
	bool joined;
	int produced;
	int producers;
	unsigned rebuilds; /* transports that the server replaced */
	char path[160];
	const char *why;
	uint64_t start_us; /* when it opened its WebSocket */
	struct wsc ws;
	uint32_t next_id;
	struct peer_request pending[PEER_PENDING];
	json_t *caps;
	char transport[2][64];
	struct leg leg[2];
	struct pub pub;
	struct sub sub;
	struct sub_count count;
	struct member member;
};

void peer_init(struct peer *p, const struct peer_conf *conf, const char *room,
	       unsigned number, bool sends, bool receives);
void peer_free(struct peer *p);

/* Leaves; peer_start() makes it somebody new. */
void peer_again(struct peer *p);

int peer_start(struct peer *p, uint64_t now_us);

/* One who was held begins to send. */
void peer_release(struct peer *p, uint64_t now_us);

/* The WebSocket can be read or written. */
void peer_io(struct peer *p, uint64_t now_us);

/* Ends the WebSocket as if the network had: a member comes back. */
void peer_cut(struct peer *p, uint64_t away_us, uint64_t now_us);

/* True when a member has opened a new WebSocket: watch it. */
bool peer_retry(struct peer *p, uint64_t now_us);

/* Empties the sockets, does what is due. */
void peer_drain(struct peer *p, enum peer_leg which, struct leg_batch *b,
		uint64_t now_us);
void peer_tick(struct peer *p, uint64_t now_us);

#endif
