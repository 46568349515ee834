/*
 * stun: STUN messages as ICE uses them (RFC 8489, RFC 8445 section 16).
 *
 * Parsing borrows: a struct stun points into the datagram. Building writes
 * into the caller's buffer through a cursor. A struct stun_key is a password
 * digested once, so that a check costs two SHA-1 blocks less and no
 * allocation.
 *
 *	struct stun m;
 *	if (stun_parse(&m, data, len))
 *		return drop(BAD_STUN);
 *	if (m.cls == STUN_REQUEST && stun_integrity_ok(&m, &key)) { ... }
 */
#ifndef MEDIAD_WIRE_STUN_H
#define MEDIAD_WIRE_STUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/addr.h"
#include "common/wr.h"

#define STUN_HDR_LEN	  20
#define STUN_TID_LEN	  12
#define STUN_COOKIE	  0x2112a442u
#define STUN_UNKNOWN_MAX  8 /* unknown attributes kept for a 420 */
#define STUN_USERNAME_MAX 513

#define STUN_BINDING 0x001

enum stun_class {
	STUN_REQUEST = 0,
	STUN_INDICATION = 1,
	STUN_SUCCESS = 2,
	STUN_ERROR = 3,
};

enum stun_attr {
	STUN_MAPPED_ADDRESS = 0x0001,
	STUN_USERNAME = 0x0006,
	STUN_MESSAGE_INTEGRITY = 0x0008,
	STUN_ERROR_CODE = 0x0009,
	STUN_UNKNOWN_ATTRIBUTES = 0x000a,
	STUN_REALM = 0x0014,
	STUN_NONCE = 0x0015,
	STUN_XOR_MAPPED_ADDRESS = 0x0020,
	STUN_PRIORITY = 0x0024,
	STUN_USE_CANDIDATE = 0x0025,
	STUN_NOMINATION_DRAFT = 0x0030, /* draft-thatcher-ice-renomination */
	STUN_SOFTWARE = 0x8022,
	STUN_FINGERPRINT = 0x8028,
	STUN_ICE_CONTROLLED = 0x8029,
	STUN_ICE_CONTROLLING = 0x802a,
	STUN_NOMINATION = 0xc001, /* libwebrtc's renomination */
};

struct stun {
	const uint8_t *data; /* the message, borrowed */
	size_t len;
	const uint8_t *tid; /* STUN_TID_LEN bytes in `data` */
	uint16_t method;
	enum stun_class cls;

	const uint8_t *username; /* NULL when absent, not terminated */
	size_t username_len;
	size_t integrity_off;	/* of the attribute, 0 when absent */
	size_t fingerprint_off; /* likewise */

	bool has_priority, use_candidate;
	bool has_controlling, has_controlled;
	bool has_nomination, has_mapped;
	uint32_t priority;
	uint32_t nomination;
	uint64_t tiebreaker;
	uint16_t error_code; /* 0 when absent */
	struct addr mapped;  /* XOR-MAPPED-ADDRESS, else MAPPED-ADDRESS */

	uint16_t unknown[STUN_UNKNOWN_MAX]; /* comprehension-required */
	size_t n_unknown;		    /* may stop at STUN_UNKNOWN_MAX */
};

/*
 * 0, or -EBADMSG: not STUN (RFC 8489 section 5), a length that is not the
 * datagram's, an attribute that runs over the end or has an impossible size.
 * Attributes after MESSAGE-INTEGRITY other than FINGERPRINT are ignored,
 * the first of a kind counts (section 14).
 */
int stun_parse(struct stun *m, const void *data, size_t len);

/* True when FINGERPRINT is absent or right. */
bool stun_fingerprint_ok(const struct stun *m);

/*
 * The part of USERNAME before the colon, NULL when there is no username or
 * no colon in it. Costs nothing: this finds the transport before anything
 * is authenticated.
 */
const uint8_t *stun_local_ufrag(const struct stun *m, size_t *len);

/* HMAC-SHA1 with a short-term password, digested as far as it goes. */
struct stun_key {
	uint32_t inner[5];
	uint32_t outer[5];
};

void stun_key_init(struct stun_key *k, const void *password, size_t len);
void stun_key_mac(const struct stun_key *k, const void *data, size_t len,
		  uint8_t mac[20]);

/* Constant time in the bytes; false when MESSAGE-INTEGRITY is absent. */
bool stun_integrity_ok(const struct stun *m, const struct stun_key *k);

/*
 * Building: begin, attributes, end. _end() appends MESSAGE-INTEGRITY when a
 * key is given and FINGERPRINT when asked, fixes the length and returns it,
 * or -ENOBUFS. Nothing may be put after it.
 *
 *	struct wr w = wr_of(buf, sizeof(buf));
 *	stun_begin(&w, STUN_BINDING, STUN_SUCCESS, m.tid);
 *	stun_put_xor_mapped(&w, &tuple->remote);
 *	int n = stun_end(&w, &key, true);
 */
void stun_begin(struct wr *w, uint16_t method, enum stun_class cls,
		const uint8_t tid[STUN_TID_LEN]);
void stun_put(struct wr *w, uint16_t attr, const void *val, size_t len);
void stun_put_u32(struct wr *w, uint16_t attr, uint32_t val);
void stun_put_u64(struct wr *w, uint16_t attr, uint64_t val);
void stun_put_xor_mapped(struct wr *w, const struct addr *a);
void stun_put_error(struct wr *w, uint16_t code);
void stun_put_unknown(struct wr *w, const struct stun *request);
int stun_end(struct wr *w, const struct stun_key *key, bool fingerprint);

/* CRC-32 (ITU V.42), as FINGERPRINT uses it before the XOR. */
uint32_t stun_crc32(const void *data, size_t len);

#endif
