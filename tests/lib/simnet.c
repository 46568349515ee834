#include "tests/lib/simnet.h"

#include <stdlib.h>
#include <string.h>

#include "tests/lib/bytes.h"

#define LINKS_MAX	 1024
#define QUEUE_DEFAULT_US 200000

struct dgram {
	struct simnet_dgram d;
	uint64_t order; /* of sending: ties in time keep it */
	uint8_t bytes[];
};

struct link_state {
	struct simnet_conf conf;
	struct simnet_stats stats;
	uint64_t free_us; /* when the bottleneck has sent all it holds */
	uint64_t last_due_us;
	bool bad; /* in a burst of losses */
};

struct simnet {
	struct rand rng;
	struct link_state link[LINKS_MAX];
	int n_links;
	struct dgram **heap;
	size_t n, cap;
	uint64_t order;
	struct dgram *out; /* the one simnet_next() lent */
};

struct simnet *simnet_new(uint64_t seed)
{
	struct simnet *net = calloc(1, sizeof(*net));

	if (!net)
		abort();
	net->rng.state = seed;
	return net;
}

void simnet_free(struct simnet *net)
{
	while (net->n)
		free(net->heap[--net->n]);
	free(net->out);
	free(net->heap);
	free(net);
}

int simnet_link(struct simnet *net, const struct simnet_conf *conf)
{
	if (net->n_links == LINKS_MAX)
		abort();
	net->link[net->n_links].conf = *conf;
	return net->n_links++;
}

void simnet_set(struct simnet *net, int link, const struct simnet_conf *conf)
{
	net->link[link].conf = *conf;
}

const struct simnet_stats *simnet_stats(const struct simnet *net, int link)
{
	return &net->link[link].stats;
}

/* Gilbert's two states for bursts, else one throw a datagram. */
static bool is_lost(struct simnet *net, struct link_state *l)
{
	double p = l->conf.loss;

	if (l->conf.burst > 1 && p > 0 && p < 1) {
		double leave = 1 / l->conf.burst;
		double enter = p * leave / (1 - p);

		l->bad = rand_unit(&net->rng) < (l->bad ? 1 - leave : enter);
		return l->bad;
	}
	return p > 0 && rand_unit(&net->rng) < p;
}

/* When the last bit leaves the bottleneck; UINT64_MAX: its queue is full. */
static uint64_t departure(struct link_state *l, size_t len, uint64_t now_us)
{
	uint64_t start = l->free_us > now_us ? l->free_us : now_us;
	uint64_t max = l->conf.queue_us ? l->conf.queue_us : QUEUE_DEFAULT_US;

	if (!l->conf.rate_bps)
		return now_us;
	if (start - now_us > max)
		return UINT64_MAX;
	if (start - now_us > l->stats.queue_us_max)
		l->stats.queue_us_max = start - now_us;
	l->free_us = start + len * 8 * 1000000 / l->conf.rate_bps;
	return l->free_us;
}

static bool before(const struct dgram *a, const struct dgram *b)
{
	if (a->d.due_us != b->d.due_us)
		return a->d.due_us < b->d.due_us;
	return a->order < b->order;
}

static void push(struct simnet *net, struct dgram *g)
{
	size_t i;

	if (net->n == net->cap) {
		net->cap = net->cap ? 2 * net->cap : 256;
		net->heap = realloc(net->heap, net->cap * sizeof(*net->heap));
		if (!net->heap)
			abort();
	}
	for (i = net->n++; i && before(g, net->heap[(i - 1) / 2]);
	     i = (i - 1) / 2)
		net->heap[i] = net->heap[(i - 1) / 2];
	net->heap[i] = g;
}

static struct dgram *pop(struct simnet *net)
{
	struct dgram *top = net->heap[0];
	struct dgram *last = net->heap[--net->n];
	size_t i = 0;

	for (;;) {
		size_t c = 2 * i + 1;

		if (c >= net->n)
			break;
		if (c + 1 < net->n && before(net->heap[c + 1], net->heap[c]))
			c++;
		if (!before(net->heap[c], last))
			break;
		net->heap[i] = net->heap[c];
		i = c;
	}
	net->heap[i] = last;
	return top;
}

static void enqueue(struct simnet *net, const struct simnet_dgram *d)
{
	struct dgram *g = malloc(sizeof(*g) + d->len);

	if (!g)
		abort();
	g->d = *d;
	g->order = net->order++;
	memcpy(g->bytes, d->data, d->len);
	g->d.data = g->bytes;
	push(net, g);
}

void simnet_send(struct simnet *net, const struct simnet_dgram *what,
		 uint64_t now_us)
{
	struct link_state *l = &net->link[what->link];
	struct simnet_dgram d = *what;
	uint64_t leave;
	int copies;

	l->stats.sent++;
	if (is_lost(net, l)) {
		l->stats.lost++;
		return;
	}
	leave = departure(l, d.len, now_us);
	if (leave == UINT64_MAX) {
		l->stats.dropped++;
		return;
	}
	d.sent_us = now_us;
	copies = 1 + (rand_unit(&net->rng) < l->conf.dup);
	while (copies--) {
		d.due_us = leave + l->conf.delay_us;
		if (l->conf.jitter_us)
			d.due_us += rand_below(&net->rng,
					       (uint32_t)l->conf.jitter_us + 1);
		if (rand_unit(&net->rng) < l->conf.reorder)
			d.due_us = leave;
		else if (d.due_us < l->last_due_us)
			d.due_us = l->last_due_us;
		else
			l->last_due_us = d.due_us;
		enqueue(net, &d);
	}
}

bool simnet_next(struct simnet *net, uint64_t now_us, struct simnet_dgram *d)
{
	struct simnet_stats *stats;

	free(net->out);
	net->out = NULL;
	if (!net->n || net->heap[0]->d.due_us > now_us)
		return false;
	net->out = pop(net);
	*d = net->out->d;
	stats = &net->link[d->link].stats;
	stats->delivered++;
	stats->bytes += d->len;
	return true;
}

uint64_t simnet_deadline(const struct simnet *net)
{
	return net->n ? net->heap[0]->d.due_us : UINT64_MAX;
}
