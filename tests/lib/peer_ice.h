/*
 * peer_ice: the scripted peer's ICE agent: full, controlling, one address of
 * its own at a time. Checks every candidate each 50 ms until one answers,
 * nominates that (renomination attribute and USE-CANDIDATE both), then keeps
 * consent fresh. Answers Binding requests without a username by 400, as
 * browsers do. Embedded in the peer.
 */
#ifndef TESTS_LIB_PEER_ICE_H
#define TESTS_LIB_PEER_ICE_H

#include <stdbool.h>
#include <stdint.h>

#include "mediad/wire/stun.h"
#include "tests/lib/bytes.h"
#include "tests/lib/peer.h"

#define PEER_ICE_ASKED 32
#define PEER_ICE_MAX   160 /* bytes of a message */

struct peer_ice_ask {
	uint8_t tid[STUN_TID_LEN];
	uint64_t at_us; /* 0: free */
	uint8_t remote;
	bool nominates;
};

struct peer_ice {
	struct rand rng;
	struct peer_stats *st; /* the peer's */
	char user[96];	       /* "server:peer" */
	char ufrag[9];	       /* its own */
	struct stun_key key;   /* of the server's password */
	struct addr local;
	struct addr remote[PEER_CAND_MAX];
	size_t n_remote;
	size_t turn; /* next candidate to check */
	int chosen;  /* candidate that answered, -1 */
	bool nominated;
	bool mute;
	uint32_t nomination;
	uint64_t check_us; /* when the next is due */
	uint64_t consent_us;
	uint64_t rtt_us; /* of the last check, 0: none yet */
	struct peer_ice_ask asked[PEER_ICE_ASKED];
	size_t n_asked;
};

struct peer_ice_msg {
	size_t len; /* 0: none */
	struct addr to;
	uint8_t data[PEER_ICE_MAX];
};

void peer_ice_init(struct peer_ice *ice, const struct peer_conf *conf,
		   struct peer_stats *st);
void peer_ice_start(struct peer_ice *ice, uint64_t now_us);
void peer_ice_restart(struct peer_ice *ice, const char *ufrag, const char *pwd,
		      uint64_t now_us);
void peer_ice_move(struct peer_ice *ice, const struct addr *local,
		   uint64_t now_us);

/* A STUN datagram from `from`; `msg` is the answer, if any. */
void peer_ice_input(struct peer_ice *ice, const uint8_t *data, size_t len,
		    const struct addr *from, uint64_t now_us,
		    struct peer_ice_msg *msg);

/* The next check that is due, if any. */
void peer_ice_tick(struct peer_ice *ice, uint64_t now_us,
		   struct peer_ice_msg *msg);

static inline bool peer_ice_ready(const struct peer_ice *ice)
{
	return ice->chosen >= 0;
}

#endif
