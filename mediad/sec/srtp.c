#include "mediad/sec/srtp.h"

#include <errno.h>
#include <sodium.h>
#include <srtp2/srtp.h>
#include <stdlib.h>
#include <string.h>

#include "common/sys/rng.h"
#include "mediad/sec/aead.h"
#include "mediad/sec/gcm.h"
#include "mediad/sec/ssrctab.h"

#define RTP_FIXED 12

struct srtp_env {
	struct aead *aead;
	/*
	 * Debian builds libsrtp2 on NSS, which opens files at the first session
	 * and again whenever the last one went: one stays for good.
	 */
	srtp_t keep;
};

struct srtp_session {
	enum srtp_profile profile;
	struct gcm *gcm_in; /* the GCM profiles */
	struct gcm *gcm_out;
	srtp_t cm_in; /* the counter-mode profiles */
	srtp_t cm_out;
	struct ssrctab cm_ssrcs; /* cm_in's, to cap them */
	struct ssrctab cm_sent;	 /* cm_out's: what was sealed already */
};

struct profile {
	enum srtp_profile id;
	const char *name; /* as mediasoup says it */
	uint8_t key_len;
	uint8_t salt_len;
};

static const struct profile profiles[] = {
	{SRTP_PROFILE_GCM_128, "AEAD_AES_128_GCM", 16, 12},
	{SRTP_PROFILE_GCM_256, "AEAD_AES_256_GCM", 32, 12},
	{SRTP_PROFILE_CM_SHA1_80, "AES_CM_128_HMAC_SHA1_80", 16, 14},
	{SRTP_PROFILE_CM_SHA1_32, "AES_CM_128_HMAC_SHA1_32", 16, 14},
};

static const struct profile *profile_find(enum srtp_profile p)
{
	for (size_t i = 0; i < sizeof(profiles) / sizeof(*profiles); i++)
		if (profiles[i].id == p)
			return &profiles[i];
	return NULL;
}

size_t srtp_key_len(enum srtp_profile p)
{
	const struct profile *row = profile_find(p);

	return row ? row->key_len : 0;
}

size_t srtp_salt_len(enum srtp_profile p)
{
	const struct profile *row = profile_find(p);

	return row ? row->salt_len : 0;
}

const char *srtp_profile_name(enum srtp_profile p)
{
	const struct profile *row = profile_find(p);

	return row ? row->name : "none";
}

static int cm_new(srtp_t *out, enum srtp_profile p, const uint8_t *master,
		  bool seal)
{
	uint8_t key[SRTP_MASTER_MAX];
	srtp_policy_t policy;
	int err;

	memset(&policy, 0, sizeof(policy));
	if (p == SRTP_PROFILE_CM_SHA1_80)
		srtp_crypto_policy_set_rtp_default(&policy.rtp);
	else
		srtp_crypto_policy_set_aes_cm_128_hmac_sha1_32(&policy.rtp);
	/* RFC 5764 section 4.1.2: SRTCP has the long tag in both. */
	srtp_crypto_policy_set_rtcp_default(&policy.rtcp);
	policy.ssrc.type = seal ? ssrc_any_outbound : ssrc_any_inbound;
	memcpy(key, master, sizeof(key));
	policy.key = key;
	policy.window_size = REPLAY_WINDOW;
	/* Which number may go out again is ours to say: cm_seal(). */
	policy.allow_repeat_tx = seal;
	err = srtp_create(out, &policy) == srtp_err_status_ok ? 0 : -ENOMEM;
	sodium_memzero(key, sizeof(key));
	return err;
}

/* libsrtp2 is begun once a process, however many use it. */
static unsigned begun;

static bool lib_begin(void)
{
	if (!begun && srtp_init() != srtp_err_status_ok)
		return false;
	begun++;
	return true;
}

static void lib_end(void)
{
	if (!--begun)
		srtp_shutdown();
}

struct srtp_env *srtp_env_new(const char *backend)
{
	struct srtp_env *env = calloc(1, sizeof(*env));
	uint8_t zero[SRTP_MASTER_MAX] = {0};

