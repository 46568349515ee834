/* SHA-1 on bare states is what makes a kept key cheap; EVP has no such way. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "mediad/wire/stun.h"

#include <errno.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include "common/rd.h"

#define FINGERPRINT_XOR 0x5354554eu
#define MAC_LEN		20
#define ATTR_HDR	4

static enum stun_class class_of(uint16_t type)
{
	return (enum stun_class)((type >> 4 & 1) | (type >> 7 & 2));
}

static uint16_t method_of(uint16_t type)
{
	return (uint16_t)((type & 0xf) | (type >> 1 & 0x70) |
			  (type >> 2 & 0xf80));
}

static uint16_t type_of(uint16_t method, enum stun_class cls)
{
	unsigned c = cls;

	return (uint16_t)((method & 0xf) | (method & 0x70) << 1 |
			  (method & 0xf80) << 2 | (c & 1) << 4 | (c & 2) << 7);
}

/* RFC 8489 sections 14.1 and 14.2; `tid` NULL for the form without XOR. */
static bool read_addr(struct rd r, const uint8_t *tid, struct addr *a)
{
	uint8_t family;

	memset(a, 0, sizeof(*a));
	rd_skip(&r, 1);
	family = rd_u8(&r);
	a->port = rd_u16(&r);
	a->v6 = family == 2;
	rd_copy(&r, a->ip, a->v6 ? 16 : 4);
	if (r.bad || rd_left(&r) || family < 1 || family > 2)
		return false;
	if (!tid)
		return true;
	a->port ^= STUN_COOKIE >> 16;
	/* The cookie and the transaction id stand side by side. */
	for (int i = 0; i < (a->v6 ? 16 : 4); i++)
		a->ip[i] ^= tid[i - 4];
	return true;
}

static void note_unknown(struct stun *m, uint16_t type)
{
	if (type < 0x8000 && m->n_unknown < STUN_UNKNOWN_MAX)
		m->unknown[m->n_unknown++] = type;
}

/* An attribute that is a bare number; the first of its kind counts. */
static bool read_u32(struct rd r, bool *has, uint32_t *val)
{
	uint32_t v = rd_u32(&r);

	if (r.bad || rd_left(&r))
		return false;
	if (!*has)
		*val = v;
	*has = true;
	return true;
}

static bool read_role(struct stun *m, struct rd r, bool *has)
{
	uint64_t v = rd_u64(&r);

	if (r.bad || rd_left(&r))
		return false;
	if (!m->has_controlling && !m->has_controlled)
		m->tiebreaker = v;
	*has = true;
	return true;
}

static bool read_error(struct stun *m, struct rd r)
{
	uint8_t cls, number;

	rd_skip(&r, 2);
	cls = rd_u8(&r) & 7;
	number = rd_u8(&r);
	if (r.bad || number > 99)
		return false;
	if (!m->error_code)
		m->error_code = (uint16_t)(cls * 100 + number);
	return true;
}

static bool read_mapped(struct stun *m, struct rd r, bool xored)
{
	struct addr a;

	if (!read_addr(r, xored ? m->tid : NULL, &a))
		return false;
	if (!m->has_mapped || xored)
		m->mapped = a;
	m->has_mapped = true;
	return true;
}

static bool read_username(struct stun *m, struct rd r)
{
	if (rd_left(&r) >= STUN_USERNAME_MAX)
		return false;
	if (!m->username) {
		m->username = r.p;
		m->username_len = rd_left(&r);
	}
	return true;
}

static bool read_attr(struct stun *m, uint16_t type, struct rd r)
{
	switch (type) {
	case STUN_USERNAME:
		return read_username(m, r);
	case STUN_PRIORITY:
		return read_u32(r, &m->has_priority, &m->priority);
	case STUN_NOMINATION:
	case STUN_NOMINATION_DRAFT:
		return read_u32(r, &m->has_nomination, &m->nomination);
	case STUN_USE_CANDIDATE:
		m->use_candidate = true;
		return !rd_left(&r);
	case STUN_ICE_CONTROLLING:
		return read_role(m, r, &m->has_controlling);
	case STUN_ICE_CONTROLLED:
		return read_role(m, r, &m->has_controlled);
	case STUN_ERROR_CODE:
		return read_error(m, r);
	case STUN_MAPPED_ADDRESS:
		return read_mapped(m, r, false);
	case STUN_XOR_MAPPED_ADDRESS:
		return read_mapped(m, r, true);
	case STUN_UNKNOWN_ATTRIBUTES:
	case STUN_REALM:
	case STUN_NONCE:
		return true;
	default:
		note_unknown(m, type);
		return true;
	}
}

