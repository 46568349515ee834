/*
 * router: the media of one room on this worker: its transports, producers
 * and consumers by id, and who speaks.
 *
 * Owned by the worker; owns its transports (which own their producers and
 * consumers). Closing is from the top: router_free() frees all below.
 */
#ifndef MEDIAD_SFU_ROUTER_H
#define MEDIAD_SFU_ROUTER_H

#include <stdint.h>

#include "common/idmap.h"
#include "common/list.h"
#include "mediad/sfu/speaker.h"
#include "mediad/sfu/turn.h"

struct router {
	uint64_t id;
	struct turn *turn; /* borrowed, the worker's */
	struct note note;
	struct list transports; /* struct transport, by .in_router */
	struct idmap producers; /* id -> struct producer */
	struct idmap consumers; /* id -> struct consumer */
	uint32_t n_transports;
	uint32_t loudest; /* forward the N loudest only; 0: all */
	struct speaker speaker;
};

/* NULL: no memory. */
struct router *router_new(uint64_t id, struct turn *turn, uint64_t now_us);
void router_free(struct router *r);

/* Speakers: when router_tick() wants to be called; UINT64_MAX: never. */
uint64_t router_deadline(const struct router *r);
void router_tick(struct router *r, uint64_t now_us);

#endif
