/*
 * icelite: the ICE agent of one transport: RFC 8445 as a lite agent, always
 * controlled. Sans-I/O: a parsed STUN message, its tuple and the time come
 * in; a verdict, events and the bytes of an answer go out.
 *
 * It keeps up to ICE_PAIRS tuples on which an authenticated check arrived,
 * which of them is selected, and whether a tuple is proven: a lite agent
 * sees no round trip, so a valid peer could aim media at a victim by forging
 * its source address. The tuple on which DTLS ended is proven by that; each
 * later one is asked by a Binding request of ours (three tries 50 ms apart,
 * again at each of its checks) whose transaction id must come back. Until
 * then media stays on the proven tuple; where there is none yet, at most 3
 * bytes go out for one that came in.
 *
 * The owner (path/) maps ufrags and tuples to transports, and looks up by
 *   request:  stun_local_ufrag()  -> transport
 *   response: tuple               -> transport
 *
 *	struct ice_out o;
 *	uint8_t buf[ICE_OUT_MAX];
 *	icelite_input(&t->ice, &m, &tuple, now_us, &o, buf);
 *	if (o.len)
 *		send(&o.to, buf, o.len);
 *	if (o.events)
 *		... ICE_EV_*
 *	when due:  while (icelite_tick(&t->ice, now_us, &o, buf)) likewise;
 *	and sleep until icelite_deadline(&t->ice).
 */
#ifndef MEDIAD_ICE_ICELITE_H
#define MEDIAD_ICE_ICELITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mediad/ice/tuple.h"
#include "mediad/wire/stun.h"

#define ICE_PAIRS      8
#define ICE_UFRAG_MAX  32
#define ICE_PWD_MAX    64
#define ICE_SECRET_LEN 16
#define ICE_OUT_MAX    160
#define ICE_AMPLIFY    3
#define ICE_TRIES      3
#define ICE_TRY_GAP_US 50000

enum ice_state {
	ICE_NEW,	  /* no check yet */
	ICE_CONNECTED,	  /* a tuple is selected, none nominated */
	ICE_COMPLETED,	  /* the peer nominated */
	ICE_DISCONNECTED, /* consent is gone: send nothing */
};

/* Why a message had no effect; counted by the owner. */
enum ice_drop {
	ICE_DROP_NONE,
	ICE_DROP_FINGERPRINT,
	ICE_DROP_METHOD,       /* not Binding, or an indication */
	ICE_DROP_NO_AUTH,      /* 400 */
	ICE_DROP_UFRAG,	       /* not ours: no answer */
	ICE_DROP_INTEGRITY,    /* 401 */
	ICE_DROP_UNKNOWN_ATTR, /* 420 */
	ICE_DROP_ROLE,	       /* 487 */
	ICE_DROP_UNASKED,      /* a response to nothing */
	ICE_DROP_COUNT,
};

/* Bits of ice_out.events. */
enum ice_event {
	ICE_EV_TUPLE_ADDED = 1 << 0, /* map ice_out.added */
	ICE_EV_TUPLE_GONE = 1 << 1,  /* unmap ice_out.gone */
	ICE_EV_SELECTED = 1 << 2,    /* icelite_selected() changed */
	ICE_EV_STATE = 1 << 3,	     /* .state changed */
	ICE_EV_UFRAG_GONE = 1 << 4,  /* unmap ice_out.gone_ufrag */
	ICE_EV_PROVEN = 1 << 5,	     /* the selected tuple became proven */
};

struct ice_out {
	uint32_t events;
	enum ice_drop drop;
	size_t len; /* bytes to send to `to`, 0: none */
	struct tuple to;
	struct tuple added, gone;
	char gone_ufrag[ICE_UFRAG_MAX + 1];
};

struct ice_cred {
	char ufrag[ICE_UFRAG_MAX + 1]; /* "" : not set */
	uint8_t ufrag_len;
	struct stun_key key;
};

