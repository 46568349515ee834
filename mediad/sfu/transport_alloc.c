#include "common/timerq.h"
#include "mediad/bwe/alloc.h"
#include "mediad/bwe/bwe.h"
#include "mediad/sfu/router.h"
#include "mediad/sfu/transport.h"

#define PERIOD_US     1000000
#define UP_PERCENT    95  /* of the estimate, for a step up */
#define DIP_PERCENT   115 /* of the estimate, for a while */
#define DIP_US	      1500000
#define YOUNG_US      600000 /* rates of a younger stream say nothing yet */
#define NOMINAL_BPS   100000 /* of the lowest layer; each next is 3 times */
#define HOLD_MIN_US   4000000
#define HOLD_MAX_US   60000000
#define FLAP_US	      20000000 /* up and down within: hold on longer */
#define TELL_US	      1000000
#define TELL_PERCENT  5
#define FIRST_BPS     1500000 /* wished for before anything is known */
#define EASE_PERCENT  115
#define STARVE_US     1000000
#define SPARE_PERCENT 110 /* of the estimate, before video goes off */

/* What an item of the allocation stands for. */
struct wish {
	struct consumer *c;
	struct layers_pair pair[ALLOC_RUNGS];
};

/* ---- the ladder of a consumer ------------------------------------------ */

static uint32_t rate_of(const struct consumer *c, unsigned s, unsigned t,
			uint64_t now_us)
{
	bool simulcast = c->producer->n_streams > 1;
	const struct stream *st = &c->producer->streams[simulcast ? s : 0];
	uint32_t bps = st->upto_bps[simulcast ? 0 : s][t];
	uint32_t nominal = NOMINAL_BPS;

	for (unsigned i = 0; i < s; i++)
		nominal *= 3;
	if (st->bound_us + YOUNG_US > now_us && bps < nominal)
		return nominal;
	return bps ? bps : 1000;
}

static bool usable(const struct consumer *c, unsigned s)
{
	return c->producer->n_streams == 1 ? true
					   : producer_alive(c->producer, s);
}

static int least(int a, int b)
{
	return a < b ? a : b;
}

static void add_rung(struct alloc_item *it, struct wish *w, unsigned s,
		     unsigned t, uint64_t now_us)
{
	uint32_t bps = rate_of(w->c, s, t, now_us);

	/* Of a screen detail counts more than motion, of a face motion. */
	while (w->c->producer->screen && it->n && it->bps[it->n - 1] >= bps)
		it->n--;
	if (it->n == ALLOC_RUNGS || (it->n && it->bps[it->n - 1] >= bps))
		return;
	it->bps[it->n] = bps;
	w->pair[it->n] = (struct layers_pair){(int8_t)s, (int8_t)t};
	it->n++;
}

static void ladder(struct alloc_item *it, struct wish *w, uint64_t now_us)
{
	const struct layers *l = &w->c->layers;
	int top_s = least(l->preferred.s, l->view.s);
	int top_t = least(l->preferred.t, l->view.t);

	for (int s = 0; s < l->n_s; s++) {
		if (!usable(w->c, (unsigned)s) || (s > top_s && it->n))
			continue;
		for (int t = 0; t <= top_t && t < MEDIA_MAX_TID; t++)
			add_rung(it, w, (unsigned)s, (unsigned)t, now_us);
	}
}

/* The rung it is on: the best that is no more than its cap. */
static int8_t rung_now(const struct alloc_item *it, const struct wish *w)
{
	struct layers_pair cap = w->c->layers.cap;
	int8_t now = -1;

	for (int8_t i = 0; i < (int8_t)it->n; i++)
		if (w->pair[i].s < cap.s ||
		    (w->pair[i].s == cap.s && w->pair[i].t <= cap.t))
			now = i;
	return now;
}

/* ---- who comes first --------------------------------------------------- */

static uint32_t speaker_rank(const struct transport *t, uint64_t peer)
{
	for (unsigned i = 0; i < t->n_order; i++)
		if (t->order[i] == peer)
			return TRANSPORT_ORDER - i;
	return 0;
}

