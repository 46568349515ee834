/*
 * link: the wire side of one transport: its ICE agent, DTLS association,
 * SRTP session and paths, around the pure media side (struct transport).
 * A room owns it; worker.links finds it by the transport's id.
 *
 * Nothing here acts for a datagram that was not authenticated: a path exists
 * once ICE accepted a check on it, DTLS is fed from such paths alone, keys
 * come from DTLS, media from keys.
 */
#ifndef MEDIAD_PATH_LINK_H
#define MEDIAD_PATH_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "common/timerq.h"
#include "mediad/ice/icelite.h"
#include "mediad/io/rx.h"
#include "mediad/io/txq.h"
#include "mediad/path/worker.h"
#include "mediad/sec/dtls.h"
#include "mediad/sec/srtp.h"
#include "mediad/sfu/transport.h"

#define LINK_UFRAG_LEN 16
#define LINK_PWD_LEN   32
#define LINK_LABEL_MAX 64

struct room;

/* A path of ICE with what txq needs to send on it. */
struct link_path {
	struct tuple tuple;
	struct link *link; /* NULL: free */
	uint64_t key;	   /* in worker.tuples */
	struct txq_dst dst;
};

struct link {
	struct worker *w;    /* borrowed */
	uint64_t room;	     /* in signald's books, for the black box */
	struct transport *t; /* owned by the router, freed by link_free() */
	struct icelite ice;
	char ufrag[LINK_UFRAG_LEN + 1];
	char pwd[LINK_PWD_LEN + 1];
	struct link_path path[ICE_PAIRS];
	struct link_path *out; /* where ICE sends; NULL: nowhere */
	struct dtls *dtls;
	enum dtls_state told;	   /* of dtls, to see a change */
	struct srtp_session *srtp; /* NULL until DTLS ended */
	bool settled;		   /* an authenticated packet came */
	bool tcp_only;
	uint32_t recorded_bps; /* the estimate in the flight recorder */

	struct timer timer; /* the earliest deadline of all parts */
	uint64_t packets_in, bytes_in, packets_out, bytes_out, dropped;
	uint8_t label_len;
	uint8_t label[LINK_LABEL_MAX];
};

struct link_opts {
	struct transport_opts media;
	bool tcp_only;
	const void *label;
	size_t label_len;
};

/* 0, -EEXIST, -EINVAL, -ENOMEM. */
int link_new(struct worker *w, struct room *r, const struct link_opts *o,
	     uint64_t now_us, struct link **out);
void link_free(struct link *l); /* closes all below; NULL is fine */

/* What signaling said of the peer; `role` is ours. As dtls_start(). */
int link_connect(struct link *l, enum dtls_role role, const struct cert_fp *fps,
		 size_t n, uint64_t now_us);

/* New ICE credentials in l->ufrag and l->pwd. */
int link_restart_ice(struct link *l, uint64_t now_us);

/* A parsed STUN message for this link (found by ufrag or by tuple). */
void link_stun(struct link *l, const struct stun *m, const struct rx *rx,
	       const struct tuple *from, uint64_t now_us);

/* A DTLS datagram that came on one of its paths. */
void link_dtls(struct link *l, const struct link_path *from,
	       const uint8_t *data, size_t len, uint64_t now_us);

/* The TCP connection of a path has ended. */
void link_closed(struct link *l, const struct tuple *t, uint64_t now_us);

/* The first authenticated packet: DTLS need not be kept for long. */
void link_settled(struct link *l, uint64_t now_us);

/* ICE and DTLS timers that are due. */
void link_tick(struct link *l, uint64_t now_us);
uint64_t link_deadline(const struct link *l);

static inline struct link *link_of(const struct transport *t)
{
	return t->link;
}

#endif
