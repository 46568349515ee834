#include "mediad/sec/gcm.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/evp.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/sys/rng.h"
#include "mediad/sec/ssrctab.h"

#define RTP_FIXED      12
#define RTCP_FIXED     8
#define RTCP_WORD      4 /* E flag and SRTCP index */
#define RTCP_INDEX_MAX 0x7fffffffu
#define RTCP_ENCRYPTED 0x80000000u

/* Labels of RFC 3711 section 4.3.2. */
enum {
	LABEL_RTP_KEY = 0,
	LABEL_RTP_SALT = 2,
	LABEL_RTCP_KEY = 3,
	LABEL_RTCP_SALT = 5,
};

/* SRTP or SRTCP half: a session key, a session salt, the SSRCs. */
struct half {
	struct aead_key *key;
	uint8_t salt[GCM_SALT];
	struct ssrctab ssrcs;
};

struct gcm {
	struct half rtp;
	struct half rtcp;
};

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

static void put32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

/*
 * AES in counter mode over zeros. The 96-bit salt counts as 112 bits with 16
 * zero bits behind it (RFC 7714 section 11); the counter is the last 16.
 */
static int derive(const uint8_t *master, size_t key_len, uint8_t label,
		  uint8_t *out, size_t len)
{
	const EVP_CIPHER *c =
		key_len == 16 ? EVP_aes_128_ctr() : EVP_aes_256_ctr();
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t iv[16] = {0};
	int n;
	int ok;

	memcpy(iv, master + key_len, GCM_SALT);
	iv[7] ^= label;
	memset(out, 0, len);
	ok = ctx && EVP_EncryptInit_ex(ctx, c, NULL, master, iv) &&
	     EVP_EncryptUpdate(ctx, out, &n, out, (int)len);
	EVP_CIPHER_CTX_free(ctx);
	return ok ? 0 : -ENOMEM;
}

static int half_init(struct half *h, const struct aead *aead,
		     const uint8_t *master, size_t key_len, bool seal,
		     uint8_t label)
{
	uint8_t key[32];
	int err;

	ssrctab_init(&h->ssrcs, SRTP_SSRCS_MAX, rng_u32());
	err = derive(master, key_len, label, key, key_len);
	if (!err)
		err = derive(master, key_len, label + LABEL_RTP_SALT, h->salt,
			     GCM_SALT);
	if (!err) {
		h->key = aead_key_new(aead, key, key_len, seal);
		err = h->key ? 0 : -ENOMEM;
	}
	sodium_memzero(key, sizeof(key));
	return err;
}

static void half_fini(struct half *h)
{
	aead_key_free(h->key);
	ssrctab_fini(&h->ssrcs);
}

struct gcm *gcm_new(const struct aead *aead, const uint8_t *master,
		    size_t key_len, bool seal)
{
	struct gcm *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	if (!half_init(&g->rtp, aead, master, key_len, seal, LABEL_RTP_KEY) &&
	    !half_init(&g->rtcp, aead, master, key_len, seal, LABEL_RTCP_KEY))
		return g;
	gcm_free(g);
	return NULL;
}

void gcm_free(struct gcm *g)
{
	if (!g)
		return;
	half_fini(&g->rtp);
	half_fini(&g->rtcp);
	sodium_memzero(g, sizeof(*g));
	free(g);
}

/*
 * RFC 7714 sections 8.1 and 9.1: two zero bytes, SSRC and a 48-bit index,
 * mixed with the salt.
 */
static void make_iv(uint8_t iv[AEAD_IV], const uint8_t salt[GCM_SALT],
		    uint32_t ssrc, uint64_t index)
{
	uint32_t v;
	uint16_t high;

	memcpy(iv, salt, AEAD_IV);
	memcpy(&v, iv + 2, sizeof(v));
	v ^= htonl(ssrc);
	memcpy(iv + 2, &v, sizeof(v));
	memcpy(&high, iv + 6, sizeof(high));
	high ^= htons((uint16_t)(index >> 32));
	memcpy(iv + 6, &high, sizeof(high));
	memcpy(&v, iv + 8, sizeof(v));
	v ^= htonl((uint32_t)index);
	memcpy(iv + 8, &v, sizeof(v));
}

