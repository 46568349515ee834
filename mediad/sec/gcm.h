/*
 * gcm: one direction of SRTP and SRTCP with AEAD_AES_128_GCM or _256_GCM
 * (RFC 7714): key derivation (RFC 3711 section 4.3), rollover counters,
 * replay windows, and the transform itself over aead's back ends.
 *
 * srtp's session owns two of them. Same verdicts and errors as srtp.h.
 */
#ifndef MEDIAD_SEC_GCM_H
#define MEDIAD_SEC_GCM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mediad/sec/aead.h"
#include "mediad/sec/srtp.h"

#define GCM_SALT 12

struct gcm;

/*
 * `master` is key_len (16 or 32) bytes of master key and GCM_SALT of salt.
 * NULL: out of memory. `aead` must outlive it.
 */
struct gcm *gcm_new(const struct aead *aead, const uint8_t *master,
		    size_t key_len, bool seal);
void gcm_free(struct gcm *g);

int gcm_seal_rtp(struct gcm *g, uint8_t *dst, size_t cap, size_t hdr_len,
		 const uint8_t *payload, size_t len);
int gcm_seal_rtp_again(struct gcm *g, uint8_t *dst, size_t cap, size_t hdr_len,
		       const uint8_t *payload, size_t len);
int gcm_seal_rtcp(struct gcm *g, uint8_t *dst, size_t cap, const uint8_t *src,
		  size_t len);

enum srtp_verdict gcm_open_rtp(struct gcm *g, uint8_t *data, size_t *len);
enum srtp_verdict gcm_open_rtcp(struct gcm *g, uint8_t *data, size_t *len);

#endif
