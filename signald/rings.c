#include "signald/rings.h"

#include "common/sys/shm.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define AGAIN_US 1000000

/* A ring and what wakes its reader. */
struct ring {
	int mem, event;
};

static int ring_make(struct ring *r)
{
	r->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r->mem = shm_make("ring", LIFELINE_RING_BYTES);
	return r->event >= 0 && r->mem >= 0 ? 0 : -EMFILE;
}

static void ring_close(const struct ring *r)
{
	if (r->event >= 0)
		close(r->event);
	if (r->mem >= 0)
		close(r->mem);
}

static int tell(const struct role *to, const struct role *other,
		const struct ring *out, const struct ring *in)
{
	struct lifeline_msg m = {.type = LIFELINE_RING};
	int fds[] = {out->mem, out->event, in->mem, in->event};

	m.u.ring.index[0] = other->start.index;
	m.u.ring.generation[0] = other->start.generation;
	return lifeline_send(to->proc.lifeline, &m, fds, 4);
}

static int make(const struct role *a, const struct role *b)
{
	struct ring there, back;
	int err = ring_make(&there);
	int err2 = ring_make(&back);

	if (!err)
		err = err2;
	if (!err)
		err = tell(a, b, &there, &back);
	if (!err)
		err = tell(b, a, &back, &there);
	ring_close(&there);
	ring_close(&back);
	return err;
}

static int join(struct rings *r, const struct role *a, const struct role *b,
		uint64_t now_us)
{
	int err = make(a, b);

	if (err)
		return err;
	r->pair[a->start.index][b->start.index].generation[0] =
		a->start.generation;
	r->pair[a->start.index][b->start.index].generation[1] =
		b->start.generation;
	r->pair[a->start.index][b->start.index].made_us = now_us;
	return 0;
}

/* The lower index first. */
static bool sorted(const struct role **a, const struct role **b)
{
	const struct role *x = *a;

	if ((*a)->start.index > (*b)->start.index) {
		*a = *b;
		*b = x;
	}
	return (*a)->state == ROLE_UP && (*b)->state == ROLE_UP &&
	       (*a)->start.index != (*b)->start.index &&
	       (*b)->start.index < RINGS_MAX;
}

static bool is_joined(const struct rings *r, const struct role *a,
		      const struct role *b)
{
	const uint32_t *g = r->pair[a->start.index][b->start.index].generation;

	return g[0] == a->start.generation && g[1] == b->start.generation;
}

int rings_want(struct rings *r, const struct role *a, const struct role *b,
	       uint64_t now_us)
{
	if (!sorted(&a, &b))
		return -EINVAL;
	return is_joined(r, a, b) ? 0 : join(r, a, b, now_us);
}

int rings_again(struct rings *r, const struct role *a, const struct role *b,
		uint64_t now_us)
{
	if (!sorted(&a, &b) || !is_joined(r, a, b))
		return -EINVAL;
	if (r->pair[a->start.index][b->start.index].made_us + AGAIN_US > now_us)
		return -EAGAIN;
	return join(r, a, b, now_us);
}
