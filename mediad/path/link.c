#include "mediad/path/link.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/sys/rng.h"
#include "mediad/io/tcp.h"
#include "mediad/path/egress.h"
#include "mediad/path/room.h"
#include "mediad/sfu/router.h"

/* ---- credentials -------------------------------------------------------- */

/* ice-chars of RFC 8839 section 5.4: 64 of them, six bits each. */
static void token(char *out, size_t n)
{
	static const char chars[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz0123456789+/";
	uint8_t rnd[LINK_PWD_LEN];

	rng_bytes(rnd, n);
	for (size_t i = 0; i < n; i++)
		out[i] = chars[rnd[i] & 63];
	out[n] = '\0';
}

static int ufrag_map(struct link *l)
{
	return idmap_put(&l->w->ufrags,
			 worker_ufrag_key(l->w, l->ufrag, LINK_UFRAG_LEN), l);
}

static void ufrag_unmap(struct link *l, const char *ufrag)
{
	uint64_t key = worker_ufrag_key(l->w, ufrag, strlen(ufrag));

	if (*ufrag && idmap_get(&l->w->ufrags, key) == l)
		idmap_del(&l->w->ufrags, key);
}

/* ---- paths -------------------------------------------------------------- */

static struct link_path *path_find(struct link *l, const struct tuple *t)
{
	for (int i = 0; i < ICE_PAIRS; i++)
		if (l->path[i].link && tuple_eq(&l->path[i].tuple, t))
			return &l->path[i];
	return NULL;
}

static void path_unmap(struct link *l, struct link_path *p)
{
	if (l->w->last == p)
		l->w->last = NULL;
	if (l->out == p)
		l->out = NULL;
	idmap_del(&l->w->tuples, p->key);
	txq_forget(&l->w->txq, &p->dst);
	if (p->dst.conn && l->w->conf.tcp)
		tcp_close(l->w->conf.tcp, p->dst.conn);
	p->link = NULL;
}

static void path_map(struct link *l, const struct tuple *t, uint32_t conn)
{
	struct link_path *p = NULL;
	uint64_t key = tuple_hash(t, l->w->hash_seed);

	for (int i = 0; i < ICE_PAIRS && !p; i++)
		if (!l->path[i].link)
			p = &l->path[i];
	if (!p || idmap_put(&l->w->tuples, key, p))
		return; /* no memory: as if the check had been lost */
	p->tuple = *t;
	p->key = key;
	p->link = l;
	txq_dst_init(&l->w->txq, &p->dst, &t->local, &t->remote, conn);
	if (conn && l->w->conf.tcp)
		tcp_confirm(l->w->conf.tcp, conn);
}

/* ---- ICE ---------------------------------------------------------------- */

static void refresh(struct link *l, uint64_t now_us)
{
	bool on = l->srtp && l->out && l->ice.state != ICE_DISCONNECTED &&
		  dtls_state(l->dtls) == DTLS_CONNECTED;

	if (on != l->t->connected)
		transport_set_connected(l->t, on, now_us);
	transport_touch(l->t);
}

static void dtls_flush(struct link *l)
{
	uint8_t buf[DTLS_MTU];
	size_t n;

	/* Before a check came the client's first flight waits inside. */
	if (!l->out)
		return;
	while ((n = dtls_output(l->dtls, buf, sizeof(buf))))
		egress_datagram(l, buf, n);
}

static void ice_apply(struct link *l, const struct ice_out *o, uint32_t conn,
		      uint64_t now_us)
{
	const struct tuple *sel = icelite_selected(&l->ice);
	struct link_path *gone;

	if (o->events & ICE_EV_TUPLE_GONE) {
		gone = path_find(l, &o->gone);
		if (gone)
			path_unmap(l, gone);
	}
	if (o->events & ICE_EV_TUPLE_ADDED)
		path_map(l, &o->added, conn);
	if (o->events & ICE_EV_UFRAG_GONE)
		ufrag_unmap(l, o->gone_ufrag);
	l->out = sel ? path_find(l, sel) : NULL;
	if (o->events & (ICE_EV_SELECTED | ICE_EV_STATE)) {
		recorder_state(l->w->recorder, now_us, l->t->id, RECORDER_ICE,
			       (uint8_t)l->ice.state);
		turn_note(&l->w->turn, &l->t->note, NOTE_STATE);
	}
	if (o->events)
		refresh(l, now_us);
}

static void ice_send(struct link *l, const struct ice_out *o,
		     const uint8_t *buf, uint32_t conn)
{
	struct link_path *p;

	if (!o->len)
		return;
	p = path_find(l, &o->to);
	if (p)
		egress_raw(l->w, &p->dst, buf, o->len);
	else
		egress_stray(l->w, &o->to, conn, buf, o->len);
}

void link_stun(struct link *l, const struct stun *m, const struct rx *rx,
	       const struct tuple *from, uint64_t now_us)
{
	uint8_t buf[ICE_OUT_MAX];
	struct ice_out o;

	icelite_input(&l->ice, m, from, now_us, &o, buf);
	if (o.drop)
		worker_drop(l->w, DROP_STUN_AUTH);
	if (o.events)
		ice_apply(l, &o, rx->conn, now_us);
	ice_send(l, &o, buf, rx->conn);
	transport_touch(l->t);
	if (o.events & ICE_EV_SELECTED)
		dtls_flush(l);
}

void link_closed(struct link *l, const struct tuple *t, uint64_t now_us)
{
	struct ice_out o = {0};

	icelite_tuple_closed(&l->ice, t, &o);
	ice_apply(l, &o, 0, now_us);
}

int link_restart_ice(struct link *l, uint64_t now_us)
{
	char gone[ICE_UFRAG_MAX + 1];
	char ufrag[LINK_UFRAG_LEN + 1];
	int err;

	token(ufrag, LINK_UFRAG_LEN);
	token(l->pwd, LINK_PWD_LEN);
	err = icelite_restart(&l->ice, ufrag, l->pwd, gone);
	if (err)
		return err;
	ufrag_unmap(l, gone);
	memcpy(l->ufrag, ufrag, sizeof(ufrag));
	(void)now_us;
	return ufrag_map(l);
}

/* ---- DTLS --------------------------------------------------------------- */

static void keys_take(struct link *l)
{
	struct srtp_keys keys;

	if (l->srtp || dtls_keys(l->dtls, &keys))
		return;
	l->srtp = srtp_new(l->w->srtp, &keys);
	sodium_memzero(&keys, sizeof(keys));
}

/* `from` is the path of the datagram that may have ended the handshake. */
static void dtls_look(struct link *l, const struct tuple *from, uint64_t now_us)
{
	enum dtls_state s = dtls_state(l->dtls);
	struct ice_out o = {0};

	if (s == l->told)
		return;
	l->told = s;
	recorder_state(l->w->recorder, now_us, l->t->id, RECORDER_DTLS,
		       (uint8_t)s);
	if (s == DTLS_CONNECTED) {
		keys_take(l);
		if (from) {
			icelite_dtls_done(&l->ice, from, &o);
			ice_apply(l, &o, 0, now_us);
		}
	}
	turn_note(&l->w->turn, &l->t->note, NOTE_STATE);
	refresh(l, now_us);
}

int link_connect(struct link *l, enum dtls_role role, const struct cert_fp *fps,
		 size_t n, uint64_t now_us)
{
	int err = dtls_start(l->dtls, role, fps, n, now_us);

	if (err)
		return err;
	dtls_flush(l);
	dtls_look(l, NULL, now_us);
	transport_touch(l->t);
	return 0;
}

void link_dtls(struct link *l, const struct link_path *from,
	       const uint8_t *data, size_t len, uint64_t now_us)
{
	struct tuple t = from->tuple;
	struct ice_out o;

	icelite_dtls_heard(&l->ice, &t, &o);
	if (o.events)
		ice_apply(l, &o, 0, now_us);
	dtls_input(l->dtls, data, len, now_us);
	dtls_flush(l);
	dtls_look(l, &t, now_us);
	transport_touch(l->t);
}

void link_settled(struct link *l, uint64_t now_us)
{
	l->settled = true;
	dtls_settled(l->dtls, now_us);
	transport_touch(l->t);
}

/* ---- time --------------------------------------------------------------- */

void link_tick(struct link *l, uint64_t now_us)
{
	uint8_t buf[ICE_OUT_MAX];
	struct ice_out o;

	while (icelite_tick(&l->ice, now_us, &o, buf)) {
		ice_apply(l, &o, 0, now_us);
		ice_send(l, &o, buf, 0);
	}
	if (dtls_deadline(l->dtls) <= now_us) {
		dtls_tick(l->dtls, now_us);
		dtls_flush(l);
		dtls_look(l, NULL, now_us);
	}
}

uint64_t link_deadline(const struct link *l)
{
	uint64_t due = transport_deadline(l->t);
	uint64_t ice = icelite_deadline(&l->ice);
	uint64_t dtls = dtls_deadline(l->dtls);

	due = ice < due ? ice : due;
	return dtls < due ? dtls : due;
}

/* ---- life --------------------------------------------------------------- */

static int start(struct link *l, struct room *r, const struct link_opts *o,
		 uint64_t now_us)
{
	uint8_t secret[ICE_SECRET_LEN];
	int err;

	l->timer.kind = WORKER_TIMER_LINK;
	l->tcp_only = o->tcp_only;
	l->label_len = (uint8_t)o->label_len;
	if (o->label_len)
		memcpy(l->label, o->label, o->label_len);
	token(l->ufrag, LINK_UFRAG_LEN);
	token(l->pwd, LINK_PWD_LEN);
	rng_bytes(secret, sizeof(secret));
	err = icelite_init(&l->ice, l->ufrag, l->pwd, secret,
			   l->w->conf.consent_us);
	if (err)
		return err;
	l->dtls = dtls_new(l->w->dtls);
	if (!l->dtls)
		return -ENOMEM;
	err = transport_new(r->router, &o->media, now_us, &l->t);
	if (err)
		return err;
	l->t->link = l;
	err = idmap_put(&l->w->links, o->media.id, l);
	if (!err)
		err = ufrag_map(l);
	/* A set timer is moved without allocating, so this is the only one. */
	return err ? err : timerq_set(&l->w->timers, &l->timer, now_us);
}

int link_new(struct worker *w, struct room *r, const struct link_opts *o,
	     uint64_t now_us, struct link **out)
{
	struct link *l;
	int err;

	if (!o->media.id || o->label_len > LINK_LABEL_MAX)
		return -EINVAL;
	if (idmap_get(&w->links, o->media.id))
		return -EEXIST;
	l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	l->w = w;
	l->room = r->key;
	err = start(l, r, o, now_us);
	if (err) {
		link_free(l);
		return err;
	}
	*out = l;
	return 0;
}

void link_free(struct link *l)
{
	if (!l)
		return;
	/* Slots borrow this link; let them leave first. */
	egress_flush(l->w);
	for (int i = 0; i < ICE_PAIRS; i++)
		if (l->path[i].link)
			path_unmap(l, &l->path[i]);
	ufrag_unmap(l, l->ice.cred[0].ufrag);
	ufrag_unmap(l, l->ice.cred[1].ufrag);
	timerq_unset(&l->w->timers, &l->timer);
	if (l->t) {
		if (idmap_get(&l->w->links, l->t->id) == l)
			idmap_del(&l->w->links, l->t->id);
		transport_free(l->t);
	}
	dtls_free(l->dtls);
	srtp_free(l->srtp);
	free(l);
}
