#include "signald/media/workers.h"

#include <errno.h>
#include <string.h>

#include "common/log.h"
#include "common/sys/loop.h"
#include "common/sys/rng.h"

#define ASK_TIMEOUT_US (5 * 1000000ull)

void workers_init(struct workers *ws, struct loop *loop)
{
	memset(ws, 0, sizeof(*ws));
	ws->loop = loop;
	ws->boot_id = rng_id();
	for (uint32_t i = 0; i < WORKERS_MAX; i++)
		ws->w[i].index = i;
}

static void hang_up(struct worker *w)
{
	loop_fd_free(w->fd);
	chan_free(w->chan);
	w->fd = NULL;
	w->chan = NULL;
	w->state = WORKER_ABSENT;
}

void workers_fini(struct workers *ws)
{
	for (uint32_t i = 0; i < WORKERS_MAX; i++)
		hang_up(&ws->w[i]);
}

static void on_ready(void *arg, unsigned int what)
{
	struct workers *ws = arg;

	(void)what;
	/* Served at the end of the turn, by the hook that drains all. */
	ws->ready = true;
}

static int call_up(struct workers *ws, struct worker *w, const char *path,
		   uint64_t now_us)
{
	struct chan_conf conf = {
		.role = CHAN_SERVER,
		.path = path,
		.boot_id = ws->boot_id,
	};
	int err = chan_new(&w->chan, &conf, now_us);

	if (err)
		return err;
	w->fd = loop_fd_new(ws->loop, chan_fd(w->chan), LOOP_READ, on_ready,
			    ws);
	if (!w->fd) {
		hang_up(w);
		return -ENOMEM;
	}
	w->state = WORKER_STARTING;
	return 0;
}

struct worker *workers_update(struct workers *ws, const struct worker_news *n,
			      uint64_t now_us)
{
	struct worker *w, *lost = NULL;
	int err;

	if (n->index >= WORKERS_MAX)
		return NULL;
	w = &ws->w[n->index];
	if (n->generation < w->generation)
		return NULL;
	if (w->chan && (n->generation > w->generation || n->dead)) {
		hang_up(w);
		lost = w;
	}
	if (w->generation != n->generation || !w->since_us)
		w->since_us = now_us;
	w->generation = n->generation;
	w->draining = n->draining || n->leaving;
	w->leaving = n->leaving;
	if (w->state == WORKER_UP || w->state == WORKER_DRAINING)
		w->state = w->draining ? WORKER_DRAINING : WORKER_UP;
	if (n->dead || !n->up || w->chan)
		return lost;
	err = call_up(ws, w, n->path, now_us);
	if (err)
		log_error("media", "no channel", "worker=%u error=%d", w->index,
			  -err);
	return lost;
}

static void note(struct worker *w, const struct chan_msg *msg)
{
	if (msg->kind == CHAN_UP) {
		w->state = w->draining ? WORKER_DRAINING : WORKER_UP;
		log_info("media", "worker up", "worker=%u generation=%u",
			 w->index, w->generation);
	} else if (msg->kind == CHAN_DOWN && w->state != WORKER_STARTING) {
		w->state = WORKER_SICK;
		log_warn("media", "worker silent", "worker=%u error=%d",
			 w->index, -msg->error);
	}
}

struct chan_msg *workers_next(struct workers *ws, struct worker **from,
			      struct chan_msg *msg, uint64_t now_us)
{
	for (; ws->turn < WORKERS_MAX; ws->turn++) {
		struct worker *w = &ws->w[ws->turn];

		if (!w->chan || !chan_next(w->chan, now_us, msg))
			continue;
		note(w, msg);
		*from = w;
		return msg;
	}
	ws->turn = 0;
	ws->ready = false;
	return NULL;
}

uint64_t workers_deadline(const struct workers *ws)
{
	uint64_t first = UINT64_MAX;

	for (uint32_t i = 0; i < WORKERS_MAX; i++) {
		uint64_t d = ws->w[i].chan ? chan_deadline(ws->w[i].chan)
					   : UINT64_MAX;

		if (d < first)
			first = d;
	}
	return first;
}

uint64_t workers_ask(struct worker *w, uint32_t method,
		     const ProtobufCMessage *body, uint64_t now_us)
{
	if (!w->chan) {
		errno = ENOTCONN;
		return 0;
	}
	return chan_request(w->chan, method, body, ASK_TIMEOUT_US, now_us);
}
