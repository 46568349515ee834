/*
 * hub: the server role's middle: connections on one side, rooms and media on
 * the other. It owns the room core, its journal, the media and the sessions,
 * and is the only place where they meet.
 *
 *	struct hub *hub = hub_new(loop, conf, err, sizeof(err));
 *	struct net_ops ops = hub_net_ops(hub);
 *	struct net *net = net_new(loop, &net_conf, &ops);
 *	hub_set_net(hub, net);
 *	... on LIFELINE_WORKER: hub_worker(hub, &m.u.worker, fd);
 *	... at the end: hub_stop(hub, 500), then net_free(), hub_free()
 *
 * A request's way through it is in signald/README.md.
 */
#ifndef SIGNALD_API_HUB_H
#define SIGNALD_API_HUB_H

#include <stddef.h>
#include <stdint.h>

#include "proto/lifeline.h"
#include "signald/conf.h"
#include "signald/net/net.h"

struct hub;
struct loop;

/*
 * Opens the journal in conf->server.state_dir and restores the rooms. NULL
 * with a sentence in err. conf is borrowed for the hub's life.
 */
struct hub *hub_new(struct loop *loop, const struct conf *conf, char *err,
		    size_t cap);
void hub_free(struct hub *hub); /* after net_free() */

struct net_ops hub_net_ops(struct hub *hub);
void hub_set_net(struct hub *hub, struct net *net);
/* Borrowed: what is asked of the supervisor. */
void hub_set_lifeline(struct hub *hub, int lifeline);

/*
 * A worker was born, is up, drains or died; its flight recorder, -1: none,
 * stays the caller's.
 */
void hub_worker(struct hub *hub, const struct lifeline_worker *w, int recorder);

/* Another configuration, borrowed as the first one was. */
void hub_configure(struct hub *hub, const struct conf *conf);

/* Meetings go on, no other one begins; clients are told. */
void hub_drain(struct hub *hub, uint32_t in_ms);

/* This room's traffic kills workers: it gets none for a while. */
void hub_quarantine(struct hub *hub, uint64_t room);

/*
 * Tells every client that the server restarts in `in_ms`, flushes the
 * journal and closes the WebSockets with 4001.
 */
void hub_stop(struct hub *hub, uint32_t in_ms);

#endif