	if (!env)
		return NULL;
	env->aead = aead_new(backend);
	if (env->aead && lib_begin()) {
		if (!cm_new(&env->keep, SRTP_PROFILE_CM_SHA1_80, zero, true))
			return env;
		lib_end();
	}
	aead_free(env->aead);
	free(env);
	return NULL;
}

void srtp_env_free(struct srtp_env *env)
{
	if (!env)
		return;
	srtp_dealloc(env->keep);
	lib_end();
	aead_free(env->aead);
	free(env);
}

const char *srtp_env_backend(const struct srtp_env *env)
{
	return env->aead->ops->name;
}

static int gcm_pair(struct srtp_session *s, const struct srtp_env *env,
		    const struct srtp_keys *keys)
{
	size_t key_len = srtp_key_len(keys->profile);

	s->gcm_in = gcm_new(env->aead, keys->remote, key_len, false);
	s->gcm_out = gcm_new(env->aead, keys->local, key_len, true);
	return s->gcm_in && s->gcm_out ? 0 : -ENOMEM;
}

static int cm_pair(struct srtp_session *s, const struct srtp_keys *keys)
{
	int err = cm_new(&s->cm_in, keys->profile, keys->remote, false);

	ssrctab_init(&s->cm_ssrcs, SRTP_SSRCS_MAX, rng_u32());
	ssrctab_init(&s->cm_sent, SRTP_SSRCS_MAX, rng_u32());
	return err ? err : cm_new(&s->cm_out, keys->profile, keys->local, true);
}

struct srtp_session *srtp_new(struct srtp_env *env,
			      const struct srtp_keys *keys)
{
	struct srtp_session *s;
	int err;

	if (!profile_find(keys->profile))
		return NULL;
	s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	s->profile = keys->profile;
	if (keys->profile == SRTP_PROFILE_GCM_128 ||
	    keys->profile == SRTP_PROFILE_GCM_256)
		err = gcm_pair(s, env, keys);
	else
		err = cm_pair(s, keys);
	if (!err)
		return s;
	srtp_free(s);
	return NULL;
}

void srtp_free(struct srtp_session *s)
{
	if (!s)
		return;
	gcm_free(s->gcm_in);
	gcm_free(s->gcm_out);
	if (s->cm_in)
		srtp_dealloc(s->cm_in);
	if (s->cm_out)
		srtp_dealloc(s->cm_out);
	ssrctab_fini(&s->cm_ssrcs);
	ssrctab_fini(&s->cm_sent);
	free(s);
}

enum srtp_profile srtp_session_profile(const struct srtp_session *s)
{
	return s->profile;
}

static enum srtp_verdict cm_verdict(srtp_err_status_t err)
{
	switch (err) {
	case srtp_err_status_ok:
		return SRTP_PASS;
	case srtp_err_status_replay_fail:
	case srtp_err_status_replay_old:
		return SRTP_REPLAY;
	case srtp_err_status_auth_fail:
	case srtp_err_status_cant_check:
		return SRTP_FORGED;
	default:
		return SRTP_SHORT;
	}
}

/* libsrtp2 makes a stream of every SSRC that it has authenticated. */
static enum srtp_verdict cm_open(struct srtp_session *s,
				 srtp_err_status_t (*open)(srtp_t ctx,
							   void *data,
							   int *len),
				 uint8_t *data, size_t *len, size_t ssrc_at)
{
	enum srtp_verdict v;
	uint32_t ssrc;
	int n = (int)*len;

	memcpy(&ssrc, data + ssrc_at, sizeof(ssrc));
	if (!ssrctab_find(&s->cm_ssrcs, ssrc) && ssrctab_full(&s->cm_ssrcs))
		return SRTP_FULL;
	v = cm_verdict(open(s->cm_in, data, &n));
	if (v != SRTP_PASS)
		return v;
	if (!ssrctab_find(&s->cm_ssrcs, ssrc))
		(void)ssrctab_add(&s->cm_ssrcs, ssrc);
	*len = (size_t)n;
	return SRTP_PASS;
}

