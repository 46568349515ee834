/*
 * trans: transports of a seat: one ICE and DTLS association each.
 *
 * Functions with a ticket return 0 when a MEDIA_REPLY with it will come, or
 * -errno when not: -ENOSPC too many, -ENOTCONN no worker.
 */
#ifndef SIGNALD_MEDIA_TRANS_H
#define SIGNALD_MEDIA_TRANS_H

#include "signald/media/media.h"

#define TRANS_FINGERPRINTS 8

struct trans_opts {
	bool producing, consuming, force_tcp;
};

struct trans_fingerprint {
	char algorithm[16];
	char value[200];
};

/* The answer is a Media__TransportInfo; the reply's id is the transport. */
int trans_create(struct media *m, struct seat *s, const struct trans_opts *opts,
		 const struct media_ticket *ticket);
/* Asks for one that is in the graph already: again, or its successor. */
int trans_ask(struct media *m, struct transport *t,
	      const struct media_ticket *ticket);

void trans_on_created(struct media *m, uint64_t id,
		      const struct media_out *reply);

int trans_connect(struct media *m, struct transport *t, Media__DtlsRole role,
		  const struct trans_fingerprint *fp, size_t n,
		  const struct media_ticket *ticket);

/* The answer is a Media__IceParameters. */
int trans_restart_ice(struct media *m, struct transport *t,
		      const struct media_ticket *ticket);

/* Closes it with all that goes over it; others are told. */
void trans_close(struct media *m, struct transport *t);

/* Out of the graph only: the worker knows or is gone. */
void trans_drop(struct media *m, struct transport *t);

#endif
