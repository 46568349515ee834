/*
 * worker: everything one mediad process owns, and its turn.
 *
 * Sans-I/O as far as it can be: datagrams come in as an array, what goes out
 * waits in txq's slots, the time is an argument. main.c alone joins it to
 * sockets, the loop, the lifeline and the bus; a scenario test joins it to a
 * simulated network and a virtual clock.
 *
 *	n = udp_recv(udp, rx, RX_BATCH, now_us);
 *	worker_input(w, rx, n, now_us);
 *	...
 *	worker_turn(w, now_us);		what is due, then all slots leave
 *	sleep until worker_deadline(w)
 *
 * Ownership is a tree: worker -> rooms (routers) -> links (transports) ->
 * producers and consumers. The maps by id, by ufrag and by tuple borrow.
 */
#ifndef MEDIAD_PATH_WORKER_H
#define MEDIAD_PATH_WORKER_H

#include <stdint.h>

#include "common/addr.h"
#include "common/blackbox.h"
#include "common/hist.h"
#include "common/idmap.h"
#include "common/pkt.h"
#include "common/recorder.h"
#include "common/timerq.h"
#include "mediad/ice/tuple.h"
#include "mediad/io/rx.h"
#include "mediad/io/txq.h"
#include "mediad/path/drop.h"
#include "mediad/path/fanout.h"
#include "mediad/path/pipes.h"
#include "mediad/sec/cert.h"
#include "mediad/sec/dtls.h"
#include "mediad/sec/srtp.h"
#include "mediad/sfu/turn.h"

#define WORKER_ADDRS  16
#define WORKER_STRAYS 64

struct link;
struct link_path;
struct tcp;

struct worker_conf {
	const char *srtp_backend; /* NULL: the fastest */
	uint32_t pool;		  /* packets */
	uint32_t slots;		  /* of a turn */
	uint64_t consent_us;
	int udp_fd;		   /* -1: none, the slots are read by a test */
	struct tcp *tcp;	   /* borrowed, NULL: none */
	struct blackbox *box;	   /* borrowed, NULL: one of its own */
	struct recorder *recorder; /* the same */
	uint16_t udp_port, tcp_port;
	/* Where clients can reach us, in order of preference; no ports. */
	struct addr announce[WORKER_ADDRS];
	uint32_t n_announce;
};

struct worker_stats {
	uint64_t packets_in, bytes_in;
	uint64_t rtp_in, rtp_out;
	uint64_t packets_out, bytes_out;
	uint64_t drops[DROP_COUNT];
};

/* Owners of the timers in the worker's heap. */
enum worker_timer {
	WORKER_TIMER_LINK,
	WORKER_TIMER_ROOM,
	WORKER_TIMER_INLET,
};

struct worker {
	struct worker_conf conf;
	struct pkt_pool *pool; /* borrowed */
	struct blackbox *box;
	struct recorder *recorder;
	struct txq txq;
	struct fanout fanout;
	struct timerq timers;
	struct turn turn; /* touched transports, news for signald */
	struct srtp_env *srtp;
	struct dtls_ctx *dtls;
	struct cert *cert;

	struct idmap rooms;  /* id -> struct room */
	struct idmap links;  /* id -> struct link */
	struct idmap ufrags; /* keyed hash -> struct link */
	struct idmap tuples; /* keyed hash -> struct link_path */
	uint64_t hash_seed;
	uint8_t hash_key[16];
	struct link_path *last; /* the path of the last datagram */
	struct pipes pipes;	/* to and from other workers */

	struct txq_dst strays[WORKER_STRAYS]; /* answers off every path */
	uint32_t n_strays;
	uint64_t start_us;
	struct worker_stats stats;
	struct hist_recent forward; /* us from the kernel's stamp to the send */
};

/*
 * `pool` outlives the worker. 0 or -errno; after a failure there is nothing
 * to free.
 */
int worker_init(struct worker *w, const struct worker_conf *conf,
		struct pkt_pool *pool, uint64_t now_us);
void worker_fini(struct worker *w);

/* One batch. Takes over the references of rx[].pkt. */
void worker_input(struct worker *w, const struct rx rx[], int n,
		  uint64_t now_us);

/* The end of a turn: deadlines, then everything committed is sent. */
void worker_turn(struct worker *w, uint64_t now_us);
uint64_t worker_deadline(const struct worker *w);

/* The path a datagram came on, if ICE has accepted it; or NULL. */
struct link_path *worker_path(struct worker *w, const struct tuple *t);

/* Key of a ufrag in worker.ufrags. */
uint64_t worker_ufrag_key(const struct worker *w, const void *ufrag,
			  size_t len);

/* Objects by the id signald gave them; NULL: none. */
struct producer;
struct consumer;
struct producer *worker_producer(const struct worker *w, uint64_t id);
struct consumer *worker_consumer(const struct worker *w, uint64_t id);

static inline void worker_drop(struct worker *w, enum drop reason)
{
	w->stats.drops[reason]++;
}

#endif
