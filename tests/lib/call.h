/*
 * call: a whole call in virtual time: a worker without sockets, driven by
 * its real request handlers, scripted peers, and a simulated network between
 * them. The same seed gives the same call.
 *
 *	struct call *c = call_new(7);
 *	struct side *a = call_join(c, NULL), *b = call_join(c, NULL);
 *	call_run(c, 2 * SECOND);		both are connected
 *	struct cam *cam = call_camera(c, a);
 *	struct view *v = call_watch(c, b, cam);
 *	call_run(c, 10 * SECOND);
 *	ck_assert(call_view(v)->frames_decoded > 250);
 *
 * A side is one transport and its peer, with a network link each way. Time
 * goes from event to event, so an idle minute costs nothing.
 */
#ifndef TESTS_LIB_CALL_H
#define TESTS_LIB_CALL_H

#include <stdbool.h>
#include <stdint.h>

#include "mediad/control/control.h"
#include "mediad/path/worker.h"
#include "proto/media.pb-c.h"
#include "tests/lib/peer.h"
#include "tests/lib/simnet.h"

#define SECOND	    1000000ull
#define MINUTE	    (60 * SECOND)
#define CALL_SIDES  64
#define CALL_EVENTS 16

struct call {
	struct worker w;
	struct control k;
	struct pkt_pool pool;
	struct simnet *net;
	uint64_t now_us;
	uint64_t router_id;
	uint64_t next_id;
	uint64_t first_peer; /* peers' ids count from here */
	uint32_t next_ssrc;
	struct side *sides[CALL_SIDES];
	uint32_t n_sides;
	struct cam *cams;
	struct view *views;
	uint64_t events[CALL_EVENTS]; /* of each kind, so far */
	uint64_t speaker;	      /* as last told */
	uint64_t turns, datagrams;
	uint64_t spent_ns;   /* in the worker's own functions */
	uint64_t heap_calls; /* malloc() and the like, in the same */
	struct rx rx[RX_BATCH];
	int n_rx;
	struct addr server;
	struct addr hole;	      /* what is sent there arrives nowhere */
	uint64_t hole_bytes, hole_us; /* so much, last at */
};

struct side {
	struct call *c;
	uint32_t index;
	uint64_t id; /* of the transport */
	struct peer *peer;
	int up, down;
	uint32_t conn; /* 0: UDP */
	uint32_t mids;
	uint64_t to_peer; /* datagrams of the worker for it */
	uint64_t to_peer_bytes;
	Media__IceState ice; /* as last told */
	Media__DtlsState dtls;
};

/* What a side publishes; the call owns it. */
struct cam {
	struct cam *next;
	struct side *side;
	uint64_t id;
	bool video;
	enum peer_kind kind;
	struct peer_send *send;
	int wanted;	 /* as last told by LAYERS_WANTED; 99: never */
	uint8_t *packed; /* the request to produce */
	size_t packed_len;
};

/* What a side receives of a producer; the call owns it. */
struct view {
	struct view *next;
	struct side *side;
	uint64_t id;
	struct peer_recv *recv;
};

struct call *call_new(uint64_t seed);
/* With another cipher back end; NULL: the fastest. */
struct call *call_new_with(uint64_t seed, const char *srtp_backend);
void call_free(struct call *c);

/* Both links as conf; NULL: 10 ms one way, nothing lost. */
struct side *call_join(struct call *c, const struct simnet_conf *conf);
/* Over a TCP connection: nothing is lost, frames keep their order. */
struct side *call_join_tcp(struct call *c);
void call_leave(struct side *s);
void call_net(struct side *s, const struct simnet_conf *up,
	      const struct simnet_conf *down);

/* VP8 with three layers of 150, 500 and 1,500 kb/s, found by rid. */
struct cam *call_camera(struct call *c, struct side *s);
/* VP8, one layer, announced by SSRC. */
struct cam *call_single(struct call *c, struct side *s, uint32_t rate_bps);
/*
 * Three spatial layers of another codec: H.264 by simulcast, VP9 and AV1 by
 * SVC with three temporal layers each.
 */
struct cam *call_layers(struct call *c, struct side *s, enum peer_kind kind);
struct cam *call_mic(struct call *c, struct side *s);

struct view *call_watch(struct call *c, struct side *s, struct cam *cam);
/* As one that knows REMB (peer_remb()), no transport-wide feedback. */
struct view *call_watch_remb(struct call *c, struct side *s, struct cam *cam);
static inline const struct peer_recv_stats *call_view(const struct view *v)
{
	return peer_recv_stats(v->recv);
}

/* A datagram from anywhere, at once. */
void call_inject(struct call *c, const struct addr *from, const void *data,
		 size_t len);

/* Runs for so long. */
void call_run(struct call *c, uint64_t us);

/* A request; asserts that it succeeds. The answer is in c->k.out. */
void call_ask(struct call *c, Media__Method method,
	      const ProtobufCMessage *msg);
/* The answer to the last request, unpacked; valid until the next one. */
void *call_answer(struct call *c, const ProtobufCMessageDescriptor *d);
void call_ask_id(struct call *c, Media__Method method, uint64_t id);
int call_try(struct call *c, Media__Method method, const ProtobufCMessage *msg);

void call_prefer(struct view *v, int spatial, int temporal);
void call_restart_ice(struct side *s);

/* Consumer statistics of a view; valid until the next request. */
Media__ConsumerStats *call_stats(struct view *v);

uint64_t call_drops(const struct call *c);

#endif
