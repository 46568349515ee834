/*
 * srtp: SRTP and SRTCP of one transport, both directions (RFC 3711, 7714).
 *
 * The transport owns the session. The GCM profiles are ours (gcm.h), the
 * counter-mode profiles are libsrtp2's. Every SSRC of the session shares the
 * two master keys and has its own rollover counter and replay window of
 * 1,024 packets, for SRTP and for SRTCP.
 *
 * Receiving is in place. Sending is out of place: the header stands in the
 * send slot already, the payload is read from the shared packet, and what
 * leaves is complete behind the header: encryption is the only copy.
 *
 *	v = srtp_open_rtp(s, pkt->data, &len);		in place
 *	n = srtp_seal_rtp(s, slot, cap, hdr_len, payload, len);
 *
 * No function here allocates for a packet of an SSRC already seen.
 */
#ifndef MEDIAD_SEC_SRTP_H
#define MEDIAD_SEC_SRTP_H

#include <stddef.h>
#include <stdint.h>

/* The protection profiles by their number in RFC 5764 and 7714. */
enum srtp_profile {
	SRTP_PROFILE_NONE = 0,
	SRTP_PROFILE_CM_SHA1_80 = 1,
	SRTP_PROFILE_CM_SHA1_32 = 2,
	SRTP_PROFILE_GCM_128 = 7,
	SRTP_PROFILE_GCM_256 = 8,
};

#define SRTP_MASTER_MAX 46   /* 32 bytes of key and 14 of salt */
#define SRTP_TRAILER	20   /* most bytes a packet grows by (SRTCP, GCM) */
#define SRTP_SSRCS_MAX	1024 /* SSRCs of a session and direction */

/* Master key and salt, one behind the other, for either direction. */
struct srtp_keys {
	enum srtp_profile profile;
	uint8_t local[SRTP_MASTER_MAX];	 /* for what we send */
	uint8_t remote[SRTP_MASTER_MAX]; /* for what we receive */
};

enum srtp_verdict {
	SRTP_PASS,
	SRTP_SHORT,  /* not a whole packet */
	SRTP_REPLAY, /* seen before, or too old to tell */
	SRTP_FORGED, /* the tag is wrong */
	SRTP_FULL,   /* an SSRC beyond SRTP_SSRCS_MAX */
};

/* What all sessions of a process share: the cipher back end, libsrtp2. */
struct srtp_env;
struct srtp_session;

/*
 * `backend`: "mb" (libipsec-mb), "evp" (OpenSSL), or NULL for the fastest
 * this CPU and these packages have. NULL when it is not to be had. Make it
 * before the sandbox closes: the back ends load libraries here.
 */
struct srtp_env *srtp_env_new(const char *backend);
void srtp_env_free(struct srtp_env *env);
const char *srtp_env_backend(const struct srtp_env *env); /* "mb", "evp" */

/* Bytes of master key and of master salt of a profile; 0 for NONE. */
size_t srtp_key_len(enum srtp_profile p);
size_t srtp_salt_len(enum srtp_profile p);
const char *srtp_profile_name(enum srtp_profile p);

/* The keys are copied (wipe yours). NULL: no such profile, or no memory. */
struct srtp_session *srtp_new(struct srtp_env *env,
			      const struct srtp_keys *keys);
void srtp_free(struct srtp_session *s);
enum srtp_profile srtp_session_profile(const struct srtp_session *s);

/* In place; on SRTP_PASS *len is the length without the trailer. */
enum srtp_verdict srtp_open_rtp(struct srtp_session *s, uint8_t *data,
				size_t *len);
enum srtp_verdict srtp_open_rtcp(struct srtp_session *s, uint8_t *data,
				 size_t *len);

/*
 * Seals one RTP packet into `dst`, whose first hdr_len bytes hold the whole
 * header (fixed part, CSRCs, extension). `payload` must not overlap the rest
 * of dst. Returns the length of the packet, or
 *	-ENOBUFS   cap is too small
 *	-EINVAL    no RTP header
 *	-EALREADY  this SSRC and sequence number were sealed before, or are
 *		   1,024 behind: sealing other bytes under one nonce would
 *		   give the key away. Send a kept copy, or use RTX.
 *	-EOVERFLOW an SSRC beyond SRTP_SSRCS_MAX
 */
int srtp_seal_rtp(struct srtp_session *s, uint8_t *dst, size_t cap,
		  size_t hdr_len, const uint8_t *payload, size_t len);

/*
 * The very same packet once more, for a receiver that asks again where there
 * is no RTX: header and payload must be byte for byte what was sealed under
 * this SSRC and number, so that the result is, too. As above, and
 *	-ENOENT    it was never sealed, or 1,024 are newer
 */
int srtp_seal_rtp_again(struct srtp_session *s, uint8_t *dst, size_t cap,
			size_t hdr_len, const uint8_t *payload, size_t len);

/* One compound RTCP packet, `src` into `dst`; they must not overlap. */
int srtp_seal_rtcp(struct srtp_session *s, uint8_t *dst, size_t cap,
		   const uint8_t *src, size_t len);

#endif
