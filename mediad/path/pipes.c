#include "mediad/path/pipes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mediad/path/inlet.h"
#include "mediad/path/worker.h"

#define BATCH	  256	  /* records of a pipe and turn */
#define MUTE_US	  100000  /* between two answers to strangers */
#define BROKEN_US 1500000 /* between two calls for another ring */

void pipes_init(struct pipes *ps)
{
	memset(ps, 0, sizeof(*ps));
	idmap_init(&ps->standins);
}

static void pipe_free(struct pipe *p)
{
	shmring_close(&p->in);
	shmring_close(&p->out);
	if (p->out_event >= 0)
		close(p->out_event);
	if (p->in_event >= 0)
		close(p->in_event);
	free(p);
}

void pipes_fini(struct pipes *ps)
{
	for (uint32_t i = 0; i < PIPE_WORKERS; i++)
		if (ps->by_worker[i])
			pipe_free(ps->by_worker[i]);
	idmap_fini(&ps->standins);
	memset(ps, 0, sizeof(*ps));
}

int pipes_open(struct worker *w, uint32_t worker, uint32_t generation,
	       const int fds[PIPES_FDS], uint64_t now_us)
{
	struct pipe *p = calloc(1, sizeof(*p));
	int err = p ? 0 : -ENOMEM;

	if (!err && worker >= PIPE_WORKERS)
		err = -EINVAL;
	if (!err)
		err = shmring_open(&p->out, fds[PIPES_OUT_RING]);
	if (!err)
		err = shmring_open(&p->in, fds[PIPES_IN_RING]);
	close(fds[PIPES_OUT_RING]);
	close(fds[PIPES_IN_RING]);
	if (err) {
		close(fds[PIPES_OUT_EVENT]);
		close(fds[PIPES_IN_EVENT]);
		if (p)
			shmring_close(&p->out);
		free(p);
		return err;
	}
	p->worker = worker;
	p->generation = generation;
	p->out_event = fds[PIPES_OUT_EVENT];
	p->in_event = fds[PIPES_IN_EVENT];
	if (w->pipes.by_worker[worker])
		pipe_free(w->pipes.by_worker[worker]);
	else
		w->pipes.n++;
	w->pipes.by_worker[worker] = p;
	inlet_again(w, worker, now_us);
	return 0;
}

struct pipe *pipes_find(const struct worker *w, uint32_t worker,
			uint32_t generation)
{
	struct pipe *p =
		worker < PIPE_WORKERS ? w->pipes.by_worker[worker] : NULL;

	return p && p->generation == generation ? p : NULL;
}

/* ---- out ---------------------------------------------------------------- */

static bool put(struct worker *w, struct pipe *p, const struct pipe_msg *m,
		const void *body, size_t len)
{
	if (p && shmring_put(&p->out, m, sizeof(*m), body, len))
		return true;
	worker_drop(w, DROP_PIPE_FULL);
	return false;
}

bool pipes_send(struct worker *w, uint32_t worker, uint32_t generation,
		const struct pipe_msg *m)
{
	return put(w, pipes_find(w, worker, generation), m, NULL, 0);
}

/* What the other side must know before the first packet of a stream. */
static bool begin(struct worker *w, struct pipe *to, struct outlet *o,
		  const struct stream *s)
{
	struct pipe_msg m = pipe_msg(s->producer, PIPE_BEGIN);

	m.stream = s->index;
	m.rtp = s->recv.ssrc;
	if (!put(w, to, &m, NULL, 0))
		return false;
	if (pipe_sr(s->producer, s->index, &m))
		(void)put(w, to, &m, NULL, 0);
	pipe_begun(o, s->index);
	return true;
}

void pipes_out(struct worker *w, struct producer *p, const struct media *m)
{
	for (uint8_t i = 0; i < p->n_outlets; i++) {
		struct outlet *o = &p->outlets[i];
		struct pipe_msg msg = pipe_msg(p, PIPE_MEDIA);
		struct pipe *to;

		if (!pipe_wants(o, m->stream))
			continue;
		to = pipes_find(w, o->worker, o->generation);
		if (pipe_begins(o, m->stream) &&
		    !begin(w, to, o, &p->streams[m->stream]))
			continue;
		msg.stream = m->stream;
		msg.at_us = m->pkt->recv_us;
		(void)put(w, to, &msg, m->pkt->data, m->pkt->len);
	}
}

void pipes_out_sr(struct worker *w, struct transport *t, uint32_t ssrc)
{
	const struct ssrcs_slot *slot = ssrcs_get(&t->ssrcs, ssrc);
	const struct stream *s = slot && !slot->rtx ? slot->stream : NULL;
	const struct producer *p = s ? s->producer : NULL;
	struct pipe_msg m;

	if (!p || !p->n_outlets || !pipe_sr(p, s->index, &m))
		return;
	for (uint8_t i = 0; i < p->n_outlets; i++)
		if (pipe_wants(&p->outlets[i], s->index) &&
		    !pipe_begins(&p->outlets[i], s->index))
			(void)pipes_send(w, p->outlets[i].worker,
					 p->outlets[i].generation, &m);
}

static void wake(int event)
{
	static const uint64_t one = 1;

	/* Full is awake, too. */
	if (event >= 0)
		(void)!write(event, &one, sizeof(one));
}

void pipes_flush(struct worker *w)
{
	for (uint32_t i = 0, n = w->pipes.n; n; i++) {
		struct pipe *p = w->pipes.by_worker[i];

		if (!p)
			continue;
		n--;
		if (shmring_publish(&p->out))
			wake(p->out_event);
	}
}

