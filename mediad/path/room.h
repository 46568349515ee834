/*
 * room: a router in the worker: the pure one, its timer, and what signald
 * keeps with it. Freeing closes every transport in it, top down.
 */
#ifndef MEDIAD_PATH_ROOM_H
#define MEDIAD_PATH_ROOM_H

#include <stddef.h>
#include <stdint.h>

#include "common/timerq.h"
#include "mediad/sfu/router.h"

#define ROOM_LABEL_MAX 64

struct worker;

struct room {
	struct router *router;
	struct timer timer;
	uint64_t key; /* the label's first bytes, for the black box */
	uint8_t label_len;
	uint8_t label[ROOM_LABEL_MAX];
};

/* 0, -EEXIST, -ENOMEM, -EINVAL for id 0 or too long a label. */
int room_new(struct worker *w, uint64_t id, const void *label, size_t label_len,
	     uint64_t now_us, struct room **out);
void room_free(struct worker *w, struct room *r);

/* It has something to time from now on: a first voice came. */
void room_wake(struct worker *w, uint64_t id, uint64_t now_us);

/* Whose work a transport's is; 0: nobody's. */
uint64_t room_of(const struct transport *t);

/* Its timer is due. */
void room_tick(struct worker *w, struct room *r, uint64_t now_us);

#endif
