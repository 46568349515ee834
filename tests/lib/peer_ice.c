#include "tests/lib/peer_ice.h"

#include <stdio.h>
#include <string.h>

#define CHECK_GAP_US	   50000
#define CONSENT_DEFAULT_US 2500000
#define NEVER		   UINT64_MAX

static void learn(struct peer_ice *ice, const char *ufrag, const char *pwd)
{
	snprintf(ice->user, sizeof(ice->user), "%s:%s", ufrag, ice->ufrag);
	stun_key_init(&ice->key, pwd, strlen(pwd));
}

void peer_ice_init(struct peer_ice *ice, const struct peer_conf *conf,
		   struct peer_stats *st)
{
	memset(ice, 0, sizeof(*ice));
	ice->rng.state = conf->seed ^ 0x1ce;
	ice->st = st;
	ice->local = conf->local;
	ice->n_remote = conf->n_remote;
	memcpy(ice->remote, conf->remote, sizeof(ice->remote));
	ice->chosen = -1;
	ice->check_us = NEVER;
	ice->consent_us =
		conf->consent_us ? conf->consent_us : CONSENT_DEFAULT_US;
	snprintf(ice->ufrag, sizeof(ice->ufrag), "%08x",
		 (uint32_t)rand_u64(&ice->rng));
	learn(ice, conf->ufrag, conf->pwd);
}

/* Check afresh; the nomination to come beats all before. */
void peer_ice_start(struct peer_ice *ice, uint64_t now_us)
{
	ice->nominated = false;
	ice->nomination++;
	ice->turn = ice->chosen < 0 ? 0 : (size_t)ice->chosen;
	ice->check_us = now_us;
	memset(ice->asked, 0, sizeof(ice->asked));
}

void peer_ice_restart(struct peer_ice *ice, const char *ufrag, const char *pwd,
		      uint64_t now_us)
{
	learn(ice, ufrag, pwd);
	peer_ice_start(ice, now_us);
}

void peer_ice_move(struct peer_ice *ice, const struct addr *local,
		   uint64_t now_us)
{
	ice->local = *local;
	peer_ice_start(ice, now_us);
}

static void check(struct peer_ice *ice, size_t remote, bool nominate,
		  uint64_t now_us, struct peer_ice_msg *msg)
{
	struct peer_ice_ask *a = &ice->asked[ice->n_asked++ % PEER_ICE_ASKED];
	struct wr w = wr_of(msg->data, sizeof(msg->data));
	int n;

	rand_bytes(&ice->rng, a->tid, sizeof(a->tid));
	a->at_us = now_us;
	a->remote = (uint8_t)remote;
	a->nominates = nominate;
	stun_begin(&w, STUN_BINDING, STUN_REQUEST, a->tid);
	stun_put(&w, STUN_USERNAME, ice->user, strlen(ice->user));
	stun_put_u64(&w, STUN_ICE_CONTROLLING, 0x1122334455667788);
	if (nominate) {
		stun_put(&w, STUN_USE_CANDIDATE, NULL, 0);
		stun_put_u32(&w, STUN_NOMINATION, ice->nomination);
	}
	stun_put_u32(&w, STUN_PRIORITY, 0x6e7f1eff);
	n = stun_end(&w, &ice->key, true);
	msg->to = ice->remote[remote];
	msg->len = n > 0 ? (size_t)n : 0;
	ice->st->checks++;
}

void peer_ice_tick(struct peer_ice *ice, uint64_t now_us,
		   struct peer_ice_msg *msg)
{
	msg->len = 0;
	if (ice->check_us > now_us)
		return;
	if (ice->nominated) {
		ice->check_us = now_us + ice->consent_us;
	} else {
		ice->check_us = now_us + CHECK_GAP_US;
	}
	if (ice->mute)
		return;
	if (ice->chosen >= 0)
		check(ice, (size_t)ice->chosen, true, now_us, msg);
	else
		check(ice, ice->turn++ % ice->n_remote, false, now_us, msg);
}

static void answered(struct peer_ice *ice, const struct stun *m,
		     uint64_t now_us)
{
	struct peer_ice_ask *a = NULL;

	for (size_t i = 0; i < PEER_ICE_ASKED && !a; i++)
		if (ice->asked[i].at_us &&
		    !memcmp(ice->asked[i].tid, m->tid, STUN_TID_LEN))
			a = &ice->asked[i];
	if (!a)
		return;
	if (m->cls == STUN_ERROR || !stun_integrity_ok(m, &ice->key)) {
		ice->st->check_errors++;
		return;
	}
	ice->st->check_answers++;
	ice->rtt_us = now_us - a->at_us;
	if (ice->chosen < 0) {
		ice->chosen = a->remote;
		ice->check_us = now_us; /* nominate at once */
	} else if (a->nominates && !ice->nominated) {
		ice->nominated = true;
		ice->check_us = now_us + ice->consent_us;
	}
	a->at_us = 0;
}

static void refuse(const struct stun *m, const struct addr *to,
		   struct peer_ice_msg *msg)
{
	struct wr w = wr_of(msg->data, sizeof(msg->data));
	int n;

	stun_begin(&w, STUN_BINDING, STUN_ERROR, m->tid);
	stun_put_error(&w, 400);
	n = stun_end(&w, NULL, true);
	msg->to = *to;
	msg->len = n > 0 ? (size_t)n : 0;
}

void peer_ice_input(struct peer_ice *ice, const uint8_t *data, size_t len,
		    const struct addr *from, uint64_t now_us,
		    struct peer_ice_msg *msg)
{
	struct stun m;

	msg->len = 0;
	if (ice->mute || stun_parse(&m, data, len) || !stun_fingerprint_ok(&m))
		return;
	if (m.cls == STUN_SUCCESS || m.cls == STUN_ERROR) {
		answered(ice, &m, now_us);
	} else if (m.cls == STUN_REQUEST && !m.username) {
		ice->st->questions++;
		refuse(&m, from, msg);
	}
}