/* Priority, then pin and screen, then tile size, then who spoke last. */
static uint32_t priority(const struct transport *t, const struct consumer *c)
{
	const struct producer *p = c->producer;
	uint32_t area = (uint32_t)c->view_w * c->view_h / 16384;

	if (area > 0x3ff)
		area = 0x3ff;
	return (uint32_t)c->priority << 20 |
	       (uint32_t)(t->pinned_peer && t->pinned_peer == p->peer_id)
		       << 19 |
	       (uint32_t)p->screen << 18 | area << 8 |
	       speaker_rank(t, p->peer_id);
}

static bool takes_part(const struct consumer *c)
{
	return c->video && !c->paused && c->visible && !c->producer->paused;
}

static unsigned gather(struct transport *t, struct alloc_item *items,
		       struct wish *wishes, uint64_t now_us)
{
	unsigned n = 0;

	list_for_each (it, &t->consumers) {
		struct consumer *c =
			list_entry(it, struct consumer, in_transport);
		struct alloc_item *i = &items[n];

		if (!takes_part(c) || n == ALLOC_ITEMS)
			continue;
		*i = (struct alloc_item){.priority = priority(t, c),
					 .steps = c->priority};
		wishes[n].c = c;
		ladder(i, &wishes[n], now_us);
		i->max = (int8_t)(i->n - 1);
		i->now = rung_now(i, &wishes[n]);
		n++;
	}
	return n;
}

/* ---- what comes of it -------------------------------------------------- */

static enum consumer_limit limit_of(const struct alloc_item *it,
				    const struct consumer *c)
{
	const struct layers *l = &c->layers;

	if (it->n && it->got < it->max)
		return CONSUMER_LIMIT_NETWORK;
	if (l->view.s < l->preferred.s)
		return CONSUMER_LIMIT_VIEWPORT;
	if (!it->n || (c->producer->n_streams > 1 &&
		       !producer_alive(c->producer, (unsigned)l->preferred.s)))
		return CONSUMER_LIMIT_SENDER;
	return CONSUMER_LIMIT_NONE;
}

/*
 * The lowest layer is not taken away for a dip, and is given on trust before
 * the estimate is one.
 */
static void have_patience(struct transport *t, struct alloc_item *it,
			  struct consumer *c, int64_t *spare, uint64_t now_us)
{
	bool on = it->now >= 0;

	if (it->got >= 0 || it->max < 0) {
		c->starved_us = 0;
		return;
	}
	if (!c->starved_us)
		c->starved_us = now_us;
	if (!bwe_settled(t->bwe, now_us) || (on && *spare >= it->bps[0]) ||
	    (on && c->starved_us + STARVE_US > now_us))
		it->got = 0;
	if (!it->got)
		*spare -= it->bps[0];
}

static void apply(struct transport *t, const struct alloc_item *it,
		  const struct wish *w, uint64_t now_us)
{
	struct layers_pair none = {-1, -1};
	struct consumer *c = w->c;
	enum consumer_limit limit = limit_of(it, c);

	if (it->got < it->now)
		c->fell = w->pair[it->now];
	c->layers.cap = it->got < 0 ? none : w->pair[it->got];
	/* Nothing to measure yet: take what comes first. */
	if (!it->n)
		c->layers.cap = (struct layers_pair){0, LAYERS_ALL};
	c->allocated_bps = it->got < 0 ? 0 : it->bps[it->got];
	layers_retarget(c, now_us);
	if (limit == c->limit)
		return;
	c->limit = limit;
	turn_note(t->router->turn, &c->note, NOTE_LIMIT);
}

/* Layers that go up and down again are held back longer each time. */
static void settle_hold(struct transport *t, bool up, bool down,
			uint64_t now_us)
{
	if (up)
		t->went_up_us = now_us;
	if (!down)
		return;
	if (t->went_up_us && t->went_up_us + FLAP_US > now_us)
		t->hold_us = t->hold_us * 2 < HOLD_MAX_US ? t->hold_us * 2
							  : HOLD_MAX_US;
	else
		t->hold_us = HOLD_MIN_US;
	if (t->hold_us < HOLD_MIN_US)
		t->hold_us = HOLD_MIN_US;
	t->up_us = now_us + t->hold_us;
}

