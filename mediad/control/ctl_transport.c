#include <errno.h>
#include <stdio.h>

#include "common/sys/rng.h"
#include "mediad/control/convert.h"
#include "mediad/control/ctl.h"
#include "mediad/path/link.h"
#include "mediad/path/room.h"
#include "mediad/path/worker.h"
#include "proto/media.pb-c.h"

/* UDP and TCP for each address. */
#define CANDIDATES_MAX (2 * WORKER_ADDRS)

static struct link *find(struct control *k, uint64_t id)
{
	struct link *l = idmap_get(&k->w->links, id);

	if (!l)
		k->reason = "no-transport";
	return l;
}

/* ---- what the client must know ------------------------------------------ */

struct info {
	Media__TransportInfo msg;
	Media__IceParameters ice;
	Media__IceCandidate cand[CANDIDATES_MAX];
	Media__IceCandidate *cands[CANDIDATES_MAX];
	char addr[WORKER_ADDRS][ADDR_STRLEN];
	Media__Fingerprint fp[CERT_ALGS];
	Media__Fingerprint *fps[CERT_ALGS];
	char fp_text[CERT_ALGS][CERT_FP_STRLEN];
};

static void candidate(struct info *in, const struct worker_conf *conf,
		      uint32_t i, bool tcp)
{
	size_t n = in->msg.n_candidates++;
	Media__IceCandidate *c = &in->cand[n];

	media__ice_candidate__init(c);
	c->foundation = tcp ? (char *)(uintptr_t) "tcpcandidate"
			    : (char *)(uintptr_t) "udpcandidate";
	/* RFC 8445 section 5.1.2: host, the earlier the better. */
	c->priority = (64u << 24) + ((10000 - 100 * (uint32_t)n) << 8) + 255;
	c->address = in->addr[i];
	c->port = tcp ? conf->tcp_port : conf->udp_port;
	c->tcp = tcp;
	in->cands[n] = c;
}

static void candidates(struct info *in, const struct worker_conf *conf,
		       bool tcp_only)
{
	in->msg.candidates = in->cands;
	for (uint32_t i = 0; i < conf->n_announce; i++) {
		addr_ip(&conf->announce[i], in->addr[i]);
		if (!tcp_only)
			candidate(in, conf, i, false);
	}
	for (uint32_t i = 0; i < conf->n_announce && conf->tcp_port; i++)
		candidate(in, conf, i, true);
}

static void fingerprints(struct info *in, const struct cert *cert)
{
	size_t n;
	const struct cert_fp *fps = cert_fps(cert, &n);

	in->msg.fingerprints = in->fps;
	in->msg.n_fingerprints = n;
	for (size_t i = 0; i < n; i++) {
		media__fingerprint__init(&in->fp[i]);
		in->fp[i].algorithm =
			(char *)(uintptr_t)cert_alg_name(fps[i].alg);
		cert_fp_str(&fps[i], in->fp_text[i]);
		in->fp[i].value = in->fp_text[i];
		in->fps[i] = &in->fp[i];
	}
}

static int answer_info(struct control *k, struct link *l)
{
	struct info in;

	media__transport_info__init(&in.msg);
	media__ice_parameters__init(&in.ice);
	in.ice.username_fragment = l->ufrag;
	in.ice.password = l->pwd;
	in.msg.ice = &in.ice;
	candidates(&in, &k->w->conf, l->tcp_only);
	fingerprints(&in, k->w->cert);
	return control_answer(k, &in.msg.base);
}

/* ---- requests ----------------------------------------------------------- */

int ctl_transport_create(struct control *k, const void *msg)
{
	const Media__CreateTransport *m = msg;
	struct room *r = idmap_get(&k->w->rooms, m->router_id);
	struct link *l = idmap_get(&k->w->links, m->id);
	struct link_opts o = {
		.media = {.id = m->id,
			  .peer_id = m->peer_id,
			  .initial_bps = m->initial_bitrate,
			  .max_incoming_bps = m->max_incoming,
			  .rtcp_ssrc = rng_u32() | 1,
			  .random = rng_u32()},
		.tcp_only = m->force_tcp,
		.label = m->label.data,
		.label_len = m->label.len,
	};
	int err;

	if (!r)
		return control_fail(k, -ENOENT, "no-router");
	if (l && l->t->router != r->router)
		return control_fail(k, -EEXIST, "id-in-use");
	err = l ? 0 : link_new(k->w, r, &o, k->now_us, &l);
	return err ? control_fail(k, err, "transport") : answer_info(k, l);
}

int ctl_transport_connect(struct control *k, const void *msg)
{
	const Media__ConnectTransport *m = msg;
	struct cert_fp fps[DTLS_FPS_MAX];
	struct link *l = find(k, m->id);
	size_t n;
	int err;

	if (!l)
		return -ENOENT;
	err = convert_fingerprints(m, fps, DTLS_FPS_MAX, &n, &k->reason);
	if (err)
		return err;
	err = link_connect(l,
			   m->role == MEDIA__DTLS_ROLE__DTLS_SERVER
				   ? DTLS_CLIENT
				   : DTLS_SERVER,
			   fps, n, k->now_us);
	if (err == -EALREADY)
		return 0;
	return err ? control_fail(k, err, "dtls") : 0;
}

int ctl_transport_restart_ice(struct control *k, const void *msg)
{
	const Media__ObjectId *m = msg;
	Media__IceParameters ice = MEDIA__ICE_PARAMETERS__INIT;
	struct link *l = find(k, m->id);
	int err;

	if (!l)
		return -ENOENT;
	err = link_restart_ice(l, k->now_us);
	if (err)
		return control_fail(k, err, "ice");
	ice.username_fragment = l->ufrag;
	ice.password = l->pwd;
	return control_answer(k, &ice.base);
}

int ctl_transport_close(struct control *k, const void *msg)
{
	const Media__ObjectId *m = msg;

	link_free(idmap_get(&k->w->links, m->id));
	return 0;
}

int ctl_transport_close_peer(struct control *k, const void *msg)
{
	const Media__ClosePeer *m = msg;
	struct room *r = idmap_get(&k->w->rooms, m->router_id);

	if (!r)
		return 0;
	list_for_each_safe (it, &r->router->transports) {
		struct transport *t =
			list_entry(it, struct transport, in_router);

		if (t->peer_id == m->peer_id && !t->piped)
			link_free(link_of(t));
	}
	return 0;
}

int ctl_transport_max_incoming(struct control *k, const void *msg)
{
	const Media__SetMaxIncoming *m = msg;
	struct link *l = find(k, m->id);

	if (!l)
		return -ENOENT;
	transport_set_max_incoming(l->t, m->bitrate, k->now_us);
	return 0;
}

int ctl_transport_speakers(struct control *k, const void *msg)
{
	const Media__SetSpeakers *m = msg;
	struct link *l = find(k, m->transport_id);
	size_t max = sizeof(l->t->order) / sizeof(*l->t->order);

	if (!l)
		return -ENOENT;
	transport_set_speakers(l->t, m->pinned_peer, m->order,
			       (unsigned)(m->n_order < max ? m->n_order : max),
			       k->now_us);
	return 0;
}
