/*
 * prod: producers: what a seat sends.
 *
 * Functions with a ticket return 0 when a MEDIA_REPLY with it will come, or
 * -errno: -ENOSPC too many, -ENOTSUP a codec nobody here knows, -EINVAL what
 * contradicts itself, -ENOTCONN no worker.
 */
#ifndef SIGNALD_MEDIA_PROD_H
#define SIGNALD_MEDIA_PROD_H

#include "signald/media/media.h"

struct ortc_mapping;

struct prod_opts {
	enum rtp_kind kind;
	uint32_t source; /* a bit of room/types.h enum source */
	bool paused;
	const char *app_data; /* JSON text, copied */
	uint64_t revive;      /* an own lost producer's id, or 0 */
	const void *label;    /* kept by the worker, <= 4 KiB */
	size_t label_len;
};

/*
 * All producers of a transport share one CNAME (RFC 8834 section 4.9): its
 * first one's, or one of ours. Set it before the label is made.
 */
void prod_set_cname(struct transport *t, struct rtp_params *params);

/* The parameters are negotiated in place. The reply's id is the producer. */
int prod_create(struct media *m, struct transport *t, struct rtp_params *params,
		const struct prod_opts *opts,
		const struct media_ticket *ticket);
void prod_on_created(struct media *m, uint64_t id,
		     const struct media_out *reply);

/* Keeps what other workers are asked with. 0 or -ENOMEM. */
int prod_keep(struct producer *p, const struct rtp_params *params,
	      const struct ortc_mapping *map);

int prod_set_paused(struct media *m, struct producer *p, bool paused,
		    const struct media_ticket *ticket);

/* Pauses all of a seat that carry one of these sources. */
void prod_pause_sources(struct media *m, struct seat *s, uint32_t sources);

/* Closes it; who consumed it is told. */
void prod_close(struct media *m, struct producer *p);

/* Its transport goes: it waits for its client to produce it again. */
void prod_lose(struct media *m, struct producer *p);

/* Out of the graph only, with its consumers. */
void prod_drop(struct media *m, struct producer *p);

/* Tells when the seat's derived mute state has changed. */
void prod_update_muted(struct media *m, struct seat *s);

#endif
