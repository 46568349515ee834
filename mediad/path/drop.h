/*
 * drop: why a datagram, or what it asked for, had no effect. Counted by the
 * worker, told in its statistics; never logged and never answered.
 */
#ifndef MEDIAD_PATH_DROP_H
#define MEDIAD_PATH_DROP_H

#include "mediad/sfu/transport.h"

enum drop {
	DROP_DEMUX,	   /* first byte of nothing we speak */
	DROP_STUN,	   /* malformed */
	DROP_STUN_STRANGE, /* a ufrag, or a response, of no transport */
	DROP_STUN_AUTH,	   /* what ICE refused */
	DROP_TUPLE,	   /* DTLS, RTP, RTCP from a path without ICE */
	DROP_DTLS,	   /* DTLS before connect or after failure */
	DROP_NO_KEYS,	   /* RTP, RTCP before DTLS ended */
	DROP_SRTP_SHORT,
	DROP_SRTP_REPLAY,
	DROP_SRTP_FORGED,
	DROP_SRTP_FULL,
	DROP_RTCP,	/* malformed */
	DROP_SEND_PATH, /* no path, no consent, or not proven yet */
	DROP_SEND_SEAL,
	DROP_PIPE_FULL,	   /* no room, or no ring, to another worker */
	DROP_PIPE_STRANGE, /* from another worker, of nothing we know */
	DROP_PIPE_BROKEN,  /* a ring ended: what is in it cannot be */
	DROP_RX,	   /* + enum rx_drop: what the transport refused */
	DROP_COUNT = DROP_RX + RX_DROP_N,
};

/* "srtp-replay" and so on. */
const char *drop_name(enum drop d);

#endif
