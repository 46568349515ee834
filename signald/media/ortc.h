/*
 * ortc: who can send what to whom, and under which numbers.
 *
 * The rules are those of mediasoup 3, so that its client library can be
 * used unmodified: the router's capabilities, the mapping of a producer's
 * payload types and streams to the router's, the template of its consumers
 * and the parameters of one consumer. All functions are pure; random
 * numbers come in as arguments. One rule differs: viewers of AV1 get the
 * dependency descriptor, without which browsers decode no spatial layers.
 *
 *	ortc_router_caps(&caps, list, n);
 *	err = ortc_mapping(&map, &params, &caps, base);
 *	ortc_consumable(&tmpl, RTP_VIDEO, &params, &caps, &map);
 *	err = ortc_consumer(&out, &tmpl, &peer->caps, true, ssrc);
 *
 * Errors: -ENOTSUP a codec that does not fit, -EINVAL what contradicts
 * itself, -ENOSPC too many of something.
 */
#ifndef SIGNALD_MEDIA_ORTC_H
#define SIGNALD_MEDIA_ORTC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "signald/media/rtpdesc.h"

/* Random bases of SSRCs lie in [ORTC_SSRC_MIN, ORTC_SSRC_MAX]. */
#define ORTC_SSRC_MIN 100000000u
#define ORTC_SSRC_MAX 999999998u

/* How the streams of a producer are named inside the worker. */
struct ortc_mapping {
	struct {
		uint8_t pt;
		uint8_t mapped_pt;
	} codecs[RTP_PARAM_CODECS_MAX];
	struct {
		uint32_t ssrc; /* 0: learnt by rid or mid */
		char rid[RTP_RID_CAP];
		uint32_t mapped_ssrc;
	} encodings[RTP_ENCODINGS_MAX];
	uint8_t n_codecs;
	uint8_t n_encodings;
};

/*
 * The capabilities of a router that takes `list` (mime, clock_rate,
 * channels, params and pt, 0: choose one). Each video codec gets an RTX.
 * -ENOTSUP for a codec we do not know, -EEXIST for a payload type twice.
 */
int ortc_router_caps(struct rtp_caps *out, const struct rtp_codec *list,
		     size_t n);

/* The codecs offered when the configuration names none. */
int ortc_default_caps(struct rtp_caps *out);

/*
 * Checks a producer's parameters by themselves (one media codec at least,
 * streams that can be told apart, no simulcast of VP9 or AV1) and tells its
 * type. -EINVAL or -ENOTSUP.
 */
int ortc_check_producer(enum rtp_kind kind, const struct rtp_params *p,
			enum rtp_type *type);

/*
 * Maps to the router's numbers. The profile-level-id of an H.264 codec in
 * *p is overwritten with the negotiated one. `ssrc_base` names the streams.
 */
int ortc_mapping(struct ortc_mapping *map, struct rtp_params *p,
		 const struct rtp_caps *router, uint32_t ssrc_base);

/* The template of all consumers of a producer. */
int ortc_consumable(struct rtp_params *out, enum rtp_kind kind,
		    const struct rtp_params *p, const struct rtp_caps *router,
		    const struct ortc_mapping *map);

bool ortc_can_consume(const struct rtp_params *consumable,
		      const struct rtp_caps *caps);

/*
 * What one consumer is told. Its streams are `ssrc` and, if RTX is used,
 * ssrc + 1; the mid is left to the caller.
 */
int ortc_consumer(struct rtp_params *out, const struct rtp_params *consumable,
		  const struct rtp_caps *caps, bool enable_rtx, uint32_t ssrc);

/* Two codecs of the same kind and format; strict looks at profiles too. */
bool ortc_same_codec(const struct rtp_codec *a, const struct rtp_codec *b,
		     bool strict);

#endif
