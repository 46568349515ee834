/*
 * world: everything of one seed: the room core with its gate, a modelled
 * journal, a worker behind a lossy bus, clients behind slow and breaking
 * connections, and one clock. Nothing in it depends on anything but the
 * seed.
 */
#ifndef TESTS_SIM_WORLD_H
#define TESTS_SIM_WORLD_H

#include "common/idmap.h"
#include "signald/room/gate.h"
#include "tests/sim/journal.h"
#include "tests/sim/rnd.h"

#define CLIENTS_MAX 14
#define ROOMS_MAX   3
#define INVITES_MAX 64
#define PENDING_MAX 24
#define GONE_MAX    512
#define CHATS_MAX   512

/* What lies ahead: a heap of these by time. */
enum agenda_kind {
	AGENDA_ACT,	/* a client does something */
	AGENDA_REQUEST, /* a request arrives at the server */
	AGENDA_MESSAGE, /* something arrives at a client */
	AGENDA_LOST,	/* the server notices a dead connection */
	AGENDA_WRITE,	/* the journal has written its batch */
	AGENDA_TICK,
	AGENDA_CONNECT, /* a client tries again */
	AGENDA_CRASH,
	AGENDA_START,
	AGENDA_BUS,    /* a command reaches the worker, or its answer us */
	AGENDA_WORKER, /* the worker dies */
	AGENDA_JUMP,   /* of the wall clock */
};

struct request; /* client.h */
struct message;

struct agenda {
	uint64_t at_us, order;
	enum agenda_kind kind;
	uint32_t client;
	uint64_t conn;
	void *data; /* freed with it */
};

enum status {
	STATUS_OUT,
	STATUS_ENTERING,
	STATUS_WAITING,
	STATUS_IN,
	STATUS_GONE, /* kicked, denied, room ended: for good */
};

struct pending {
	uint64_t req; /* 0: free */
	enum event_kind kind;
	uint64_t about; /* a peer; of enter: an invite's place + 1 */
	uint64_t secret;
};

struct client {
	uint32_t n;
	uint32_t room;
	uint64_t conn; /* 0: not connected */
	uint64_t next_req;
	uint64_t token; /* 0: none yet; the secret itself */
	uint64_t peer;
	enum status status;
	bool joined, willing, closed_by_server;
	bool plain; /* a mediasoup client that knows no `enter` */
	uint32_t epoch;
	uint64_t last_seq;
	uint64_t last_chat;
	uint64_t arrives_us; /* messages keep their order */
	uint64_t sends_us;
	enum role role;
	enum refuse_why refused; /* REFUSE_WHYS: nothing */
	struct pending pending[PENDING_MAX];
};

/* A connection as the server sees it. */
struct link {
	uint64_t conn;
	uint32_t client;
	bool closed; /* by the server */
	uint32_t resume_epoch;
	uint64_t resume_seq;
};

struct invite_fact {
	uint64_t secret, id, room_key;
	uint32_t uses, entered;
	bool revoked;
};

struct chat_fact {
	uint64_t room_key, id;
};

struct transport {
	uint64_t id, peer;
	bool in_worker, wanted;
};

struct world {
	uint64_t seed;
	struct rnd rnd;
	struct instant now;
	uint64_t end_us; /* of all, once it is calm */
	uint64_t events; /* core steps */
	struct agenda *heap;
	size_t n_heap, cap_heap;
	uint64_t orders;
	struct core_conf conf;
	struct core *core; /* NULL: the process is dead */
	struct gate *gate;
	struct journal journal;
	bool write_due;
	uint64_t tick_due_us;
	uint32_t boots;
	struct idmap links; /* conn -> struct link */
	uint64_t next_conn;
	uint32_t n_clients, n_rooms;
	struct client clients[CLIENTS_MAX];
	struct invite_fact invites[INVITES_MAX];
	uint32_t n_invites;
	uint64_t gone[GONE_MAX]; /* peers kicked or denied, acknowledged */
	uint32_t n_gone;
	struct chat_fact chats[CHATS_MAX];
	uint32_t n_chats;
	uint64_t ended[64]; /* room keys whose end was acknowledged */
	uint32_t n_ended;
	struct transport transports[64];
	uint32_t n_transports;
	bool calm; /* the faults are over: everybody just wants to be in */
	bool trace;
	char why[256]; /* the first violation, "": none */
};

/* Plays one seed. True: nothing was violated; else why says what. */
bool world_run(struct world *w, uint64_t seed, bool trace);

void world_violation(struct world *w, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Something for later; takes data over. */
void world_plan(struct world *w, uint64_t in_us, enum agenda_kind kind,
		uint32_t client, uint64_t conn, void *data);

static inline bool world_has_faults(const struct world *w)
{
	return !w->calm;
}

uint64_t world_id(struct world *w); /* random, not 0 */

#endif
