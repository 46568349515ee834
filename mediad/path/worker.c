#include "mediad/path/worker.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/sys/rng.h"
#include "mediad/path/egress.h"
#include "mediad/path/ingress.h"
#include "mediad/path/link.h"
#include "mediad/path/room.h"
#include "mediad/path/tick.h"

#define FORWARD_US 10000000 /* the latency told is of the last 10 to 20 s */

static int crypto_init(struct worker *w)
{
	w->cert = cert_new();
	w->dtls = w->cert ? dtls_ctx_new(w->cert) : NULL;
	w->srtp = srtp_env_new(w->conf.srtp_backend);
	return w->cert && w->dtls && w->srtp ? 0 : -ENOTSUP;
}

int worker_init(struct worker *w, const struct worker_conf *conf,
		struct pkt_pool *pool, uint64_t now_us)
{
	int err;

	*w = (struct worker){.conf = *conf, .pool = pool, .start_us = now_us};
	timerq_init(&w->timers);
	turn_init(&w->turn);
	idmap_init(&w->rooms);
	idmap_init(&w->links);
	idmap_init(&w->ufrags);
	idmap_init(&w->tuples);
	pipes_init(&w->pipes);
	hist_recent_init(&w->forward, FORWARD_US);
	w->hash_seed = rng_id();
	rng_bytes(w->hash_key, sizeof(w->hash_key));
	w->box = conf->box ? conf->box : calloc(1, sizeof(*w->box));
	w->recorder = conf->recorder ? conf->recorder
				     : calloc(1, sizeof(*w->recorder));
	if (!w->box || !w->recorder) {
		worker_fini(w);
		return -ENOMEM;
	}
	err = txq_init(&w->txq, conf->udp_fd, conf->tcp, conf->slots);
	if (!err)
		err = crypto_init(w);
	if (err)
		worker_fini(w);
	return err;
}

void worker_fini(struct worker *w)
{
	struct room *r;
	size_t pos;

	while (pos = 0, (r = idmap_next(&w->rooms, &pos)))
		room_free(w, r);
	pipes_fini(&w->pipes);
	if (w->txq.slots)
		txq_fini(&w->txq);
	srtp_env_free(w->srtp);
	dtls_ctx_free(w->dtls);
	cert_free(w->cert);
	idmap_fini(&w->rooms);
	idmap_fini(&w->links);
	idmap_fini(&w->ufrags);
	idmap_fini(&w->tuples);
	timerq_fini(&w->timers);
	if (!w->conf.box)
		free(w->box);
	if (!w->conf.recorder)
		free(w->recorder);
}

void worker_input(struct worker *w, const struct rx rx[], int n,
		  uint64_t now_us)
{
	w->txq.now_us = now_us;
	for (int i = 0; i < n; i++)
		ingress(w, &rx[i], now_us);
	fanout_run(w, now_us);
	blackbox_for(w->box, 0);
}

void worker_turn(struct worker *w, uint64_t now_us)
{
	w->txq.now_us = now_us;
	tick(w, now_us);
	/* The others begin while we are in the kernel. */
	pipes_flush(w);
	blackbox_for(w->box, 0);
	egress_flush(w);
}

uint64_t worker_deadline(const struct worker *w)
{
	return timerq_deadline(&w->timers);
}

struct link_path *worker_path(struct worker *w, const struct tuple *t)
{
	struct link_path *p = w->last;

	if (p && tuple_eq(&p->tuple, t))
		return p;
	p = idmap_get(&w->tuples, tuple_hash(t, w->hash_seed));
	if (!p || !tuple_eq(&p->tuple, t))
		return NULL;
	w->last = p;
	return p;
}

uint64_t worker_ufrag_key(const struct worker *w, const void *ufrag, size_t len)
{
	uint8_t h[crypto_shorthash_BYTES];
	uint64_t key;

	crypto_shorthash(h, ufrag, len, w->hash_key);
	memcpy(&key, h, sizeof(key));
	return key ? key : 1;
}

struct producer *worker_producer(const struct worker *w, uint64_t id)
{
	const struct room *r;
	struct producer *p;
	size_t pos = 0;

	while ((r = idmap_next(&w->rooms, &pos))) {
		p = idmap_get(&r->router->producers, id);
		if (p)
			return p;
	}
	return NULL;
}

struct consumer *worker_consumer(const struct worker *w, uint64_t id)
{
	const struct room *r;
	struct consumer *c;
	size_t pos = 0;

	while ((r = idmap_next(&w->rooms, &pos))) {
		c = idmap_get(&r->router->consumers, id);
		if (c)
			return c;
	}
	return NULL;
}
