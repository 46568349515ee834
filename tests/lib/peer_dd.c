/*
 * The dependency descriptor of L<n>T1_KEY and L<n>T3_KEY (AV1 RTP
 * specification, appendix A): one structure that holds for the whole stream.
 * Each spatial layer has the templates key, T0 and with three temporal layers
 * T1, the first T2 and the second T2. A chain protects each spatial layer.
 */
#include <string.h>

#include "tests/lib/peer_media.h"

enum { NOT_PRESENT, DISCARDABLE, SWITCH };

struct bitw {
	uint8_t *p;
	size_t at;
};

static void put(struct bitw *b, unsigned n, uint32_t v)
{
	while (n--) {
		if (v >> n & 1)
			b->p[b->at / 8] |= (uint8_t)(0x80 >> b->at % 8);
		b->at++;
	}
}

/* ns(n) of the specification. */
static void put_ns(struct bitw *b, uint32_t n, uint32_t v)
{
	unsigned w = 0;
	uint32_t m;

	for (uint32_t x = n; x; x >>= 1)
		w++;
	m = (1u << w) - n;
	if (v < m)
		put(b, w - 1, v);
	else
		put(b, w, v + m);
}

/* A template of a layer: its temporal layer and place in the pattern. */
struct tmpl {
	bool key;
	uint8_t tid, place;
};

static const struct tmpl tmpls[5] = {
	{true, 0, 0},  {false, 0, 0}, {false, 1, 2},
	{false, 2, 1}, {false, 2, 3},
};

static unsigned per_layer(const struct peer_unit *u)
{
	return u->temporal == 3 ? 5 : 2;
}

static unsigned template_of(const struct peer_unit *u)
{
	unsigned k = 0;

	while (!u->key && (tmpls[++k].place != u->place))
		;
	return u->layer * per_layer(u) + k;
}

static unsigned dti(const struct tmpl *t, unsigned sid, unsigned ds,
		    unsigned dt)
{
	if (t->key)
		return ds >= sid ? SWITCH : NOT_PRESENT;
	if (ds != sid || dt < t->tid)
		return NOT_PRESENT;
	return t->tid == 2		? DISCARDABLE
	       : t->tid == 1 && dt == 1 ? DISCARDABLE
					: SWITCH;
}

/* Frames back to the one it refers to: n frames a picture. */
static unsigned fdiff(const struct peer_unit *u, const struct tmpl *t,
		      unsigned sid)
{
	static const uint8_t pictures[4] = {4, 1, 2, 1};

	if (t->key)
		return sid ? 1 : 0;
	return u->n_layers * (u->temporal == 3 ? pictures[t->place] : 1u);
}

/* Frames back to the last one of a chain: its T0 pictures. */
static unsigned chain_fdiff(const struct peer_unit *u, const struct tmpl *t,
			    unsigned sid, unsigned c)
{
	unsigned n = u->n_layers;
	unsigned group = u->temporal == 3 ? 4 : 1;

	if (t->place)
		return t->place * n + sid - c;
	if (c < sid)
		return sid - c;
	return t->key ? 0 : group * n + sid - c;
}

static void put_layers(struct bitw *b, const struct peer_unit *u)
{
	for (unsigned s = 0; s < u->n_layers; s++) {
		for (unsigned k = 0; k < per_layer(u); k++) {
			bool last = k + 1 == per_layer(u);

			if (!last)
				put(b, 2, tmpls[k + 1].tid != tmpls[k].tid);
			else
				put(b, 2, s + 1 == u->n_layers ? 3 : 2);
		}
	}
}

static void put_structure(struct bitw *b, const struct peer_unit *u)
{
	unsigned n = u->n_layers, k_max = per_layer(u);

	put(b, 6, 0);
	put(b, 5, n * u->temporal - 1);
	put_layers(b, u);
	for (unsigned s = 0; s < n; s++)
		for (unsigned k = 0; k < k_max; k++)
			for (unsigned d = 0; d < n * u->temporal; d++)
				put(b, 2,
				    dti(&tmpls[k], s, d / u->temporal,
					d % u->temporal));
	for (unsigned s = 0; s < n; s++) {
		for (unsigned k = 0; k < k_max; k++) {
			unsigned f = fdiff(u, &tmpls[k], s);

			if (f)
				put(b, 5, 1u << 4 | (f - 1));
			put(b, 1, 0);
		}
	}
	put_ns(b, n * u->temporal + 1, n);
	for (unsigned d = 0; d < n * u->temporal; d++)
		put_ns(b, n, d / u->temporal);
	for (unsigned s = 0; s < n; s++)
		for (unsigned k = 0; k < k_max; k++)
			for (unsigned c = 0; c < n; c++)
				put(b, 4, chain_fdiff(u, &tmpls[k], s, c));
	put(b, 1, 1);
	for (unsigned s = n; s-- > 0;) {
		put(b, 16, (u->width >> s) - 1u);
		put(b, 16, (u->height >> s) - 1u);
	}
}

size_t peer_dd_write(const struct peer_unit *u, uint8_t out[PEER_DD_MAX])
{
	struct bitw b = {.p = out};
	uint32_t number = u->frame * u->n_layers + u->layer;

	memset(out, 0, PEER_DD_MAX);
	put(&b, 1, u->index == 0);
	put(&b, 1, u->index + 1 == u->count);
	put(&b, 6, template_of(u));
	put(&b, 16, number & 0xffff);
	if (peer_dd_is_long(u)) {
		put(&b, 5, 0x10);
		put_structure(&b, u);
	}
	return (b.at + 7) / 8;
}
