#include "mediad/ice/icelite.h"

#include <errno.h>
#include <string.h>

#define UFRAG_MIN 4
#define PWD_MIN	  22
#define NONE	  (-1)

static bool ice_chars(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char c = s[i];

		if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
		      (c >= 'a' && c <= 'z') || c == '+' || c == '/'))
			return false;
	}
	return true;
}

/* RFC 8839 section 5.4. */
static int set_cred(struct ice_cred *c, const char *ufrag, const char *pwd)
{
	size_t ulen = strnlen(ufrag, ICE_UFRAG_MAX + 1);
	size_t plen = strnlen(pwd, ICE_PWD_MAX + 1);

	if (ulen < UFRAG_MIN || ulen > ICE_UFRAG_MAX || plen < PWD_MIN ||
	    plen > ICE_PWD_MAX || !ice_chars(ufrag, ulen) ||
	    !ice_chars(pwd, plen))
		return -EINVAL;
	memset(c, 0, sizeof(*c));
	memcpy(c->ufrag, ufrag, ulen);
	c->ufrag_len = (uint8_t)ulen;
	stun_key_init(&c->key, pwd, plen);
	return 0;
}

int icelite_init(struct icelite *ice, const char *ufrag, const char *pwd,
		 const uint8_t secret[ICE_SECRET_LEN], uint64_t consent_us)
{
	memset(ice, 0, sizeof(*ice));
	ice->selected = NONE;
	ice->wanted = NONE;
	ice->consent_us = consent_us;
	stun_key_init(&ice->secret, secret, ICE_SECRET_LEN);
	return set_cred(&ice->cred[0], ufrag, pwd);
}

int icelite_restart(struct icelite *ice, const char *ufrag, const char *pwd,
		    char gone[ICE_UFRAG_MAX + 1])
{
	struct ice_cred next;
	int err = set_cred(&next, ufrag, pwd);

	gone[0] = '\0';
	if (err)
		return err;
	memcpy(gone, ice->cred[1].ufrag, sizeof(ice->cred[1].ufrag));
	ice->cred[1] = ice->cred[0];
	ice->cred[0] = next;
	ice->gen++;
	return 0;
}

static int find(const struct icelite *ice, const struct tuple *t)
{
	for (int i = 0; i < ICE_PAIRS; i++)
		if (ice->pair[i].used && tuple_eq(&ice->pair[i].tuple, t))
			return i;
	return NONE;
}

bool icelite_has(const struct icelite *ice, const struct tuple *t)
{
	return find(ice, t) != NONE;
}

static void set_state(struct icelite *ice, enum ice_state state,
		      struct ice_out *o)
{
	if (ice->state == state)
		return;
	ice->state = state;
	o->events |= ICE_EV_STATE;
}

/* The peer moved to its new credentials: the old ones are forgotten. */
static void end_restart(struct icelite *ice, struct ice_out *o)
{
	if (!ice->cred[1].ufrag_len)
		return;
	memcpy(o->gone_ufrag, ice->cred[1].ufrag, sizeof(o->gone_ufrag));
	memset(&ice->cred[1], 0, sizeof(ice->cred[1]));
	o->events |= ICE_EV_UFRAG_GONE;
}

static void select_pair(struct icelite *ice, int i, struct ice_out *o)
{
	if (ice->wanted == i)
		ice->wanted = NONE;
	if (ice->selected == i)
		return;
	ice->selected = (int8_t)i;
	o->events |= ICE_EV_SELECTED;
}

/* A checked pair that may take over: proven ones first, then fresh ones. */
static int second_best(const struct icelite *ice, int but)
{
	int best = NONE;

	for (int i = 0; i < ICE_PAIRS; i++) {
		const struct ice_pair *p = &ice->pair[i];
		const struct ice_pair *b = &ice->pair[best < 0 ? 0 : best];

		if (!p->used || i == but)
			continue;
		if (best == NONE || p->proven > b->proven ||
		    (p->proven == b->proven && p->checked_us > b->checked_us))
			best = i;
	}
	return best;
}

