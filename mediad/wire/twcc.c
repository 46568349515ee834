#include "mediad/wire/twcc.h"

#include <errno.h>
#include <string.h>

#define FB_FMT	      15
#define RUN_MAX	      8191
#define SPAN_MAX      512 /* numbers behind the first arrival, one message */
#define FIXED_LEN     20  /* RTCP header up to the first chunk */
#define TICKS_PER_REF (TWCC_REF_US / TWCC_TICK_US)

enum symbol {
	LOST = 0,
	SMALL = 1, /* one byte, unsigned */
	LARGE = 2, /* two bytes, signed */
};

/* A chunk: `run` numbers of one symbol, or a vector of 7 or 14. */
struct chunk {
	uint16_t word;
	uint16_t span; /* numbers it speaks of */
};

static struct chunk chunk_of(uint16_t word)
{
	struct chunk c = {.word = word};

	if (!(word & 0x8000))
		c.span = word & 0x1fff;
	else
		c.span = word & 0x4000 ? 7 : 14;
	return c;
}

static unsigned chunk_symbol(const struct chunk *c, unsigned i)
{
	if (!(c->word & 0x8000))
		return c->word >> 13 & 3;
	if (c->word & 0x4000)
		return c->word >> (12 - 2 * i) & 3;
	return c->word >> (13 - i) & 1;
}

/* Passes over the chunks; what follows are the deltas. */
static void skip_chunks(struct rd *r, size_t count)
{
	while (count && !r->bad) {
		struct chunk c = chunk_of(rd_u16(r));

		/* A run of none would be an endless loop's food. */
		if (!c.span)
			r->bad = true;
		count -= c.span < count ? c.span : count;
	}
}

struct parse {
	struct rd deltas;
	struct twcc_arrival *out;
	size_t cap, n;
	int64_t ticks;
	uint16_t seq;
	bool full;
};

static void arrival(struct parse *p, unsigned sym)
{
	int32_t delta = 0;

	if (sym == SMALL)
		delta = rd_u8(&p->deltas);
	else if (sym == LARGE)
		delta = (int16_t)rd_u16(&p->deltas);
	else
		p->deltas.bad = true; /* 3 is reserved */
	if (p->deltas.bad)
		return;
	if (p->n == p->cap) {
		p->full = true;
		return;
	}
	p->ticks += delta;
	p->out[p->n].seq = p->seq;
	p->out[p->n++].at_us = p->ticks * TWCC_TICK_US;
}

static void chunk_arrivals(struct parse *p, const struct chunk *c, size_t span)
{
	if (!(c->word & 0x8000) && chunk_symbol(c, 0) == LOST) {
		p->seq = (uint16_t)(p->seq + span);
		return;
	}
	for (unsigned i = 0; i < span && !p->deltas.bad && !p->full; i++) {
		unsigned sym = chunk_symbol(c, i);

		if (sym != LOST)
			arrival(p, sym);
		p->seq++;
	}
}

int twcc_parse(const struct rtcp *p, struct twcc *h, struct twcc_arrival *out,
	       size_t cap, size_t *n)
{
	struct rd r = rd_of(p->body, p->len);
	struct parse st = {.out = out, .cap = cap};
	size_t left;

	*n = 0;
	h->sender = rd_u32(&r);
	h->media = rd_u32(&r);
	h->base = rd_u16(&r);
	h->count = rd_u16(&r);
	h->ref = rd_u24(&r);
	h->fb_count = rd_u8(&r);
	st.deltas = r;
	skip_chunks(&st.deltas, h->count);
	if (st.deltas.bad)
		return -EBADMSG;
	/* Bit 23 is a sign: the time base may be negative. */
	st.ticks = (int64_t)h->ref - (h->ref & 0x800000 ? 0x1000000 : 0);
	st.ticks *= TICKS_PER_REF;
	st.seq = h->base;
	for (left = h->count; left && !st.deltas.bad && !st.full;) {
		struct chunk c = chunk_of(rd_u16(&r));
		size_t span = c.span < left ? c.span : left;

		chunk_arrivals(&st, &c, span);
		left -= span;
	}
	if (st.deltas.bad)
		return -EBADMSG;
	*n = st.n;
	return st.full ? -ENOBUFS : 0;
}

/* What one message will say, before it is written. */
struct plan {
	uint8_t sym[SPAN_MAX]; /* from the first arrival on */
	int16_t delta[SPAN_MAX];
	size_t span, arrivals;
	size_t lead; /* lost numbers before the first arrival */
	int64_t ref;
	size_t delta_len;
};

