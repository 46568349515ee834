/*
 * hubstate: what the files of this folder share of the hub. Everything is
 * reached from here; nothing keeps a pointer into it across a turn.
 */
#ifndef SIGNALD_API_HUBSTATE_H
#define SIGNALD_API_HUBSTATE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/idmap.h"
#include "signald/api/hub.h"
#include "signald/media/media.h"
#include "signald/room/core.h"
#include "signald/room/gate.h"
#include "signald/store/secret.h"
#include "signald/store/store.h"

struct admin;
struct api_signin;
struct loop_fd;
struct recorder;

struct hub {
	struct loop *loop;
	const struct conf *conf;
	struct net *net;
	int lifeline;
	struct core *core;
	struct gate *gate;
	struct media *media;
	struct store *store;
	struct loop_fd *store_fd;
	struct secret secret; /* the key of the hashes */
	struct api_signin *signin;
	struct idmap sessions; /* struct session by conn_id() */
	struct list strangers; /* of struct session, soonest due first */
	struct idmap desks;    /* struct desk by peer */
	bool applying;	       /* fx_run() is at work */
	bool stopping;
	bool sick;     /* the journal cannot write */
	bool draining; /* no meeting may begin */
	bool settled;  /* workers' inventories are known: clients are served */
	uint64_t settle_by_us;
	uint64_t refused, messages; /* counters since start */
	uint64_t born_us;
	struct admin *admin; /* borrowed; NULL: none */
	struct trace *trace; /* owned; NULL: nobody has looked */
	struct recorder *recorder[WORKERS_MAX]; /* mapped; NULL: none */
};

struct instant hub_now(struct hub *hub);

/* What a client may show as a secret. */
#define HUB_SECRET_MAX 128

/* Steps the rooms and carries out what may be done at once. */
void hub_step(struct hub *hub, const struct event *e);

/* Hands a record to the journal; the ticket to wait for, 0: none. */
uint64_t hub_journal(struct hub *hub, const struct effect *e);

/* State and clients no longer agree: the process ends and resumes. */
void hub_give_up(struct hub *hub, const char *why);

#endif