static void remove_pair(struct icelite *ice, int i, struct ice_out *o)
{
	struct ice_pair *p = &ice->pair[i];

	o->gone = p->tuple;
	o->events |= ICE_EV_TUPLE_GONE;
	if (ice->wanted == i)
		ice->wanted = NONE;
	if (ice->selected == i) {
		select_pair(ice, second_best(ice, i), o);
		if (ice->selected == NONE)
			set_state(ice, ICE_DISCONNECTED, o);
	}
	memset(p, 0, sizeof(*p));
}

/* A free slot, or the one that was checked longest ago. */
static int slot_for_new(struct icelite *ice, struct ice_out *o)
{
	int oldest = NONE;

	for (int i = 0; i < ICE_PAIRS; i++) {
		const struct ice_pair *p = &ice->pair[i];

		if (!p->used)
			return i;
		if (i == ice->selected || i == ice->wanted)
			continue;
		if (oldest == NONE ||
		    p->checked_us < ice->pair[oldest].checked_us)
			oldest = i;
	}
	remove_pair(ice, oldest, o);
	return oldest;
}

static int add_pair(struct icelite *ice, const struct tuple *t,
		    struct ice_out *o)
{
	int i = slot_for_new(ice, o);
	struct ice_pair *p = &ice->pair[i];

	memset(p, 0, sizeof(*p));
	p->used = true;
	p->tuple = *t;
	/* TCP's own handshake was the round trip. */
	p->proven = t->proto == TUPLE_TCP;
	o->added = *t;
	o->events |= ICE_EV_TUPLE_ADDED;
	return i;
}

/* Does this check nominate its pair? Renomination: the highest value wins. */
static bool nominates(struct icelite *ice, const struct stun *m, int i,
		      uint8_t gen)
{
	bool chosen = i == ice->selected || i == ice->wanted;
	bool newer = gen != ice->nominated_gen && gen == ice->gen;

	if (!m->has_nomination && !m->use_candidate)
		return false;
	if (gen != ice->nominated_gen && !newer)
		return false; /* a late check from before the restart */
	if (newer) {
		ice->nominated_gen = gen;
		ice->nomination = m->has_nomination ? m->nomination : 0;
		return true;
	}
	if (m->has_nomination && m->nomination > ice->nomination) {
		ice->nomination = m->nomination;
		return true;
	}
	return !ice->nomination || chosen;
}

static void settle(struct icelite *ice, int i, bool nominated,
		   struct ice_out *o)
{
	struct ice_pair *p = &ice->pair[i];
	const struct ice_pair *s =
		&ice->pair[ice->selected < 0 ? i : ice->selected];
	bool held = s->spoken && !ice->dtls_done;

	if (ice->selected == NONE) {
		select_pair(ice, i, o);
	} else if (nominated && i == ice->selected) {
		ice->wanted = NONE;
	} else if (nominated && !held && (p->proven || !s->proven)) {
		ice->wanted = NONE;
		select_pair(ice, i, o);
	} else if (nominated) {
		ice->wanted = (int8_t)i;
	}
	if (nominated)
		set_state(ice, ICE_COMPLETED, o);
	else if (ice->state == ICE_NEW || ice->state == ICE_DISCONNECTED)
		set_state(ice, ICE_CONNECTED, o);
	if (nominated && i == ice->selected && p->gen == ice->gen)
		end_restart(ice, o);
}

/* Asks an unproven tuple: it goes out with the next tick, which is now. */
static void ask(struct icelite *ice, struct ice_pair *p, uint64_t now_us)
{
	uint8_t mac[20];

	if (p->proven || !ice->dtls_done || p->tries)
		return;
	if (!p->asked) {
		uint64_t n = ++ice->n_asked;

		stun_key_mac(&ice->secret, &n, sizeof(n), mac);
		memcpy(p->tid, mac, STUN_TID_LEN);
		p->asked = true;
	}
	p->tries = ICE_TRIES;
	p->try_us = now_us;
}

