/*
 * chan: the control channel between the server and one mediad worker:
 * nanomsg PAIR over ipc://, envelopes of ipc.proto.
 *
 * The worker binds its path once, before its sandbox closes, and keeps the
 * socket for life. The server connects, with a new socket for each peer
 * generation and after any doubt: a HELLO not answered within 300 ms, 4 s
 * of silence, a message that does not parse. Each new socket has a random
 * epoch; messages of another epoch are dropped on both sides.
 *
 * nanomsg loses accepted messages when a peer dies, so nothing here is
 * reliable by itself: a request has an id and a deadline and ends exactly
 * once, with CHAN_REPLY or CHAN_EXPIRED; after CHAN_UP the server compares
 * digests or asks for a dump, and reconciles. Requests are idempotent by the
 * ids of the objects they name.
 *
 * Nothing calls back. One fd (an epoll set, level-triggered) goes into the
 * owner's loop; when it is readable, or chan_deadline() has come:
 *
 *	while (chan_next(c, now_us, &m))
 *		switch (m.kind) {
 *		case CHAN_REQUEST: control_request(w, c, &m, now_us); break;
 *		case CHAN_UP: ...
 *		}
 *
 * What chan_next() hands out lives in the channel's arena until the next
 * chan_next(). chan_unpack() turns a body into a protobuf-c message there,
 * too, so nothing is freed by hand.
 *
 * Never fork after chan_new(): nanomsg starts a thread.
 */
#ifndef PROTO_CHAN_H
#define PROTO_CHAN_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHAN_PROTOCOL	 1
#define CHAN_MSG_MAX	 (128u * 1024)	    /* a packed envelope */
#define CHAN_QUEUE_MAX	 (4u * 1024 * 1024) /* bytes that wait to be sent */
#define CHAN_PENDING_MAX 16384u		    /* requests without a reply */
#define CHAN_HELLO_US	 (300 * 1000ull)
#define CHAN_PING_US	 (250 * 1000ull)
/*
 * A bus that has broken. A process that has is noticed by its parent, sooner,
 * and one that waits for a CPU for 3 s is not broken.
 */
#define CHAN_SILENCE_US (4 * 1000000ull)

struct chan;

enum chan_role {
	CHAN_WORKER, /* binds */
	CHAN_SERVER, /* connects */
};

enum chan_kind {
	CHAN_UP,   /* the peer has said hello: boot_id, generation, digest */
	CHAN_DOWN, /* the peer is silent, gone or broken; it is tried again */
	CHAN_REQUEST, /* at the worker: id, method, body */
	CHAN_REPLY,   /* at the server: id, method, error, reason, body */
	CHAN_EXPIRED, /* at the server: id, method; no reply will come */
	CHAN_NOTIFY,  /* at the server: method (an event), body */
};

struct chan_msg {
	enum chan_kind kind;
	uint32_t method;
	uint64_t id;
	int error;	    /* CHAN_REPLY: 0 or -errno; DOWN, EXPIRED: why */
	const char *reason; /* never NULL */
	const uint8_t *body;
	size_t body_len;
	uint64_t boot_id;
	uint64_t generation;
	uint64_t digest;
};

struct chan_stats {
	uint64_t sent, received;
	uint64_t stale;	    /* of another epoch */
	uint64_t malformed; /* did not parse, too long, of a wrong kind */
	uint64_t sockets;   /* nanomsg sockets made */
	size_t queued;	    /* bytes that wait */
	size_t pending;	    /* requests without a reply */
};

struct chan_conf {
	enum chan_role role;
	const char *path;    /* of the socket, at most 100 bytes */
	uint64_t boot_id;    /* of this process, random, not 0 */
	uint64_t generation; /* CHAN_WORKER: of this index */
	uint64_t silence_us; /* 0: CHAN_SILENCE_US */
};

/* Binds or connects. 0, -EINVAL, -ENOMEM or what nanomsg said. */
int chan_new(struct chan **out, const struct chan_conf *conf, uint64_t now_us);
void chan_free(struct chan *c); /* NULL is fine */

/* One for the loop, readable while there is something for chan_next(). */
int chan_fd(const struct chan *c);

/* When chan_next() must be called at the latest; UINT64_MAX: never. */
uint64_t chan_deadline(const struct chan *c);

/* True and the next message, or false when there is nothing more now. */
bool chan_next(struct chan *c, uint64_t now_us, struct chan_msg *m);

/*
 * Server: asks. Returns the request's id (never 0), or 0 when the channel is
 * not up or the queue is full (errno says: ENOTCONN, ENOBUFS, EMSGSIZE).
 */
uint64_t chan_request(struct chan *c, uint32_t method,
		      const ProtobufCMessage *body, uint64_t timeout_us,
		      uint64_t now_us);

/*
 * Worker: answers a request of this epoch. `error` is 0 or -errno, `reason`
 * one word or NULL, the body a packed message. 0, -ENOTCONN, -ENOBUFS,
 * -EMSGSIZE.
 */
int chan_reply(struct chan *c, uint64_t id, int error, const char *reason,
	       const void *body, size_t len);

/* Worker: tells. As chan_reply(); -ENOTCONN while no server is there. */
int chan_notify(struct chan *c, uint32_t event, const void *body, size_t len);

/*
 * Worker: answers CHAN_UP; must be called for each. `digest` is the XOR of
 * chan_mix(id) over all its objects, which the server computes from its own
 * books, too: it needs no dump when both agree.
 */
void chan_ack(struct chan *c, uint64_t digest);
uint64_t chan_mix(uint64_t id);

/*
 * The body of `m` as a message of type `d`, in the arena; NULL when it does
 * not parse or the arena is full. Strings may hold bad UTF-8 and enums
 * unknown numbers: the receiver checks.
 */
void *chan_unpack(struct chan *c, const ProtobufCMessageDescriptor *d,
		  const struct chan_msg *m);

bool chan_is_up(const struct chan *c);
void chan_stats(const struct chan *c, struct chan_stats *out);

#endif
