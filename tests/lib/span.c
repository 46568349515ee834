#include "tests/lib/span.h"

#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/sys/shm.h"
#include "mediad/path/pipes.h"

#define RING_BYTES ((1u << 20) + 4096)
#define STEP_US	   500

/* Ids are signald's: the two never make the same ones. */
static struct call *second(uint64_t seed)
{
	struct call *c = call_new(seed + 1);

	c->next_id += 1000000;
	c->next_ssrc += 1000000;
	c->first_peer += 1000;
	return c;
}

struct span *span_new(uint64_t seed)
{
	struct span *sp = calloc(1, sizeof(*sp));

	assert(sp);
	sp->c[0] = call_new(seed);
	sp->c[1] = second(seed);
	sp->generation[0] = sp->generation[1] = 1;
	span_join(sp);
	return sp;
}

void span_free(struct span *sp)
{
	call_free(sp->c[0]);
	call_free(sp->c[1]);
	free(sp);
}

static void open_end(struct span *sp, unsigned i, int out, int in)
{
	int fds[PIPES_FDS] = {
		[PIPES_OUT_RING] = dup(out),
		[PIPES_OUT_EVENT] = -1,
		[PIPES_IN_RING] = dup(in),
		[PIPES_IN_EVENT] = -1,
	};
	struct call *c = sp->c[i];
	int err = pipes_open(&c->w, !i, sp->generation[!i], fds, c->now_us);

	assert(!err);
}

void span_join(struct span *sp)
{
	int there = shm_make("there", RING_BYTES);
	int back = shm_make("back", RING_BYTES);

	assert(there >= 0 && back >= 0);
	open_end(sp, 0, there, back);
	open_end(sp, 1, back, there);
	close(there);
	close(back);
}

void span_pipe(struct span *sp, struct cam *cam)
{
	struct call *from = cam->side->c;
	unsigned i = from == sp->c[1];
	struct call *to = sp->c[!i];
	Media__ProducePiped in = MEDIA__PRODUCE_PIPED__INIT;
	Media__PipeProducer out = MEDIA__PIPE_PRODUCER__INIT;

	in.produce = media__produce__unpack(NULL, cam->packed_len, cam->packed);
	in.router_id = to->router_id;
	in.peer_id = from->first_peer + cam->side->index;
	in.worker = i;
	in.generation = sp->generation[i];
	call_ask(to, MEDIA__METHOD__PRODUCE_PIPED, &in.base);
	media__produce__free_unpacked(in.produce, NULL);
	out.id = cam->id;
	out.worker = !i;
	out.generation = sp->generation[!i];
	call_ask(from, MEDIA__METHOD__PIPE_PRODUCER, &out.base);
}

void span_kill(struct span *sp)
{
	uint64_t now_us = sp->c[1]->now_us;

	call_free(sp->c[1]);
	sp->c[1] = second(now_us);
	sp->c[1]->next_id += 1000000 * sp->generation[1];
	sp->c[1]->now_us = now_us;
	sp->generation[1]++;
}

void span_run(struct span *sp, uint64_t us)
{
	for (uint64_t t = 0; t < us; t += STEP_US) {
		call_run(sp->c[0], STEP_US);
		call_run(sp->c[1], STEP_US);
	}
}
