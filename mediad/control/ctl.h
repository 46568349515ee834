/*
 * ctl: the handlers, one file a noun. Each gets its unpacked message and
 * returns 0 (an answer other than Empty by control_answer()) or -errno by
 * control_fail().
 */
#ifndef MEDIAD_CONTROL_CTL_H
#define MEDIAD_CONTROL_CTL_H

#include <stddef.h>

#include "mediad/control/control.h"

struct link;

/* What producer->ctl and consumer->ctl hold: signald's label. */
struct ctl_label {
	size_t len;
	uint8_t data[];
};

/* A copy in one malloc()ed block, or NULL (then no label). */
struct ctl_label *ctl_label_new(const void *data, size_t len);

int ctl_router_create(struct control *k, const void *msg);
int ctl_router_close(struct control *k, const void *msg);

int ctl_transport_create(struct control *k, const void *msg);
int ctl_transport_connect(struct control *k, const void *msg);
int ctl_transport_restart_ice(struct control *k, const void *msg);
int ctl_transport_close(struct control *k, const void *msg);
int ctl_transport_max_incoming(struct control *k, const void *msg);
int ctl_transport_close_peer(struct control *k, const void *msg);
int ctl_transport_speakers(struct control *k, const void *msg);

int ctl_producer_create(struct control *k, const void *msg);
int ctl_producer_close(struct control *k, const void *msg);
int ctl_producer_pause(struct control *k, const void *msg);
int ctl_producer_resume(struct control *k, const void *msg);

int ctl_pipe_out(struct control *k, const void *msg);
int ctl_pipe_out_end(struct control *k, const void *msg);
int ctl_pipe_in(struct control *k, const void *msg);

int ctl_consumer_create(struct control *k, const void *msg);
int ctl_consumer_close(struct control *k, const void *msg);
int ctl_consumer_pause(struct control *k, const void *msg);
int ctl_consumer_resume(struct control *k, const void *msg);
int ctl_consumer_layers(struct control *k, const void *msg);
int ctl_consumer_priority(struct control *k, const void *msg);
int ctl_consumer_viewport(struct control *k, const void *msg);
int ctl_consumer_key_frame(struct control *k, const void *msg);

int ctl_stats_transport(struct control *k, const void *msg);
int ctl_stats_producer(struct control *k, const void *msg);
int ctl_stats_consumer(struct control *k, const void *msg);
int ctl_stats_worker(struct control *k, const void *msg);

int ctl_dump(struct control *k, const void *msg);

#endif
