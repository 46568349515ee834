#include "tests/lib/peer_srtp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <srtp2/srtp.h>

#define KEY_MAX 64

struct peer_srtp {
	srtp_t out, in;
};

static void must(srtp_err_status_t err, const char *what)
{
	if (err == srtp_err_status_ok)
		return;
	fprintf(stderr, "peer_srtp: %s: %d\n", what, (int)err);
	exit(2);
}

static srtp_t session(unsigned profile, const uint8_t *key,
		      srtp_ssrc_type_t direction)
{
	srtp_profile_t id = (srtp_profile_t)profile;
	uint8_t copy[KEY_MAX];
	srtp_policy_t policy;
	srtp_t s;

	memset(&policy, 0, sizeof(policy));
	memcpy(copy, key, sizeof(copy));
	must(srtp_crypto_policy_set_from_profile_for_rtp(&policy.rtp, id),
	     "rtp policy");
	must(srtp_crypto_policy_set_from_profile_for_rtcp(&policy.rtcp, id),
	     "rtcp policy");
	policy.ssrc.type = direction;
	policy.key = copy;
	policy.window_size = 1024;
	must(srtp_create(&s, &policy), "srtp_create");
	return s;
}

struct peer_srtp *peer_srtp_new(unsigned profile, const uint8_t *local,
				const uint8_t *remote)
{
	static bool ready;
	struct peer_srtp *s = calloc(1, sizeof(*s));

	if (!s)
		abort();
	if (!ready)
		/* It refuses to be set up twice: a worker may have been first.
		 */
		(void)srtp_init();
	ready = true;
	s->out = session(profile, local, ssrc_any_outbound);
	s->in = session(profile, remote, ssrc_any_inbound);
	return s;
}

void peer_srtp_free(struct peer_srtp *s)
{
	if (!s)
		return;
	srtp_dealloc(s->out);
	srtp_dealloc(s->in);
	free(s);
}

bool peer_srtp_seal_rtp(struct peer_srtp *s, uint8_t *buf, size_t *len)
{
	int n = (int)*len;
	bool ok = srtp_protect(s->out, buf, &n) == srtp_err_status_ok;

	*len = (size_t)n;
	return ok;
}

bool peer_srtp_seal_rtcp(struct peer_srtp *s, uint8_t *buf, size_t *len)
{
	int n = (int)*len;
	bool ok = srtp_protect_rtcp(s->out, buf, &n) == srtp_err_status_ok;

	*len = (size_t)n;
	return ok;
}

bool peer_srtp_open_rtp(struct peer_srtp *s, uint8_t *buf, size_t *len)
{
	int n = (int)*len;
	bool ok = srtp_unprotect(s->in, buf, &n) == srtp_err_status_ok;

	*len = (size_t)n;
	return ok;
}

bool peer_srtp_open_rtcp(struct peer_srtp *s, uint8_t *buf, size_t *len)
{
	int n = (int)*len;
	bool ok = srtp_unprotect_rtcp(s->in, buf, &n) == srtp_err_status_ok;

	*len = (size_t)n;
	return ok;
}
