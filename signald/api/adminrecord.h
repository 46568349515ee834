/*
 * adminrecord: `chattrctl record`: what the flight recorders of the workers
 * (common/recorder.h) hold of one peer's transports. Their memory is a
 * worker's to write, so nothing in it is trusted.
 */
#ifndef SIGNALD_API_ADMINRECORD_H
#define SIGNALD_API_ADMINRECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct admincmd_call;
struct hub;

/* A worker's recorder; fd stays the caller's. */
void adminrecord_map(struct hub *hub, uint32_t index, int fd);
void adminrecord_unmap_all(struct hub *hub);

/* A row of admincmd's table. */
bool adminrecord_run(struct admincmd_call *c);

#endif
