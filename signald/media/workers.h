/*
 * workers: the media workers of this machine and one bus channel to each.
 *
 * The supervisor's word (workers_update) makes and ends channels: each
 * generation of a worker has its own. workers_next() hands out what came,
 * one message at a time; it stays valid until the next call. Owned by media.
 */
#ifndef SIGNALD_MEDIA_WORKERS_H
#define SIGNALD_MEDIA_WORKERS_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/chan.h"

#define WORKERS_MAX 64

struct loop;
struct loop_fd;

enum worker_state {
	WORKER_ABSENT,
	WORKER_STARTING, /* no HELLO yet */
	WORKER_UP,	 /* takes rooms */
	WORKER_SICK,	 /* silent; what it has lives on */
	WORKER_DRAINING, /* serves what it has, takes no more */
};

#define WORKER_DROPS_MAX 48

/* What a worker said of itself last, once a second. */
struct worker_load {
	uint64_t at_us; /* 0: nothing yet */
	uint64_t packets_in, packets_out, bytes_in, bytes_out, cpu_us;
	uint64_t packets_s;   /* in and out, a second */
	uint32_t cpu_percent; /* of one core */
	uint32_t transports, producers, consumers;
	uint32_t pool_used, pool_peak, pool_size;
	uint64_t forward_p50_us, forward_p99_us;
	uint32_t n_drops;
	struct {
		char reason[32];
		uint64_t count;
	} drops[WORKER_DROPS_MAX];
};

struct worker {
	uint32_t index;
	uint32_t generation;
	enum worker_state state;
	bool draining;	  /* takes no rooms, and those it has go elsewhere */
	bool leaving;	  /* and it ends when it is empty */
	uint64_t boot_id; /* of the process behind the channel */
	struct chan *chan;
	struct loop_fd *fd;
	struct worker_load load;
	uint64_t since_us;   /* when this process was first heard of */
	uint32_t unmeasured; /* rooms it got since */
};

struct workers {
	struct loop *loop;
	uint64_t boot_id; /* of this server */
	uint32_t turn;	  /* where workers_next() goes on */
	bool ready;	  /* some channel has something to say */
	struct worker w[WORKERS_MAX];
};

void workers_init(struct workers *ws, struct loop *loop);
void workers_fini(struct workers *ws);

/*
 * The supervisor's news. `up` with a path: connects; not up: the process is
 * gone, and the channel with it. Returns the worker if its process is not
 * the one it was (all its media is lost), else NULL.
 */
struct worker_news {
	uint32_t index, generation;
	bool up, draining, leaving, dead;
	const char *path;
};
struct worker *workers_update(struct workers *ws, const struct worker_news *n,
			      uint64_t now_us);

/* The next message of any worker, or NULL; *from is who said it. */
struct chan_msg *workers_next(struct workers *ws, struct worker **from,
			      struct chan_msg *msg, uint64_t now_us);

/* When workers_next() must be called at the latest. */
uint64_t workers_deadline(const struct workers *ws);

/* As chan_request(). */
uint64_t workers_ask(struct worker *w, uint32_t method,
		     const ProtobufCMessage *body, uint64_t now_us);

#endif