/* One attribute at the cursor. */
static int next_attr(struct stun *m, struct rd *r)
{
	size_t off = (size_t)(r->p - m->data);
	uint16_t type = rd_u16(r);
	uint16_t len = rd_u16(r);
	struct rd val = rd_sub(r, len);

	/* Padding's bytes may be anything (RFC 8489 section 14). */
	rd_skip(r, -len & 3u);
	if (r->bad)
		return -EBADMSG;
	if (type == STUN_FINGERPRINT) {
		if (len != 4 || rd_left(r)) /* it must be the last */
			return -EBADMSG;
		m->fingerprint_off = off;
	} else if (m->integrity_off) {
		return 0;
	} else if (type == STUN_MESSAGE_INTEGRITY) {
		if (len != MAC_LEN)
			return -EBADMSG;
		m->integrity_off = off;
	} else if (!read_attr(m, type, val)) {
		return -EBADMSG;
	}
	return 0;
}

int stun_parse(struct stun *m, const void *data, size_t len)
{
	struct rd r = rd_of(data, len);
	uint16_t type = rd_u16(&r);
	uint16_t body = rd_u16(&r);
	uint32_t cookie = rd_u32(&r);

	memset(m, 0, sizeof(*m));
	m->data = data;
	m->len = len;
	m->tid = rd_bytes(&r, STUN_TID_LEN);
	if (r.bad || type & 0xc000 || cookie != STUN_COOKIE || body & 3 ||
	    body != rd_left(&r))
		return -EBADMSG;
	m->method = method_of(type);
	m->cls = class_of(type);
	while (rd_left(&r))
		if (next_attr(m, &r))
			return -EBADMSG;
	return 0;
}

uint32_t stun_crc32(const void *data, size_t len)
{
	/* Four bits at a time: the messages are short. */
	static const uint32_t nibble[16] = {
		0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac,
		0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
		0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
		0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
	};
	const uint8_t *p = data;
	uint32_t crc = 0xffffffff;

	while (len--) {
		crc ^= *p++;
		crc = crc >> 4 ^ nibble[crc & 15];
		crc = crc >> 4 ^ nibble[crc & 15];
	}
	return ~crc;
}

bool stun_fingerprint_ok(const struct stun *m)
{
	struct rd r;

	if (!m->fingerprint_off)
		return true;
	r = rd_of(m->data + m->fingerprint_off + ATTR_HDR, 4);
	return rd_u32(&r) ==
	       (stun_crc32(m->data, m->fingerprint_off) ^ FINGERPRINT_XOR);
}

const uint8_t *stun_local_ufrag(const struct stun *m, size_t *len)
{
	const uint8_t *colon;

	if (!m->username)
		return NULL;
	colon = memchr(m->username, ':', m->username_len);
	if (!colon)
		return NULL;
	*len = (size_t)(colon - m->username);
	return m->username;
}

/* The state after one block of the key under a pad. */
static void pad_state(uint32_t h[5], const uint8_t key[SHA_CBLOCK], uint8_t pad)
{
	uint8_t block[SHA_CBLOCK];
	SHA_CTX c;

	for (size_t i = 0; i < sizeof(block); i++)
		block[i] = key[i] ^ pad;
	SHA1_Init(&c);
	SHA1_Update(&c, block, sizeof(block));
	h[0] = c.h0;
	h[1] = c.h1;
	h[2] = c.h2;
	h[3] = c.h3;
	h[4] = c.h4;
	OPENSSL_cleanse(block, sizeof(block));
}

static void resume(SHA_CTX *c, const uint32_t h[5])
{
	SHA1_Init(c);
	c->h0 = h[0];
	c->h1 = h[1];
	c->h2 = h[2];
	c->h3 = h[3];
	c->h4 = h[4];
	c->Nl = SHA_CBLOCK * 8;
}

static void finish(SHA_CTX *c, const struct stun_key *k, uint8_t mac[MAC_LEN])
{
	uint8_t digest[MAC_LEN];

	SHA1_Final(digest, c);
	resume(c, k->outer);
	SHA1_Update(c, digest, sizeof(digest));
	SHA1_Final(mac, c);
}

void stun_key_init(struct stun_key *k, const void *password, size_t len)
{
	uint8_t block[SHA_CBLOCK] = {0};

	if (len > sizeof(block))
		SHA1(password, len, block);
	else if (len)
		memcpy(block, password, len);
	pad_state(k->inner, block, 0x36);
	pad_state(k->outer, block, 0x5c);
	OPENSSL_cleanse(block, sizeof(block));
}

void stun_key_mac(const struct stun_key *k, const void *data, size_t len,
		  uint8_t mac[20])
{
	SHA_CTX c;

	resume(&c, k->inner);
	SHA1_Update(&c, data, len);
	finish(&c, k, mac);
}