static void reply_success(const struct stun *m, const struct tuple *to,
			  const struct stun_key *key, struct ice_out *o,
			  uint8_t *out)
{
	struct wr w = wr_of(out, ICE_OUT_MAX);
	int n;

	stun_begin(&w, STUN_BINDING, STUN_SUCCESS, m->tid);
	stun_put_xor_mapped(&w, &to->remote);
	n = stun_end(&w, key, true);
	o->len = n > 0 ? (size_t)n : 0;
}

/*
 * A key says that the request was authentic. An answer to one that was not
 * is never longer than it (no amplification).
 */
static void reply_error(const struct stun *m, uint16_t code,
			const struct stun_key *key, struct ice_out *o,
			uint8_t *out)
{
	struct wr w = wr_of(out, ICE_OUT_MAX);
	int n;

	stun_begin(&w, STUN_BINDING, STUN_ERROR, m->tid);
	stun_put_error(&w, code);
	if (code == 420)
		stun_put_unknown(&w, m);
	n = stun_end(&w, key, true);
	if (n > 0 && (key || (size_t)n <= m->len))
		o->len = (size_t)n;
}

static void accept_check(struct icelite *ice, const struct stun *m,
			 const struct tuple *from, uint8_t gen, uint64_t now_us,
			 struct ice_out *o)
{
	int i = find(ice, from);
	struct ice_pair *p;

	if (i == NONE)
		i = add_pair(ice, from, o);
	p = &ice->pair[i];
	p->tuple.ifindex = from->ifindex;
	p->checked_us = now_us;
	p->gen = gen;
	p->bytes_in += m->len;
	if (m->has_priority)
		p->priority = m->priority;
	settle(ice, i, nominates(ice, m, i, gen), o);
	ask(ice, p, now_us);
}

/* RFC 8489 section 9.1.3 and 6.3.1; RFC 8445 section 7.3. */
static void request(struct icelite *ice, const struct stun *m,
		    const struct tuple *from, uint64_t now_us,
		    struct ice_out *o, uint8_t *out)
{
	const struct ice_cred *c = NULL;
	const uint8_t *ufrag;
	size_t len = 0;
	int k;

	ufrag = stun_local_ufrag(m, &len);
	for (k = 0; k < 2 && ufrag && !c; k++)
		if (len && len == ice->cred[k].ufrag_len &&
		    !memcmp(ufrag, ice->cred[k].ufrag, len))
			c = &ice->cred[k];
	if (!c) {
		o->drop = ICE_DROP_UFRAG;
	} else if (!m->integrity_off) {
		o->drop = ICE_DROP_NO_AUTH;
		reply_error(m, 400, NULL, o, out);
	} else if (!stun_integrity_ok(m, &c->key)) {
		o->drop = ICE_DROP_INTEGRITY;
		reply_error(m, 401, NULL, o, out);
	} else if (m->n_unknown) {
		o->drop = ICE_DROP_UNKNOWN_ATTR;
		reply_error(m, 420, &c->key, o, out);
	} else if (m->has_controlled) {
		/* We are lite: the peer must control. */
		o->drop = ICE_DROP_ROLE;
		reply_error(m, 487, &c->key, o, out);
	} else {
		struct stun_key key = c->key; /* `c` may go with a restart */
		uint8_t gen = (uint8_t)(ice->gen - (c - ice->cred));

		accept_check(ice, m, from, gen, now_us, o);
		reply_success(m, from, &key, o, out);
		ice->pair[find(ice, from)].bytes_out += o->len;
	}
}

static void prove(struct icelite *ice, int i, struct ice_out *o)
{
	struct ice_pair *p = &ice->pair[i];

	p->proven = true;
	p->asked = false;
	p->tries = 0;
	if (i == ice->wanted) {
		select_pair(ice, i, o);
		if (p->gen == ice->gen)
			end_restart(ice, o);
	}
	if (i == ice->selected)
		o->events |= ICE_EV_PROVEN;
}