/* ---- in ----------------------------------------------------------------- */

/* It would send on, for nobody: a request that was lost, or came late. */
static void tell_off(struct worker *w, struct pipe *from,
		     const struct pipe_msg *m, uint64_t now_us)
{
	struct pipe_msg no = *m;

	worker_drop(w, DROP_PIPE_STRANGE);
	if (from->mute_us > now_us)
		return;
	from->mute_us = now_us + MUTE_US;
	no.kind = PIPE_WANTED;
	no.wanted = -1;
	(void)put(w, from, &no, NULL, 0);
}

/* From the sender's worker, about a producer that has a stand-in here. */
static void to_standin(struct worker *w, struct pipe *from,
		       const struct pipe_msg *m, struct pkt *pkt,
		       uint64_t now_us)
{
	struct producer *p = idmap_get(&w->pipes.standins, m->producer);
	const struct inlet *in = p ? p->transport->link : NULL;
	struct rtp_rx rx;

	if (!in || in->worker != from->worker ||
	    in->generation != from->generation) {
		tell_off(w, from, m, now_us);
		return;
	}
	if (m->kind == PIPE_MEDIA)
		blackbox_is_of(w->box, in->room);
	else
		blackbox_for(w->box, in->room);
	if (m->kind == PIPE_BEGIN) {
		/* What came before it is of the stream that was. */
		fanout_run(w, now_us);
		pipe_begin(p, m, now_us);
	} else if (m->kind == PIPE_SR) {
		pipe_on_sr(p, m, now_us);
	} else {
		switch (pipe_input(p, m, pkt, now_us, &rx)) {
		case RX_MEDIA:
		case RX_RECOVERED:
			fanout_add(w, p, rx.media, now_us);
			break;
		case RX_DROP:
			worker_drop(w, DROP_RX + (enum drop)rx.why);
			break;
		case RX_PADDING:
		case RX_DUP:
			break;
		}
	}
}

/* From a viewers' worker, about a producer of ours. */
static void to_sender(struct worker *w, const struct pipe *from,
		      const struct pipe_msg *m, uint64_t now_us)
{
	struct producer *p = worker_producer(w, m->producer);
	struct outlet *o = p ? pipe_outlet(p, from->worker) : NULL;

	if (!o || o->generation != from->generation)
		worker_drop(w, DROP_PIPE_STRANGE);
	else if (m->kind == PIPE_KEY)
		pipe_on_key(p, m->stream, now_us);
	else
		pipe_on_wanted(p, o, m->wanted, now_us);
}

static void take(struct worker *w, struct pipe *from, const struct pipe_msg *m,
		 struct pkt *pkt, uint64_t now_us)
{
	if (m->version != PIPE_VERSION) {
		worker_drop(w, DROP_PIPE_STRANGE);
		return;
	}
	switch ((enum pipe_kind)m->kind) {
	case PIPE_MEDIA:
		blackbox_add(w->box, pkt->data, pkt->len, now_us);
		blackbox_opened(w->box, pkt->data, pkt->len);
		to_standin(w, from, m, pkt, now_us);
		return;
	case PIPE_BEGIN:
	case PIPE_SR:
		to_standin(w, from, m, pkt, now_us);
		return;
	case PIPE_KEY:
	case PIPE_WANTED:
		to_sender(w, from, m, now_us);
		return;
	}
	worker_drop(w, DROP_PIPE_STRANGE);
}

/* True: as many as a turn takes. */
static bool drain(struct worker *w, struct pipe *p, uint64_t now_us)
{
	struct pipe_msg m;
	int i;

	for (i = 0; i < BATCH; i++) {
		struct pkt *pkt = pkt_get(w->pool);
		ssize_t n;

		/* What is in the ring can wait. */
		if (!pkt)
			break;
		n = shmring_get(&p->in, &m, sizeof(m), pkt->data, PKT_CAP);
		pkt->len = n > 0 ? (uint32_t)n : 0;
		if (n >= 0)
			take(w, p, &m, pkt, now_us);
		pkt_put(pkt);
		if (n < 0)
			break;
	}
	fanout_run(w, now_us);
	blackbox_for(w->box, 0);
	shmring_done(&p->in);
	return i == BATCH;
}

bool pipes_drain(struct worker *w, uint64_t now_us)
{
	bool more = false;

	for (uint32_t i = 0, n = w->pipes.n; n; i++) {
		struct pipe *p = w->pipes.by_worker[i];

		if (!p)
			continue;
		n--;
		if (!p->in.broken)
			more |= drain(w, p, now_us);
	}
	return more;
}

bool pipes_sleep(struct worker *w)
{
	bool idle = true;

	for (uint32_t i = 0, n = w->pipes.n; n; i++) {
		struct pipe *p = w->pipes.by_worker[i];

		if (!p)
			continue;
		n--;
		idle &= shmring_sleep(&p->in);
	}
	return idle;
}

struct pipe *pipes_broken(struct worker *w, uint64_t now_us)
{
	for (uint32_t i = 0, n = w->pipes.n; n; i++) {
		struct pipe *p = w->pipes.by_worker[i];

		if (!p)
			continue;
		n--;
		if (!(p->in.broken || p->out.broken) ||
		    (p->told_us && p->told_us + BROKEN_US > now_us))
			continue;
		p->told_us = now_us;
		worker_drop(w, DROP_PIPE_BROKEN);
		return p;
	}
	return NULL;
}