/*
 * RFC 8489 section 14.5: over the bytes before the attribute, the header's
 * length counting up to its end.
 */
static void integrity(const struct stun_key *k, const uint8_t *data, size_t off,
		      uint8_t mac[MAC_LEN])
{
	uint8_t head[4] = {data[0], data[1]};
	size_t len = off - STUN_HDR_LEN + ATTR_HDR + MAC_LEN;
	SHA_CTX c;

	head[2] = (uint8_t)(len >> 8);
	head[3] = (uint8_t)len;
	resume(&c, k->inner);
	SHA1_Update(&c, head, sizeof(head));
	SHA1_Update(&c, data + sizeof(head), off - sizeof(head));
	finish(&c, k, mac);
}

bool stun_integrity_ok(const struct stun *m, const struct stun_key *k)
{
	uint8_t mac[MAC_LEN];

	if (!m->integrity_off)
		return false;
	integrity(k, m->data, m->integrity_off, mac);
	return !CRYPTO_memcmp(mac, m->data + m->integrity_off + ATTR_HDR,
			      sizeof(mac));
}

void stun_begin(struct wr *w, uint16_t method, enum stun_class cls,
		const uint8_t tid[STUN_TID_LEN])
{
	wr_u16(w, type_of(method, cls));
	wr_u16(w, 0);
	wr_u32(w, STUN_COOKIE);
	wr_bytes(w, tid, STUN_TID_LEN);
}

void stun_put(struct wr *w, uint16_t attr, const void *val, size_t len)
{
	if (len > UINT16_MAX) {
		w->bad = true;
		return;
	}
	wr_u16(w, attr);
	wr_u16(w, (uint16_t)len);
	wr_bytes(w, val, len);
	wr_zero(w, -len & 3u);
}

void stun_put_u32(struct wr *w, uint16_t attr, uint32_t val)
{
	wr_u16(w, attr);
	wr_u16(w, 4);
	wr_u32(w, val);
}

void stun_put_u64(struct wr *w, uint16_t attr, uint64_t val)
{
	wr_u16(w, attr);
	wr_u16(w, 8);
	wr_u64(w, val);
}

void stun_put_xor_mapped(struct wr *w, const struct addr *a)
{
	size_t n = a->v6 ? 16 : 4;
	uint8_t ip[16];

	if (wr_len(w) < STUN_HDR_LEN)
		return;
	/* w->base + 4: the cookie, and behind it the transaction id. */
	for (size_t i = 0; i < n; i++)
		ip[i] = a->ip[i] ^ w->base[4 + i];
	wr_u16(w, STUN_XOR_MAPPED_ADDRESS);
	wr_u16(w, (uint16_t)(4 + n));
	wr_u16(w, a->v6 ? 2 : 1);
	wr_u16(w, a->port ^ (uint16_t)(STUN_COOKIE >> 16));
	wr_bytes(w, ip, n);
}

/* Without a reason phrase: it would only make answers larger. */
void stun_put_error(struct wr *w, uint16_t code)
{
	uint32_t val = (uint32_t)(code / 100) << 8 | code % 100u;

	stun_put_u32(w, STUN_ERROR_CODE, val);
}

void stun_put_unknown(struct wr *w, const struct stun *request)
{
	size_t n = request->n_unknown;

	wr_u16(w, STUN_UNKNOWN_ATTRIBUTES);
	wr_u16(w, (uint16_t)(2 * n));
	for (size_t i = 0; i < n; i++)
		wr_u16(w, request->unknown[i]);
	wr_zero(w, 2 * n & 3u);
}

static void set_len(struct wr *w, size_t len)
{
	w->base[2] = (uint8_t)((len - STUN_HDR_LEN) >> 8);
	w->base[3] = (uint8_t)(len - STUN_HDR_LEN);
}

int stun_end(struct wr *w, const struct stun_key *key, bool fingerprint)
{
	uint8_t mac[MAC_LEN];

	if (w->bad || wr_len(w) < STUN_HDR_LEN)
		return -ENOBUFS;
	if (key) {
		integrity(key, w->base, wr_len(w), mac);
		stun_put(w, STUN_MESSAGE_INTEGRITY, mac, sizeof(mac));
	}
	if (fingerprint) {
		set_len(w, wr_len(w) + ATTR_HDR + 4);
		stun_put_u32(w, STUN_FINGERPRINT,
			     stun_crc32(w->base, wr_len(w)) ^ FINGERPRINT_XOR);
	}
	if (w->bad)
		return -ENOBUFS;
	set_len(w, wr_len(w));
	return (int)wr_len(w);
}
