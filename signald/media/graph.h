/*
 * graph: who has which transports, producers and consumers, as signald
 * believes. Memory only: no bus, no client. All ids are random and never 0.
 *
 *	media -> call (a room) -> seat (a peer) -> transport
 *		 seat -> producer (on a transport) -> consumers of others
 *		 seat -> consumer (on a transport, of a producer)
 *
 * A seat owns its transports, producers and consumers; the pointers between
 * them are borrowed and go with graph_del_*(). What awaits keeps ids.
 */
#ifndef SIGNALD_MEDIA_GRAPH_H
#define SIGNALD_MEDIA_GRAPH_H

#include <stdbool.h>
#include <stdint.h>

#include "common/idmap.h"
#include "common/list.h"
#include "signald/media/capset.h"
#include "signald/media/rtpdesc.h"

#define GRAPH_PID_SIZE 65
#define GRAPH_PARTS    16	  /* workers of one call at most */
#define GRAPH_NOWHERE  UINT32_MAX /* not placed on a worker */

/* A call's part on one worker. */
struct part {
	uint32_t worker; /* index */
	uint64_t router;
};

struct call {
	uint64_t room; /* the room's own key */
	/* The first is home: it says who speaks. None: not placed. */
	struct part part[GRAPH_PARTS];
	uint32_t n_parts;
	uint32_t prefer; /* the worker for those who move; GRAPH_NOWHERE */
	uint64_t move_until_us; /* what seats have left is closed then */
	uint32_t consumers;
	uint64_t speaker; /* seat, 0: nobody */
	bool silent;	  /* the last levels told were of nobody */
	struct list seats;
};

struct seat {
	uint64_t id;		  /* the peer's */
	char pid[GRAPH_PID_SIZE]; /* on the client's wire */
	struct call *call;
	struct list node; /* call->seats */
	uint32_t worker;  /* all its transports are there; GRAPH_NOWHERE */
	/* Under a move (move.h): the worker that still carries it, too. */
	uint32_t left;
	uint64_t placed_us;
	bool sends; /* it has, or will have, a sending transport */
	struct list transports, producers, consumers;
	uint32_t n_transports, n_producers, n_consumers;
	const struct rtp_caps *caps; /* of graph.caps; it takes streams */
	bool joined;
	bool muted;	     /* what was last told: no unpaused mic */
	uint32_t rebuilding; /* new transports that are awaited */
};

enum transport_state {
	TRANSPORT_ASKED, /* the worker has not answered */
	TRANSPORT_LIVE,
	TRANSPORT_LOST,	   /* its worker died */
	TRANSPORT_LEAVING, /* on the worker that the call has left */
};

struct transport {
	uint64_t id;
	uint64_t replaces; /* under rebuild: its predecessor's id */
	bool told;	   /* its client was told so */
	bool moving;	   /* the predecessor lives on meanwhile */
	struct seat *seat;
	struct list node;
	enum transport_state state;
	bool producing, consuming, force_tcp;
	bool connected; /* DTLS said so */
	struct {
		uint32_t available, desired; /* b/s */
		uint16_t loss_permille;
	} bwe;		   /* as the worker told it last */
	uint32_t next_mid; /* never used again, so a counter */
	char cname[RTP_CNAME_CAP];
	struct list producers, consumers;
};

enum producer_state {
	PRODUCER_ASKED,
	PRODUCER_LIVE,
	PRODUCER_LOST, /* waits for `produce` with its id */
};

struct producer {
	uint64_t id;
	struct seat *seat;
	struct transport *transport; /* NULL while lost */
	struct list node;	     /* seat->producers */
	struct list tnode;	     /* transport->producers */
	struct list consumers;
	enum producer_state state;
	enum rtp_kind kind;
	enum rtp_type type;
	uint32_t source; /* a bit of room/types.h enum source */
	bool paused;	 /* by its client or by a host */
	bool known;	 /* its client knows the id */
	char *app_data;	 /* JSON text, owned */
	uint8_t *packed; /* the request to produce, for other workers; owned */
	size_t packed_len;
	uint64_t piped; /* a bit a worker, see pipe.h */
	struct rtp_params tmpl;
};

