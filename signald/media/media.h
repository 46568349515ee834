/*
 * media: the meetings' audio and video as signald sees them: the graph of
 * who has what, the workers that carry it, the requests under way.
 *
 *	trans_create(m, seat, &opts, &ticket);     // asks a worker
 *	...
 *	while (media_next(m, now_us, &out))        // each turn
 *		switch (out.kind) { case MEDIA_REPLY: ... }
 *
 * Nothing here knows JSON or rooms' rules. What clients are to be told comes
 * out of media_next(); it never calls back. A request that was begun with a
 * ticket yields exactly one MEDIA_REPLY with that ticket, whatever happens
 * to the worker.
 */
#ifndef SIGNALD_MEDIA_MEDIA_H
#define SIGNALD_MEDIA_MEDIA_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/media.pb-c.h"
#include "signald/media/graph.h"
#include "signald/media/workers.h"

/* Who asked for something: ids only, looked up again when it is done. */
struct media_ticket {
	uint64_t peer;
	uint64_t conn; /* that asked: no other one is answered */
	uint32_t req;  /* the client's request id */
	uint32_t row;  /* of the dispatch table; 0: nobody waits */
};

enum media_out_kind {
	MEDIA_REPLY,	       /* reply: a ticket's end */
	MEDIA_NEW_CONSUMER,    /* id: to be offered to `peer` */
	MEDIA_CONSUMER_GONE,   /* id */
	MEDIA_CONSUMER_PAUSED, /* id; by the producer's side */
	MEDIA_CONSUMER_RESUMED,
	MEDIA_PRODUCER_PAUSED, /* id; by a host, to its owner */
	MEDIA_MUTED,	       /* on: the peer's derived state */
	MEDIA_PLACED,	       /* room, id: router, on worker `n` */
	MEDIA_RING,	       /* ring: these two workers want a pipe */
	MEDIA_ADOPT_SEAT,      /* peer, room: found in a worker, see mirror.h */
	MEDIA_ADOPT_PRODUCER,  /* peer, id, on: paused; adopt */
	MEDIA_PRODUCER_CLOSED, /* id; its worker has lost it */
	MEDIA_REBUILD,	       /* peer, id: a new transport; on: by a move */
	MEDIA_TRANSPORT_CLOSED, /* peer, id: by us, after a move */
	MEDIA_WORKER_EMPTY,	/* n: it was to leave, and may */
	MEDIA_PRODUCER_SCORE,	/* id, scores */
	MEDIA_CONSUMER_SCORE,	/* id */
	MEDIA_LAYERS,		/* id, layers; -1: nothing is sent */
	MEDIA_LIMIT,		/* id, n: Media__LimitReason */
	MEDIA_WANTED,		/* id (a producer), layers.spatial */
	MEDIA_SPEAKER,		/* room, id (a peer or 0), n: volume */
	MEDIA_VOLUMES,		/* room, volumes */
	MEDIA_BWE,		/* bwe */
};

#define MEDIA_VOLUMES_MAX 32

struct media_out {
	enum media_out_kind kind;
	uint64_t peer; /* to be told, 0 where `room` says */
	uint64_t room;
	uint64_t id;
	int32_t n;
	bool on;
	union {
		struct {
			struct media_ticket ticket;
			uint32_t method; /* Media__Method */
			int error;	 /* 0 or -errno */
			char reason[32]; /* kebab-case, "" if none */
			/* The unpacked answer, NULL if none; this call only. */
			const void *msg;
		} reply;
		struct {
			uint8_t n;
			struct {
				uint8_t encoding, score;
				uint32_t ssrc;
				char rid[RTP_RID_CAP];
			} v[RTP_ENCODINGS_MAX];
		} scores;
		struct {
			int32_t spatial, temporal;
		} layers;
		struct {
			uint64_t transport;
			bool video;
			const char *label; /* a text of the layer above */
		} adopt;
		struct {
			uint32_t available, desired, effective;
		} bwe;
		struct {
			uint32_t index[2], generation[2];
		} ring;
		struct {
			uint64_t peer[MEDIA_VOLUMES_MAX];
			int8_t volume[MEDIA_VOLUMES_MAX];
			uint8_t n;
		} volumes;
	};
};

struct media_conf {
	uint32_t transports, producers, consumers; /* caps of a peer */
	uint32_t start_bitrate; /* of the send-side estimate, b/s */
	uint32_t max_bitrate;	/* of a sending transport, b/s; 0: none */
	uint32_t capacity;	/* consumers a worker before rooms spread */
};

/* A room that gets no worker (place.h). */
#define PLACE_BANS 16
struct place_ban {
	uint64_t room; /* 0: free */
	uint64_t until_us;
	uint32_t times;
};

struct mirror;

struct media {
	struct media_conf conf;
	struct rtp_caps caps; /* of all routers */
	struct graph graph;
	struct workers workers;
	struct mirror *mirrors;		   /* one a worker */
	uint64_t rings[WORKERS_MAX];	   /* pipes asked for: a bit a worker */
	struct idmap pending[WORKERS_MAX]; /* by request id of the channel */
	struct media_out *outs;		   /* a queue: [out_at, out_n) */
	size_t out_at, out_n, out_cap;
	struct place_ban bans[PLACE_BANS];
	uint64_t move_us; /* when move_step() is due */
	bool oom;	  /* something was lost: the process must resume */
	uint64_t now_us;  /* of this turn */
};

/* NULL: no memory. */
struct media *media_new(struct loop *loop, const struct media_conf *conf);
void media_free(struct media *m);

/* The supervisor's news of a worker. */
void media_worker(struct media *m, const struct worker_news *news,
		  uint64_t now_us);

/* What is due by time; each turn, once all is known of the workers. */
void media_tick(struct media *m, uint64_t now_us);

/* Takes what the workers said; true and the next thing to do. */
bool media_next(struct media *m, uint64_t now_us, struct media_out *out);
uint64_t media_deadline(const struct media *m);

/* ---- for the files of this folder ---- */

/* Queues; what it returns is zeroed but for the kind. */
struct media_out *media_out(struct media *m, enum media_out_kind kind);

/*
 * Asks the worker of a seat. ticket may be NULL. 0, or -errno when nothing
 * was sent (then no reply will come).
 */
int media_ask(struct media *m, const struct seat *s, uint32_t method,
	      const ProtobufCMessage *body, uint64_t object,
	      const struct media_ticket *ticket);

/* The same of the worker that it has left (move.h). */
int media_ask_left(struct media *m, const struct seat *s, uint32_t method,
		   const ProtobufCMessage *body, uint64_t object,
		   const struct media_ticket *ticket);

/* Asks a worker by its index, for nobody who waits. */
int media_ask_at(struct media *m, uint32_t worker, uint32_t method,
		 const ProtobufCMessage *body, uint64_t object);
int media_ask_id_at(struct media *m, uint32_t worker, uint32_t method,
		    uint64_t object);

/* What concerns no call. */
int media_ask_worker(struct media *m, struct worker *w, uint32_t method,
		     const ProtobufCMessage *body);

/* The same with a body that is an ObjectId. */
int media_ask_id(struct media *m, const struct seat *s, uint32_t method,
		 uint64_t object, const struct media_ticket *ticket);

/* Ends a ticket without having asked. */
void media_done(struct media *m, const struct media_ticket *ticket,
		uint32_t method, uint64_t object, int error);

#endif