struct ice_pair {
	struct tuple tuple;
	uint64_t checked_us; /* last authenticated check */
	uint64_t try_us;     /* next Binding request of ours; 0: none */
	uint64_t bytes_in, bytes_out; /* while not proven */
	uint32_t priority;
	uint8_t gen;   /* credentials its last check used */
	uint8_t tries; /* left */
	bool used;     /* else a free slot */
	bool proven;
	bool asked;  /* tid is outstanding */
	bool spoken; /* DTLS came from it */
	uint8_t tid[STUN_TID_LEN];
};

struct icelite {
	enum ice_state state;
	struct ice_cred cred[2]; /* [0] current, [1] before a restart */
	uint8_t gen;		 /* of cred[0] */
	bool dtls_done;		 /* later tuples are asked from now on */
	int8_t selected;	 /* index of pair, -1 */
	int8_t wanted;		 /* nominated, not proven yet; -1 */
	uint32_t nomination;	 /* highest so far, 0: none */
	uint8_t nominated_gen;	 /* credentials that came with */
	uint64_t consent_us;	 /* how long a check serves */
	uint64_t n_asked;	 /* counter of our requests */
	struct stun_key secret;	 /* makes their transaction ids */
	struct ice_pair pair[ICE_PAIRS];
};

/*
 * The secret is random; consent_us usually 30 s. 0 or -EINVAL (a ufrag of 4
 * to 32, a password of 22 to 64 ice-chars; RFC 8839 section 5.4).
 */
int icelite_init(struct icelite *ice, const char *ufrag, const char *pwd,
		 const uint8_t secret[ICE_SECRET_LEN], uint64_t consent_us);

/*
 * ICE restart: new credentials; the old ones and the old pair serve until a
 * check with the new ones nominates. When a restart is already under way
 * its older credentials go at once: *gone gets them ("" if none) to unmap.
 * 0 or -EINVAL.
 */
int icelite_restart(struct icelite *ice, const char *ufrag, const char *pwd,
		    char gone[ICE_UFRAG_MAX + 1]);

/* One STUN message of this transport. `out` holds ICE_OUT_MAX bytes. */
void icelite_input(struct icelite *ice, const struct stun *m,
		   const struct tuple *from, uint64_t now_us, struct ice_out *o,
		   uint8_t *out);

/*
 * Does one thing that is due and returns true, or returns false. `out` holds
 * ICE_OUT_MAX bytes.
 */
bool icelite_tick(struct icelite *ice, uint64_t now_us, struct ice_out *o,
		  uint8_t *out);
uint64_t icelite_deadline(const struct icelite *ice);

/*
 * DTLS came from this tuple. Until it has ended, the answers go where it
 * comes from: a peer that nominates every pair it checks, and last a worse
 * one, speaks on its best. Events as of input.
 */
void icelite_dtls_heard(struct icelite *ice, const struct tuple *t,
			struct ice_out *o);

/* DTLS ended on this tuple: it is selected and proven. Events as of input. */
void icelite_dtls_done(struct icelite *ice, const struct tuple *t,
		       struct ice_out *o);

/* A TCP connection closed: its tuple is gone. */
void icelite_tuple_closed(struct icelite *ice, const struct tuple *t,
			  struct ice_out *o);

/* Bytes came from a mapped tuple: raises what an unproven one may get. */
void icelite_heard(struct icelite *ice, const struct tuple *t, size_t len);

/* Where to send; NULL: nowhere (no pair, or consent is gone). */
static inline const struct tuple *icelite_selected(const struct icelite *ice)
{
	return ice->selected < 0 ? NULL : &ice->pair[ice->selected].tuple;
}

/* True once the selected tuple needs no budget. */
static inline bool icelite_proven(const struct icelite *ice)
{
	return ice->selected >= 0 && ice->pair[ice->selected].proven;
}

/*
 * May `len` bytes go to the selected tuple? Takes them from its budget when
 * it is not proven.
 */
bool icelite_may_send(struct icelite *ice, size_t len);

/* Is this tuple one of ours (a check was authenticated on it)? */
bool icelite_has(const struct icelite *ice, const struct tuple *t);

#endif
