#include "signald/media/pipe.h"

#include <errno.h>

#include "common/log.h"

static uint64_t bit(uint32_t worker)
{
	return worker < WORKERS_MAX ? (uint64_t)1 << worker : 0;
}

bool pipe_is_at(const struct producer *p, uint32_t worker)
{
	return p->piped & bit(worker);
}

void pipe_forget(struct producer *p, uint32_t worker)
{
	p->piped &= ~bit(worker);
}

/* Once for two processes; the supervisor bears with more. */
static void want_ring(struct media *m, uint32_t a, uint32_t b)
{
	struct media_out *o;

	if (m->rings[a] & bit(b))
		return;
	m->rings[a] |= bit(b);
	m->rings[b] |= bit(a);
	o = media_out(m, MEDIA_RING);
	o->ring.index[0] = a;
	o->ring.index[1] = b;
	o->ring.generation[0] = m->workers.w[a].generation;
	o->ring.generation[1] = m->workers.w[b].generation;
}

void pipe_worker_lost(struct media *m, uint32_t worker)
{
	m->rings[worker] = 0;
	for (uint32_t i = 0; i < WORKERS_MAX; i++)
		m->rings[i] &= ~bit(worker);
}

static int ask_standin(struct media *m, const struct producer *p,
		       const struct part *at)
{
	Media__ProducePiped msg = MEDIA__PRODUCE_PIPED__INIT;
	uint32_t own = p->seat->worker;
	int err;

	msg.produce = media__produce__unpack(NULL, p->packed_len, p->packed);
	if (!msg.produce)
		return -ENOMEM;
	msg.produce->has_paused = true;
	msg.produce->paused = p->paused;
	msg.router_id = at->router;
	msg.peer_id = p->seat->id;
	msg.worker = own;
	msg.generation = m->workers.w[own].generation;
	err = media_ask_at(m, at->worker, MEDIA__METHOD__PRODUCE_PIPED,
			   &msg.base, p->id);
	media__produce__free_unpacked(msg.produce, NULL);
	return err;
}

static int ask_outlet(struct media *m, const struct producer *p,
		      uint32_t worker, uint32_t method)
{
	Media__PipeProducer msg = MEDIA__PIPE_PRODUCER__INIT;

	msg.id = p->id;
	msg.worker = worker;
	msg.generation = m->workers.w[worker].generation;
	return media_ask(m, p->seat, method, &msg.base, p->id, NULL);
}

int pipe_reach(struct media *m, struct producer *p, uint32_t worker)
{
	const struct part *at = graph_part(p->seat->call, worker);
	int err;

	if (worker == p->seat->worker || pipe_is_at(p, worker))
		return 0;
	if (!at || p->state != PRODUCER_LIVE || !p->packed)
		return -ENOTCONN;
	err = ask_standin(m, p, at);
	if (err)
		return err;
	p->piped |= bit(worker);
	err = ask_outlet(m, p, worker, MEDIA__METHOD__PIPE_PRODUCER);
	if (err) {
		(void)media_ask_id_at(m, worker, MEDIA__METHOD__CLOSE_PRODUCER,
				      p->id);
		pipe_forget(p, worker);
		return err;
	}
	want_ring(m, p->seat->worker, worker);
	return 0;
}

void pipe_home(struct media *m, struct call *c)
{
	if (c->n_parts < 2)
		return;
	list_for_each (it, &c->seats) {
		struct seat *s = list_entry(it, struct seat, node);

		list_for_each (jt, &s->producers) {
			struct producer *p =
				list_entry(jt, struct producer, node);

			if (p->kind == RTP_AUDIO)
				(void)pipe_reach(m, p, c->part[0].worker);
		}
	}
}

void pipe_ask(struct media *m, const struct producer *p, uint32_t method)
{
	for (uint32_t i = 0; p->piped >> i; i++) {
		if (pipe_is_at(p, i))
			(void)media_ask_id_at(m, i, method, p->id);
		if (i == WORKERS_MAX - 1)
			break;
	}
}

void pipe_again(struct media *m, struct producer *p)
{
	uint64_t was = p->piped;

	p->piped = 0;
	for (uint32_t i = 0; i < WORKERS_MAX; i++)
		if (was & bit(i) && graph_part(p->seat->call, i))
			(void)pipe_reach(m, p, i);
}

void pipe_end(struct media *m, struct producer *p)
{
	pipe_ask(m, p, MEDIA__METHOD__CLOSE_PRODUCER);
	p->piped = 0;
}

void pipe_part_lost(struct media *m, struct call *c, uint32_t worker)
{
	list_for_each (it, &c->seats) {
		struct seat *s = list_entry(it, struct seat, node);

		list_for_each (jt, &s->producers) {
			struct producer *p =
				list_entry(jt, struct producer, node);

			if (!pipe_is_at(p, worker))
				continue;
			pipe_forget(p, worker);
			(void)ask_outlet(m, p, worker,
					 MEDIA__METHOD__UNPIPE_PRODUCER);
		}
	}
}

void pipe_on_created(struct media *m, const struct worker *w, uint64_t id,
		     const struct media_out *reply)
{
	struct producer *p = graph_producer(&m->graph, id);

	if (!reply->reply.error || !p)
		return;
	log_warn("media", "no pipe", "worker=%u error=%d reason=%s", w->index,
		 -reply->reply.error, reply->reply.reason);
	pipe_forget(p, w->index);
}

int pipe_adopt(struct media *m, const struct worker *w, uint64_t id)
{
	struct producer *p = graph_producer(&m->graph, id);

	if (!p || p->state != PRODUCER_LIVE || p->seat->worker == w->index ||
	    !graph_part(p->seat->call, w->index))
		return -ENOENT;
	p->piped |= bit(w->index);
	/* It may have been asked of one side only. */
	want_ring(m, p->seat->worker, w->index);
	return ask_outlet(m, p, w->index, MEDIA__METHOD__PIPE_PRODUCER);
}