enum srtp_verdict srtp_open_rtp(struct srtp_session *s, uint8_t *data,
				size_t *len)
{
	if (s->gcm_in)
		return gcm_open_rtp(s->gcm_in, data, len);
	if (*len < 12)
		return SRTP_SHORT;
	return cm_open(s, srtp_unprotect, data, len, 8);
}

enum srtp_verdict srtp_open_rtcp(struct srtp_session *s, uint8_t *data,
				 size_t *len)
{
	if (s->gcm_in)
		return gcm_open_rtcp(s->gcm_in, data, len);
	if (*len < 8)
		return SRTP_SHORT;
	return cm_open(s, srtp_unprotect_rtcp, data, len, 4);
}

static int cm_errno(srtp_err_status_t err)
{
	switch (err) {
	case srtp_err_status_replay_fail:
	case srtp_err_status_replay_old:
		return -EALREADY;
	case srtp_err_status_alloc_fail:
		return -EOVERFLOW;
	default:
		return -EINVAL;
	}
}

/* The window of the SSRC in the header at dst; NULL at the cap. */
static struct replay *cm_window(struct srtp_session *s, const uint8_t *dst)
{
	struct ssrctab_row *row;
	uint32_t ssrc;

	memcpy(&ssrc, dst + 8, sizeof(ssrc));
	row = ssrctab_find(&s->cm_sent, ssrc);
	if (!row)
		row = ssrctab_add(&s->cm_sent, ssrc);
	return row ? &row->win : NULL;
}

/* lint: sizes: the six of srtp_seal_rtp(), and whether it went out before. */
static int cm_seal(struct srtp_session *s, uint8_t *dst, size_t cap,
		   size_t hdr_len, const uint8_t *payload, size_t len,
		   bool again)
{
	srtp_err_status_t err;
	int n = (int)(hdr_len + len);
	struct replay *win;
	uint64_t index;

	if (hdr_len < RTP_FIXED)
		return -EINVAL;
	if (hdr_len + len + SRTP_TRAILER > cap)
		return -ENOBUFS;
	win = cm_window(s, dst);
	if (!win)
		return -EOVERFLOW;
	index = replay_index(win, (uint16_t)(dst[2] << 8 | dst[3]));
	if (again && !replay_seen(win, index))
		return -ENOENT;
	if (!again && !replay_fresh(win, index))
		return -EALREADY;
	memcpy(dst + hdr_len, payload, len);
	err = srtp_protect(s->cm_out, dst, &n);
	if (err != srtp_err_status_ok)
		return cm_errno(err);
	if (!again)
		replay_mark(win, index);
	return n;
}

int srtp_seal_rtp(struct srtp_session *s, uint8_t *dst, size_t cap,
		  size_t hdr_len, const uint8_t *payload, size_t len)
{
	if (s->gcm_out)
		return gcm_seal_rtp(s->gcm_out, dst, cap, hdr_len, payload,
				    len);
	return cm_seal(s, dst, cap, hdr_len, payload, len, false);
}

int srtp_seal_rtp_again(struct srtp_session *s, uint8_t *dst, size_t cap,
			size_t hdr_len, const uint8_t *payload, size_t len)
{
	if (s->gcm_out)
		return gcm_seal_rtp_again(s->gcm_out, dst, cap, hdr_len,
					  payload, len);
	return cm_seal(s, dst, cap, hdr_len, payload, len, true);
}

int srtp_seal_rtcp(struct srtp_session *s, uint8_t *dst, size_t cap,
		   const uint8_t *src, size_t len)
{
	srtp_err_status_t err;
	int n = (int)len;

	if (s->gcm_out)
		return gcm_seal_rtcp(s->gcm_out, dst, cap, src, len);
	if (len + SRTP_TRAILER > cap)
		return -ENOBUFS;
	memcpy(dst, src, len);
	err = srtp_protect_rtcp(s->cm_out, dst, &n);
	return err == srtp_err_status_ok ? n : cm_errno(err);
}