/* Success or error: what counts is that our transaction id came back. */
static void response(struct icelite *ice, const struct stun *m,
		     const struct tuple *from, struct ice_out *o)
{
	int i = find(ice, from);
	struct ice_pair *p;

	if (i == NONE) {
		o->drop = ICE_DROP_UNASKED;
		return;
	}
	p = &ice->pair[i];
	if (!p->asked || memcmp(p->tid, m->tid, STUN_TID_LEN) != 0)
		o->drop = ICE_DROP_UNASKED;
	else
		prove(ice, i, o);
}

static void out_init(struct ice_out *o)
{
	o->events = 0;
	o->drop = ICE_DROP_NONE;
	o->len = 0;
}

void icelite_input(struct icelite *ice, const struct stun *m,
		   const struct tuple *from, uint64_t now_us, struct ice_out *o,
		   uint8_t *out)
{
	out_init(o);
	o->to = *from;
	if (!stun_fingerprint_ok(m))
		o->drop = ICE_DROP_FINGERPRINT;
	else if (m->method != STUN_BINDING || m->cls == STUN_INDICATION)
		o->drop = ICE_DROP_METHOD;
	else if (m->cls == STUN_REQUEST)
		request(ice, m, from, now_us, o, out);
	else
		response(ice, m, from, o);
}

static void send_ask(struct ice_pair *p, uint64_t now_us, struct ice_out *o,
		     uint8_t *out)
{
	struct wr w = wr_of(out, ICE_OUT_MAX);
	int n;

	stun_begin(&w, STUN_BINDING, STUN_REQUEST, p->tid);
	n = stun_end(&w, NULL, true);
	o->to = p->tuple;
	o->len = n > 0 ? (size_t)n : 0;
	p->bytes_out += o->len;
	p->tries--;
	p->try_us = now_us + ICE_TRY_GAP_US;
}

bool icelite_tick(struct icelite *ice, uint64_t now_us, struct ice_out *o,
		  uint8_t *out)
{
	out_init(o);
	for (int i = 0; i < ICE_PAIRS; i++) {
		struct ice_pair *p = &ice->pair[i];

		if (!p->used)
			continue;
		if (now_us - p->checked_us >= ice->consent_us) {
			remove_pair(ice, i, o);
			return true;
		}
		if (p->tries && p->try_us <= now_us) {
			send_ask(p, now_us, o, out);
			return true;
		}
	}
	return false;
}

uint64_t icelite_deadline(const struct icelite *ice)
{
	uint64_t due = UINT64_MAX;

	for (int i = 0; i < ICE_PAIRS; i++) {
		const struct ice_pair *p = &ice->pair[i];

		if (!p->used)
			continue;
		if (p->checked_us + ice->consent_us < due)
			due = p->checked_us + ice->consent_us;
		if (p->tries && p->try_us < due)
			due = p->try_us;
	}
	return due;
}

void icelite_dtls_heard(struct icelite *ice, const struct tuple *t,
			struct ice_out *o)
{
	int i = find(ice, t);

	out_init(o);
	if (i == NONE || ice->dtls_done)
		return;
	ice->pair[i].spoken = true;
	ice->wanted = NONE;
	select_pair(ice, i, o);
}

void icelite_dtls_done(struct icelite *ice, const struct tuple *t,
		       struct ice_out *o)
{
	int i = find(ice, t);

	icelite_dtls_heard(ice, t, o);
	ice->dtls_done = true;
	if (i != NONE)
		prove(ice, i, o);
}

void icelite_tuple_closed(struct icelite *ice, const struct tuple *t,
			  struct ice_out *o)
{
	int i = find(ice, t);

	out_init(o);
	if (i != NONE)
		remove_pair(ice, i, o);
}

void icelite_heard(struct icelite *ice, const struct tuple *t, size_t len)
{
	int i = find(ice, t);

	if (i != NONE && !ice->pair[i].proven)
		ice->pair[i].bytes_in += len;
}

bool icelite_may_send(struct icelite *ice, size_t len)
{
	struct ice_pair *p;

	if (ice->selected == NONE)
		return false;
	p = &ice->pair[ice->selected];
	if (p->proven)
		return true;
	if (p->bytes_out + len > ICE_AMPLIFY * p->bytes_in)
		return false;
	p->bytes_out += len;
	return true;
}