enum consumer_state {
	CONSUMER_ASKED,	   /* the worker has not answered */
	CONSUMER_OFFERED,  /* the client has not answered: paused */
	CONSUMER_ACCEPTED, /* flows unless paused */
	CONSUMER_LOST,	   /* no transport; comes back under its id */
};

struct consumer {
	uint64_t id;
	struct seat *seat;
	struct transport *transport; /* NULL while lost */
	struct producer *producer;
	struct list node;  /* seat->consumers */
	struct list tnode; /* transport->consumers */
	struct list pnode; /* producer->consumers */
	enum consumer_state state;
	bool paused; /* by its client */
	bool known;  /* its client knows the id */
	struct {
		bool layers, viewport, visible;
		uint8_t priority; /* 0: never said */
		int8_t spatial, temporal;
		uint16_t width, height;
	} wants;
	int8_t spatial, temporal; /* what is sent; -1: nothing */
	uint8_t limit;		  /* enum Media__LimitReason */
	uint32_t ssrc;
	char mid[RTP_MID_CAP];
	uint8_t score, producer_score, n_scores, scores[RTP_ENCODINGS_MAX];
};

struct graph {
	struct idmap calls; /* by room */
	struct idmap seats, transports, producers, consumers;
	struct capset caps; /* of all seats */
};

void graph_init(struct graph *g);
void graph_fini(struct graph *g);

/* Finds; NULL: none. */
struct call *graph_call(const struct graph *g, uint64_t room);
struct seat *graph_seat(const struct graph *g, uint64_t peer);
struct transport *graph_transport(const struct graph *g, uint64_t id);
struct producer *graph_producer(const struct graph *g, uint64_t id);
struct consumer *graph_consumer(const struct graph *g, uint64_t id);

/* Make; NULL: no memory or the id is taken. */
struct call *graph_add_call(struct graph *g, uint64_t room);
struct seat *graph_add_seat(struct graph *g, struct call *c, uint64_t peer,
			    const char *pid);
struct transport *graph_add_transport(struct graph *g, struct seat *s,
				      uint64_t id);
struct producer *graph_add_producer(struct graph *g, struct transport *t,
				    uint64_t id);
struct consumer *graph_add_consumer(struct graph *g, struct transport *t,
				    struct producer *p, uint64_t id);

/* The call's part on a worker, or NULL. */
struct part *graph_part(struct call *c, uint32_t worker);
/* NULL: too many. The worker must not have one yet. */
struct part *graph_add_part(struct call *c, uint32_t worker, uint64_t router);
void graph_del_part(struct call *c, uint32_t worker);

/* The router that the seat's transports are in; 0: not placed. */
uint64_t graph_router(const struct seat *s);

/* Does a seat of the call live on that worker, or still leave it? */
bool graph_is_used(const struct call *c, uint32_t worker);

/* They move to another transport (or none: NULL). */
void graph_move_producer(struct producer *p, struct transport *t);
void graph_move_consumer(struct consumer *c, struct transport *t);

/*
 * Remove. A producer or transport must have lost its consumers and producers
 * first, a seat everything, a call its seats.
 */
void graph_del_consumer(struct graph *g, struct consumer *c);
void graph_del_producer(struct graph *g, struct producer *p);
void graph_del_transport(struct graph *g, struct transport *t);
void graph_del_seat(struct graph *g, struct seat *s);
void graph_del_call(struct graph *g, struct call *c);

/* The first transport that can carry consumers, or NULL. */
struct transport *graph_receiving(const struct seat *s);

/* The consumer of p that this seat has, or NULL. */
struct consumer *graph_consumer_of(const struct seat *s,
				   const struct producer *p);

/* No unpaused producer that is a microphone. */
bool graph_is_muted(const struct seat *s, uint32_t mic);

#endif
