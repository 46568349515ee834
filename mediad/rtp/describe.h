/*
 * describe: turns a parsed packet into a described one (rtp/media.h): codec
 * descriptor and the header extensions that are carried on, read once.
 *
 *	m = (struct media){.pkt = pkt, .seq = seq, ...};
 *	if (describe_payload(&m, CODEC_VP8, NULL) < 0)
 *		drop;
 */
#ifndef MEDIAD_RTP_DESCRIBE_H
#define MEDIAD_RTP_DESCRIBE_H

#include <stddef.h>

#include "mediad/rtp/media.h"
#include "mediad/wire/av1dd.h"
#include "mediad/wire/rtp.h"

/* Ids on the sender's wire, 0: none. */
struct describe_ids {
	uint8_t level, orient, capture, playout, dd;
};

/* Fills pkt, seq, ts, payload, marker and the extensions. */
void describe_header(struct media *m, struct pkt *pkt, const struct rtp *h,
		     const struct describe_ids *ids);

/*
 * Reads the payload descriptor, and the dependency descriptor of AV1, and of
 * VP8 where the payload's has no layers. `dd` is the stream's structure; NULL:
 * it has none. 0 or -EBADMSG. An empty payload (padding) is good for every
 * codec.
 */
int describe_payload(struct media *m, enum media_codec codec,
		     struct av1dd_structure *dd);

#endif