/* An upper bound on the chunks: vectors of 7 everywhere. */
static size_t plan_len(const struct plan *p, size_t span, size_t delta_len)
{
	size_t chunks = (p->lead + RUN_MAX - 1) / RUN_MAX + (span + 6) / 7;

	return FIXED_LEN + 2 * chunks + delta_len + 3;
}

static void plan(struct plan *p, uint16_t base, const struct twcc_arrival *a,
		 size_t n, size_t room)
{
	uint16_t first = a[0].seq;
	int64_t last = 0;

	memset(p, 0, sizeof(*p));
	p->lead = (uint16_t)(first - base);
	p->ref = a[0].at_us / TWCC_REF_US;
	last = p->ref * TICKS_PER_REF;
	for (size_t i = 0; i < n; i++) {
		size_t at = (uint16_t)(a[i].seq - first);
		int64_t tick = a[i].at_us / TWCC_TICK_US;
		int64_t delta = tick - last;
		bool small = delta >= 0 && delta <= UINT8_MAX;
		size_t len = p->delta_len + (small ? 1 : 2);

		if (at >= SPAN_MAX || delta < INT16_MIN || delta > INT16_MAX ||
		    plan_len(p, at + 1, len) > room)
			break;
		p->sym[at] = small ? SMALL : LARGE;
		p->delta[at] = (int16_t)delta;
		p->delta_len = len;
		p->span = at + 1;
		p->arrivals = i + 1;
		last = tick;
	}
}

static size_t run_of(const uint8_t *sym, size_t n)
{
	size_t i = 1;

	while (i < n && sym[i] == sym[0])
		i++;
	return i;
}

/* One chunk for the head of sym[0..n); returns how many it speaks of. */
static size_t put_chunk(struct wr *w, const uint8_t *sym, size_t n)
{
	size_t run = run_of(sym, n);
	size_t span = n < 14 ? n : 14;
	uint16_t word = 0x8000;

	if (run >= 14 || run == n) {
		wr_u16(w, (uint16_t)(sym[0] << 13 | run));
		return run;
	}
	for (size_t i = 0; i < span; i++)
		if (sym[i] == LARGE)
			span = 7;
	if (span > n)
		span = n;
	/* Vectors speak of 7 or 14 numbers; behind the count all is void. */
	if (n >= 14 ? span == 14 : span > 7) {
		for (size_t i = 0; i < span; i++)
			word |= (uint16_t)(sym[i] << (13 - i));
	} else {
		span = span < 7 ? span : 7;
		word |= 0x4000;
		for (size_t i = 0; i < span; i++)
			word |= (uint16_t)(sym[i] << (12 - 2 * i));
	}
	wr_u16(w, word);
	return span;
}

static void put_deltas(struct wr *w, const struct plan *p)
{
	for (size_t i = 0; i < p->span; i++) {
		if (p->sym[i] == SMALL)
			wr_u8(w, (uint8_t)p->delta[i]);
		else if (p->sym[i] == LARGE)
			wr_u16(w, (uint16_t)p->delta[i]);
	}
}

size_t twcc_build(struct wr *w, struct twcc *h, const struct twcc_arrival *a,
		  size_t n)
{
	size_t room = w->bad ? 0 : (size_t)(w->end - w->p);
	struct plan p;
	size_t at;

	if (!n)
		return 0;
	plan(&p, h->base, a, n, room);
	if (!p.arrivals || p.lead + p.span > UINT16_MAX)
		return 0;
	h->count = (uint16_t)(p.lead + p.span);
	h->ref = (uint32_t)(p.ref & 0xffffff);
	at = rtcp_begin(w, RTCP_RTPFB, FB_FMT);
	wr_u32(w, h->sender);
	wr_u32(w, h->media);
	wr_u16(w, h->base);
	wr_u16(w, h->count);
	wr_u24(w, h->ref);
	wr_u8(w, h->fb_count);
	for (size_t left = p.lead; left;) {
		size_t run = left < RUN_MAX ? left : RUN_MAX;

		wr_u16(w, (uint16_t)run);
		left -= run;
	}
	for (size_t i = 0; i < p.span;)
		i += put_chunk(w, p.sym + i, p.span - i);
	put_deltas(w, &p);
	rtcp_pad(w, at);
	rtcp_end(w, at);
	return p.arrivals;
}
