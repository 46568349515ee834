/*
 * speaker: who speaks in a room, from RFC 6464 levels: a smoothed volume a
 * producer, the dominant speaker with hysteresis, the loudest N.
 *
 * Embedded in a router; each audio producer embeds a speaker_voice and is
 * linked here while it lives.
 */
#ifndef MEDIAD_SFU_SPEAKER_H
#define MEDIAD_SFU_SPEAKER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/list.h"

#define SPEAKER_TICK_US	   100000
#define SPEAKER_VOLUMES_US 500000  /* volumes are told at most so often */
#define SPEAKER_HOLD_US	   800000  /* a new one must lead so long ... */
#define SPEAKER_QUIET_US   1500000 /* silence so long: nobody */
#define SPEAKER_THRESHOLD  (-55)   /* dBov under which nobody speaks */

struct speaker_voice {
	struct list node;
	uint64_t peer_id;
	uint32_t power;	   /* sum of linear power, 16.16, since the tick */
	uint16_t n;	   /* packets since the tick */
	int16_t volume;	   /* dBov x 8, smoothed; -127 * 8: silent */
	uint64_t spoke_us; /* last tick over the threshold */
	bool loud;	   /* among the loudest N */
	bool muted;
};

struct speaker {
	struct list voices;
	uint64_t peer_id; /* the dominant speaker; 0: silence */
	uint64_t challenger;
	uint64_t since_us; /* the challenger leads since */
	uint64_t due_us;
	uint64_t volumes_us;
	uint32_t n;
};

enum speaker_news {
	SPEAKER_CHANGED = 1,
	SPEAKER_VOLUMES = 2,
};

void speaker_init(struct speaker *s, uint64_t now_us);
void speaker_add(struct speaker *s, struct speaker_voice *v, uint64_t peer_id);
void speaker_del(struct speaker *s, struct speaker_voice *v);

/* A packet with a level (V bit and -dBov, RFC 6464). */
void speaker_level(struct speaker_voice *v, uint8_t level);

/* Returns bits of enum speaker_news; `loudest` 0: all are loud. */
unsigned speaker_tick(struct speaker *s, uint32_t loudest, uint64_t now_us);

/* dBov, -127 to 0. */
int speaker_volume(const struct speaker_voice *v);

#endif