static struct ssrctab_row *find_or_add(struct ssrctab *t, uint32_t ssrc)
{
	struct ssrctab_row *row = ssrctab_find(t, ssrc);

	return row ? row : ssrctab_add(t, ssrc);
}

/* The row of the packet's SSRC in *row; 0 or -errno. */
static int seal_row(struct half *h, const uint8_t *dst, size_t cap,
		    size_t hdr_len, size_t len, struct ssrctab_row **row)
{
	if (hdr_len < RTP_FIXED)
		return -EINVAL;
	if (hdr_len + len + AEAD_TAG > cap)
		return -ENOBUFS;
	*row = find_or_add(&h->ssrcs, get32(dst + 8));
	return *row ? 0 : -EOVERFLOW;
}

static int seal(struct half *h, uint8_t *dst, size_t hdr_len,
		const uint8_t *payload, size_t len, uint64_t index)
{
	uint8_t iv[AEAD_IV];
	struct aead_pkt p = {.iv = iv,
			     .aad = dst,
			     .aad_len = hdr_len,
			     .src = payload,
			     .dst = dst + hdr_len,
			     .len = len};

	make_iv(iv, h->salt, get32(dst + 8), index);
	aead_seal(h->key, &p);
	return (int)(hdr_len + len + AEAD_TAG);
}

int gcm_seal_rtp(struct gcm *g, uint8_t *dst, size_t cap, size_t hdr_len,
		 const uint8_t *payload, size_t len)
{
	struct ssrctab_row *row;
	int err = seal_row(&g->rtp, dst, cap, hdr_len, len, &row);
	uint64_t index;

	if (err)
		return err;
	index = replay_index(&row->win, (uint16_t)(dst[2] << 8 | dst[3]));
	if (!replay_fresh(&row->win, index))
		return -EALREADY;
	replay_mark(&row->win, index);
	return seal(&g->rtp, dst, hdr_len, payload, len, index);
}

int gcm_seal_rtp_again(struct gcm *g, uint8_t *dst, size_t cap, size_t hdr_len,
		       const uint8_t *payload, size_t len)
{
	struct ssrctab_row *row;
	int err = seal_row(&g->rtp, dst, cap, hdr_len, len, &row);
	uint64_t index;

	if (err)
		return err;
	index = replay_index(&row->win, (uint16_t)(dst[2] << 8 | dst[3]));
	if (!replay_seen(&row->win, index))
		return -ENOENT;
	return seal(&g->rtp, dst, hdr_len, payload, len, index);
}

int gcm_seal_rtcp(struct gcm *g, uint8_t *dst, size_t cap, const uint8_t *src,
		  size_t len)
{
	struct half *h = &g->rtcp;
	uint8_t iv[AEAD_IV];
	uint8_t aad[RTCP_FIXED + RTCP_WORD];
	struct aead_pkt p = {.iv = iv, .aad = aad, .aad_len = sizeof(aad)};
	struct ssrctab_row *row;
	uint64_t index;

	if (len < RTCP_FIXED)
		return -EINVAL;
	if (len + AEAD_TAG + RTCP_WORD > cap)
		return -ENOBUFS;
	row = find_or_add(&h->ssrcs, get32(src + 4));
	if (!row)
		return -EOVERFLOW;
	index = row->win.next ? row->win.next : 1;
	if (index > RTCP_INDEX_MAX)
		return -EOVERFLOW; /* 2^31 packets: the keys are used up */
	replay_mark(&row->win, index);
	make_iv(iv, h->salt, row->ssrc, index);
	memcpy(aad, src, RTCP_FIXED);
	put32(aad + RTCP_FIXED, RTCP_ENCRYPTED | (uint32_t)index);
	memcpy(dst, src, RTCP_FIXED);
	p.src = src + RTCP_FIXED;
	p.dst = dst + RTCP_FIXED;
	p.len = len - RTCP_FIXED;
	aead_seal(h->key, &p);
	memcpy(dst + len + AEAD_TAG, aad + RTCP_FIXED, RTCP_WORD);
	return (int)(len + AEAD_TAG + RTCP_WORD);
}

