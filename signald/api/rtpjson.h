/*
 * rtpjson: RTP capabilities and parameters between JSON (ORTC shapes) and
 * the plain values of media/rtpdesc.h.
 *
 * Reading returns 0 or -EINVAL with the offending field in w->bad. Feedback
 * kinds, extensions and (in capabilities) codecs that nobody here knows are
 * left out; in parameters an unknown codec is kept as RTP_MIME_NONE, which
 * ORTC refuses. Writing returns NULL when out of memory.
 */
#ifndef SIGNALD_API_RTPJSON_H
#define SIGNALD_API_RTPJSON_H

#include <jansson.h>

#include "signald/api/wire.h"
#include "signald/media/rtpdesc.h"

int rtpjson_read_caps(struct rtp_caps *out, struct wire *w);
int rtpjson_read_params(struct rtp_params *out, struct wire *w,
			enum rtp_kind kind);

json_t *rtpjson_caps(const struct rtp_caps *caps);
/* Of a consumer, a producer or the template between: what is set. */
json_t *rtpjson_params(const struct rtp_params *p);

#endif