/* While held back one may come as far as just below where it fell from. */
static void hold_back(struct alloc_item *it, const struct wish *w)
{
	struct layers_pair fell = w->c->fell;
	int8_t top = it->now;

	for (int8_t i = 0; i <= it->max; i++)
		if (w->pair[i].s < fell.s ||
		    (w->pair[i].s == fell.s && w->pair[i].t < fell.t))
			top = i > top ? i : top;
	if (it->now >= 0 && it->max > top)
		it->max = top;
}

/*
 * How much may be kept. A cut leaves the estimate under what the link takes,
 * to let the queue drain, so layers that are a little too much are taken away
 * only when it stays so.
 */
static uint32_t keep_bps(struct transport *t, const struct alloc_item *items,
			 unsigned n, uint64_t now_us)
{
	uint64_t est = bwe_estimate(t->bwe);
	uint64_t dip = est * DIP_PERCENT / 100;
	uint64_t have = 0;

	for (unsigned i = 0; i < n; i++)
		have += items[i].now < 0 ? 0 : items[i].bps[items[i].now];
	if (have <= est)
		t->over_us = 0;
	else if (!t->over_us)
		t->over_us = now_us;
	if (t->over_us && have <= dip && now_us < t->over_us + DIP_US)
		return (uint32_t)dip;
	return (uint32_t)est;
}

static bool much_off(uint32_t told, uint32_t now)
{
	uint32_t off = told > now ? told - now : now - told;

	return off > told / 100 * TELL_PERCENT || (!told && now);
}

static void tell(struct transport *t, uint32_t desired, uint64_t now_us)
{
	uint32_t est = bwe_estimate(t->bwe);

	t->desired_bps = desired;
	bwe_set_desired(t->bwe, desired);
	if (t->told_us + TELL_US > now_us ||
	    (!much_off(t->told_available, est) &&
	     !much_off(t->told_desired, desired)))
		return;
	t->told_us = now_us;
	t->told_available = est;
	t->told_desired = desired;
	turn_note(t->router->turn, &t->note, NOTE_BWE);
}

/* Audio never waits and carries no numbers: the estimate is without it. */
void transport_alloc(struct transport *t, uint64_t now_us)
{
	struct alloc_item items[ALLOC_ITEMS];
	struct wish wishes[ALLOC_ITEMS];
	bool settled = bwe_settled(t->bwe, now_us);
	uint32_t est = bwe_estimate(t->bwe);
	uint64_t desired = settled ? 0 : FIRST_BPS;
	uint32_t avail = (uint32_t)((uint64_t)est * UP_PERCENT / 100);
	bool up = false, down = false, held;
	uint32_t granted = 0, keep;
	int64_t spare;
	unsigned n = gather(t, items, wishes, now_us);

	for (unsigned i = 0; i < n; i++) {
		struct alloc_item *it = &items[i];

		desired += it->n ? it->bps[it->max] : NOMINAL_BPS;
	}
	/* All of it fits with ease: nothing to hold back for. */
	held = now_us < t->up_us && avail < desired * EASE_PERCENT / 100;
	for (unsigned i = 0; held && i < n; i++)
		hold_back(&items[i], &wishes[i]);
	keep = keep_bps(t, items, n, now_us);
	spare = (int64_t)est * SPARE_PERCENT / 100 -
		alloc_run(items, n, avail, keep);
	for (unsigned i = 0; i < n; i++) {
		items[i].max = (int8_t)(items[i].n - 1);
		have_patience(t, &items[i], wishes[i].c, &spare, now_us);
		apply(t, &items[i], &wishes[i], now_us);
		granted += wishes[i].c->allocated_bps;
		up |= items[i].now >= 0 && items[i].got > items[i].now;
		down |= items[i].got < items[i].now &&
			wishes[i].c->limit == CONSUMER_LIMIT_NETWORK;
	}
	settle_hold(t, up, down, now_us);
	t->granted_bps = granted;
	transport_pace(t);
	t->allocated_us = now_us;
	t->allocated_bps = est;
	t->alloc_us =
		timerq_round(now_us + (settled ? PERIOD_US : PERIOD_US / 4));
	tell(t, (uint32_t)desired, now_us);
}