/* Length of the whole RTP header, or 0 when it is cut short. */
static size_t rtp_header_len(const uint8_t *data, size_t len)
{
	size_t n = RTP_FIXED;

	if (len < RTP_FIXED || data[0] >> 6 != 2)
		return 0;
	n += 4 * (size_t)(data[0] & 15);
	if (data[0] & 16) {
		if (len < n + 4)
			return 0;
		n += 4 + 4 * (size_t)(data[n + 2] << 8 | data[n + 3]);
	}
	return n <= len ? n : 0;
}

/* The window of an SSRC, an empty one for a new SSRC, NULL at the cap. */
static const struct replay *window(struct ssrctab *t, uint32_t ssrc)
{
	static const struct replay none;
	const struct ssrctab_row *row = ssrctab_find(t, ssrc);

	if (row)
		return &row->win;
	return ssrctab_full(t) ? NULL : &none;
}

/* An authenticated packet: only now does any state change. */
static enum srtp_verdict authentic(struct ssrctab *t, uint32_t ssrc,
				   uint64_t index)
{
	struct ssrctab_row *row = find_or_add(t, ssrc);

	if (!row)
		return SRTP_FULL;
	replay_mark(&row->win, index);
	return SRTP_PASS;
}

enum srtp_verdict gcm_open_rtp(struct gcm *g, uint8_t *data, size_t *len)
{
	struct half *h = &g->rtp;
	size_t hdr_len = rtp_header_len(data, *len);
	uint8_t iv[AEAD_IV];
	struct aead_pkt p = {.iv = iv, .aad = data, .aad_len = hdr_len};
	const struct replay *win;
	uint32_t ssrc;
	uint64_t index;

	if (!hdr_len || *len < hdr_len + AEAD_TAG)
		return SRTP_SHORT;
	ssrc = get32(data + 8);
	win = window(&h->ssrcs, ssrc);
	if (!win)
		return SRTP_FULL;
	index = replay_index(win, (uint16_t)(data[2] << 8 | data[3]));
	if (!replay_fresh(win, index))
		return SRTP_REPLAY;
	make_iv(iv, h->salt, ssrc, index);
	p.src = data + hdr_len;
	p.dst = data + hdr_len;
	p.len = *len - hdr_len - AEAD_TAG;
	if (!aead_open(h->key, &p))
		return SRTP_FORGED;
	*len -= AEAD_TAG;
	return authentic(&h->ssrcs, ssrc, index);
}

enum srtp_verdict gcm_open_rtcp(struct gcm *g, uint8_t *data, size_t *len)
{
	struct half *h = &g->rtcp;
	uint8_t iv[AEAD_IV];
	uint8_t aad[RTCP_FIXED + RTCP_WORD];
	struct aead_pkt p = {.iv = iv, .aad = aad, .aad_len = sizeof(aad)};
	const struct replay *win;
	uint32_t ssrc;
	uint32_t word;

	if (*len < RTCP_FIXED + AEAD_TAG + RTCP_WORD)
		return SRTP_SHORT;
	word = get32(data + *len - RTCP_WORD);
	if (!(word & RTCP_ENCRYPTED))
		return SRTP_FORGED; /* only encrypted RTCP was agreed on */
	ssrc = get32(data + 4);
	win = window(&h->ssrcs, ssrc);
	if (!win)
		return SRTP_FULL;
	if (!replay_fresh(win, word & RTCP_INDEX_MAX))
		return SRTP_REPLAY;
	make_iv(iv, h->salt, ssrc, word & RTCP_INDEX_MAX);
	memcpy(aad, data, RTCP_FIXED);
	put32(aad + RTCP_FIXED, word);
	p.src = data + RTCP_FIXED;
	p.dst = data + RTCP_FIXED;
	p.len = *len - RTCP_FIXED - AEAD_TAG - RTCP_WORD;
	if (!aead_open(h->key, &p))
		return SRTP_FORGED;
	*len -= AEAD_TAG + RTCP_WORD;
	return authentic(&h->ssrcs, ssrc, word & RTCP_INDEX_MAX);
}
